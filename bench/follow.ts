import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import type { World } from '../test/e2e/world.ts';
import type { Bench } from './row.ts';

const SUBSCRIBER = fileURLToPath(new URL('./subscriber.ts', import.meta.url));

/**
 * Starts a subscriber of a world's events and resolves once it is subscribed, with what it will have seen when so
 * many runs have ended: for each event, milliseconds from its commit to its arrival.
 */
export async function follow(bench: Bench, world: World, runs: number): Promise<{ lags: Promise<number[]> }> {
  const child = spawn(process.execPath, [SUBSCRIBER, String(runs)], {
    env: { ...world.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  bench.onEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the subscriber ended early');
    return value as string;
  };
  await next();
  return { lags: next().then((line) => JSON.parse(line) as number[]) };
}
