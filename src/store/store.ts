import type { Request as ActionRequest, Reply } from '../core/policy/input.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Fact } from '../core/session/fact.ts';
import type { Session } from '../core/session/session.ts';
import { type Database, openDatabase } from './database.ts';
import { addFact, factsAfter, factsBefore, factsOf, lastSeq, type StoredFact } from './facts.ts';
import { dropAction, leaseActions, orphanedActions, type QueuedAction, queueAction } from './outbox.ts';
import { keepSnapshot, LEAST_SLACK, loadSession, type StoredSession } from './snapshots.ts';

export type { StoredFact } from './facts.ts';
export type { QueuedAction } from './outbox.ts';
export type { StoredSession } from './snapshots.ts';

/** What lists show of an ended session, ready-made, and the version of whoever made it. */
export type KeptView = { version: number; text: string };

export type Commit = {
  /** The fold of all facts of the session, those of this commit included. */
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
  /** For a session that has ended; null for one that is open. */
  view: KeptView | null;
  /** What the last commit of the session, or its loading, said; null for a new one. */
  slack: number | null;
  /** Key of an action that came back and leaves the outbox with this commit. */
  returned: string | null;
  /** Set for a command that must not be obeyed twice. */
  receipt: { command: string; reply: Reply } | null;
};

/** The numbers of the facts of a commit, in order, and the `slack` for the next one. */
export type Committed = { seqs: number[]; slack: number };

/**
 * The one writer of all state. Every method is synchronous: a commit is done when it returns.
 * Facts, projection, receipt and outbox change together or not at all.
 */
export class Store {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** @throws CoxError `needs-newer-daemon`; node:sqlite's own error where the file cannot be opened. */
  static open(file: string): Store {
    return new Store(openDatabase(file));
  }

  /** Whether an action for a session is queued or under way. */
  isBusy(id: string): boolean {
    return this.#database.prepared('select 1 from outbox where session = ? limit 1').get(id) !== undefined;
  }

  close(): void {
    this.#database.close();
  }

  /** The value kept under a key, made by `make` the first time. */
  meta(key: string, make: () => string): string {
    const row = this.#database.prepared('select value from meta where key = ?').get(key);
    if (row !== undefined) return String(row.value);
    const value = make();
    this.#database.prepared('insert into meta (key, value) values (?, ?)').run(key, value);
    return value;
  }

  /** The fold of all facts of a session; null where there is none of this id. */
  session(id: string): StoredSession | null {
    return loadSession(this.#database, id);
  }

  /** Commits one decision. Takes as long for the thousandth item of a session as for the first. */
  commit(commit: Commit): Committed {
    const { session, facts, now } = commit;
    const id = session.spec.id;
    // An answer to Codex must survive a power cut; for the rest, surviving a killed process is enough.
    const durable = facts.some(({ body }) => body.type === 'answer-committed');
    return this.#database.transaction(durable ? 'full' : 'normal', () => {
      let slack = commit.slack ?? LEAST_SLACK;
      const seqs = facts.map((fact) => {
        const body = JSON.stringify(fact.body);
        slack -= body.length;
        return addFact(this.#database, id, fact, commit.cause, body);
      });
      const seq = this.#project(commit, seqs.at(-1) ?? 0);
      // What has ended is looked at again, if at all, long after.
      if (slack < 0 || facts.some(({ body }) => body.type === 'run-ended')) {
        slack = keepSnapshot(this.#database, session, seq);
      }
      for (const { body } of facts) this.#trackRequest(id, body);
      if (commit.returned !== null) dropAction(this.#database, id, commit.returned);
      for (const request of commit.actions) {
        queueAction(this.#database, id, request, seqs[request.cause] ?? 0, now);
      }
      if (commit.receipt !== null) this.#keepReceipt(id, commit.receipt, now);
      return { seqs, slack };
    });
  }

  /** Writes what lists and look-ups need of a session, and returns the number of its last fact. */
  #project({ session, policy, wakeAt, now, attentionSince, view }: Commit, seq: number): number {
    const { spec, run, status, archived } = session;
    const ended = run.end === null ? 0 : 1;
    const changing = {
      id: spec.id,
      thread: run.thread,
      identity: spec.identity,
      phase: status.phase,
      ended,
      ended_at: ended === 1 ? (run.endedAt ?? now) : null,
      archived: archived ? 1 : 0,
      attention_since: attentionSince,
      updated_at: now,
      wake_at: wakeAt,
      seq,
      view_version: view?.version ?? null,
      view_json: view?.text ?? null,
    };
    const updated = this.#database
      .prepared(
        `update sessions set thread = :thread, identity = :identity, phase = :phase, ended = :ended,
           ended_at = :ended_at, archived = :archived, attention_since = :attention_since, updated_at = :updated_at,
           wake_at = :wake_at, seq = max(seq, :seq), view_version = :view_version, view_json = :view_json
         where id = :id returning seq`,
      )
      .get(changing);
    if (updated !== undefined) return Number(updated.seq);
    this.#database
      .prepared(
        `insert into sessions (id, name, thread, identity, phase, ended, ended_at, archived, attention_since,
           created_at, updated_at, wake_at, seq, policy_json, view_version, view_json)
         values (:id, :name, :thread, :identity, :phase, :ended, :ended_at, :archived, :attention_since,
           :created_at, :updated_at, :wake_at, :seq, :policy_json, :view_version, :view_json)`,
      )
      .run({
        ...changing,
        name: spec.name,
        created_at: session.createdAt,
        policy_json: JSON.stringify(policy),
      });
    return seq;
  }

  #trackRequest(session: string, body: Fact['body']): void {
    if (body.type === 'request-opened') {
      this.#database
        .prepared('insert into requests (id, session, open) values (?, ?, 1)')
        .run(body.request.id, session);
    } else if (body.type === 'answer-undone') {
      this.#database.prepared('update requests set open = 1 where id = ?').run(body.requestId);
    } else if (body.type === 'request-closed' || body.type === 'answer-committed') {
      this.#database.prepared('update requests set open = 0 where id = ?').run(body.requestId);
    }
  }

  #keepReceipt(session: string, { command, reply }: { command: string; reply: Reply }, now: number): void {
    this.#database
      .prepared('insert into receipts (command, session, at, reply_json) values (?, ?, ?, ?)')
      .run(command, session, now, JSON.stringify(reply));
  }

