import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One row of the process table, as the kernel states it at the moment of reading. */
export interface ProcessRecord {
  readonly pid: number;
  readonly parentPid: number;
  readonly processGroup: number;
  /** Session id; 0 where the platform does not tell (macOS). */
  readonly session: number;
  /** One letter: R, S, D, T, t, Z, X, I; see proc(5). */
  readonly state: string;
  /** Threads still in the process; a zombie leader with more than one has work running. */
  readonly threads: number;
  /** Name of the executable, cut to 15 bytes by the kernel; may hold spaces, parentheses and control bytes. */
  readonly name: string;
  /** Opaque, compared for equality only. Linux: clock ticks since boot; macOS: the text of `ps -o lstart`. */
  readonly startTime: string;
}

/**
 * Parses one line of /proc/PID/stat (field numbers as in proc(5)).
 * The name stands in parentheses and may itself hold `)` and spaces, so fields count from the last `)`.
 * Returns null for text of another shape.
 */
export function parseProcStat(text: string): ProcessRecord | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open) return null;
  const fields = text.slice(close + 2).split(' ');
  const field = (number: number): string => fields[number - 3] ?? '';
  const startTime = field(22);
  const pid = Number(text.slice(0, open));
  if (!Number.isInteger(pid) || !/^\d+$/.test(startTime)) return null;
  return {
    pid,
    name: text.slice(open + 1, close),
    state: field(3),
    parentPid: Number(field(4)),
    processGroup: Number(field(5)),
    session: Number(field(6)),
    threads: Number(field(20)),
    startTime,
  };
}

const psColumns = 'pid=,ppid=,pgid=,state=,lstart=,comm=';
const psRow = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S)\S*\s+(\S+ \S+\s+\d+ \S+ \d+)\s+(.*)$/;

/** Parses the rows of `ps -o pid=,ppid=,pgid=,state=,lstart=,comm=`; rows of another shape are left out. */
export function parsePsRows(text: string): ProcessRecord[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, parentPid, processGroup, state = '', startTime = '', name = ''] = psRow.exec(line) ?? [];
    if (pid === undefined) return [];
    return {
      pid: Number(pid),
      parentPid: Number(parentPid),
      processGroup: Number(processGroup),
      session: 0,
      state,
      threads: 1,
      name,
      startTime,
    };
  });
}

function runPs(selection: readonly string[]): ProcessRecord[] {
  try {
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return parsePsRows(execFileSync('ps', [...selection, '-o', psColumns], { encoding: 'utf8', env, stdio }));
  } catch {
    return [];
  }
}

/** The record of one process, zombies included; null when there is none. Only Linux is tested. */
export function readProcess(pid: number): ProcessRecord | null {
  if (!Number.isInteger(pid) || pid < 1) return null;
  if (process.platform !== 'linux') return runPs(['-p', String(pid)])[0] ?? null;
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

/**
 * Every process that can be seen, in the order of the kernel's listing. Processes that end meanwhile are left
 * out. The listing is not atomic: one forked during the walk may be missed. Only Linux is tested.
 */
export function readAllProcesses(): ProcessRecord[] {
  if (process.platform !== 'linux') return runPs(['-ax']);
  return readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : [],
  );
}

/** True while the process can still do work: not dead, and a zombie only if other threads of it go on. */
export function isRunning(record: ProcessRecord): boolean {
  const dead = record.state === 'Z' || record.state === 'X' || record.state === 'x';
  return !dead || record.threads > 1;
}
