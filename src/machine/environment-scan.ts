import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from './identity.ts';
import { identityOf } from './identity.ts';
import type { ProcessRecord } from './process-record.ts';
import { isRunning, readAllProcesses, readProcess } from './process-record.ts';

/** One `NAME=value` entry of a process environment, matched exactly. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly value: string;
}

export interface EnvironmentScan {
  readonly found: readonly ProcessIdentity[];
  /**
   * Live processes of our own uid whose environment could not be read (not dumpable, or no /proc): a mark in one
   * of them would go unseen.
   */
  readonly unreadable: number;
}

/** Throws RangeError for a name or value that no environment can hold, or an empty value, which marks nothing. */
export function assertEntry({ name, value }: EnvironmentEntry): void {
  if (name === '' || /[=\0]/.test(name))
    throw new RangeError(`not an environment name: ${JSON.stringify(name)}`);
  if (value === '' || value.includes('\0')) throw new RangeError(`not a value for the mark ${name}`);
}

/** True when the NUL-delimited block holds every entry exactly; a longer value or name does not match. */
export function holdsEntries(block: string, entries: readonly EnvironmentEntry[]): boolean {
  const lines = new Set(block.split('\0'));
  return entries.every(({ name, value }) => lines.has(`${name}=${value}`));
}

/**
 * Live processes of our own uid, the caller included, whose environment at exec holds **every** given entry, e.g.
 * `CODEX_THREAD_ID` for the commands of one thread. Children inherit an environment across `setsid` and double
 * forks; a process that clears its environment is not found here. Without /proc nothing is found and all of our
 * processes count as unreadable. Throws RangeError for an empty list, which would match every process.
 */
export function findByEnvironment(entries: readonly EnvironmentEntry[]): EnvironmentScan {
  assertEntries(entries);
  return scanEnvironments(readAllProcesses(), [entries]);
}

/** Throws RangeError for no entries at all, which would match every process, and as `assertEntry` does. */
export function assertEntries(entries: readonly EnvironmentEntry[]): void {
  if (entries.length === 0) throw new RangeError('no environment entry given: it would match every process');
  for (const entry of entries) assertEntry(entry);
}

/** Those of the processes that hold every entry of **any** of the lists; each environment is read once. */
export function scanEnvironments(
  records: readonly ProcessRecord[],
  lists: readonly (readonly EnvironmentEntry[])[],
): EnvironmentScan {
  const found: ProcessIdentity[] = [];
  let unreadable = 0;
  for (const record of lists.length === 0 ? [] : records) {
    if (!isRunning(record)) continue;
    const block = readEnvironment(record.pid);
    if (block === 'gone') continue;
    const matches = block !== 'unreadable' && lists.some((entries) => holdsEntries(block.text, entries));
    if ((block !== 'unreadable' && !matches) || !isOurs(record.pid)) continue;
    // Read again: the pid may have passed to another process between the record and its environment.
    if (readProcess(record.pid)?.startTime !== record.startTime) continue;
    if (matches) found.push(identityOf(record));
    else unreadable += 1;
  }
  return { found, unreadable };
}

function readEnvironment(pid: number): { readonly text: string } | 'gone' | 'unreadable' {
  if (process.platform !== 'linux') return 'unreadable';
  try {
    return { text: readFileSync(`/proc/${pid}/environ`, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'EACCES' || code === 'EPERM' ? 'unreadable' : 'gone';
  }
}

/** By the real uid in `status`: the files of a process that is not dumpable belong to root. */
function isOurs(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(uid) === process.getuid?.();
  } catch {
    return false;
  }
}
