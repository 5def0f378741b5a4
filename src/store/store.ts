import type { DatabaseSync } from 'node:sqlite';
import type { Action } from '../core/policy/action.ts';
import type { Request as ActionRequest, Reply } from '../core/policy/input.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Fact } from '../core/session/fact.ts';
import type { Session } from '../core/session/session.ts';
import { inTransaction, openDatabase } from './database.ts';

/** A session as it is kept: its fold, its policy, and the number of its last fact. */
export type StoredSession = { session: Session; policy: Policy; seq: number; wakeAt: number | null };

/** A fact with its place in the one sequence of all facts, which event streams resume by. */
export type StoredFact = Fact & { seq: number; session: string; cause: number | null };

export type QueuedAction = { id: number; session: string; key: string; action: Action; cause: number };

export type Commit = {
  session: Session;
  policy: Policy;
  facts: readonly Fact[];
  actions: readonly ActionRequest[];
  wakeAt: number | null;
  now: number;
  /** Number of the fact or action that led here; kept with each fact. */
  cause: number | null;
  /** Since when someone should look at it; null where nobody needs to. */
  attentionSince: number | null;
  /** Key of an action that came back and leaves the outbox with this commit. */
  returned: string | null;
  /** Set for a command that must not be obeyed twice. */
  receipt: { command: string; reply: Reply } | null;
};

/**
 * The one writer of all state. Every method is synchronous: a commit is done when it returns.
 * Facts, projection, receipt and outbox change together or not at all.
 */
export class Store {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws CoxError `needs-newer-daemon`; node:sqlite's own error where the file cannot be opened. */
  static open(file: string): Store {
    return new Store(openDatabase(file));
  }

  close(): void {
    this.#database.close();
  }

  /** The value kept under a key, made by `make` the first time. */
  meta(key: string, make: () => string): string {
    const row = this.#database.prepare('select value from meta where key = ?').get(key);
    if (row !== undefined) return String(row.value);
    const value = make();
    this.#database.prepare('insert into meta (key, value) values (?, ?)').run(key, value);
    return value;
  }

  session(id: string): StoredSession | null {
    const row = this.#database
      .prepare('select session_json, policy_json, seq, wake_at from sessions where id = ?')
      .get(id);
    return row === undefined ? null : storedSession(row);
  }

  /** Commits one decision and returns the numbers of its facts, in order. */
  commit(commit: Commit): number[] {
    const { session, facts, now } = commit;
    const id = session.spec.id;
    // An answer to Codex must survive a power cut; for the rest, surviving a killed process is enough.
    const durable = facts.some(({ body }) => body.type === 'answer-committed');
    this.#database.exec(`pragma synchronous = ${durable ? 'full' : 'normal'}`);
    return inTransaction(this.#database, () => {
      const seqs = facts.map((fact) => this.#addFact(id, fact, commit.cause));
      this.#project(commit, seqs.at(-1));
      for (const { body } of facts) this.#trackRequest(id, body);
      if (commit.returned !== null) {
        this.#database.prepare('delete from outbox where session = ? and key = ?').run(id, commit.returned);
      }
      for (const { key, action, cause } of commit.actions) {
        this.#database
          .prepare('insert into outbox (session, key, cause, action_json, queued_at) values (?, ?, ?, ?, ?)')
          .run(id, key, seqs[cause] ?? 0, JSON.stringify(action), now);
      }
      if (commit.receipt !== null) {
        this.#database
          .prepare('insert into receipts (command, session, at, reply_json) values (?, ?, ?, ?)')
          .run(commit.receipt.command, id, now, JSON.stringify(commit.receipt.reply));
      }
      return seqs;
    });
  }

