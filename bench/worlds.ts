import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabRequest } from '../src/lab/index.ts';
import { signalIdentity } from '../src/machine/signal.ts';
import { identitiesWith } from '../test/e2e/processes.ts';
import { World } from '../test/e2e/world.ts';
import { POLICY, plays } from './plays.ts';
import type { Bench } from './row.ts';

/** Longest that anything of a row may take, milliseconds; it is broken then. */
export const DEADLINE_MS = 180_000;

/** Long enough for what was waiting for a killed process to go on and be seen. */
const LOOK_EVERY_MS = 100;

/** Sessions are started so many at once: the command line would keep both cores busy. */
const STARTS_AT_ONCE = 2;

/**
 * A Coxswain and a Codex of their own with a scripted model, gone with the row. `settings` is the text of
 * Coxswain's config.toml.
 */
export async function openWorld(bench: Bench, settings = ''): Promise<World> {
  const world = await World.open({}, plays);
  bench.onEnd(() => (bench.isInterrupted() ? abandon(world) : world.close()));
  writeFileSync(policyFile(world), POLICY);
  if (settings !== '') {
    mkdirSync(world.places.configDirectory, { recursive: true, mode: 0o700 });
    writeFileSync(join(world.places.configDirectory, 'config.toml'), settings, { mode: 0o600 });
  }
  return world;
}

/**
 * Kills all that runs of a world and removes it. What is interrupted may be starting something at this very moment:
 * killing is over only when two looks in a row have found nothing.
 */
async function abandon(world: World): Promise<void> {
  let found = 1;
  const looked = (): boolean => {
    const before = found;
    const running = [
      ...identitiesWith('COX_HOME', world.coxHome),
      ...identitiesWith('CODEX_HOME', world.codexHome),
    ];
    for (const identity of running) signalIdentity(identity, 'SIGKILL');
    found = running.length;
    return before + found === 0;
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!looked()) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY_MS);
  });
  world.removeSockets();
  await world.lab.close();
  rmSync(world.root, { recursive: true, force: true, maxRetries: 5 });
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
