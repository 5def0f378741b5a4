import type { WorkResult } from '../../core/session/fact.ts';
import { type ChangedFile, hasEnded, type Session } from '../../core/session/session.ts';
import { changes } from '../../worktree/changes.ts';
import type { ChangedFile as FileOfGit } from '../../worktree/diff-output.ts';
import type { FolderPorts } from './snapshot.ts';

const DEADLINE_MS = 60_000;

/**
 * The pause before another try, milliseconds: soon where git stumbled, over a file that vanished or another measurement
 * in the same folder; later where it took too long.
 */
const AGAIN_MS = { failed: 1_000, deadline: 60_000 } as const;

/** Files that a fact names; the counts are of all of them. */
const MOST_FILES = 500;
/** While a run is open, each request brings a measurement: the names of a few files are enough. */
const FEW_FILES = 20;

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
    const why = `${measured.reason}: ${measured.detail}`;
    const pause = AGAIN_MS[measured.reason as keyof typeof AGAIN_MS];
    return pause === undefined
      ? { type: 'given-up', why, reason: 'config' }
      : { type: 'retry', why, retryAt: ports.now() + pause, reason: 'crashed' };
  }
  const { files, added, removed, now } = measured;
  ports.say(spec.id, {
    source: 'machine',
    at: ports.now(),
    body: {
      type: 'changes',
      changes: { files: files.length, added, removed },
      list: files.slice(0, hasEnded(session) ? MOST_FILES : FEW_FILES).map(changedFile),
      now: { tree: now.tree, head: now.head },
    },
  });
  return { type: 'done' };
}

function changedFile(file: FileOfGit): ChangedFile {
  const { path, added, removed, status } = file;
  return { path, kind: status, from: file.status === 'renamed' ? file.from : null, added, removed };
}
