import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabRequest } from '../src/lab/index.ts';
import { World } from '../test/e2e/world.ts';
import { POLICY, plays } from './plays.ts';
import type { Bench } from './row.ts';

/** Longest that anything of a row may take, milliseconds; it is broken then. */
export const DEADLINE_MS = 180_000;

/** Sessions are started so many at once: the command line would keep both cores busy. */
const STARTS_AT_ONCE = 2;

/**
 * A Coxswain and a Codex of their own with a scripted model, gone with the row. `settings` is the text of
 * Coxswain's config.toml.
 */
export async function openWorld(bench: Bench, settings = ''): Promise<World> {
  const world = await World.open({}, plays);
  bench.onEnd(() => world.close());
  writeFileSync(policyFile(world), POLICY);
  if (settings !== '') {
    mkdirSync(world.places.configDirectory, { recursive: true, mode: 0o700 });
    writeFileSync(join(world.places.configDirectory, 'config.toml'), settings, { mode: 0o600 });
  }
  return world;
}

function policyFile(world: World): string {
  return join(world.root, 'policy.toml');
}

/** Starts so many sessions with this prompt, answered by the policy of the bench; their ids. */
export async function startSessions(world: World, count: number, prompt: string): Promise<string[]> {
  const ids: string[] = [];
  let left = count;
  const start = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      ids.push((await world.run(prompt, '--policy', policyFile(world))).id);
    }
  };
  await Promise.all(Array.from({ length: STARTS_AT_ONCE }, start));
  return ids;
}

/** Resolves once a gate holds so many requests of the model. */
export async function heldAt(world: World, gate: string, count: number): Promise<void> {
  const isHeld = (request: LabRequest): boolean => request.gate === gate && request.state === 'held';
  await world.lab.waitForRequest(() => world.lab.requests().filter(isHeld).length >= count, {
    deadlineMs: DEADLINE_MS,
  });
}
