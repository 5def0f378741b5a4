import { existsSync } from 'node:fs';
import { CoxError, failure } from '../core/errors.ts';
import { checkouts, saidNo, type TreeGit } from './tree-git.ts';

/** Where new branches go unless they are named. */
const FOLDER = 'cox';

/** What a worktree was asked to be on. */
export type BranchRequest = {
  /** The repository's folder. */
  readonly root: string;
  /** The git directory that its worktrees share. */
  readonly repository: string;
  /** The branch to be on, a new one or one that is there; null for a new one under `cox/`. */
  readonly branch: string | null;
  /** Any name of the commit that a new branch begins at; null for HEAD. */
  readonly base: string | null;
  /** What a new branch under `cox/` is called: the first of these that can be one. */
  readonly labels: readonly string[];
};

/** A branch that can be checked out: one that is there, at its tip, or one to be made at `base`, a commit's id. */
export type BranchChoice = { readonly branch: string; readonly base: string; readonly made: boolean };

/**
 * Chooses the branch; makes nothing.
 * @throws CoxError `worktree-refused`; GitFailure
 */
export async function chooseBranch(git: TreeGit, request: BranchRequest): Promise<BranchChoice> {
  const { root, branch, base } = request;
  if (branch === null)
    return { branch: await freeBranch(git, request), base: await commitOf(git, root, base), made: true };
  if (!(await isBranchName(git, root, branch)))
    throw refused('branch-name', `${branch} cannot be the name of a branch.`, { branch });
  const tip = await git.ask(root, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`]);
  if (tip === null) return { branch, base: await commitOf(git, root, base), made: true };
  if (base !== null) {
    const hint = 'Leave --base away to work on it, or name a branch that is not there yet.';
    const message = `The branch ${branch} is there already; --base is where a new one begins.`;
    throw refused('branch-exists', message, { branch }, hint);
  }
  const elsewhere = (await checkouts(git, request.repository)).find((one) => one.branch === branch);
  if (elsewhere !== undefined) {
    const { path } = elsewhere;
    const hint = existsSync(path)
      ? `Work there (-C ${path}), name another branch, or leave the name away for a new one.`
      : 'That folder is gone: say so to git with git worktree prune, then try again.';
    const message = `The branch ${branch} is checked out in ${path}; one branch has one checkout.`;
    throw refused('checked-out', message, { branch, path }, hint);
  }
  return { branch, base: tip, made: false };
}

/** Makes the branch at its base; false where it is there by now, or cannot be beside those that are. */
export async function claimBranch(git: TreeGit, root: string, choice: BranchChoice): Promise<boolean> {
  const { branch, base } = choice;
  const isNew = '0'.repeat(base.length);
  const reason = ['--create-reflog', '-m', `branch: Created from ${base}`];
  try {
    await git.run(root, ['update-ref', ...reason, `refs/heads/${branch}`, base, isNew]);
    return true;
  } catch (error) {
    if (!saidNo(error)) throw error;
    if (standsInTheWay(await heads(git, root, []), branch)) return false;
    throw error;
  }
}

/** Deletes a branch that is still where it began and that nobody has checked out; any other stays. */
export async function dropUnusedBranch(
  git: TreeGit,
  repository: string,
  { branch, base }: Pick<BranchChoice, 'branch' | 'base'>,
): Promise<void> {
  if ((await checkouts(git, repository)).some((one) => one.branch === branch)) return;
  const environment = { GIT_DIR: repository };
  const ref = `refs/heads/${branch}`;
  const tip = await git.ask(repository, ['rev-parse', '--verify', '--quiet', ref], environment);
  // Compared once more by git itself, in the moment it deletes.
  if (tip === base) await git.run(repository, ['update-ref', '-d', ref, base], environment);
}

/** `cox/<label>`, else `cox/<label>-2` and so on. */
async function freeBranch(git: TreeGit, { root, labels }: BranchRequest): Promise<string> {
  let first: string | null = null;
  for (const label of labels) {
    if (first === null && (await isBranchName(git, root, `${FOLDER}/${label}`))) first = `${FOLDER}/${label}`;
  }
  const there = await heads(git, root, [`refs/heads/${FOLDER}`]);
  if (first === null || there.includes(FOLDER)) {
    const message = `A branch named ${FOLDER} is there, so that none can be under ${FOLDER}/.`;
    throw refused('branch-in-the-way', message, { branch: FOLDER }, 'Name one: --worktree=BRANCH.');
  }
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? first : `${first}-${n}`;
    if (!standsInTheWay(there, candidate)) return candidate;
  }
}

/** git keeps a branch like a file: `a` and `a/b` cannot both be. */
function standsInTheWay(there: readonly string[], branch: string): boolean {
  return there.some((one) => one === branch || one.startsWith(`${branch}/`) || branch.startsWith(`${one}/`));
}

async function heads(git: TreeGit, root: string, patterns: readonly string[]): Promise<string[]> {
  const all = patterns.length === 0 ? ['refs/heads'] : patterns;
  const listed = await git.run(root, ['for-each-ref', '--format=%(refname)', ...all]);
  return listed
    .toString('utf8')
    .split('\n')
    .filter((ref) => ref !== '')
    .map((ref) => ref.slice('refs/heads/'.length));
}

/** git's own rules; it writes out what stands for another branch, such as `@{-1}`. */
async function isBranchName(git: TreeGit, root: string, branch: string): Promise<boolean> {
  try {
    return (await git.ask(root, ['check-ref-format', '--branch', branch])) === branch;
  } catch (error) {
    if (saidNo(error)) return false;
    throw error;
  }
}

async function commitOf(git: TreeGit, root: string, base: string | null): Promise<string> {
  const name = base ?? 'HEAD';
  const question = ['rev-parse', '--verify', '--quiet', `${name}^{commit}`];
  const commit = name.startsWith('-')
    ? null
    : await git.ask(root, question).catch((error: unknown) => {
        if (saidNo(error)) return null;
        throw error;
      });
  if (commit !== null) return commit;
  if (base === null)
    throw refused('no-commit', `${root} has no commit yet.`, { root }, 'Commit something there first.');
  const hint = 'Name a branch, tag or commit that is there; one that is elsewhere has to be fetched first.';
  throw refused('unknown-base', `${base} is no commit in ${root}.`, { base, root }, hint);
}

/** A worktree that cannot be as it was asked for; `reason` is for programs. */
export function refused(
  reason: string,
  message: string,
  details: Record<string, unknown>,
  hint?: string,
): CoxError {
  return new CoxError(failure('worktree-refused', message, { reason, ...details }, hint));
}
