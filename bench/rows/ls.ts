import type { World } from '../../test/e2e/world.ts';
import { openPast } from '../past.ts';
import type { Bench, Row } from '../row.ts';
import { amount, type Line } from '../statistics.ts';
import { interleaved, timeBareNode, timeCox } from '../timing.ts';

const GOAL = { of: 'ratio', most: 2.5 } as const;
const FEW = { sessions: 10, facts: 500 };
const MANY = { sessions: 10_000, facts: 500_000 };

/** `cox ls` against a running daemon, as a multiple of what Node takes to do nothing. */
export const row: Row = async (bench) => {
  const few = await opened(bench, FEW);
  const many = bench.quick ? null : await opened(bench, MANY);
  const where = { env: few.env, cwd: few.work };
  bench.say('starts in turns');
  const samples = await interleaved(bench.quick ? 15 : 50, {
    node: () => timeBareNode(where),
    few: () => timeCox(['ls'], where),
    many: many === null ? null : () => timeCox(['ls'], { ...where, env: many.env }),
  });
  const line = ({ sessions }: { sessions: number }, taken: readonly number[]): Line => ({
    what: `\`cox ls\`, ${sessions.toLocaleString('en')} past sessions`,
    measured: amount(taken, 'ms'),
    baseline: { name: '`node -e 0`', amount: amount(samples.node, 'ms') },
    goal: GOAL,
  });
  return [line(FEW, samples.few), ...(many === null ? [] : [line(MANY, samples.many)])];
};

async function opened(bench: Bench, past: typeof FEW): Promise<World> {
  bench.say(`${past.sessions} past sessions`);
  const world = await openPast(bench, past);
  await world.ask('daemon', 'start');
  return world;
}
