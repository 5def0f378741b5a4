import type { Evidence } from '../../core/evidence/evidence.ts';
import type { WorkResult } from '../../core/session/fact.ts';
import type { Base, Session } from '../../core/session/session.ts';
import { snapshot } from '../../worktree/snapshot.ts';

/** A first snapshot of 20,000 files takes 1.1 s; a session does not wait longer than this for its baseline. */
const DEADLINE_MS = 20_000;

export type FolderPorts = {
  say(session: string, evidence: Evidence): void;
  objectsDirectory: string;
  now(): number;
};

/** Takes the state of the folder before the session works in it. */
export async function takeSnapshot(session: Session, ports: FolderPorts): Promise<WorkResult> {
  const { spec } = session;
  const taken = await snapshot({
    cwd: spec.cwd,
    objectsDir: ports.objectsDirectory,
    deadlineMs: DEADLINE_MS,
  });
  const base: Base =
    taken.kind === 'none'
      ? { type: 'none', why: `${taken.reason}: ${taken.detail}` }
      : { type: 'git', root: taken.root, head: taken.head, tree: taken.tree, skipped: [...taken.skipped] };
  ports.say(spec.id, { source: 'machine', at: ports.now(), body: { type: 'base', base } });
  return { type: 'done' };
}
