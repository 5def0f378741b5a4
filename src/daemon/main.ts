import { closeSync, writeSync } from 'node:fs';
import { placesOf } from '../client/places.ts';
import type { Readiness } from '../client/start-daemon.ts';
import { CoxError, type Failure, failure } from '../core/errors.ts';
import { UnsafePathError } from '../machine/private-directory.ts';
import { boot } from './boot.ts';

/** Descriptor that the starter reads one line from: that we listen, or why not. */
const READY_DESCRIPTOR = 3;

// All that we write is ours alone, from the first byte (S1).
process.umask(0o077);

try {
  await boot(placesOf(process.env));
  tell({ ready: true });
} catch (error) {
  tell({ ready: false, failure: asFailure(error) });
  process.exitCode = 1;
}

function tell(readiness: Readiness): void {
  try {
    writeSync(READY_DESCRIPTOR, `${JSON.stringify(readiness)}\n`);
    closeSync(READY_DESCRIPTOR);
  } catch {
    // Started by hand: nobody listens on the descriptor.
    if (!readiness.ready) console.error(`${readiness.failure.message} ${readiness.failure.hint}`);
  }
}

/** SQLITE_CORRUPT (11) and SQLITE_NOTADB (26). */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === 11 || error.errcode === 26);
}

function asFailure(error: unknown): Failure {
  if (error instanceof CoxError) return error.failure;
  if (error instanceof UnsafePathError) {
    const { path, code } = error;
    if (code === 'read-only' || code === 'not-permitted') {
      return failure('state-unwritable', `${path} cannot be written.`, { path });
    }
    return failure('not-permitted', `${error.message}.`, { path, why: code });
  }
  if (isBroken(error)) {
    const { database } = placesOf(process.env);
    return failure('state-broken', `The state database cannot be read: ${(error as Error).message}.`, {
      file: database,
    });
  }
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return failure('state-unwritable', `${message}.`);
  return failure('internal', `The daemon did not start: ${message}`);
}
