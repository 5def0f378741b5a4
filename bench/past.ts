import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { World } from '../test/e2e/world.ts';
import { idOf } from '../test/state/seed.ts';
import { startProgram } from './child.ts';
import type { Bench } from './row.ts';
import { openWorld } from './worlds.ts';

/** A seeded past ended longer ago than anything is kept by default. */
const KEPT = '[retention]\nage = "3650d"\nsize = "1000GiB"\n';

/** How many sessions there were, and how many facts of all of them together. */
export type Past = { sessions: number; facts: number };

/** A world with so many sessions that have ended and were seen; no daemon runs yet. */
export async function openPast(bench: Bench, { sessions, facts }: Past): Promise<World> {
  const world = await openWorld(bench, KEPT);
  const { stateDirectory, database } = world.places;
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const child = startProgram(bench, 'seed.ts', [database, String(sessions), String(facts)], world.env);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the past was not made: ${code}`);
  const written = new DatabaseSync(database);
  written.exec('update sessions set attention_since = null');
  written.close();
  return world;
}

/** A session of a past with about so many facts, a tenth more or less. */
export function sessionOf(world: World, sessions: number, facts: number): string {
  const database = new DatabaseSync(world.places.database, { readOnly: true });
  try {
    const count = database.prepare('select count(*) as count from facts where session = ?');
    for (let index = 0; index < sessions; index += 1) {
      const found = Number(count.get(idOf(index))?.count);
      if (Math.abs(found - facts) <= facts / 10) return idOf(index);
    }
  } finally {
    database.close();
  }
  throw new Error(`no session has about ${facts} facts`);
}
