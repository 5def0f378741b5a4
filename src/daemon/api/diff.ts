import { CoxError, failure } from '../../core/errors.ts';
import { hasEnded, type Session } from '../../core/session/session.ts';
import type { DiffView } from '../../protocol/diff-view.ts';
import { iso } from '../../protocol/view.ts';
import { patch } from '../../worktree/patch.ts';
import { type GitSnapshot, snapshot } from '../../worktree/snapshot.ts';
import type { Unavailable } from '../../worktree/unavailable.ts';

const DEADLINE_MS = 20_000;
/** What a person can read, and far more. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * The patch between the folder before the session and now; for a session that has ended, and its folder when that
 * was measured, so that later work of others is not in it.
 *
 * @throws CoxError `no-baseline` where there is nothing to compare with, `unmeasurable` where git cannot tell.
 */
export async function diffOf(session: Session, objectsDirectory: string, now: number): Promise<DiffView> {
  const { base, changes, run, spec } = session;
  if (base.type !== 'git') {
    const why = base.type === 'none' ? base.why : 'its folder has not been looked at yet';
    throw new CoxError(failure('no-baseline', `The changes of ${spec.id} cannot be told: ${why}.`));
  }
  const from: GitSnapshot = { kind: 'git', ...base };
  const kept = hasEnded(session) && changes !== null && changes.at >= (run.endedAt ?? 0) ? changes : null;
  const to: GitSnapshot | Unavailable =
    kept?.now != null
      ? { kind: 'git', root: base.root, ...kept.now, skipped: [] }
      : await snapshot({ cwd: base.root, objectsDir: objectsDirectory, deadlineMs: DEADLINE_MS });
  if (to.kind === 'none') throw unmeasurable(to);
  const made = await patch({
    from,
    to,
    objectsDir: objectsDirectory,
    maxBytes: MOST_BYTES,
    deadlineMs: DEADLINE_MS,
  });
  if (made.kind === 'none') throw unmeasurable(made);
  return {
    schemaVersion: 1,
    session: spec.id,
    root: base.root,
    measuredAt: iso(kept === null ? now : kept.at),
    patch: made.text,
    truncated: made.truncated,
  };
}

function unmeasurable({ reason, detail }: Unavailable): CoxError {
  return new CoxError(failure('unmeasurable', `git cannot tell what changed: ${detail}.`, { reason }));
}
