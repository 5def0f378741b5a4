import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from './identity.ts';
import { bootId, recordOf } from './identity.ts';
import type { ProcessRecord } from './process-record.ts';
import { readAllProcesses } from './process-record.ts';

/** The process table at one moment, indexed for walking. */
export interface ProcessTable {
  readonly byPid: ReadonlyMap<number, ProcessRecord>;
  readonly childrenOf: ReadonlyMap<number, readonly ProcessRecord[]>;
}

/** Reads the whole process table; some milliseconds for some hundred processes. */
export function readProcessTable(): ProcessTable {
  const records = readAllProcesses();
  const byPid = new Map(records.map((record) => [record.pid, record]));
  const childrenOf = Map.groupBy(records, (record) => record.parentPid);
  return { byPid, childrenOf };
}

/** The record of exactly this process in the table; null for another start time or boot. */
export function recordIn(table: ProcessTable, identity: ProcessIdentity): ProcessRecord | null {
  const record = table.byPid.get(identity.pid);
  return record?.startTime === identity.startTime && identity.bootId === bootId() ? record : null;
}

/**
 * All children of the root and theirs, parents before children, without the root. Empty when the root is gone:
 * its children then belong to init or a subreaper and ancestry no longer finds them.
 */
export function descendantsOf(table: ProcessTable, root: ProcessIdentity): ProcessRecord[] {
  const start = recordIn(table, root);
  if (start === null) return [];
  const seen = new Set([start.pid]);
  const found: ProcessRecord[] = [];
  for (let queue = [start]; queue.length > 0; ) {
    queue = queue
      .flatMap((parent) => table.childrenOf.get(parent.pid) ?? [])
      .filter(({ pid }) => !seen.has(pid));
    for (const child of queue) seen.add(child.pid);
    found.push(...queue);
  }
  return found;
}

/** The process itself, its parent and so on up to pid 1. */
export function ancestryOf(table: ProcessTable, pid: number): number[] {
  const line: number[] = [];
  for (let next = pid; next > 0 && !line.includes(next); next = table.byPid.get(next)?.parentPid ?? 0) {
    line.push(next);
  }
  return line;
}

/**
 * The arguments of exactly this process, as it set them: hostile text. Falls back to `[name]` for a zombie and
 * where there is no /proc; empty when the process is gone.
 */
export function commandLine(identity: ProcessIdentity): string[] {
  const record = recordOf(identity);
  if (record === null) return [];
  try {
    const text = readFileSync(`/proc/${identity.pid}/cmdline`, 'utf8').replace(/\0$/, '');
    return text === '' ? [`[${record.name}]`] : text.split('\0');
  } catch {
    return [`[${record.name}]`];
  }
}
