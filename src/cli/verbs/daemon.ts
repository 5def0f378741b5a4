import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { configPath, readConfigText } from '../../client/config-file.ts';
import { connectIfRunning, connectOrStart } from '../../client/connect.ts';
import { placesOf } from '../../client/places.ts';
import { CoxError, failure } from '../../core/errors.ts';
import type { DaemonView } from '../../protocol/view.ts';
import { print, printJson } from '../out.ts';
import type { Define } from '../verb.ts';

/** The daemon ends its idle app-servers first, 10 s at most for each. */
const STOP_DEADLINE_MS = 60_000;

type Options = { json?: boolean };

export const defineDaemon: Define = (daemon, { done }) => {
  for (const [name, about, act] of [
    ['start', 'start it', daemonStart],
    ['stop', 'end it; sessions go on, app-servers without one end', daemonStop],
    ['restart', 'end it and start it again; sessions go on', daemonRestart],
    ['status', 'whether it runs, and what it looks after', daemonStatus],
  ] as const) {
    daemon
      .command(name)
      .description(about)
      .option('--json', 'one JSON document on stdout')
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      // `--json` is an option of `daemon` too, which takes it wherever it stands.
      .action(async (_: object, command: Command) => done(await act(command.optsWithGlobals())));
  }
};

/** `cox daemon start`: starts it where it does not run. */
async function daemonStart(options: Options): Promise<number> {
  const client = await connectOrStart(placesOf(process.env), process.env);
  tell(await client.daemon(), options);
  return 0;
}

/** `cox daemon stop`: sessions go on; app-servers without an open session end with it. */
async function daemonStop(options: Options): Promise<number> {
  const client = await connectIfRunning(placesOf(process.env));
  if (client !== null) {
    const { openSessions } = await client.daemon();
    await stopAndWait(client);
    if (options.json !== true) {
      print(
        openSessions === 0
          ? 'stopped'
          : `stopped; ${openSessions} open sessions go on, unsupervised until the next command`,
      );
      return 0;
    }
  }
  tell(notRunning(), options);
  return 0;
}

/** `cox daemon restart`: another process takes over; sessions and app-servers go on. */
async function daemonRestart(options: Options): Promise<number> {
  const places = placesOf(process.env);
  const running = await connectIfRunning(places);
  // A daemon that works is not ended for settings that are not in order.
  const { readConfig } = await import('../../protocol/config.ts');
  readConfig(configPath(places), readConfigText(places), process.env);
  if (running !== null) await stopAndWait(running);
  return daemonStart(options);
}

/** `cox daemon status`: whether it runs, where its state is, and what it looks after. Starts nothing. */
async function daemonStatus(options: Options): Promise<number> {
  const client = await connectIfRunning(placesOf(process.env));
  tell(client === null ? notRunning() : await client.daemon(), options);
  return 0;
}

/**
 * Asks the daemon to end and waits until it has.
 *
 * @throws CoxError `daemon-unreachable` where it has not ended within the deadline.
 */
export async function stopAndWait(client: Client): Promise<void> {
  const deadline = AbortSignal.timeout(STOP_DEADLINE_MS);
  const events = await client.events('now', deadline);
  await client.stopDaemon();
  try {
    for await (const _ of events);
  } catch {
    // Its stream has ended, and so has it.
    return;
  }
  throw new CoxError(
    failure('daemon-unreachable', 'The daemon has not ended yet.', {}, 'See cox daemon status.'),
  );
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
    problem: null,
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
      `running, pid ${view.pid}, since ${view.startedAt}; open sessions: ${view.openSessions}; state in ${view.stateDirectory}, log ${view.log}`,
    );
  if (view.problem !== null) print(`  the settings of before are in use: ${view.problem}`);
  for (const { instance, pid, sessions } of view.appServers)
    print(`  app-server ${instance}, pid ${pid}, open sessions: ${sessions}`);
}
