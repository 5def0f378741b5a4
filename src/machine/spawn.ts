import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, constants, fchmodSync, openSync, statSync } from 'node:fs';
import type { ProcessIdentity } from './identity.ts';
import { identify } from './identity.ts';

export interface SpawnRequest {
  /** A path, or a name looked up in `env.PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Its file mode creation mask; ours, where none is named. */
  readonly umask?: number;
  /** Appended to; created 0600, and made 0600 if it exists. May be the same file as `stderrFile`. */
  readonly stdoutFile: string;
  readonly stderrFile: string;
}

export interface ProcessExit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnedProcess {
  readonly identity: ProcessIdentity;
  /** Resolves when the process has ended, if the caller still lives; does not keep the caller alive. */
  readonly exited: Promise<ProcessExit>;
}

export const spawnErrorCodes = [
  'file-not-found',
  'file-not-executable',
  'directory-missing',
  'output-not-writable',
  'failed',
] as const;
export type SpawnErrorCode = (typeof spawnErrorCodes)[number];

/** Nothing was started. `path` is what the code speaks of; `cause` the system's error where there is one. */
export class SpawnError extends Error {
  override readonly name = 'SpawnError';
  readonly code: SpawnErrorCode;
  readonly path: string;

  constructor(code: SpawnErrorCode, path: string, cause?: unknown) {
    const detail = cause instanceof Error ? `: ${cause.message}` : '';
    super(`${code.replaceAll('-', ' ')}: ${path}${detail}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.path = path;
  }
}

/**
 * Starts a process in a session of its own, stdin from /dev/null, output to files, independent of the caller's
 * life. Its identity is read before this resolves and cannot be missed, even if the process ends at once. Rejects
 * with SpawnError, and then nothing runs. Not idempotent.
 */
export async function spawnDetached(request: SpawnRequest): Promise<SpawnedProcess> {
  if (!isDirectory(request.cwd)) throw new SpawnError('directory-missing', request.cwd);
  const stdout = openOutput(request.stdoutFile);
  try {
    const stderr = openOutput(request.stderrFile);
    try {
      return await start(request, stdout, stderr);
    } finally {
      closeSync(stderr);
    }
  } finally {
    closeSync(stdout);
  }
}

async function start(request: SpawnRequest, stdout: number, stderr: number): Promise<SpawnedProcess> {
  const child = launch(request, stdout, stderr);
  // Read before the event loop turns: until then even an ended child is a zombie that nobody has reaped.
  const identity = child.pid === undefined ? null : identify(child.pid);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  child.unref();
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(spawnError(request.file, error)));
  });
  if (identity === null) {
    child.kill('SIGKILL');
    throw new SpawnError('failed', request.file, new Error('its identity cannot be read; is /proc mounted?'));
  }
  return { identity, exited };
}

function launch({ file, args, cwd, env, umask }: SpawnRequest, stdout: number, stderr: number): ChildProcess {
  // A child begins with what its parent has at that moment, and spawn() starts it before it returns.
  const before = umask === undefined ? null : process.umask(umask);
  try {
    return spawn(file, [...args], {
      cwd,
      env: { ...env },
      detached: true,
      stdio: ['ignore', stdout, stderr],
    });
  } catch (error) {
    throw spawnError(file, error);
  } finally {
    if (before !== null) process.umask(before);
  }
}

function spawnError(file: string, error: unknown): SpawnError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return new SpawnError('file-not-found', file, error);
  if (code === 'EACCES' || code === 'ENOEXEC') return new SpawnError('file-not-executable', file, error);
  return new SpawnError('failed', file, error);
}

function openOutput(path: string): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  try {
    const descriptor = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    fchmodSync(descriptor, 0o600);
    return descriptor;
  } catch (error) {
    throw new SpawnError('output-not-writable', path, error);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
