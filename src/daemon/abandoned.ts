import type { Logger } from 'pino';
import { removeTree } from '../worktree/remove-tree.ts';
import type { TreePlace } from '../worktree/tree-record.ts';

/**
 * Removes worktrees that no session has: of a daemon that ended before it committed the session, or of a session
 * that was removed since. One with work in it stays for whoever looks for it, and the log names it. Never throws.
 */
export async function removeAbandoned(
  place: TreePlace,
  sessions: readonly string[],
  log: Logger,
): Promise<void> {
  for (const session of sessions) {
    try {
      // Without filters: what the session could write is not known any more.
      const state = await removeTree(place, session, false);
      if (state.kind === 'work') log.warn({ session, directory: place.directory, ...state }, 'worktree.left');
      else log.info({ session }, 'worktree.removed');
    } catch (error) {
      log.error({ err: error, session }, 'worktree.not-removed');
    }
  }
}
