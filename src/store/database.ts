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
  refuseNewer(database, file);
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;');
  migrate(database);
  return database;
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('pragma user_version').get()?.user_version ?? 0);
}

/** Before anything is written: what a newer Coxswain wrote is not ours to touch. */
function refuseNewer(database: DatabaseSync, file: string): void {
  const version = versionOf(database);
  if (version <= MIGRATIONS.length) return;
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

function migrate(database: DatabaseSync): void {
  const version = versionOf(database);
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
