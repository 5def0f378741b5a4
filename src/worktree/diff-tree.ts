import { join } from 'node:path';
import { GitFailure, type GitOutput, git, gitUpTo } from './git.ts';
import { locate } from './locate.ts';
import { privately } from './private-command.ts';
import { openPrivateRepository } from './private-repository.ts';
import type { GitSnapshot } from './snapshot.ts';

/** Arguments of `diffTree`. */
export type DiffRequest = {
  readonly from: GitSnapshot;
  readonly to: GitSnapshot;
  readonly objectsDir: string;
  /** The flags that choose the output. */
  readonly wanted: readonly string[];
  /** More than so many bytes are cut off; `fail` makes more than a listing's worth an error. */
  readonly bound: number | 'fail';
  readonly signal: AbortSignal;
};

/**
 * Runs `git diff-tree` between two snapshots of one repository, renames found.
 * @throws GitFailure
 */
export async function diffTree(request: DiffRequest): Promise<GitOutput> {
  const { from, to, signal } = request;
  const located = await locate(to.root, signal);
  if ('kind' in located) throw new GitFailure('exit', null, located.detail, 'rev-parse');
  const repository = await openPrivateRepository(located, request.objectsDir, signal);
  const flags = ['-r', '-M', '--no-ext-diff', '--no-textconv', ...request.wanted];
  const args = ['diff-tree', ...flags, from.tree, to.tree];
  const command = privately(repository, join(repository.directory, 'index'), 'read', args, signal);
  if (request.bound === 'fail') return { stdout: await git(command), truncated: false };
  return await gitUpTo({ ...command, maxBytes: request.bound });
}
