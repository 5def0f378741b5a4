import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { CoxError, failure } from '../core/errors.ts';

/** How long another daemon may take between taking the lock and listening, or between closing and ending. */
const OTHER_DEADLINE_MS = 15_000;
const PAUSE_MS = 50;

/** Held until the process ends, however it ends. */
export type Lock = { release(): void };

/**
 * Takes the lock of a state directory; null where another daemon has it. The lock is an exclusive transaction on
 * a database of its own: the kernel drops it with the process, so it is never stale and needs no pid to check.
 */
function takeLock(file: string): Lock | null {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => database.close() };
}

/** SQLITE_BUSY (5): someone else holds it. Everything else is trouble of another kind. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

/**
 * The lock, or null once another daemon that has it listens on the socket.
 *
 * @throws CoxError `daemon-unreachable` where another daemon keeps the lock and does not listen.
 */
export async function lockOrOther(file: string, socket: string): Promise<Lock | null> {
  const deadline = Date.now() + OTHER_DEADLINE_MS;
  for (;;) {
    const lock = takeLock(file);
    if (lock !== null) return lock;
    if (await isListening(socket)) return null;
    if (Date.now() > deadline) {
      throw new CoxError(
        failure('daemon-unreachable', 'Another daemon holds the state directory and does not listen.', {
          file,
        }),
      );
    }
    await pause(PAUSE_MS);
  }
}

function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
