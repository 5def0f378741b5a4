import type { Client } from '../client/client.ts';
import type { EventView, SessionView } from '../protocol/view.ts';
import { daemonClient } from './daemon-client.ts';
import { isLost, MAX_LOSSES } from './stream.ts';

/** Node's timers hold a signed 32-bit count of milliseconds; nobody waits longer than these 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Follows sessions until `isOver` holds of their views, or until the time is up (`timeoutMs`, null for never).
 * A daemon that ends meanwhile is started again, and nothing that happened between is missed. Rejects where a
 * target is not there, or the daemon cannot be kept alive.
 */
export async function watch(
  client: Client,
  targets: readonly string[],
  isOver: (views: readonly SessionView[]) => boolean,
  timeoutMs: number | null,
): Promise<{ views: SessionView[]; timedOut: boolean }> {
  const abort = new AbortController();
  const timer = timeoutMs === null ? null : setTimeout(() => abort.abort(), Math.min(timeoutMs, LONGEST_MS));
  let current = client;
  let views: SessionView[] = await Promise.all(targets.map((target) => client.session(target, false)));
  try {
    // What holds already needs no waiting, however short.
    if (isOver(views)) return { views, timedOut: false };
    for (let losses = 0; ; ) {
      try {
        // The stream is open before the first look, so that nothing falls between the two.
        const events = await current.events('now', abort.signal);
        const first = await Promise.all(views.map(({ id }) => current.session(id, false)));
        views = first;
        losses = 0;
        views = await follow(current, events, first, isOver);
        return { views, timedOut: !isOver(views) };
      } catch (error) {
        if (abort.signal.aborted) return { views, timedOut: true };
        losses += 1;
        if (!isLost(error) || losses > MAX_LOSSES) throw error;
        current = await daemonClient();
      }
    }
  } finally {
    if (timer !== null) clearTimeout(timer);
    abort.abort();
  }
}

/** The views when `isOver` holds of them, or when the stream was aborted. */
async function follow(
  client: Client,
  events: AsyncGenerator<EventView>,
  first: SessionView[],
  isOver: (views: readonly SessionView[]) => boolean,
): Promise<SessionView[]> {
  let views = first;
  if (isOver(views)) return views;
  for await (const { session } of events) {
    if (!views.some(({ id }) => id === session)) continue;
    const changed = await client.session(session, false);
    views = views.map((view) => (view.id === changed.id ? changed : view));
    if (isOver(views)) return views;
  }
  return views;
}
