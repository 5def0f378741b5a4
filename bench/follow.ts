import { createInterface } from 'node:readline/promises';
import type { World } from '../test/e2e/world.ts';
import { startProgram } from './child.ts';
import type { Bench } from './row.ts';

/**
 * Starts a subscriber of a world's events and resolves once it is subscribed, with what it will have seen when so
 * many runs have ended: for each event, milliseconds from its commit to its arrival.
 */
export async function follow(bench: Bench, world: World, runs: number): Promise<{ lags: Promise<number[]> }> {
  const { stdout } = startProgram(bench, 'subscriber.ts', [String(runs)], world.env);
  if (stdout === null) throw new Error('the subscriber has no stdout');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the subscriber ended early');
    return value as string;
  };
  await next();
  return { lags: next().then((line) => JSON.parse(line) as number[]) };
}
