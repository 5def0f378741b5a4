import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { SessionView } from '../../src/client/index.ts';
import { isSettled } from './documents.ts';
import type { World } from './world.ts';

/** Runs git with the environment of a world, as whoever the tests commit as. */
export function git({ env }: World, cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', [...identity, ...args], { cwd, env: { ...env }, encoding: 'utf8' });
}

/** A repository of its own, so that one test does not see what another has changed. */
export function repository(world: World, name: string): string {
  const folder = join(world.root, name);
  git(world, world.root, 'clone', '-q', world.work, folder);
  return folder;
}

/** `cox run` in that folder. */
export function runIn(
  world: World,
  folder: string,
  prompt: string,
  ...flags: string[]
): Promise<SessionView> {
  return world.ask<SessionView>('run', '-C', folder, ...flags, prompt);
}

/** A session that has ended and whose folder was measured since. */
export async function settled(world: World, id: string): Promise<SessionView> {
  await world.ended(id);
  await world.facts(id, isSettled);
  return world.show(id);
}
