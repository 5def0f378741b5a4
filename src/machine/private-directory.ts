import type { Stats } from 'node:fs';
import { closeSync, constants, fchmodSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

export const unsafePathCodes = [
  'not-absolute',
  'missing',
  'symlink',
  'not-a-directory',
  'not-a-file',
  'not-a-socket',
  'owned-by-other',
  'too-open',
  'too-long',
  'read-only',
  'not-permitted',
] as const;
export type UnsafePathCode = (typeof unsafePathCodes)[number];

/** A path that must not be used as it is. Nothing was written through it. */
export class UnsafePathError extends Error {
  override readonly name = 'UnsafePathError';
  readonly code: UnsafePathCode;
  readonly path: string;

  constructor(code: UnsafePathCode, path: string, cause?: unknown) {
    super(`unsafe path, ${code.replaceAll('-', ' ')}: ${path}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.path = path;
  }
}

/** sun_path of unix(7) is 108 bytes on Linux and 104 on macOS, the closing NUL included. */
export const maxSocketPathBytes = process.platform === 'darwin' ? 103 : 107;

/**
 * Makes sure that a directory exists, is ours and is 0700, before anything is in it. Missing parents are created
 * 0700 too. One of ours with other permissions is corrected. Idempotent. Throws UnsafePathError: a symlink, a file,
 * another owner, a file system that is read-only, a parent that may not be written.
 */
export function ensurePrivateDirectory(path: string): void {
  if (!isAbsolute(path)) throw new UnsafePathError('not-absolute', path);
  const entry = resolve(path); // without a trailing slash, which would follow a symlink
  if (attempt(entry, () => lstatSync(entry, { throwIfNoEntry: false })) === undefined) {
    attempt(entry, () => mkdirSync(entry, { recursive: true, mode: 0o700 }));
  }
  assertOurDirectory(entry);
  if (isPrivate(existing(entry))) return;
  attempt(entry, () => makePrivate(entry));
  assertOurDirectory(entry);
  if (!isPrivate(existing(entry))) throw new UnsafePathError('too-open', entry);
}

/** Throws UnsafePathError for a directory that is missing or not ours alone; changes nothing. */
export function assertPrivateDirectory(path: string): void {
  if (!isAbsolute(path)) throw new UnsafePathError('not-absolute', path);
  const entry = resolve(path);
  assertOurDirectory(entry);
  if (!isPrivate(existing(entry))) throw new UnsafePathError('too-open', entry);
}

/** Throws UnsafePathError `too-long` for a socket path that the kernel would cut or refuse. */
export function assertSocketPath(path: string): void {
  if (!isAbsolute(path)) throw new UnsafePathError('not-absolute', path);
  if (Buffer.byteLength(path) > maxSocketPathBytes) throw new UnsafePathError('too-long', path);
}

/**
 * Throws UnsafePathError unless the path is, itself and not through a symlink, a file or socket that we own and
 * that nobody else may open. Call it before trusting what is behind a socket or in a file.
 */
export function assertOwnedByUs(path: string, kind: 'file' | 'socket'): void {
  const stats = existing(path);
  if (kind === 'file' && !stats.isFile()) throw new UnsafePathError('not-a-file', path);
  if (kind === 'socket' && !stats.isSocket()) throw new UnsafePathError('not-a-socket', path);
  assertOurs(path, stats);
  if ((stats.mode & 0o077) !== 0) throw new UnsafePathError('too-open', path);
}

function isPrivate(stats: Stats): boolean {
  return (stats.mode & 0o777) === 0o700;
}

function assertOurDirectory(path: string): void {
  const stats = existing(path);
  if (!stats.isDirectory()) throw new UnsafePathError('not-a-directory', path);
  assertOurs(path, stats);
}

function makePrivate(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(descriptor, 0o700);
  } finally {
    closeSync(descriptor);
  }
}

/** The path's own entry. Throws for none and for a symlink. */
function existing(path: string): Stats {
  const stats = attempt(path, () => lstatSync(path));
  if (stats.isSymbolicLink()) throw new UnsafePathError('symlink', path);
  return stats;
}

function assertOurs(path: string, stats: Stats): void {
  if (stats.uid !== process.getuid?.()) throw new UnsafePathError('owned-by-other', path);
}

function attempt<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
      case 'EROFS':
        throw new UnsafePathError('read-only', path, error);
      case 'EACCES':
      case 'EPERM':
        throw new UnsafePathError('not-permitted', path, error);
      case 'ENOENT':
        throw new UnsafePathError('missing', path, error);
      case 'ENOTDIR':
      case 'EEXIST':
        throw new UnsafePathError('not-a-directory', path, error);
      default:
        throw error;
    }
  }
}
