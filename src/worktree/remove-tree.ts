import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dropUnusedBranch } from './branch.ts';
import { entries, shown } from './paths.ts';
import { privateDirectory } from './private-repository.ts';
import { checkouts, type TreeGit, treeFailure, treeGit } from './tree-git.ts';
import { readRecord, removeRecord, type TreePlace, type TreeRecord, treePath } from './tree-record.ts';

/** How long one look at a worktree, or its removal, may take, milliseconds. */
const DEADLINE_MS = 120_000;

/** A path that is told of; the rest are counted. */
const MOST_PATHS = 20;

/** What of a worktree would be lost with its folder. */
export type TreeState =
  /** There is no folder, or none of ours. */
  | { readonly kind: 'gone' }
  /** Everything in it is committed on a branch or a tag, or ignored. */
  | { readonly kind: 'clean' }
  /** `why` in a few words; `paths` are those of files, the first of them. */
  | { readonly kind: 'work'; readonly why: string; readonly paths: readonly string[] };

/**
 * Looks whether a session's worktree holds work that is nowhere else. Goes by the git directory that it was made
 * with, not by what the session may have put into its place. `filters`: whether those of the repository may run; not
 * where the session could have configured them. Without, a file that one has changed may be taken for work.
 *
 * @throws CoxError `worktree-failed` where git cannot say; then nothing is known.
 */
export async function treeState(place: TreePlace, id: string, filters: boolean): Promise<TreeState> {
  const record = readRecord(place, id);
  if (record === null) return { kind: 'gone' };
  const path = treePath(place, id);
  if (!(await exists(path))) return { kind: 'gone' };
  // It was never whole, and no session was told of it.
  if (record.gitDir === null) return { kind: 'clean' };
  try {
    return await stateOf(treeGit(place.marks, DEADLINE_MS), path, record.gitDir, filters);
  } catch (error) {
    throw treeFailure(
      error,
      `What is in the worktree ${path} is not known`,
      'Look there yourself, with git.',
    );
  }
}

/**
 * Removes a session's worktree where it holds no work, with its record, its snapshots, and its branch where that was
 * made for it and has no commit of its own. Else leaves all of it, and says why. `filters` as for `treeState`.
 *
 * @throws CoxError `worktree-failed`; what is left of it is still found by `treesIn`.
 */
export async function removeTree(place: TreePlace, id: string, filters: boolean): Promise<TreeState> {
  const state = await treeState(place, id, filters);
  const record = readRecord(place, id);
  if (state.kind === 'work' || record === null) return state;
  try {
    await remove(place, id, record);
  } catch (error) {
    const path = treePath(place, id);
    throw treeFailure(error, `The worktree ${path} was not removed`, 'Remove the folder yourself.');
  }
  return state;
}

/** Takes back a worktree that was not made to its end, as far as that goes; the rest is found by `treesIn`. */
export async function undoTree(place: TreePlace, id: string): Promise<void> {
  await removeTree(place, id, true).catch(() => undefined);
}

async function remove(place: TreePlace, id: string, record: TreeRecord): Promise<void> {
  const { repository, made } = record;
  const git = treeGit(place.marks, DEADLINE_MS);
  const path = treePath(place, id);
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
  if (await exists(repository)) {
    // Twice by force: also one that git itself had locked until it was whole.
    if ((await checkouts(git, repository)).some((one) => one.path === path))
      await git.run(repository, ['worktree', 'remove', '-f', '-f', path], { GIT_DIR: repository });
    if (made) await dropUnusedBranch(git, repository, record);
  }
  await rm(privateDirectory(path, place.objectsDir), { recursive: true, force: true });
  removeRecord(place, id);
}

async function stateOf(git: TreeGit, path: string, gitDir: string, filters: boolean): Promise<TreeState> {
  const work = (why: string, paths: readonly string[] = []): TreeState => ({
    kind: 'work',
    why,
    paths: paths.slice(0, MOST_PATHS),
  });
  if (!(await exists(gitDir))) return work(`its repository is gone: ${gitDir}`);
  const pointer = /^gitdir: (.+)$/.exec((await readFile(join(path, '.git'), 'utf8').catch(() => '')).trim());
  if (resolve(path, pointer?.[1] ?? '') !== gitDir) return work('its .git is not the one it was made with');
  const own = { GIT_DIR: gitDir, GIT_WORK_TREE: path };
  const environment = filters ? own : { ...own, ...(await withoutFilters(git, path, own)) };
  // Submodules are looked at below, without git: their configuration is the session's.
  const flags = ['--porcelain', '-z', '--no-renames', '--untracked-files=normal', '--ignore-submodules=all'];
  const changed = entries(await git.run(path, ['status', ...flags], environment));
  if (changed.length > 0) {
    const files = changed.length === 1 ? '1 file is' : `${changed.length} files are`;
    return work(
      `${files} not committed`,
      changed.map((entry) => shown(entry.slice(3))),
    );
  }
  const submodules = await filledSubmodules(git, path, environment);
  if (submodules.length > 0) return work('it has submodules that are checked out', submodules);
  if ((await git.ask(path, ['symbolic-ref', '--quiet', 'HEAD'], environment)) === null) {
    const onNone = ['rev-list', '--max-count=1', 'HEAD', '--not', '--branches', '--tags', '--remotes'];
    if ((await git.ask(path, onNone, environment)) !== '') return work('it has commits that no branch has');
  }
  return { kind: 'clean' };
}

/** Variables by which git knows every filter that is configured as none. */
async function withoutFilters(
  git: TreeGit,
  path: string,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const question = ['config', '--null', '--name-only', '--get-regexp', '^filter\\.'];
  const keys = (await git.ask(path, question, environment))?.split('\0') ?? [];
  const drivers = new Set(keys.flatMap((key) => /^(filter\..+)\.[^.]+$/s.exec(key)?.[1] ?? []));
  const settings = [...drivers].flatMap((driver) => [
    ...['clean', 'smudge', 'process'].map((name) => [`${driver}.${name}`, '']),
    [`${driver}.required`, 'false'],
  ]);
  const variables = settings.flatMap(([key = '', value = ''], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return Object.fromEntries([['GIT_CONFIG_COUNT', String(settings.length)], ...variables]);
}

async function filledSubmodules(
  git: TreeGit,
  path: string,
  environment: Readonly<Record<string, string>>,
): Promise<string[]> {
  const staged = entries(await git.run(path, ['ls-files', '--stage', '-z'], environment));
  const filled: string[] = [];
  for (const entry of staged) {
    if (!entry.startsWith('160000 ')) continue;
    const name = shown(entry.slice(entry.indexOf('\t') + 1));
    if ((await readdir(join(path, name)).catch(() => [])).length > 0) filled.push(name);
  }
  return filled;
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
