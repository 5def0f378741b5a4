import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CoxError, failure } from '../core/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';

/**
 * A database up to this size is rewritten once, when it is opened, so that it can shrink later; 64 MiB take about
 * 0.3 s. A larger one from before that never shrinks: its free pages are used again.
 */
const REWRITE_BYTES = 64 * 1024 * 1024;

/** Pages that SQLite keeps in memory at most, KiB: the rows of 10,000 sessions and their indexes. */
const CACHE_KIB = 16 * 1024;

/** How far a commit is carried: `full` survives a power cut, `normal` a killed process. */
export type Durability = 'full' | 'normal';

/** The one connection to the state database. Statements are prepared once and kept. */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #durability: Durability = 'normal';

  /** Takes the connection over: its durability is `normal`. */
  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** The statement of this text. Run it to its end (`all`, `get`, `run`) before it is asked for again. */
  prepared(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Runs `work` in one transaction: all of it is kept, or none. */
  transaction<Result>(durability: Durability, work: () => Result): Result {
    if (durability !== this.#durability) {
      this.#connection.exec(`pragma synchronous = ${durability}`);
      this.#durability = durability;
    }
    this.prepared('begin immediate').run();
    try {
      const result = work();
      this.prepared('commit').run();
      return result;
    } catch (error) {
      // Where the disk is full, SQLite itself has rolled back already.
      if (this.#connection.isTransaction) this.prepared('rollback').run();
      throw error;
    }
  }

  /** The first column of the only row, as a number. */
  number(sql: string, ...values: (string | number)[]): number {
    return Number(Object.values(this.prepared(sql).get(...values) ?? {})[0] ?? 0);
  }

  /** Bytes of the file that hold something; the rest is free for what comes. */
  usedBytes(): number {
    return (this.#pages() - this.#freePages()) * this.number('pragma page_size');
  }

  /** Gives free pages back to the file system while more than a quarter of the file is free; true while it is. */
  shrink(mostPages: number): boolean {
    if (!this.#canShrink()) return false;
    this.#connection.exec(`pragma incremental_vacuum(${mostPages})`);
    return this.#canShrink();
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #canShrink(): boolean {
    return this.#freePages() > this.#pages() / 4 && isIncremental(this.#connection);
  }

  #pages(): number {
    return this.number('pragma page_count');
  }

  #freePages(): number {
    return this.number('pragma freelist_count');
  }
}

/**
 * Opens the database and brings its schema up to date. WAL: readers never wait for the one writer.
 *
 * @throws CoxError `needs-newer-daemon` where a newer Coxswain wrote the file; it is left untouched.
 */
export function openDatabase(file: string): Database {
  const connection = new DatabaseSync(file, { timeout: 5_000 });
  refuseNewer(connection, file);
  // Before anything is in a new file; on one that has content, it waits for a rewrite.
  connection.exec('pragma auto_vacuum = incremental;');
  connection.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;');
  connection.exec(`pragma cache_size = -${CACHE_KIB}`);
  migrate(connection);
  if (!isIncremental(connection) && sizeOf(connection) <= REWRITE_BYTES) connection.exec('vacuum');
  return new Database(connection);
}

function pragmaOf(connection: DatabaseSync, pragma: string): number {
  return Number(Object.values(connection.prepare(`pragma ${pragma}`).get() ?? {})[0] ?? 0);
}

function isIncremental(connection: DatabaseSync): boolean {
  return pragmaOf(connection, 'auto_vacuum') === 2;
}

function sizeOf(connection: DatabaseSync): number {
  return pragmaOf(connection, 'page_count') * pragmaOf(connection, 'page_size');
}

/** Before anything is written: what a newer Coxswain wrote is not ours to touch. */
function refuseNewer(connection: DatabaseSync, file: string): void {
  const version = pragmaOf(connection, 'user_version');
  if (version <= MIGRATIONS.length) return;
  connection.close();
  throw new CoxError(
    failure(
      'needs-newer-daemon',
      `The state database was written by a newer Coxswain (schema ${version}; this one knows ${MIGRATIONS.length}).`,
      { file },
      'Update Coxswain, or set COX_HOME to another directory.',
    ),
  );
}

function migrate(connection: DatabaseSync): void {
  const version = pragmaOf(connection, 'user_version');
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    connection.exec(`begin immediate; ${sql} pragma user_version = ${index + 1}; commit;`);
  }
}
