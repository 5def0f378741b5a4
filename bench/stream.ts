import type { EventView } from '../src/client/index.ts';
import type { World } from '../test/e2e/world.ts';
import { DEADLINE_MS } from './worlds.ts';

/** Every fact of a world since its beginning, once so many runs have ended. */
export async function factsUntilEnded(world: World, runs: number): Promise<EventView[]> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), DEADLINE_MS);
  const facts: EventView[] = [];
  let ended = 0;
  try {
    for await (const fact of await (await world.client()).events(0, abort.signal)) {
      facts.push(fact);
      if (fact.type === 'run-ended') ended += 1;
      if (ended === runs) return facts;
    }
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  throw new Error(`${ended} of ${runs} runs have ended`);
}
