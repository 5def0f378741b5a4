import { CoxError, failure } from '../../core/errors.ts';
import type { Session, Worktree } from '../../core/session/session.ts';
import { removeTree, type TreeState, treeState } from '../../worktree/remove-tree.ts';
import type { TreePlace } from '../../worktree/tree-record.ts';

/**
 * Removes a session by `remove`, and with it the worktree that was made for it, where that holds no work.
 *
 * @throws CoxError `conflict` where it does, and then both are there still; what `remove` throws; `worktree-failed`.
 */
export async function removing(place: TreePlace, session: Session, remove: () => void): Promise<void> {
  const { id, worktree } = session.spec;
  if (worktree === undefined) return remove();
  const filters = !canConfigure(session, worktree.repository);
  const state = await treeState(place, id, filters);
  if (state.kind === 'work') throw new CoxError(workLeft(id, worktree, state));
  // The session first: it may have gone on meanwhile, and then its folder is needed.
  remove();
  const now = await removeTree(place, id, filters);
  if (now.kind === 'work') {
    const message = `The session ${id} is removed; its worktree ${worktree.path} is not: ${now.why}.`;
    throw new CoxError(
      failure('worktree-failed', message, { ...worktree }, 'Look there yourself, with git.'),
    );
  }
}

/**
 * Whether the sandbox let the session write the repository's configuration. Codex 0.169 protects `.git` of the folders
 * themselves that it lets a session write, not of folders below them. Without a sandbox there is nothing to protect.
 */
function canConfigure({ spec, writableRoots }: Session, repository: string): boolean {
  if (spec.sandbox === 'danger-full-access') return false;
  return writableRoots.some((root) => repository === root || repository.startsWith(`${root}/`));
}

function workLeft(id: string, worktree: Worktree, { why, paths }: TreeState & { kind: 'work' }) {
  const { path, branch, repository } = worktree;
  const message = `The worktree of ${id} holds work, ${why}${paths.length === 0 ? '' : ` (${paths.join(', ')})`}.`;
  const hint =
    `Keep it: commit it to a branch in ${path}. ` +
    `Drop it: git --git-dir ${quoted(repository)} worktree remove --force ${quoted(path)}. Then cox rm again.`;
  return failure('conflict', message, { id, path, branch, why, paths }, hint);
}

/** A path as a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
