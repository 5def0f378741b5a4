import { spawn } from 'node:child_process';
import type { World } from '../../test/e2e/world.ts';
import { endWith } from '../child.ts';
import { nativeCodex } from '../codex.ts';
import { memoryOf } from '../memory.ts';
import { working } from '../plays.ts';
import type { Bench, Row } from '../row.ts';
import { single } from '../statistics.ts';
import { heldAt, openWorld, startSessions } from '../worlds.ts';

const GOAL = { of: 'amount', most: 5 } as const;
const SESSIONS = 20;
const GATE = 'end';

/**
 * What one more session takes: sessions that were asked for ten approvals each, answered by the policy, all of
 * them in mid turn, on one app-server; beside it, as many `codex exec` processes after ten commands each, at the
 * same point of theirs (exec asks nothing). The first of each is not counted.
 */
export const row: Row = async (bench) => {
  const ours = await openWorld(bench);
  bench.say(`${SESSIONS} sessions`);
  const asking = working({ commands: 10, asks: true, last: GATE });
  const each = await perFurther(ours, SESSIONS, (count) => startSessions(ours, count, asking));
  const other = await openWorld(bench);
  bench.say(`${SESSIONS} codex exec processes`);
  const codex = await nativeCodex();
  const prompt = working({ commands: 10, last: GATE });
  const exec = await perFurther(other, SESSIONS, async (count) => {
    for (let n = 0; n < count; n += 1) startExec(bench, other, codex, prompt);
  });
  return [
    {
      what: `memory of one more session, of ${SESSIONS} at once`,
      measured: single(each, 'MB'),
      baseline: { name: 'one more `codex exec`', amount: single(exec, 'MB') },
      goal: GOAL,
    },
  ];
};

/** MB that each of `count` adds to the first, all of them held at the gate in mid turn. */
async function perFurther(
  world: World,
  count: number,
  start: (count: number) => Promise<unknown>,
): Promise<number> {
  await start(1);
  await heldAt(world, GATE, 1);
  const first = memoryOf(world);
  await start(count - 1);
  await heldAt(world, GATE, count);
  return (memoryOf(world) - first) / (count - 1);
}

function startExec(bench: Bench, world: World, codex: string, prompt: string): void {
  const child = spawn(codex, ['exec', '--skip-git-repo-check', '-s', 'workspace-write', prompt], {
    cwd: world.work,
    env: { ...world.env },
    stdio: 'ignore',
  });
  endWith(bench, child);
}
