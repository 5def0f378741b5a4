import type { Client } from '../../client/client.ts';
import type { EventView } from '../../protocol/view.ts';

/** Facts that are asked for at once. */
const PAGE = 500;

/**
 * Reads a session's facts from the newest back, until `isEnough` holds of what `take` makes of them, or those before
 * `since` (milliseconds since the epoch) are reached. Gives them oldest first, and the number of the newest fact.
 */
export async function readBack<Taken>(
  client: Client,
  id: string,
  since: number | null,
  take: (event: EventView) => Taken | null,
  isEnough: (taken: readonly Taken[]) => boolean,
): Promise<{ found: Taken[]; last: number }> {
  let found: Taken[] = [];
  let last = 0;
  for (let before: number | null = null; ; ) {
    const page = await client.history(id, before, PAGE);
    last = Math.max(last, page.items.at(-1)?.seq ?? 0);
    const recent = since === null ? page.items : page.items.filter(({ at }) => Date.parse(at) >= since);
    found = [...recent.map(take).filter((taken) => taken !== null), ...found];
    if (page.before === null || recent.length < page.items.length || isEnough(found)) return { found, last };
    before = page.before;
  }
}

/** True for a fact with which a run may have ended, or its changes have become known. */
export function isOfEnd({ type }: EventView): boolean {
  return type === 'status' || type === 'work-returned';
}

/** The last `limit` of a list; none for 0. */
export function newest<Item>(list: readonly Item[], limit: number): Item[] {
  return limit === 0 ? [] : list.slice(-limit);
}
