import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProcessRecord } from './process-record.ts';
import { isRunning, readProcess } from './process-record.ts';

/**
 * Names one process for ever: a pid alone is reused, a pid with its start time is not within one boot, and the
 * boot id tells boots apart. Plain data, made to be stored as JSON. It holds within one pid namespace: a process
 * of another container that shares the file is seen as dead.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque, compared for equality only; see ProcessRecord.startTime. */
  readonly startTime: string;
  readonly bootId: string;
}

let knownBootId: string | undefined;

/**
 * The id of the running boot: /proc/sys/kernel/random/boot_id on Linux, `sysctl kern.boottime` on macOS (not
 * tested). Throws the system's error where neither can be read: without it no process can be told from another.
 */
export function bootId(): string {
  knownBootId ??=
    process.platform === 'linux'
      ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      : execFileSync('/usr/sbin/sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim();
  return knownBootId;
}

/** The identity of a process whose record was just read. */
export function identityOf(record: ProcessRecord): ProcessIdentity {
  return { pid: record.pid, startTime: record.startTime, bootId: bootId() };
}

/** The identity of the process that has this pid now, zombies included; null when there is none. */
export function identify(pid: number): ProcessIdentity | null {
  const record = readProcess(pid);
  return record === null ? null : identityOf(record);
}

/** The identity of the calling process. Throws where the process table cannot be read. */
export function self(): ProcessIdentity {
  const identity = identify(process.pid);
  if (identity === null) throw new Error('the process table does not show this process; is /proc mounted?');
  return identity;
}

export function sameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTime === other.startTime && one.bootId === other.bootId;
}

/** The current record of exactly this process; null when it is gone, its pid is reused, or the boot is another. */
export function recordOf(identity: ProcessIdentity): ProcessRecord | null {
  if (identity.bootId !== bootId()) return null;
  const record = readProcess(identity.pid);
  return record !== null && record.startTime === identity.startTime ? record : null;
}

/** True while exactly this process can still do work; false for a reused pid, another boot, or a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  const record = recordOf(identity);
  return record !== null && isRunning(record);
}
