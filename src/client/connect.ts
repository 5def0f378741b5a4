import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { CoxError, failure } from '../core/errors.ts';
import { Client } from './client.ts';
import type { Places } from './places.ts';
import { unixTransport } from './transport.ts';

/** Node cannot connect to a longer one: sun_path of unix(7) is 108 bytes with the closing NUL. */
const SOCKET_PATH_BYTES = 107;

const NOBODY_LISTENS = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

/**
 * A client of the daemon of these places; starts the daemon where none runs.
 *
 * @throws CoxError `not-permitted` for a socket that someone else owns; `state-unwritable`, `daemon-unreachable`
 *   and others where the daemon does not start.
 */
export async function connectOrStart(
  places: Places,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Client> {
  if (!(await isListening(places))) {
    const { startDaemon } = await import('./start-daemon.ts');
    await startDaemon(places, environment);
  }
  return new Client(unixTransport(places.socket));
}

/** A client of the daemon of these places, or null where none runs. */
export async function connectIfRunning(places: Places): Promise<Client | null> {
  return (await isListening(places)) ? new Client(unixTransport(places.socket)) : null;
}

async function isListening({ socket }: Places): Promise<boolean> {
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) {
    throw new CoxError(
      failure(
        'usage',
        `The socket path ${socket} is longer than ${SOCKET_PATH_BYTES} bytes, which no unix socket can have.`,
        { socket },
        'Set COX_HOME to a shorter path.',
      ),
    );
  }
  assertOurs(socket);
  return new Promise((resolve, reject) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      // Where a file stands in the path, the daemon's start says so.
      if (NOBODY_LISTENS.has(error.code ?? '')) resolve(false);
      else if (error.code === 'EACCES' || error.code === 'EPERM') reject(foreign(socket));
      else
        reject(
          new CoxError(
            failure('daemon-unreachable', `The daemon's socket cannot be reached: ${error.message}.`, {
              socket,
            }),
          ),
        );
    });
  });
}

/** A socket of somebody else could be anyone: nothing is sent to it. */
function assertOurs(socket: string): void {
  let owner: number;
  try {
    owner = lstatSync(socket).uid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw foreign(socket);
    return;
  }
  if (process.getuid !== undefined && owner !== process.getuid()) throw foreign(socket);
}

function foreign(socket: string): CoxError {
  return new CoxError(
    failure('not-permitted', `The socket ${socket} belongs to another user; nothing was sent to it.`, {
      socket,
    }),
  );
}
