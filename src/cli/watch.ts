import type { Client } from '../client/client.ts';
import type { SessionView } from '../protocol/view.ts';

/**
 * Follows sessions until `isOver` holds of their views, or until the time is up (`timeoutMs`, null for never).
 * Rejects as the client does: a target that is not there, a daemon that ends.
 */
export async function watch(
  client: Client,
  targets: readonly string[],
  isOver: (views: readonly SessionView[]) => boolean,
  timeoutMs: number | null,
): Promise<{ views: SessionView[]; timedOut: boolean }> {
  const abort = new AbortController();
  const timer = timeoutMs === null ? null : setTimeout(() => abort.abort(), timeoutMs);
  // Subscribed before the first look, so that nothing falls between the two.
  const events = client.events('now', abort.signal);
  let next = events.next();
  next.catch(() => undefined);
  let views: SessionView[] = [];
  try {
    views = await Promise.all(targets.map((target) => client.session(target, false)));
    while (!isOver(views)) {
      const { value, done } = await next;
      if (done === true) break;
      next = events.next();
      next.catch(() => undefined);
      if (!views.some(({ id }) => id === value.session)) continue;
      const changed = await client.session(value.session, false);
      views = views.map((view) => (view.id === changed.id ? changed : view));
    }
    return { views, timedOut: false };
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    return { views, timedOut: true };
  } finally {
    if (timer !== null) clearTimeout(timer);
    abort.abort();
  }
}
