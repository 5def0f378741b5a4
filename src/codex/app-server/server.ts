import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { findByEnvironment } from '../../machine/environment-scan.ts';
import { isAlive, type ProcessIdentity } from '../../machine/identity.ts';
import { type EndTreeResult, endTree } from '../../machine/kill.ts';
import { findOwned, markEntries, ownerEnvironment } from '../../machine/owner-mark.ts';
import { assertSocketPath } from '../../machine/private-directory.ts';
import { spawnDetached } from '../../machine/spawn.ts';
import type { Launch } from '../launch/launch.ts';

/** An app-server that we started: enough to find, reach and end it from another daemon. */
export type ServerRecord = {
  /** Our name for this very process; a restarted server has another. */
  instance: string;
  /** Key of the launch it serves. */
  identity: string;
  process: ProcessIdentity;
  socket: string;
  log: string;
};

export type ServerPlace = { owner: string; socketsDirectory: string; logsDirectory: string };

/** What most systems give their users. */
export const USUAL_UMASK = 0o022;

/** Between SIGTERM and SIGKILL: a server with a turn under way ignores the first SIGTERM (codex-facts, section 3). */
const SERVER_GRACE_MS = 2_000;
const SERVER_END_DEADLINE_MS = 10_000;

/**
 * Starts `codex app-server` in a process session of its own, so that it outlives us; marked in its environment
 * as ours. It runs in `/`: every thread names its own folder. Throws SpawnError, and then nothing runs.
 */
export async function startServer(
  launch: Launch,
  identity: string,
  instance: string,
  place: ServerPlace,
): Promise<ServerRecord> {
  const socket = join(place.socketsDirectory, `${instance}.sock`);
  assertSocketPath(socket);
  const log = join(place.logsDirectory, `app-server-${instance}.log`);
  const started = await spawnDetached({
    file: launch.binary.path,
    args: ['app-server', '--listen', `unix://${socket}`, ...launch.overrides],
    cwd: '/',
    umask: launch.umask ?? USUAL_UMASK,
    env: { ...launch.environment, ...ownerEnvironment({ owner: place.owner, server: instance }) },
    stdoutFile: log,
    stderrFile: log,
  });
  return { instance, identity, process: started.identity, socket, log };
}

/** The server ended before it listened; the message has its last words. */
export class ServerEnded extends Error {
  constructor(record: ServerRecord) {
    super(`the app-server ended before it listened: ${lastWords(record.log)}`);
    this.name = 'ServerEnded';
  }
}

/** Characters of a log that are enough to see what went wrong. */
const LAST_WORDS = 600;

function lastWords(log: string): string {
  try {
    return stripVTControlCharacters(readFileSync(log, 'utf8')).trim().slice(-LAST_WORDS) || 'it said nothing';
  } catch {
    return `its words are in ${log}`;
  }
}

/** True while the very process that we started runs. */
export function isServerAlive(record: ServerRecord): boolean {
  return isAlive(record.process);
}

/** Ends a server and all that carries its mark, and says what is left. Removes its socket. */
export async function endServer(record: ServerRecord, owner: string): Promise<EndTreeResult> {
  const result = await endTree({
    roots: [record.process],
    alsoOwned: [markEntries({ owner, server: record.instance })],
    graceMs: SERVER_GRACE_MS,
    deadlineMs: SERVER_END_DEADLINE_MS,
  });
  // A link into a folder of Codex's, which may dangle.
  rmSync(record.socket, { force: true });
  return result;
}

/** What carries our mark but belongs to no server that we know of: started just before a crash of ours. */
export function findStrays(owner: string, known: readonly string[]): ProcessIdentity[] {
  const kept = new Set(
    known.flatMap((server) => findByEnvironment(markEntries({ owner, server })).found.map(({ pid }) => pid)),
  );
  return findOwned(owner).found.filter(({ pid }) => !kept.has(pid));
}

/** Ends what `findStrays` finds. */
export async function endStrays(owner: string, known: readonly string[]): Promise<EndTreeResult> {
  const roots = findStrays(owner, known);
  return endTree({ roots, graceMs: SERVER_GRACE_MS, deadlineMs: SERVER_END_DEADLINE_MS });
}
