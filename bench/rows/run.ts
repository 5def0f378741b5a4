import type { World } from '../../test/e2e/world.ts';
import { saying } from '../plays.ts';
import type { Row } from '../row.ts';
import { amount, type Line } from '../statistics.ts';
import { interleaved, type Spawned, timeBareNode, timeCox } from '../timing.ts';
import { openWorld } from '../worlds.ts';

/** `cox run` until it has printed the id and returned: with a daemon and an app-server, and without either. */
export const row: Row = async (bench) => {
  const world = await openWorld(bench);
  const where = { env: world.env, cwd: world.work };
  const run = async (): Promise<Spawned> => {
    const ran = await timeCox(['run', saying()], where);
    await world.ended(ran.stdout.trim());
    return ran;
  };
  bench.say('warm');
  const warm = await interleaved(bench.quick ? 5 : 20, { node: () => timeBareNode(where), run });
  bench.say('cold');
  const cold = await interleaved(bench.quick ? 3 : 10, {
    node: () => timeBareNode(where),
    run: async () => {
      await stopDaemon(world);
      return run();
    },
  });
  const line = (what: string, { node, run: samples }: Record<'node' | 'run', number[]>): Line => ({
    what,
    measured: amount(samples, 'ms'),
    baseline: { name: '`node -e 0`', amount: amount(node, 'ms') },
    goal: null,
  });
  return [
    line('`cox run` to its id, warm: daemon and app-server run', warm),
    line('`cox run` to its id, cold: no daemon runs', cold),
  ];
};

/** No session is open, so that its app-server ends with it. */
async function stopDaemon(world: World): Promise<void> {
  await world.ask('daemon', 'stop');
}