  /** Keeps the fold of a session as it is, so that the next daemon has nothing to replay. */
  keepSnapshot({ session, seq }: StoredSession): void {
    this.#database.transaction('normal', () => keepSnapshot(this.#database, session, seq));
  }

  /** The reply that was given to a command, if it was obeyed before. */
  receipt(command: string): { session: string; reply: Reply } | null {
    const row = this.#database
      .prepared('select session, reply_json from receipts where command = ?')
      .get(command);
    if (row === undefined) return null;
    return { session: String(row.session), reply: JSON.parse(String(row.reply_json)) as Reply };
  }

  /** Takes every action of a session that nobody has, for this daemon. */
  lease(session: string, owner: string, now: number): QueuedAction[] {
    return leaseActions(this.#database, session, owner, now);
  }

  /** Actions that another daemon took and never brought back: whether they took effect is unknown. */
  orphanedLeases(owner: string): QueuedAction[] {
    return orphanedActions(this.#database, owner);
  }

  /** Sessions whose newest run is open, or that have an action under way. */
  live(): string[] {
    const acting = this.#ids('select distinct session as id from outbox');
    const due = this.#ids('select id from sessions where ended = 1 and wake_at is not null');
    return [...new Set([...this.openSessions(), ...acting, ...due])];
  }

  /** Sessions whose newest run is open. */
  openSessions(): string[] {
    return this.#ids('select id from sessions where ended = 0 order by created_at');
  }

  #ids(sql: string): string[] {
    return this.#database
      .prepared(sql)
      .all()
      .map((row) => String(row.id));
  }

  /** Facts after a number, oldest first, at most `limit`; of one session where one is named. */
  factsAfter(seq: number, limit: number, session: string | null): StoredFact[] {
    return factsAfter(this.#database, seq, limit, session);
  }

  /** The newest facts of a session before a number, or of all (null), at most `limit`; oldest first. */
  factsBefore(session: string, beforeSeq: number | null, limit: number): StoredFact[] {
    return factsBefore(this.#database, session, beforeSeq, limit);
  }

  /** All facts of a session, oldest first, read in pages while they are asked for. */
  factsOf(session: string): Generator<StoredFact> {
    return factsOf(this.#database, session, 0);
  }

  /** How many sessions have an open run. */
  countOpen(): number {
    return this.#database.number('select count(*) from sessions where ended = 0');
  }

  /** The number of the newest fact that was ever added. */
  lastSeq(): number {
    return lastSeq(this.#database);
  }

  /** The session that a request belongs to. */
  sessionOfRequest(request: string): string | null {
    const row = this.#database.prepared('select session from requests where id = ?').get(request);
    return row === undefined ? null : String(row.session);
  }

  isTaken(table: 'sessions' | 'requests', id: string): boolean {
    return this.#database.prepared(`select 1 from ${table} where id = ?`).get(id) !== undefined;
  }

  /** For the questions that live in their own files (find.ts, launches.ts, list.ts, expire.ts). */
  get database(): Database {
    return this.#database;
  }
}
