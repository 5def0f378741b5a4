import { type Failure, failure } from '../core/errors.ts';
import type { Store } from './store.ts';

export type Found = { ok: true; id: string } | { ok: false; failure: Failure };

/**
 * The session that a target names, by the order of docs/user/cli.md: an exact id, an exact name (the open one
 * of several), a Codex thread id, a unique id prefix of at least 3 characters, `@last`, `@needs`.
 */
export function findSession(store: Store, target: string, now: number): Found {
  const ids = (sql: string, ...values: (string | number)[]): string[] =>
    store.database
      .prepare(sql)
      .all(...values)
      .map((row) => String(row.id));
  if (target === '@last')
    return one(ids('select id from sessions order by created_at desc, rowid desc limit 1'), target);
  if (target === '@needs') {
    return one(
      ids('select id from sessions where attention_since <= ? order by attention_since limit 1', now),
      target,
      'Nothing needs you.',
    );
  }
  const exact = ids('select id from sessions where id = ?', target);
  if (exact.length > 0) return one(exact, target);
  const named = ids('select id from sessions where name = ? and ended = 0', target);
  if (named.length > 0) return one(named, target);
  const endedOfName = ids('select id from sessions where name = ?', target);
  if (endedOfName.length > 0) return one(endedOfName, target);
  const ofThread = ids('select id from sessions where thread = ?', target);
  if (ofThread.length > 0) return one(ofThread, target);
  if (target.length < 3)
    return one(
      [],
      target,
      `No session has the id or the name ${target}; an id prefix has at least 3 characters.`,
    );
  return one(
    ids("select id from sessions where id like ? || '%' escape '!' limit 20", escapeLike(target)),
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
  const session = findSession(store, target, now);
  if (!session.ok) {
    if (session.failure.code !== 'not-found') return session;
    return {
      ok: false,
      failure: failure('not-found', `There is no request ${target}, and no session of that name.`, {
        target,
      }),
    };
  }
  const open = store.database
    .prepare('select id from requests where session = ? and open = 1')
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

function one(ids: string[], target: string, nothing = `There is no session ${target}.`): Found {
  const [id] = ids;
  if (id === undefined) return { ok: false, failure: failure('not-found', nothing, { target }) };
  if (ids.length === 1) return { ok: true, id };
  return {
    ok: false,
    failure: failure('ambiguous', `${target} names ${ids.length} sessions: ${ids.join(', ')}.`, { ids }),
  };
}

function escapeLike(text: string): string {
  return text.replaceAll(/[!%_]/g, (character) => `!${character}`);
}
