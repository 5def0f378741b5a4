import { chmodSync, rmSync } from 'node:fs';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { Hono } from 'hono';

/** A stream of events never ends by itself; answers that are under way are given this long to go out. */
const CLOSE_GRACE_MS = 300;

/** Serves the API on a unix socket that only its owner can open. The caller holds the lock of the directory. */
export async function listen(app: Hono, socket: string): Promise<ServerType> {
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  // We hold the lock, so a socket that is still there belonged to a daemon that died.
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  // The umask leaves a socket its x bits, which mean nothing: 0600 says what is meant (S1).
  chmodSync(socket, 0o600);
  return server;
}

/** Stops listening and lets answers go out. */
export async function closeServer(server: ServerType): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}
