import { type Failure, failure } from '../core/errors.ts';
import type { Store } from './store.ts';

export type Found = { ok: true; id: string } | { ok: false; failure: Failure };

/** Sessions that the refusal of an ambiguous target names at most. */
const MOST_NAMED = 20;

/** Sorts after every character that may follow a prefix. */
const LAST_CHARACTER = '\u{10ffff}';

/**
 * The session that a target names, by the order of docs/user/cli.md: an exact id, an exact name (the open one
 * of several), a Codex thread id, a unique id prefix of at least 3 characters, `@last`, `@needs`. What is put aside
 * (archived) is neither `@last` nor `@needs`. Every way is a look-up in an index, however many sessions there are.
 */
export function findSession(store: Store, target: string, now: number): Found {
  const ids = (condition: string, ...values: (string | number)[]): string[] =>
    store.database
      .prepared(`select id from sessions where ${condition} limit ${MOST_NAMED + 1}`)
      .all(...values)
      .map((row) => String(row.id));
  if (target === '@last') {
    const newest = ids('archived = 0 and removed_at is null order by created_at desc, rowid desc');
    return one(store, newest.slice(0, 1), target);
  }
  if (target === '@needs') {
    const longest = ids('attention_since <= ? order by attention_since', now);
    return one(store, longest.slice(0, 1), target, 'Nothing needs you.');
  }
  const exact = ids('id = ? and removed_at is null', target);
  if (exact.length > 0) return one(store, exact, target);
  const open = ids('name = ? and ended = 0', target);
  if (open.length > 0) return one(store, open, target);
  const named = ids('name = ?', target);
  if (named.length > 0) return one(store, named, target);
  const ofThread = ids('thread = ?', target);
  if (ofThread.length > 0) return one(store, ofThread, target);
  if (target.length < 3)
    return one(
      store,
      [],
      target,
      `No session has the id or the name ${target}; an id prefix has at least 3 characters.`,
    );
  return one(
    store,
    ids('id >= ? and id < ? and removed_at is null', target, target + LAST_CHARACTER),
    target,
  );
}

/**
 * The request that a target names: a request id, or a session (any target of `findSession`) that has exactly
 * one open request.
 */
export function findRequest(
  store: Store,
  target: string,
  now: number,
): { ok: true; id: string; session: string } | { ok: false; failure: Failure } {
  const owner = store.sessionOfRequest(target);
  if (owner !== null) return { ok: true, id: target, session: owner };
  // Of what needs somebody, only what waits for an answer is meant.
  const session = target === '@needs' ? longestWaiting(store, now) : findSession(store, target, now);
  if (!session.ok) {
    if (session.failure.code !== 'not-found' || target === '@needs') return session;
    return {
      ok: false,
      failure: failure('not-found', `There is no request ${target}, and no session of that name.`, {
        target,
      }),
    };
  }
  const open = store.database
    .prepared('select id from requests where session = ? and open = 1')
    .all(session.id)
    .map((row) => String(row.id));
  const [only] = open;
  if (open.length === 1 && only !== undefined) return { ok: true, id: only, session: session.id };
  return {
    ok: false,
    failure:
      open.length === 0
        ? failure('not-found', `The session ${session.id} has no open request.`, { session: session.id })
        : failure(
            'ambiguous',
            `The session ${session.id} has ${open.length} open requests: ${open.join(', ')}.`,
            { requests: open },
          ),
  };
}

function longestWaiting(store: Store, now: number): Found {
  const ids = store.database
    .prepared(
      `select id from sessions where attention_since <= ? and phase = 'waiting' order by attention_since limit 1`,
    )
    .all(now)
    .map((row) => String(row.id));
  return one(store, ids, '@needs', 'Nothing waits for an answer.');
}

function one(store: Store, ids: string[], target: string, nothing = `There is no session ${target}.`): Found {
  const [id] = ids;
  if (id === undefined) return { ok: false, failure: failure('not-found', nothing, { target }) };
  if (ids.length === 1) return { ok: true, id };
  const named = ids.slice(0, MOST_NAMED);
  const described = named.map((id) => `${id} (${phaseOf(store, id)})`);
  const count = ids.length > MOST_NAMED ? `more than ${MOST_NAMED}` : ids.length;
  return {
    ok: false,
    failure: failure('ambiguous', `${target} names ${count} sessions: ${described.join(', ')}.`, {
      ids: named,
    }),
  };
}

function phaseOf(store: Store, id: string): string {
  const row = store.database.prepared('select phase, created_at from sessions where id = ?').get(id);
  return `${row?.phase}, of ${new Date(Number(row?.created_at)).toISOString().slice(0, 16)}Z`;
}
