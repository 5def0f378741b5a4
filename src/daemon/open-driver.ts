import type { Logger } from 'pino';
import type { Places } from '../client/places.ts';
import type { ServerRecord } from '../codex/app-server/server.ts';
import { AppServerDriver } from '../codex/drivers/app-server.ts';
import type { Launch } from '../codex/launch/launch.ts';
import { keepServer, launchOf, liveServers, markServerEnded } from '../store/launches.ts';
import type { Store } from '../store/store.ts';
import { newId } from './ids.ts';
import type { Loop } from './loop.ts';

type Parts = {
  store: Store;
  loop: Loop;
  places: Places;
  owner: string;
  version: string;
  now(): number;
  log: Logger;
};

/** The app-server driver, with its records in the store and its words to the loop. */
export function openDriver({ store, loop, places, owner, version, now, log }: Parts): AppServerDriver {
  return new AppServerDriver({
    say: loop.say,
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
    place: {
      owner,
      socketsDirectory: places.serversDirectory,
      logsDirectory: places.logsDirectory,
    },
    keep: (server) =>
      keepServer(store, { instance: server.instance, identity: server.identity, server, startedAt: now() }),
    ended: (instance) => markServerEnded(store, instance, now()),
    records: () => liveServers<ServerRecord>(store).map(({ server }) => server),
  });
}
