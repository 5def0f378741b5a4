import { Connection } from '../../src/codex/app-server/connection.ts';
import type { World } from '../../test/e2e/world.ts';
import { memoryOf } from '../memory.ts';
import { working } from '../plays.ts';
import type { Row } from '../row.ts';
import { type Line, single } from '../statistics.ts';
import { factsUntilEnded } from '../stream.ts';
import { DEADLINE_MS, heldAt, openWorld, startSessions } from '../worlds.ts';

const SESSIONS = 50;
const GATE = 'end';
/** A thread is let go this long after the end of its run; Codex (0.169) unloads it about a minute later. */
const SETTINGS = '[lifecycle]\nthread_idle = "1s"\n';
/** How often Codex is asked which threads it has loaded, milliseconds. */
const ASK_EVERY_MS = 500;

/**
 * What daemon and app-server together give back: with many sessions in mid turn, and once Codex has unloaded them
 * all; beside both, the same two processes with the first of them in mid turn.
 */
export const row: Row = async (bench) => {
  const world = await openWorld(bench, SETTINGS);
  const prompt = working({ commands: 5, last: GATE });
  await startSessions(world, 1, prompt);
  await heldAt(world, GATE, 1);
  const before = memoryOf(world);
  bench.say(`${SESSIONS} sessions`);
  await startSessions(world, SESSIONS - 1, prompt);
  await heldAt(world, GATE, SESSIONS);
  const peak = memoryOf(world);
  world.lab.release(GATE);
  await factsUntilEnded(world, SESSIONS);
  bench.say('their release');
  await unloaded(world);
  const line = (what: string, measured: number): Line => ({
    what,
    measured: single(measured, 'MB'),
    baseline: { name: '1 in mid turn', amount: single(before, 'MB') },
    goal: null,
  });
  return [
    line(`daemon and app-server, ${SESSIONS} sessions in mid turn`, peak),
    line(`daemon and app-server, ${SESSIONS} sessions released`, memoryOf(world)),
  ];
};

/** Resolves once Codex itself has no thread loaded any more. */
async function unloaded(world: World): Promise<void> {
  const [server] = world.servers();
  if (server === undefined) throw new Error('there is no app-server');
  const nothing = (): void => undefined;
  const incoming = { notification: nothing, request: nothing, closed: nothing };
  const connection = await Connection.open(server.socket, '0', DEADLINE_MS, incoming);
  try {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const { data } = await connection.call('thread/loaded/list', {});
      if (data.length === 0) return;
      if (Date.now() > deadline) throw new Error(`${data.length} threads are still loaded`);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  } finally {
    connection.close();
  }
}
