import type { Action } from '../core/policy/action.ts';
import type { Request } from '../core/policy/input.ts';
import type { Database } from './database.ts';

export type QueuedAction = { id: number; session: string; key: string; action: Action; cause: number };

/** Queues an action; `cause` is the number of the fact that asked for it. */
export function queueAction(
  database: Database,
  session: string,
  { key, action }: Request,
  cause: number,
  now: number,
): void {
  database
    .prepared('insert into outbox (session, key, cause, action_json, queued_at) values (?, ?, ?, ?, ?)')
    .run(session, key, cause, JSON.stringify(action), now);
}

/** Takes an action that came back out of the outbox. */
export function dropAction(database: Database, session: string, key: string): void {
  database.prepared('delete from outbox where session = ? and key = ?').run(session, key);
}

/** Takes every action of a session that nobody has, for this daemon. */
export function leaseActions(
  database: Database,
  session: string,
  owner: string,
  now: number,
): QueuedAction[] {
  return database
    .prepared(
      `update outbox set leased_by = ?, leased_at = ? where session = ? and leased_by is null
       returning id, session, key, cause, action_json`,
    )
    .all(owner, now, session)
    .map(queuedAction)
    .sort((left, right) => left.id - right.id);
}

/** Actions that another daemon took and never brought back. */
export function orphanedActions(database: Database, owner: string): QueuedAction[] {
  return database
    .prepared(
      'select id, session, key, cause, action_json from outbox where leased_by is not null and leased_by <> ? order by id',
    )
    .all(owner)
    .map(queuedAction);
}

function queuedAction(row: Record<string, unknown>): QueuedAction {
  return {
    id: Number(row.id),
    session: String(row.session),
    key: String(row.key),
    action: JSON.parse(String(row.action_json)) as Action,
    cause: Number(row.cause),
  };
}
