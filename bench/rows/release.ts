import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { World } from '../../test/e2e/world.ts';
import { memoryOf } from '../memory.ts';
import { working } from '../plays.ts';
import type { Row } from '../row.ts';
import { type Line, single } from '../statistics.ts';
import { factsUntilEnded } from '../stream.ts';
import { DEADLINE_MS, heldAt, openWorld, startSessions } from '../worlds.ts';

const SESSIONS = 50;
const GATE = 'end';
/** A thread is let go this long after the end of its run. */
const SETTINGS = '[lifecycle]\nthread_idle = "1s"\n';

/**
 * What daemon and app-server together give back: with many sessions in mid turn, and once their threads were
 * released; beside both, the same two processes after one session that was released.
 */
export const row: Row = async (bench) => {
  const world = await openWorld(bench, SETTINGS);
  const count = bench.quick ? SESSIONS / 2 : SESSIONS;
  await startSessions(world, 1, working({ commands: 1 }));
  await released(world, 1);
  const before = memoryOf(world);
  bench.say(`${count} sessions`);
  await startSessions(world, count, working({ commands: 5, last: GATE }));
  await heldAt(world, GATE, count);
  const peak = memoryOf(world);
  world.lab.release(GATE);
  await factsUntilEnded(world, count + 1);
  bench.say('their release');
  await released(world, count + 1);
  const line = (what: string, measured: number): Line => ({
    what,
    measured: single(measured, 'MB'),
    baseline: { name: 'after 1 session', amount: single(before, 'MB') },
    goal: null,
  });
  return [
    line(`daemon and app-server, ${count} sessions in mid turn`, peak),
    line(`daemon and app-server, ${count} sessions released`, memoryOf(world)),
  ];
};

/** Resolves once the daemon has said of so many threads that it let them go. */
function released(world: World, count: number): Promise<void> {
  const { log } = world.places;
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      clearTimeout(timer);
      unwatchFile(log, look);
      if (error === undefined) resolve();
      else reject(error);
    };
    const look = (): void => {
      if (releases(log) >= count) end();
    };
    const timer = setTimeout(
      () => end(new Error(`${releases(log)} of ${count} threads were released`)),
      DEADLINE_MS,
    );
    watchFile(log, { interval: 100 }, look);
    look();
  });
}

function releases(log: string): number {
  return readFileSync(log, 'utf8').split('"thread.released"').length - 1;
}
