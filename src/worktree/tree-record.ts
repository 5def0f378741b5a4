import { randomUUID } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Where worktrees of sessions are, and what our git is known by. */
export type TreePlace = {
  /** A private folder of ours: for each worktree its folder, under the session's id, and its record. */
  readonly directory: string;
  /** Where snapshots keep their private repositories; see `snapshot`. */
  readonly objectsDir: string;
  /** Variables for git, so that one that outlives us is known as ours and ended before its worktree is looked at. */
  readonly marks: Readonly<Record<string, string>>;
};

/**
 * What is known of one worktree, for as long as there is any of it. On disk before git is told to make it, outside
 * the reach of the session that works there; so it is found again after a crash, and when the session is forgotten.
 */
export type TreeRecord = {
  /** The git directory that it is a worktree of. */
  readonly repository: string;
  /** Without `refs/heads/`. */
  readonly branch: string;
  /** Whether the branch was made for it. */
  readonly made: boolean;
  /** Id of the commit it began at. */
  readonly base: string;
  /** Its own git directory, inside `repository`; null until it is whole, and before that nobody works in it. */
  readonly gitDir: string | null;
};

/** The folder of a session's worktree, without symbolic links on the way. */
export function treePath(place: TreePlace, id: string): string {
  return join(realpathSync(place.directory), id);
}

/** Ids of the sessions that there are records for. */
export function treesIn(place: TreePlace): string[] {
  if (!existsSync(place.directory)) return [];
  return readdirSync(place.directory).flatMap((name) => /^([^.]+)\.json$/.exec(name)?.[1] ?? []);
}

/** The record of a session's worktree; null where there is none, of the session or in the record. */
export function readRecord(place: TreePlace, id: string): TreeRecord | null {
  const file = recordFile(place, id);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TreeRecord) : null;
}

/** Writes a record, whole or not at all, and returns once it would survive a power cut. */
export function writeRecord(place: TreePlace, id: string, record: TreeRecord): void {
  const file = recordFile(place, id);
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600, flush: true });
  renameSync(draft, file);
}

export function removeRecord(place: TreePlace, id: string): void {
  rmSync(recordFile(place, id), { force: true });
}

function recordFile({ directory }: TreePlace, id: string): string {
  return join(directory, `${id}.json`);
}
