import type { Fact } from '../core/session/fact.ts';
import type { Database } from './database.ts';

/** A fact with its place in the one sequence of all facts, which event streams resume by. */
export type StoredFact = Fact & { seq: number; session: string; cause: number | null };

/** Facts that are read at once where all of a session are wanted. */
const PAGE = 1_000;

/** Adds a fact and returns its number. `body` is the JSON text of its body. */
export function addFact(
  database: Database,
  session: string,
  fact: Fact,
  cause: number | null,
  body: string,
): number {
  const { lastInsertRowid } = database
    .prepared('insert into facts (session, at, source, type, cause, body_json) values (?, ?, ?, ?, ?, ?)')
    .run(session, fact.at, fact.source, fact.body.type, cause, body);
  return Number(lastInsertRowid);
}

/** Facts after a number, oldest first, at most `limit`; of one session where one is named. */
export function factsAfter(
  database: Database,
  seq: number,
  limit: number,
  session: string | null,
): StoredFact[] {
  const rows =
    session === null
      ? database.prepared('select * from facts where seq > ? order by seq limit ?').all(seq, limit)
      : database
          .prepared('select * from facts where session = ? and seq > ? order by seq limit ?')
          .all(session, seq, limit);
  return rows.map(storedFact);
}

/** The newest facts of a session before a number, or of all, at most `limit`; oldest first. */
export function factsBefore(
  database: Database,
  session: string,
  beforeSeq: number | null,
  limit: number,
): StoredFact[] {
  return database
    .prepared('select * from facts where session = ? and seq < ? order by seq desc limit ?')
    .all(session, beforeSeq ?? Number.MAX_SAFE_INTEGER, limit)
    .map(storedFact)
    .reverse();
}

/** All facts of a session after a number, oldest first, read in pages. */
export function* factsOf(database: Database, session: string, afterSeq: number): Generator<StoredFact> {
  let cursor = afterSeq;
  let page: StoredFact[];
  do {
    page = factsAfter(database, cursor, PAGE, session);
    yield* page;
    cursor = page.at(-1)?.seq ?? cursor;
  } while (page.length === PAGE);
}

/** The number of the newest fact that was ever added, also where it is gone. */
export function lastSeq(database: Database): number {
  return database.number("select seq from sqlite_sequence where name = 'facts'");
}

function storedFact(row: Record<string, unknown>): StoredFact {
  return {
    seq: Number(row.seq),
    session: String(row.session),
    cause: row.cause === null ? null : Number(row.cause),
    at: Number(row.at),
    source: String(row.source) as Fact['source'],
    body: JSON.parse(String(row.body_json)) as Fact['body'],
  };
}
