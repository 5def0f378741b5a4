import { setImmediate as breathe } from 'node:timers/promises';
import { CoxError, failure } from '../../core/errors.ts';
import { hasEnded } from '../../core/session/session.ts';
import { sessionView } from '../../protocol/view.ts';
import { keepRenewed, listSessions } from '../../store/list.ts';
import { keptView, VIEW_VERSION } from '../kept-view.ts';
import type { ApiPorts } from './app.ts';

/** Sessions that a list holds at most. */
const LIST_LIMIT = 10_000;

/** How long sessions are looked at without anything else having its turn, milliseconds. */
const STRETCH_MS = 20;

/**
 * The answer to a list, as JSON text: open sessions as they are now, ended ones from what was kept ready-made. Only
 * what an earlier version kept is made anew.
 *
 * @throws CoxError `usage` for a limit that is no number from 1 to 10,000.
 */
export async function listText(
  { store, loop, now }: Pick<ApiPorts, 'store' | 'loop' | 'now'>,
  query: { all: boolean; limit: string | undefined },
): Promise<string> {
  const which = query.all ? 'all' : 'open or unseen';
  const listed = listSessions(store, { which, limit: limitOf(query.limit), viewVersion: VIEW_VERSION });
  const items: string[] = [];
  let since = performance.now();
  for (const { id, view } of listed) {
    if (view !== null) {
      items.push(view);
      continue;
    }
    if (performance.now() - since > STRETCH_MS) {
      await breathe();
      since = performance.now();
    }
    const stored = loop.session(id);
    if (stored === null) continue;
    if (hasEnded(stored.session)) keepRenewed(store, stored, keptView(stored.session, now()));
    items.push(JSON.stringify(sessionView(stored.session, now())));
  }
  return `{"schemaVersion":1,"items":[${items.join(',')}]}`;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIST_LIMIT;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIST_LIMIT) return limit;
  throw new CoxError(failure('usage', `limit takes a number from 1 to ${LIST_LIMIT}, not "${text}".`));
}
