import type { Client } from '../client/client.ts';
import { CoxError } from '../core/errors.ts';
import type { EventView } from '../protocol/view.ts';
import { daemonClient } from './daemon-client.ts';

/** Times in a row that the daemon may be lost before it is given up. */
export const MAX_LOSSES = 5;

/** A stream was opened, by this client; or an event came. */
export type Streamed = { type: 'opened'; client: Client } | { type: 'event'; event: EventView };

/**
 * Events after a number, of one session where it is named, for as long as they are read. A daemon that ends is
 * started again; what happened between is not missed, but for what came after `now` before the first event.
 * Throws where the daemon cannot be kept alive.
 */
export async function* lastingEvents(
  first: Client,
  after: number | 'now',
  session?: string,
): AsyncGenerator<Streamed> {
  const abort = new AbortController();
  let client = first;
  let cursor = after;
  try {
    for (let losses = 0; ; ) {
      try {
        const events = await client.events(cursor, abort.signal, session);
        losses = 0;
        yield { type: 'opened', client };
        for await (const event of events) {
          yield { type: 'event', event };
          cursor = event.seq;
        }
      } catch (error) {
        losses += 1;
        if (!isLost(error) || losses > MAX_LOSSES) throw error;
        client = await daemonClient();
      }
    }
  } finally {
    abort.abort();
  }
}

/** Whether nobody answers any more. */
export function isLost(error: unknown): boolean {
  return error instanceof CoxError && error.failure.code === 'daemon-unreachable';
}