  #addFact(id: string, fact: Fact, cause: number | null): number {
    const { lastInsertRowid } = this.#database
      .prepare('insert into facts (session, at, source, type, cause, body_json) values (?, ?, ?, ?, ?, ?)')
      .run(id, fact.at, fact.source, fact.body.type, cause, JSON.stringify(fact.body));
    return Number(lastInsertRowid);
  }

  #project({ session, policy, wakeAt, now, attentionSince }: Commit, seq: number | undefined): void {
    const { spec, run, status } = session;
    this.#database
      .prepare(
        `insert into sessions (id, name, thread, identity, phase, ended, attention_since, created_at, updated_at, wake_at, seq, session_json, policy_json)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (id) do update set thread = excluded.thread, phase = excluded.phase, ended = excluded.ended,
           attention_since = excluded.attention_since, updated_at = excluded.updated_at, wake_at = excluded.wake_at,
           seq = max(seq, excluded.seq), session_json = excluded.session_json`,
      )
      .run(
        spec.id,
        spec.name,
        run.thread,
        spec.identity,
        status.phase,
        run.end === null ? 0 : 1,
        attentionSince,
        session.createdAt,
        now,
        wakeAt,
        seq ?? 0,
        JSON.stringify(session),
        JSON.stringify(policy),
      );
  }

  #trackRequest(session: string, body: Fact['body']): void {
    if (body.type === 'request-opened') {
      this.#database
        .prepare('insert into requests (id, session, open) values (?, ?, 1)')
        .run(body.request.id, session);
    } else if (body.type === 'answer-undone') {
      this.#database.prepare('update requests set open = 1 where id = ?').run(body.requestId);
    } else if (body.type === 'request-closed' || body.type === 'answer-committed') {
      this.#database.prepare('update requests set open = 0 where id = ?').run(body.requestId);
    }
  }

  /** The reply that was given to a command, if it was obeyed before. */
  receipt(command: string): { session: string; reply: Reply } | null {
    const row = this.#database
      .prepare('select session, reply_json from receipts where command = ?')
      .get(command);
    if (row === undefined) return null;
    return { session: String(row.session), reply: JSON.parse(String(row.reply_json)) as Reply };
  }

  /** Takes every action of a session that nobody has, for this daemon. */
  lease(session: string, owner: string, now: number): QueuedAction[] {
    const rows = this.#database
      .prepare(
        `update outbox set leased_by = ?, leased_at = ? where session = ? and leased_by is null
         returning id, session, key, cause, action_json`,
      )
      .all(owner, now, session);
    return rows.map(queuedAction).sort((left, right) => left.id - right.id);
  }

  /** Actions that another daemon took and never brought back: whether they took effect is unknown. */
  orphanedLeases(owner: string): QueuedAction[] {
    return this.#database
      .prepare(
        'select id, session, key, cause, action_json from outbox where leased_by is not null and leased_by <> ? order by id',
      )
      .all(owner)
      .map(queuedAction);
  }

  /** Sessions whose newest run is open, or that have an action under way. */
  live(): string[] {
    return this.#database
      .prepare('select id from sessions where ended = 0 union select session from outbox')
      .all()
      .map((row) => String(row.id));
  }

  /** Facts after a number, oldest first, at most `limit`; of one session where one is named. */
  factsAfter(seq: number, limit: number, session: string | null): StoredFact[] {
    const rows =
      session === null
        ? this.#database.prepare('select * from facts where seq > ? order by seq limit ?').all(seq, limit)
        : this.#database
            .prepare('select * from facts where session = ? and seq > ? order by seq limit ?')
            .all(session, seq, limit);
    return rows.map(storedFact);
  }

  /** How many sessions have an open run. */
  countOpen(): number {
    return Number(
      this.#database.prepare('select count(*) as count from sessions where ended = 0').get()?.count ?? 0,
    );
  }

  lastSeq(): number {
    return Number(this.#database.prepare('select max(seq) as seq from facts').get()?.seq ?? 0);
  }

  /** Sessions for a list: open ones and ended ones that nobody has seen, or all. Newest first. */
  list(all: boolean, limit: number): StoredSession[] {
    const where = all ? '' : 'where ended = 0 or attention_since is not null';
    return this.#database
      .prepare(
        `select session_json, policy_json, seq, wake_at from sessions ${where} order by created_at desc limit ?`,
      )
      .all(limit)
      .map(storedSession);
  }

  /** The session that a request belongs to. */
  sessionOfRequest(request: string): string | null {
    const row = this.#database.prepare('select session from requests where id = ?').get(request);
    return row === undefined ? null : String(row.session);
  }

  isTaken(table: 'sessions' | 'requests', id: string): boolean {
    return this.#database.prepare(`select 1 from ${table} where id = ?`).get(id) !== undefined;
  }

  /** Read access for the questions that live in their own files (find.ts, launches.ts). */
  get database(): DatabaseSync {
    return this.#database;
  }
}

type Row = Record<string, unknown>;

function storedSession(row: Row): StoredSession {
  return {
    session: JSON.parse(String(row.session_json)) as Session,
    policy: JSON.parse(String(row.policy_json)) as Policy,
    seq: Number(row.seq),
    wakeAt: row.wake_at === null ? null : Number(row.wake_at),
  };
}

function storedFact(row: Row): StoredFact {
  return {
    seq: Number(row.seq),
    session: String(row.session),
    cause: row.cause === null ? null : Number(row.cause),
    at: Number(row.at),
    source: String(row.source) as Fact['source'],
    body: JSON.parse(String(row.body_json)) as Fact['body'],
  };
}

function queuedAction(row: Row): QueuedAction {
  return {
    id: Number(row.id),
    session: String(row.session),
    key: String(row.key),
    action: JSON.parse(String(row.action_json)) as Action,
    cause: Number(row.cause),
  };
}
