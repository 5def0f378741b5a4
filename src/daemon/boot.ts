import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { Places } from '../client/places.ts';
import type { ServerRecord } from '../codex/app-server/server.ts';
import { AppServerDriver } from '../codex/drivers/app-server.ts';
import type { Launch } from '../codex/launch/launch.ts';
import type { Evidence } from '../core/evidence/evidence.ts';
import { self } from '../machine/identity.ts';
import { assertSocketPath, ensurePrivateDirectory } from '../machine/private-directory.ts';
import { type DaemonView, iso } from '../protocol/view.ts';
import { keepServer, launchOf, liveServers, markServerEnded, openSessionsOf } from '../store/launches.ts';
import { Store } from '../store/store.ts';
import { createApi } from './api/app.ts';
import { newId } from './ids.ts';
import { lockOrOther } from './lock.ts';
import { openLog } from './log.ts';
import { Loop } from './loop.ts';
import { measureChanges } from './reactors/measure.ts';
import { takeSnapshot } from './reactors/snapshot.ts';
import { ownVersion } from './version.ts';

/**
 * Puts a daemon together and lets it listen. Returns once it does, or at once where another daemon has the state
 * directory already: then there is nothing to do.
 *
 * @throws UnsafePathError for a directory that is not ours alone; CoxError for a database of a newer Coxswain.
 */
export async function boot(places: Places): Promise<void> {
  for (const directory of [
    places.stateDirectory,
    places.runtimeDirectory,
    places.logsDirectory,
    places.serversDirectory,
    places.objectsDirectory,
  ]) {
    ensurePrivateDirectory(directory);
  }
  assertSocketPath(places.socket);
  const lock = await lockOrOther(places.lock, places.socket);
  if (lock === null) return;

  const now = Date.now;
  const startedAt = now();
  const version = ownVersion();
  const log = openLog(places.log, process.env.COX_LOG_LEVEL ?? 'info');
  const store = Store.open(places.database);
  const owner = store.meta('owner', () => newId(16, () => false));
  const daemon = newId(8, () => false);
  const loop = new Loop({ store, owner: daemon, now, log });
  const say = (session: string, evidence: Evidence): void => {
    loop.submit(session, { type: 'evidence', evidence });
  };

  const driver = new AppServerDriver({
    say,
    now,
    version,
    log: (event, details) => log.info(details, event),
    requestId: () => `r_${newId(4, (id) => store.isTaken('requests', `r_${id}`))}`,
    instanceId: () => newId(8, () => false),
    launchOf: (identity) => {
      const launch = launchOf<Launch>(store, identity);
      if (launch === null) throw new Error(`the launch ${identity} is not in the store`);
      return launch;
    },
    place: { owner, socketsDirectory: places.serversDirectory, logsDirectory: places.logsDirectory },
    keep: (server) =>
      keepServer(store, { instance: server.instance, identity: server.identity, server, startedAt: now() }),
    ended: (instance) => markServerEnded(store, instance, now()),
    records: () => liveServers<ServerRecord>(store).map(({ server }) => server),
  });
  const folder = { say, now, objectsDirectory: places.objectsDirectory };
  loop.connect({
    'open-thread': driver['open-thread'],
    'start-turn': driver['start-turn'],
    answer: driver.answer,
    look: driver.look,
    'end-work': driver['end-work'],
    snapshot: (session) => takeSnapshot(session, folder),
    measure: (session) => measureChanges(session, folder),
  });

  const describe = (): DaemonView => {
    const appServers = liveServers<ServerRecord>(store).map(({ instance, identity, server }) => ({
      instance,
      pid: server.process.pid,
      sessions: openSessionsOf(store, identity),
    }));
    return {
      schemaVersion: 1,
      running: true,
      pid: process.pid,
      version,
      startedAt: iso(startedAt),
      socket: places.socket,
      stateDirectory: places.stateDirectory,
      log: places.log,
      openSessions: store.countOpen(),
      appServers,
    };
  };

  /** Sessions go on without us; app-servers that have none end with us. */
  let stopping = false;
  const stop = async (): Promise<void> => {
    loop.stop();
    for (const { identity, server } of liveServers<ServerRecord>(store)) {
      if (openSessionsOf(store, identity) === 0) await driver.servers.end(server);
    }
    await driver.servers.closeLinks();
    await closed(server);
    rmSync(places.socket, { force: true });
    rmSync(places.daemonRecord, { force: true });
    log.info({}, 'daemon.stopped');
    store.close();
    lock.release();
    process.exit(0);
  };
  const stopSoon = (): void => {
    if (stopping) return;
    stopping = true;
    setImmediate(() => void stop());
  };
  const app = createApi({ store, loop, log, now, describe, stop: stopSoon, isStopping: () => stopping });
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  // We hold the lock, so a socket that is still there belonged to a daemon that died.
  if (existsSync(places.socket)) rmSync(places.socket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(places.socket, resolve);
  });
  // The umask leaves a socket its x bits, which mean nothing: 0600 says what is meant (S1).
  chmodSync(places.socket, 0o600);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopSoon);
  // A defect of ours: say so and end. Nothing committed is lost, and the next command starts another daemon.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'daemon.crashed');
    process.exit(1);
  });
  process.on('SIGHUP', () => log.info({}, 'daemon.ignored SIGHUP'));
  writeFileSync(
    places.daemonRecord,
    JSON.stringify({ ...self(), version, startedAt: iso(startedAt), daemon }),
    { mode: 0o600 },
  );
  log.info({ version, daemon }, 'daemon.started');
  loop.resume();
  const strays = await driver.servers.endStrays();
  if (strays > 0) log.warn({ strays }, 'strays.ended');
}

/** A stream of events never ends by itself; answers that are under way are given this long to go out. */
const CLOSE_GRACE_MS = 300;

async function closed(server: ServerType): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}
