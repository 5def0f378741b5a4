import { CoxError, failure } from '../core/errors.ts';
import { GitFailure, git, gitOrNull, LISTING_BYTES } from './git.ts';
import { fromError } from './unavailable.ts';

/** What git gives files unless it is told otherwise: a worktree is the user's, not a file of ours. */
const USUAL_UMASK = 0o022;

/**
 * git in the user's own repository, for the few things that have to happen there. The user's configuration counts
 * (line endings, filters such as LFS), for a checkout without it is not the one they know; what it would start
 * besides (hooks, a file-system monitor, a pager, the network) does not run.
 */
export type TreeGit = {
  readonly signal: AbortSignal;
  /** What it prints. @throws GitFailure */
  run(cwd: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Buffer>;
  /** The same as a line of text; null where git says no by exit status 1. @throws GitFailure */
  ask(
    cwd: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<string | null>;
};

/** git with some variables, for at most `deadlineMs` milliseconds from now. */
export function treeGit(marks: Readonly<Record<string, string>>, deadlineMs: number): TreeGit {
  const signal = AbortSignal.timeout(deadlineMs);
  const command = (cwd: string, args: readonly string[], environment: Readonly<Record<string, string>>) => ({
    args,
    cwd,
    env: { ...marks, ...environment },
    input: Buffer.alloc(0),
    signal,
    maxBytes: LISTING_BYTES,
    umask: USUAL_UMASK,
  });
  return {
    signal,
    run: (cwd, args, environment = {}) => git(command(cwd, args, environment)),
    ask: async (cwd, args, environment = {}) =>
      (await gitOrNull(command(cwd, args, environment)))?.toString('utf8').trim() ?? null,
  };
}

/** The folders of the repository's worktrees, each with the branch that is checked out there; null for none. */
export async function checkouts(
  git: TreeGit,
  gitDir: string,
): Promise<{ path: string; branch: string | null }[]> {
  const listed = await git.run(gitDir, ['worktree', 'list', '--porcelain'], { GIT_DIR: gitDir });
  return listed
    .toString('utf8')
    .split('\n\n')
    .flatMap((entry) => {
      const path = /^worktree (.+)$/m.exec(entry)?.[1];
      const branch = /^branch refs\/heads\/(.+)$/m.exec(entry)?.[1] ?? null;
      return path === undefined ? [] : [{ path, branch }];
    });
}

/** Whether git ended with an exit status of its own. */
export function saidNo(error: unknown): error is GitFailure {
  return error instanceof GitFailure && error.kind === 'exit';
}

/** What is told where git, or the file system under it, fails. @throws what is a defect of ours */
export function treeFailure(error: unknown, message: string, hint?: string): CoxError {
  const { reason, detail } = fromError(error);
  return new CoxError(failure('worktree-failed', `${message}: ${detail}.`, { reason }, hint));
}
