import { mkdirSync } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CoxError } from '../core/errors.ts';
import { type BranchChoice, chooseBranch, claimBranch, refused } from './branch.ts';
import { locate, type Repository } from './locate.ts';
import { entries } from './paths.ts';
import { undoTree } from './remove-tree.ts';
import { type TreeGit, treeFailure, treeGit } from './tree-git.ts';
import { type TreePlace, type TreeRecord, treePath, writeRecord } from './tree-record.ts';

/** How often another name is tried where somebody else takes the one that was free a moment before. */
const MOST_CLAIMS = 5;

/** Arguments of `makeTree`. */
export type TreeRequest = {
  /** The session's id: the folder's name. */
  readonly id: string;
  /** The session's name, which a new branch is called by; null for its id. */
  readonly name: string | null;
  /** Real path of a folder in a checkout of the repository. */
  readonly cwd: string;
  /** A branch to work on, there already or new; null for a new one under `cox/`. */
  readonly branch: string | null;
  /** Where a new branch begins; null for HEAD of the checkout. */
  readonly base: string | null;
  /** How long git may take, in milliseconds. */
  readonly deadlineMs: number;
};

/** A worktree that is ready to be worked in. */
export type MadeTree = {
  readonly path: string;
  readonly branch: string;
  readonly base: string;
  readonly repository: string;
  /** The folder in it that corresponds to the one that was named. */
  readonly cwd: string;
  /** How many files the checkout has that differ from its HEAD or are not in it, ignored ones left out. */
  readonly uncommitted: number;
};

/**
 * Makes a worktree for a session: a checkout of its own of the repository around `cwd`. What git writes into the
 * repository is the branch, where it is new, and the worktree's own entry; no hook runs and no checkout changes.
 * A record of it stands first, so that whatever a crash leaves is found again.
 *
 * @throws CoxError `worktree-refused` or `worktree-failed`; then nothing of it is left.
 */
export async function makeTree(place: TreePlace, request: TreeRequest): Promise<MadeTree> {
  const { id, cwd } = request;
  const git = treeGit(place.marks, request.deadlineMs);
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  const path = treePath(place, id);
  try {
    const { root, commonDir: repository } = await repositoryAround(cwd, git.signal);
    const { branch, base, made } = await takeBranch(git, place, request, { root, repository });
    await git.run(root, ['worktree', 'add', '--quiet', path, branch]);
    const inside = await sameFolder(path, relative(root, cwd), base);
    const uncommitted = await countUncommitted(git, root);
    const gitDir = (await git.ask(path, ['rev-parse', '--absolute-git-dir'])) ?? '';
    writeRecord(place, id, { repository, branch, made, base, gitDir });
    return { path, branch, base, repository, cwd: inside, uncommitted };
  } catch (error) {
    await undoTree(place, id);
    throw error instanceof CoxError ? error : treeFailure(error, 'The worktree was not made');
  }
}

/** Chooses a branch, and makes it where it is new; the record is there before the branch is. */
async function takeBranch(
  git: TreeGit,
  place: TreePlace,
  { id, name, branch, base }: TreeRequest,
  { root, repository }: { root: string; repository: string },
): Promise<BranchChoice> {
  const labels = name === null ? [id] : [name, id];
  for (let attempt = 1; ; attempt += 1) {
    const choice = await chooseBranch(git, { root, repository, branch, base, labels });
    const record: TreeRecord = { repository, ...choice, gitDir: null };
    writeRecord(place, id, record);
    if (!choice.made || (await claimBranch(git, root, choice))) return choice;
    // It is not ours: nothing may take it for that.
    writeRecord(place, id, { ...record, made: false });
    if (branch !== null || attempt === MOST_CLAIMS) {
      const message = `The branch ${choice.branch} cannot be made: another is in its way.`;
      throw refused('branch-in-the-way', message, { branch: choice.branch });
    }
  }
}

async function repositoryAround(cwd: string, signal: AbortSignal): Promise<Repository> {
  const located = await locate(cwd, signal);
  if (!('kind' in located)) return located;
  const { reason, detail } = located;
  if (reason === 'not-a-repository') {
    const [why, hint] = (await isBare(cwd))
      ? ['is a bare repository: it has no checkout', 'Name a checkout of it with -C.']
      : ['is not in a git repository', 'Leave --worktree away, or name a repository with -C.'];
    throw refused(reason, `${cwd} ${why}.`, { cwd }, hint);
  }
  throw refused(reason, `The repository of ${cwd} is not used: ${detail}.`, { cwd }, 'See git status there.');
}

/** Whether git would take the folder itself for a repository. */
async function isBare(folder: string): Promise<boolean> {
  for (const part of ['HEAD', 'objects', 'refs']) {
    if ((await lstat(join(folder, part)).catch(() => null)) === null) return false;
  }
  return true;
}

/** The folder of the worktree that lies where the named one lies in its checkout. */
async function sameFolder(path: string, inside: string, base: string): Promise<string> {
  const wanted = join(path, inside);
  const real = await realpath(wanted).catch(() => null);
  if (real === wanted && (await lstat(real)).isDirectory()) return real;
  const hint = 'Commit it first, pass a --base that has it, or name the top of the repository with -C.';
  throw refused('folder-missing', `There is no folder ${inside} in ${base}.`, { folder: inside, base }, hint);
}

async function countUncommitted(git: TreeGit, root: string): Promise<number> {
  // Not into submodules: their configuration is whoever's who can write the checkout.
  const flags = [
    '--porcelain',
    '-z',
    '--no-renames',
    '--untracked-files=normal',
    '--ignore-submodules=dirty',
  ];
  return entries(await git.run(root, ['status', ...flags])).length;
}
