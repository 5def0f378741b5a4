import type { Store } from './store.ts';

/** A record of an app-server that was started; `server` is whatever the codex layer needs to find it again. */
export type ServerRow<Server> = { instance: string; identity: string; server: Server; startedAt: number };

/** Keeps the launch of an identity; the same identity always has the same launch. */
export function keepLaunch(store: Store, identity: string, launch: unknown): void {
  store.database
    .prepared('insert into launches (identity, launch_json) values (?, ?) on conflict (identity) do nothing')
    .run(identity, JSON.stringify(launch));
}

/** The launch of an identity; the caller says what it kept. */
export function launchOf<Launch>(store: Store, identity: string): Launch | null {
  const row = store.database.prepared('select launch_json from launches where identity = ?').get(identity);
  return row === undefined ? null : (JSON.parse(String(row.launch_json)) as Launch);
}

export function keepServer<Server>(store: Store, row: ServerRow<Server>): void {
  store.database
    .prepared('insert into servers (instance, identity, server_json, started_at) values (?, ?, ?, ?)')
    .run(row.instance, row.identity, JSON.stringify(row.server), row.startedAt);
}

export function markServerEnded(store: Store, instance: string, at: number): void {
  store.database
    .prepared('update servers set ended_at = ? where instance = ? and ended_at is null')
    .run(at, instance);
}

/** Servers that are not known to have ended, newest first. */
export function liveServers<Server>(store: Store): ServerRow<Server>[] {
  return store.database
    .prepared(
      'select instance, identity, server_json, started_at from servers where ended_at is null order by started_at desc',
    )
    .all()
    .map((row) => ({
      instance: String(row.instance),
      identity: String(row.identity),
      server: JSON.parse(String(row.server_json)) as Server,
      startedAt: Number(row.started_at),
    }));
}

/** How many sessions of an identity have an open run. */
export function openSessionsOf(store: Store, identity: string): number {
  return store.database.number('select count(*) from sessions where identity = ? and ended = 0', identity);
}

/**
 * Forgets launches that no session and no live server has any more, with the records of their servers: the
 * environment that a launch keeps, and the keys in it, are not kept longer than they are of use.
 */
export function forgetUnusedLaunches(store: Store): void {
  store.database.transaction('normal', () => {
    store.database
      .prepared(
        `delete from servers where ended_at is not null and not exists
           (select 1 from sessions where sessions.identity = servers.identity)`,
      )
      .run();
    store.database
      .prepared(
        `delete from launches where
           not exists (select 1 from sessions where sessions.identity = launches.identity)
           and not exists (select 1 from servers where servers.identity = launches.identity)`,
      )
      .run();
  });
}
