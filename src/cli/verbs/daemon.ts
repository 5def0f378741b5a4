import { connectIfRunning, connectOrStart } from '../../client/connect.ts';
import { placesOf } from '../../client/places.ts';
import type { DaemonView } from '../../protocol/view.ts';
import { print, printJson } from '../out.ts';

type Options = { json?: boolean };

/** `cox daemon start`: starts it where it does not run. */
export async function daemonStart(options: Options): Promise<number> {
  const client = await connectOrStart(placesOf(process.env), process.env);
  tell(await client.daemon(), options);
  return 0;
}

/** `cox daemon stop`: sessions go on; app-servers without an open session end with it. */
export async function daemonStop(options: Options): Promise<number> {
  const places = placesOf(process.env);
  const client = await connectIfRunning(places);
  if (client !== null) {
    const { pid } = await client.stopDaemon();
    await gone(client);
    tell({ ...notRunning(), pid }, options);
    return 0;
  }
  tell(notRunning(), options);
  return 0;
}

/** `cox daemon status`: whether it runs, where its state is, and what it looks after. Starts nothing. */
export async function daemonStatus(options: Options): Promise<number> {
  const client = await connectIfRunning(placesOf(process.env));
  tell(client === null ? notRunning() : await client.daemon(), options);
  return 0;
}

/** The daemon closes its streams when it ends. */
async function gone(client: {
  events(after: 'now', signal: AbortSignal): AsyncIterable<unknown>;
}): Promise<void> {
  try {
    for await (const _ of client.events('now', AbortSignal.timeout(60_000)));
  } catch {
    // It has ended: it no longer answers.
  }
}

function notRunning(): DaemonView {
  const { socket, stateDirectory, log } = placesOf(process.env);
  return {
    schemaVersion: 1,
    running: false,
    pid: null,
    version: null,
    startedAt: null,
    socket,
    stateDirectory,
    log,
    openSessions: 0,
    appServers: [],
  };
}

function tell(view: DaemonView, options: Options): void {
  if (options.json === true) {
    printJson(view);
    return;
  }
  if (!view.running) print(`not running; state in ${view.stateDirectory}`);
  else
    print(
      `running, pid ${view.pid}, since ${view.startedAt}; open sessions: ${view.openSessions}; state in ${view.stateDirectory}`,
    );
  for (const { instance, pid, sessions } of view.appServers)
    print(`  app-server ${instance}, pid ${pid}, open sessions: ${sessions}`);
}
