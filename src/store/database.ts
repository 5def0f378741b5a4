import { DatabaseSync } from 'node:sqlite';
import { CoxError, failure } from '../core/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';

/**
 * Opens the database and brings its schema up to date. WAL: readers never wait for the one writer.
 *
 * @throws CoxError `needs-newer-daemon` where a newer Coxswain wrote the file; it is left untouched.
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;');
  migrate(database, file);
  return database;
}

function migrate(database: DatabaseSync, file: string): void {
  const row = database.prepare('pragma user_version').get();
  const version = Number(row?.user_version ?? 0);
  if (version > MIGRATIONS.length) {
    database.close();
    throw new CoxError(
      failure(
        'needs-newer-daemon',
        `The state database was written by a newer Coxswain (schema ${version}; this one knows ${MIGRATIONS.length}).`,
        { file },
        'Update Coxswain, or set COX_HOME to another directory.',
      ),
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.exec(`begin immediate; ${sql} pragma user_version = ${index + 1}; commit;`);
  }
}

/** Runs `work` in one transaction: all of it is kept, or none. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('begin immediate');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}
