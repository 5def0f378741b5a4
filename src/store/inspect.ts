import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { MIGRATIONS } from './migrations/index.ts';

/** What a look at a state database finds. */
export type Inspection = {
  /** Empty where SQLite finds nothing wrong; else its words. */
  damage: string[];
  schema: number;
  /** True where a newer Coxswain wrote it. */
  isNewer: boolean;
  /** The owner mark of its processes; null before there is one. */
  owner: string | null;
  /** Records of app-servers that are not known to have ended. */
  servers: { instance: string; server: unknown }[];
};

/**
 * Looks at a state database without changing it. A reader of a database in WAL mode writes `-wal` and `-shm` files;
 * so one that nobody has open, and that was closed well, is read as immutable.
 *
 * @throws node:sqlite's own error where it is no database, or cannot be read.
 */
export function inspectDatabase(file: string): Inspection {
  const journal = `${file}-wal`;
  const isOpenOrLeft = existsSync(journal) && statSync(journal).size > 0;
  const place = pathToFileURL(file);
  if (!isOpenOrLeft) place.search = '?immutable=1';
  const database = new DatabaseSync(place, { readOnly: true, timeout: 5_000 });
  try {
    const damage = database
      .prepare('pragma quick_check(5)')
      .all()
      .map((row) => String(Object.values(row)[0]))
      .filter((words) => words !== 'ok');
    const schema = Number(database.prepare('pragma user_version').get()?.user_version ?? 0);
    const isReadable = damage.length === 0 && schema > 0;
    return {
      damage,
      schema,
      isNewer: schema > MIGRATIONS.length,
      owner: isReadable ? ownerIn(database) : null,
      servers: isReadable ? serversIn(database) : [],
    };
  } finally {
    database.close();
  }
}

function ownerIn(database: DatabaseSync): string | null {
  const row = database.prepare("select value from meta where key = 'owner'").get();
  return row === undefined ? null : String(row.value);
}

function serversIn(database: DatabaseSync): Inspection['servers'] {
  return database
    .prepare('select instance, server_json from servers where ended_at is null')
    .all()
    .map((row) => ({
      instance: String(row.instance),
      server: JSON.parse(String(row.server_json)) as unknown,
    }));
}
