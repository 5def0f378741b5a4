import { keepSnapshot, SNAPSHOT_VERSION, type StoredSession } from './snapshots.ts';
import type { KeptView, Store } from './store.ts';

/** A session in a list: `view` as it was kept; null for one that is open, or whose view is of another version. */
export type ListedSession = { id: string; view: string | null };

export type ListQuery = {
  /** Open ones and those that need attention, or all of them, those put aside (archived) included. */
  which: 'open or unseen' | 'all';
  limit: number;
  viewVersion: number;
};

/** What waits for an answer comes before what went wrong, and that before what is done and unread. */
const URGENCY = `case phase when 'waiting' then 0 when 'done' then 2 else 1 end`;

/** Sessions for a list: those that need attention first, by urgency, longest first; then the newest first. */
export function listSessions(store: Store, { which, limit, viewVersion }: ListQuery): ListedSession[] {
  const columns = 'id, case when ended = 1 and view_version = ? then view_json end as view';
  const needing = store.database
    .prepared(
      `select ${columns} from sessions where attention_since is not null
       order by ${URGENCY}, attention_since, created_at desc, rowid desc limit ?`,
    )
    .all(viewVersion, limit);
  const others = store.database
    .prepared(
      `select ${columns} from sessions where attention_since is null and removed_at is null
       ${which === 'all' ? '' : 'and ended = 0'} order by created_at desc, rowid desc limit ?`,
    )
    .all(viewVersion, limit - needing.length);
  return [...needing, ...others].map((row) => ({
    id: String(row.id),
    view: row.view === null ? null : String(row.view),
  }));
}

/** Ended sessions whose view or snapshot was kept by another version, newest first. */
export function outdatedSessions(store: Store, viewVersion: number): string[] {
  return store.database
    .prepared(
      `select id from sessions where ended = 1 and removed_at is null and (view_version is not ? or not exists
         (select 1 from snapshots where session = id and version = ?)) order by created_at desc`,
    )
    .all(viewVersion, SNAPSHOT_VERSION)
    .map((row) => String(row.id));
}

/** Keeps what was made anew of an ended session; nothing where it has changed meanwhile. */
export function keepRenewed(store: Store, { session, seq }: StoredSession, view: KeptView): void {
  store.database.transaction('normal', () => {
    const kept = store.database
      .prepared(
        `update sessions set view_version = ?, view_json = ?
         where id = ? and seq = ? and ended = 1 and removed_at is null`,
      )
      .run(view.version, view.text, session.spec.id, seq);
    if (kept.changes > 0) keepSnapshot(store.database, session, seq);
  });
}
