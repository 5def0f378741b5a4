import type { World } from '../../test/e2e/world.ts';
import { saying } from '../plays.ts';
import type { Row } from '../row.ts';
import { amount, type Line } from '../statistics.ts';
import { interleaved, timeBareNode, timeCox } from '../timing.ts';
import { openWorld, startSessions } from '../worlds.ts';

const GOAL = { of: 'ratio', most: 2.5 } as const;
const FEW = 10;

/** `cox ls` against a running daemon, as a multiple of what Node takes to do nothing. */
export const row: Row = async (bench) => {
  const few = await openWorld(bench);
  bench.say(`${FEW} past sessions`);
  await makePast(few, FEW);
  const where = { env: few.env, cwd: few.work };
  const { node, ls } = await interleaved(bench.quick ? 15 : 50, {
    node: () => timeBareNode(where),
    ls: () => timeCox(['ls'], where),
  });
  const line = (what: string, samples: readonly number[]): Line => ({
    what,
    measured: amount(samples, 'ms'),
    baseline: { name: '`node -e 0`', amount: amount(node, 'ms') },
    goal: GOAL,
  });
  return [line(`\`cox ls\`, ${FEW} past sessions`, ls)];
};

/** Sessions that have ended and were seen. */
async function makePast(world: World, count: number): Promise<void> {
  for (const id of await startSessions(world, count, saying())) await world.ended(id);
}
