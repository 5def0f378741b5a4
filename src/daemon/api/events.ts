import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { CoxError } from '../../core/errors.ts';
import { type EventView, iso } from '../../protocol/view.ts';
import { type Found, findSession } from '../../store/find.ts';
import type { StoredFact } from '../../store/store.ts';
import type { ApiPorts } from './app.ts';

/** Facts read from the store at once; a slow reader never makes us hold more. */
const PAGE = 500;
/** A comment line now and then lets a reader notice a dead connection, milliseconds. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Server-sent events: the facts after `after` (of one `session` where it is named), then new ones as they come. The
 * id of each event is its `seq`; a reader that reconnects with `Last-Event-ID` (or `after`) misses nothing and gets nothing twice.
 */
export function streamEvents(context: Context, { store, loop, now, used, watched }: ApiPorts): Response {
  const session = sessionOf(context.req.query('session'), (target) => findSession(store, target, now()));
  const asked = context.req.header('last-event-id') ?? context.req.query('after') ?? '0';
  let cursor = asked === 'now' ? store.lastSeq() : Number(asked);
  if (!Number.isSafeInteger(cursor) || cursor < 0) cursor = 0;
  return streamSSE(context, async (stream) => {
    const bell = new Bell();
    if (session !== null) watched(session, 1);
    const unsubscribe = loop.onCommit(() => bell.ring());
    stream.onAbort(() => {
      unsubscribe();
      if (session !== null) watched(session, -1);
      bell.ring();
    });
    while (!stream.aborted) {
      used();
      const facts = store.factsAfter(cursor, PAGE, session);
      for (const fact of facts) {
        await stream.writeSSE({ id: String(fact.seq), data: JSON.stringify(eventView(fact)) });
        cursor = fact.seq;
      }
      if (facts.length === 0 && !(await bell.wait(KEEP_ALIVE_MS))) await stream.write(': still here\n\n');
    }
  });
}

/** The one session that is asked for; null for all. @throws CoxError where there is none of that name */
function sessionOf(target: string | undefined, find: (target: string) => Found): string | null {
  if (target === undefined) return null;
  const found = find(target);
  if (!found.ok) throw new CoxError(found.failure);
  return found.id;
}

/** A fact as clients see it. */
export function eventView({ seq, session, at, source, body }: StoredFact): EventView {
  const { type, ...fact } = body;
  return { schemaVersion: 1, seq, session, at: iso(at), source, type, fact };
}

/** Wakes one waiter; a ring that comes before the wait is not lost. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** True when rung, false when the time is over. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
