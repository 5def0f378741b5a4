import type { WorkResult } from '../../core/session/fact.ts';
import type { Session } from '../../core/session/session.ts';
import { changes } from '../../worktree/changes.ts';
import type { FolderPorts } from './snapshot.ts';

const DEADLINE_MS = 60_000;

/** Measures what changed in the folder since the session began. */
export async function measureChanges(session: Session, ports: FolderPorts): Promise<WorkResult> {
  const { base, spec } = session;
  if (base.type !== 'git') return { type: 'done' };
  const { root, head, tree, skipped } = base;
  const measured = await changes({
    base: { kind: 'git', root, head, tree, skipped },
    objectsDir: ports.objectsDirectory,
    deadlineMs: DEADLINE_MS,
  });
  if (measured.kind === 'none') {
    const transient = measured.reason === 'deadline' || measured.reason === 'failed';
    const why = `${measured.reason}: ${measured.detail}`;
    return transient
      ? { type: 'retry', why, retryAt: ports.now() + DEADLINE_MS, reason: 'crashed' }
      : { type: 'given-up', why, reason: 'config' };
  }
  const { files, added, removed } = measured;
  ports.say(spec.id, {
    source: 'machine',
    at: ports.now(),
    body: { type: 'changes', changes: { files: files.length, added, removed } },
  });
  return { type: 'done' };
}
