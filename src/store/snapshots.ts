import { replay } from '../core/policy/fold.ts';
import type { Policy } from '../core/policy/policy.ts';
import { apply } from '../core/session/apply.ts';
import type { Fact } from '../core/session/fact.ts';
import type { Session } from '../core/session/session.ts';
import type { Database } from './database.ts';

/**
 * The shape of `Session`. Raise it with every change of that type or of what `apply` makes of a fact: snapshots of
 * another version are not looked at, and their sessions are made anew from their facts.
 */
export const SNAPSHOT_VERSION = 1;

/**
 * How many characters of facts a snapshot may lie behind before it is written anew, whatever its size: about 300
 * facts, which take 2 ms to replay. A snapshot that is longer itself is written anew when the facts after it are as
 * long as it is. So both what is written and what is replayed stay proportional to the length of the session.
 */
export const LEAST_SLACK = 64 * 1024;

/** Facts that are read at once for a replay. */
const PAGE = 1_000;

/** A session as it is kept: its fold, its policy, and the number of its last fact. */
export type StoredSession = {
  session: Session;
  policy: Policy;
  seq: number;
  wakeAt: number | null;
  /** Characters of facts that may still be added before a new snapshot is due. */
  slack: number;
};

/** The session that its snapshot and the facts after it make; null where there is none, or it was removed. */
export function loadSession(database: Database, id: string): StoredSession | null {
  const row = database
    .prepared(
      `select policy_json, wake_at, snapshots.seq as seq, session_json
       from sessions left join snapshots on snapshots.session = sessions.id and snapshots.version = ?
       where id = ? and removed_at is null`,
    )
    .get(SNAPSHOT_VERSION, id);
  if (row === undefined) return null;
  const text = row.session_json === null ? null : String(row.session_json);
  const { session, seq, characters } = replayed(
    database,
    id,
    Number(row.seq ?? 0),
    text === null ? null : (JSON.parse(text) as Session),
  );
  if (session === null) throw new Error(`the facts of ${id} do not begin with its creation`);
  return {
    session,
    policy: JSON.parse(String(row.policy_json)) as Policy,
    seq,
    wakeAt: row.wake_at === null ? null : Number(row.wake_at),
    slack: slackAfter(text) - characters,
  };
}

/** Keeps the fold of a session as it is after its fact `seq`, and says how many characters of facts may follow. */
export function keepSnapshot(database: Database, session: Session, seq: number): number {
  const text = JSON.stringify(session);
  database
    .prepared(
      `insert into snapshots (session, seq, version, session_json) values (?, ?, ?, ?)
       on conflict (session) do update
       set seq = excluded.seq, version = excluded.version, session_json = excluded.session_json`,
    )
    .run(session.spec.id, seq, SNAPSHOT_VERSION, text);
  return slackAfter(text);
}

function slackAfter(snapshot: string | null): number {
  return Math.max(LEAST_SLACK, snapshot?.length ?? 0);
}

function replayed(
  database: Database,
  id: string,
  after: number,
  start: Session | null,
): { session: Session | null; seq: number; characters: number } {
  const statement = database.prepared(
    'select seq, at, source, body_json from facts where session = ? and seq > ? order by seq limit ?',
  );
  let session = start;
  let seq = after;
  let characters = 0;
  for (;;) {
    const rows = statement.all(id, seq, PAGE);
    for (const row of rows) {
      const text = String(row.body_json);
      const fact: Fact = {
        at: Number(row.at),
        source: String(row.source) as Fact['source'],
        body: JSON.parse(text) as Fact['body'],
      };
      session = session === null ? replay([fact]) : apply(session, fact);
      if (session === null) return { session, seq, characters };
      seq = Number(row.seq);
      characters += text.length;
    }
    if (rows.length < PAGE) return { session, seq, characters };
  }
}
