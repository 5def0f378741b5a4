import type { Session } from '../core/session/session.ts';
import { sessionView } from '../protocol/view.ts';
import { keepRenewed, outdatedSessions } from '../store/list.ts';
import type { KeptView, Store } from '../store/store.ts';

/** The shape and the words of `sessionView`. Raise it with every change of them: kept views are made anew. */
export const VIEW_VERSION = 2;

/** The view of a session that has ended, as lists show it. What has ended looks the same at any later time. */
export function keptView(session: Session, now: number): KeptView {
  // Also where the clock was set back since its end.
  const view = sessionView(session, Math.max(now, session.status.since));
  return { version: VIEW_VERSION, text: JSON.stringify(view) };
}

/**
 * Makes anew what an earlier version kept of ended sessions, so that lists need not. `some` works for about
 * `budgetMs` and says whether more is left.
 */
export class Renewal {
  readonly #store: Store;
  #left: string[] | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  some(now: number, budgetMs: number): boolean {
    const until = performance.now() + budgetMs;
    this.#left ??= outdatedSessions(this.#store, VIEW_VERSION).reverse();
    while (performance.now() < until) {
      const id = this.#left.pop();
      if (id === undefined) return false;
      const stored = this.#store.session(id);
      if (stored !== null) keepRenewed(this.#store, stored, keptView(stored.session, now));
    }
    return this.#left.length > 0;
  }
}
