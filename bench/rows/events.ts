import type { SessionList } from '../../src/client/index.ts';
import type { World } from '../../test/e2e/world.ts';
import { follow } from '../follow.ts';
import type { LoopDelay } from '../loop-delay.ts';
import { working } from '../plays.ts';
import { ProbedDaemon } from '../probed-daemon.ts';
import type { Bench, Row } from '../row.ts';
import { amount, type Line, single } from '../statistics.ts';
import { heldAt, openWorld, startSessions } from '../worlds.ts';

const GOAL = { of: 'amount', most: 250 } as const;
const SESSIONS = 50;
const COMMANDS = 8;
/** What the one session of the baseline runs: enough events for a 99th percentile. */
const ALONE = 40;

/**
 * From the commit of a fact to a subscriber having it, and how late the daemon's event loop is, while many
 * sessions work at once; beside both, one session that works alone.
 */
export const row: Row = async (bench) => {
  const world = await openWorld(bench);
  const daemon = await ProbedDaemon.start(world);
  bench.say('1 session');
  const alone = await watched(bench, world, daemon, 1, ALONE);
  const count = bench.quick ? SESSIONS / 2 : SESSIONS;
  bench.say(`${count} sessions`);
  const many = await watched(bench, world, daemon, count, COMMANDS);
  const { items } = await world.ask<SessionList>('ls', '--all');
  const wrong = items.filter(({ phase }) => phase !== 'done');
  if (wrong.length > 0 || items.length !== count + 1) {
    throw new Error(`of ${count} sessions, these are not done: ${wrong.map(({ id }) => id).join(', ')}`);
  }
  const lag = (name: string, q: number, goal: Line['goal']): Line => ({
    what: `commit of a fact to its subscriber, ${count} sessions, ${name} of ${many.lags.length}`,
    measured: amount(many.lags, 'ms', q),
    baseline: { name: `1 session, ${name}`, amount: amount(alone.lags, 'ms', q) },
    goal,
  });
  return [
    lag('p50', 0.5, null),
    lag('p99', 0.99, GOAL),
    {
      what: `the daemon's event loop late, ${count} sessions, p99`,
      measured: single(many.delay.p99, 'ms'),
      baseline: { name: '1 session, p99', amount: single(alone.delay.p99, 'ms') },
      goal: null,
    },
  ];
};

type Watched = { lags: number[]; delay: LoopDelay };

/** What is seen from the moment that so many sessions go on together until the last has ended. */
async function watched(
  bench: Bench,
  world: World,
  daemon: ProbedDaemon,
  count: number,
  commands: number,
): Promise<Watched> {
  const gate = `start-of-${count}`;
  await startSessions(world, count, working({ commands, first: gate }));
  await heldAt(world, gate, count);
  const { lags } = await follow(bench, world, count);
  await daemon.loopDelay();
  world.lab.release(gate);
  return { lags: await lags, delay: await daemon.loopDelay() };
}
