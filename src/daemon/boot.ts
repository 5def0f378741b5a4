import { rmSync, writeFileSync } from 'node:fs';
import type { Places } from '../client/places.ts';
import type { ServerRecord } from '../codex/app-server/server.ts';
import { self } from '../machine/identity.ts';
import { ownerEnvironment } from '../machine/owner-mark.ts';
import { assertSocketPath, ensurePrivateDirectory } from '../machine/private-directory.ts';
import { type DaemonView, iso } from '../protocol/view.ts';
import { liveServers, openSessionsOf } from '../store/launches.ts';
import { Store } from '../store/store.ts';
import { type TreePlace, treesIn } from '../worktree/tree-record.ts';
import { removeAbandoned } from './abandoned.ts';
import { createApi } from './api/app.ts';
import { attachTo } from './attach.ts';
import { settingsOrLast } from './config.ts';
import { Housekeeping } from './housekeeping.ts';
import { newId } from './ids.ts';
import { keepFile } from './keep-file.ts';
import { closeServer, listen } from './listen.ts';
import { lockOrOther } from './lock.ts';
import { openLog } from './log.ts';
import { Loop } from './loop.ts';
import { openDriver } from './open-driver.ts';
import { measureChanges } from './reactors/measure.ts';
import { takeSnapshot } from './reactors/snapshot.ts';
import { relaunchOf } from './relaunch.ts';
import { Retention, rotateLog } from './retention.ts';
import { Successors } from './successors.ts';
import { ownVersion } from './version.ts';

/**
 * Puts a daemon together and lets it listen. Returns once it does, or at once where another daemon has the state
 * directory already: then there is nothing to do.
 *
 * @throws UnsafePathError for a directory that is not ours alone; CoxError for a database of a newer Coxswain.
 */
export async function boot(places: Places): Promise<void> {
  prepare(places);
  const lock = await lockOrOther(places.lock, places.socket);
  if (lock === null) return;

  const { settings, problem } = settingsOrLast(places, process.env);
  const now = Date.now;
  const startedAt = now();
  const version = ownVersion();
  rotateLog(places.log);
  const log = openLog(places.log, settings.logLevel);
  const store = Store.open(places.database);
  const daemon = newId(8, () => false);
  const loop = new Loop({ store, owner: daemon, now, log });
  const owner = store.meta('owner', () => newId(16, () => false));
  keepFile(places.ownerMark, `${owner}\n`);
  const driver = openDriver({ store, loop, places, owner, version, now, log });
  const folder = {
    say: loop.say,
    now,
    objectsDirectory: places.objectsDirectory,
  };
  loop.connect({
    'open-thread': driver['open-thread'],
    'start-turn': driver['start-turn'],
    steer: driver.steer,
    answer: driver.answer,
    look: driver.look,
    'end-work': driver['end-work'],
    snapshot: (session) => takeSnapshot(session, folder),
    measure: (session) => measureChanges(session, folder),
  });
  // Before anything new is started: what carries our mark and is in no record is left over from a crash.
  const strays = await driver.servers.endStrays();
  if (strays > 0) log.warn({ strays }, 'strays.ended');

  const trees: TreePlace = {
    directory: places.worktreesDirectory,
    objectsDir: places.objectsDirectory,
    marks: ownerEnvironment({ owner }),
  };
  // Before the API listens: what it makes from then on has no session for a moment.
  const abandoned = treesIn(trees).filter((id) => store.session(id) === null);

  const successors = new Successors(loop, now);
  let stopping = false;
  let lastUsedAt = now();
  /** Listeners to the events of one session, by session. */
  const watchers = new Map<string, number>();
  const isWatched = (session: string): boolean => (watchers.get(session) ?? 0) > 0;
  /** Sessions go on without us; app-servers that have none end with us. */
  const stop = async (): Promise<void> => {
    housekeeping.stop();
    loop.stop();
    for (const { identity, server: record } of liveServers<ServerRecord>(store)) {
      // Also where somebody has joined a thread of it with a terminal.
      const threads = (await driver.servers.followed()).filter((entry) => entry.identity === identity);
      const isUsed = openSessionsOf(store, identity) > 0 || threads.some(({ session }) => isWatched(session));
      if (!isUsed) await driver.servers.end(record);
    }
    await driver.servers.closeLinks();
    await closeServer(server);
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
  const describe = (): DaemonView => daemonView(store, places, version, startedAt, problem);
  const housekeeping = new Housekeeping({
    store,
    loop,
    servers: driver.servers,
    retention: new Retention({
      store,
      logsDirectory: places.logsDirectory,
      limits: settings.retention,
      log,
    }),
    limits: settings.idle,
    now,
    log,
    isWatched,
    lastUsedAt: () => lastUsedAt,
    stop: stopSoon,
  });
  const app = createApi({
    store,
    loop,
    log,
    now,
    describe,
    objectsDirectory: places.objectsDirectory,
    trees,
    passedVariables: settings.passedVariables,
    settle: (id) => successors.settle(id),
    relaunch: (session) => relaunchOf(store, (identity) => driver.servers.lives(identity), session),
    attach: (session) => attachTo(store, loop, driver, session, places.terminalsDirectory),
    watched: (session, change) => {
      const count = (watchers.get(session) ?? 0) + change;
      if (count > 0) watchers.set(session, count);
      else watchers.delete(session);
    },
    sweep: (session, mode, graceMs) => driver.sweep(session, mode, graceMs),
    used: () => {
      lastUsedAt = now();
    },
    stop: stopSoon,
    isStopping: () => stopping,
  });
  const server = await listen(app, places.socket);

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopSoon);
  process.on('SIGHUP', () => log.info({}, 'daemon.ignored SIGHUP'));
  // A defect of ours: say so and end. Nothing committed is lost, and the next command starts another daemon.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'daemon.crashed');
    process.exit(1);
  });
  const record = { ...self(), version, startedAt: iso(startedAt), daemon };
  writeFileSync(places.daemonRecord, JSON.stringify(record), { mode: 0o600 });
  log.info({ version, daemon }, 'daemon.started');
  if (problem !== null) log.error({ problem }, 'daemon.goes on with its last settings');
  loop.resume();
  successors.resume();
  housekeeping.start();
  void removeAbandoned(trees, abandoned, log);
}

/** Every directory is ours alone before anything is in it (S1). */
function prepare(places: Places): void {
  const { stateDirectory, runtimeDirectory, logsDirectory, serversDirectory } = places;
  ensurePrivateDirectory(stateDirectory);
  for (const path of [runtimeDirectory, logsDirectory, serversDirectory]) ensurePrivateDirectory(path);
  for (const path of [places.objectsDirectory, places.worktreesDirectory]) ensurePrivateDirectory(path);
  assertSocketPath(places.socket);
}

function daemonView(
  store: Store,
  places: Places,
  version: string,
  startedAt: number,
  problem: string | null,
): DaemonView {
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
    problem,
    openSessions: store.countOpen(),
    appServers,
  };
}
