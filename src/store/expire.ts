import { forgetUnusedLaunches } from './launches.ts';
import type { Store } from './store.ts';

/** Facts that are deleted in one transaction: about 1 ms. */
const BATCH = 500;

/** Pages that are given back to the file system at once: 3 ms. */
const SHRINK_PAGES = 256;

/** What is kept of ended sessions that nobody has put aside; null for no bound. */
export type Retention = {
  /** Milliseconds since their end. */
  ageMs: number | null;
  /** What the database may hold; see `Database.usedBytes`. */
  maxBytes: number | null;
};

/** What a call of `expire` removed, and whether it left something to do for the next one. */
export type Expired = { sessions: string[]; facts: number; more: boolean };

/**
 * Removes a session that has ended, with all that is kept of it: `busy` where it has not ended, or an action for it
 * is under way. It is gone for every reader at once; facts that are left after `budgetMs` go with the next `expire`.
 */
export function removeSession(
  store: Store,
  id: string,
  { now, budgetMs }: { now: number; budgetMs: number },
): 'removed' | 'busy' | 'missing' {
  const found = store.database.prepared('select 1 from sessions where id = ? and removed_at is null').get(id);
  if (found === undefined) return 'missing';
  if (!hide(store, id, now)) return 'busy';
  const until = performance.now() + budgetMs;
  while (performance.now() < until) {
    const { whole } = clear(store, id);
    if (!whole) continue;
    forgetUnusedLaunches(store);
    break;
  }
  return 'removed';
}

/**
 * Removes sessions that have ended and are not put aside, those first that ended first: those older than `ageMs`,
 * then as many as it takes until no more than `maxBytes` are in use; and what was removed before and is not gone yet.
 * Then gives free pages back to the file system. Works in small transactions and returns after `budgetMs` (and what
 * one of them takes) with `more` set where it is not done.
 */
export function expire(
  store: Store,
  { ageMs, maxBytes, now, budgetMs }: Retention & { now: number; budgetMs: number },
): Expired {
  const until = performance.now() + budgetMs;
  const expired: Expired = { sessions: [], facts: 0, more: true };
  while (performance.now() < until) {
    const hidden = idOf(store, 'select id from sessions where removed_at is not null limit 1');
    if (hidden !== null) {
      const { facts, whole } = clear(store, hidden);
      expired.facts += facts;
      if (whole) expired.sessions.push(hidden);
      continue;
    }
    const next = nextExpired(store, ageMs === null ? null : now - ageMs, maxBytes);
    if (next === null || !hide(store, next, now)) {
      forgetUnusedLaunches(store);
      expired.more = shrink(store, until);
      return expired;
    }
  }
  return expired;
}

/** The next session to go; null where all that is left may stay, or has to. */
function nextExpired(store: Store, endedBefore: number | null, maxBytes: number | null): string | null {
  const oldest = (bound: number): string | null =>
    idOf(
      store,
      `select id from sessions where ended = 1 and archived = 0 and removed_at is null and ended_at < ?
         and not exists (select 1 from outbox where session = sessions.id)
       order by ended_at limit 1`,
      bound,
    );
  const aged = endedBefore === null ? null : oldest(endedBefore);
  if (aged !== null || maxBytes === null || store.database.usedBytes() <= maxBytes) return aged;
  return oldest(Number.MAX_SAFE_INTEGER);
}

/** Takes a session out of every reader's sight; false where it is open or an action for it is under way. */
function hide(store: Store, id: string, now: number): boolean {
  const { database } = store;
  return database.transaction('normal', () => {
    const { changes } = database
      .prepared(
        `update sessions set removed_at = ?, name = null, thread = null, attention_since = null, view_json = null
         where id = ? and ended = 1 and removed_at is null
           and not exists (select 1 from outbox where session = sessions.id)`,
      )
      .run(now, id);
    if (changes === 0) return false;
    for (const table of ['snapshots', 'requests', 'receipts']) {
      database.prepared(`delete from ${table} where session = ?`).run(id);
    }
    return true;
  });
}

/** Deletes facts of a hidden session, and the session itself with the last of them. */
function clear(store: Store, id: string): { facts: number; whole: boolean } {
  const { database } = store;
  return database.transaction('normal', () => {
    const facts = Number(
      database
        .prepared(
          'delete from facts where seq in (select seq from facts where session = ? order by seq limit ?)',
        )
        .run(id, BATCH).changes,
    );
    const whole = facts < BATCH;
    if (whole) database.prepared('delete from sessions where id = ?').run(id);
    return { facts, whole };
  });
}

function shrink(store: Store, until: number): boolean {
  let more: boolean;
  do more = store.database.shrink(SHRINK_PAGES);
  while (more && performance.now() < until);
  return more;
}

function idOf(store: Store, sql: string, ...values: number[]): string | null {
  const row = store.database.prepared(sql).get(...values);
  return row === undefined ? null : String(row.id);
}
