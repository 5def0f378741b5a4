import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VIEW_VERSION } from '../../../src/daemon/kept-view.ts';
import { Retention, rotateLog } from '../../../src/daemon/retention.ts';
import { sessionView } from '../../../src/protocol/view.ts';
import { keepServer, markServerEnded } from '../../../src/store/launches.ts';
import { listSessions } from '../../../src/store/list.ts';
import type { Store } from '../../../src/store/store.ts';
import { seedPast } from '../../state/seed.ts';
import { ended, Kept, StorePlace } from '../store/fixture.ts';

const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;
const HOUR_MS = 3_600_000;

let place: StorePlace;
let logs: string;
beforeEach(() => {
  place = new StorePlace();
  logs = mkdtempSync(join(tmpdir(), 'cox-logs-'));
});
afterEach(() => {
  place.remove();
  rmSync(logs, { recursive: true });
});

function retention(store: Store, limits = { ageMs: 30 * DAY_MS, sizeBytes: 2 ** 31 }): Retention {
  return new Retention({ store, logsDirectory: logs, limits, log: pino({ level: 'silent' }) });
}

/** Sweeps as often as it asks to come again soon; how often, and when it wants to come at last. */
function sweepAll(one: Retention, from: number): { sweeps: number; next: number } {
  let next = from;
  let sweeps = 0;
  do {
    next = one.sweep(next);
    sweeps += 1;
  } while (next - from < HOUR_MS);
  return { sweeps, next };
}

describe('a sweep', () => {
  test('removes what ended too long ago, and comes again in an hour', () => {
    new Kept(place.store, 'old111').commit([ended(NOW - 31 * DAY_MS)]);
    new Kept(place.store, 'new222').commit([ended(NOW - 29 * DAY_MS)]);
    // What was committed without a view is first made ready for lists.
    const { next } = sweepAll(retention(place.store), NOW);
    expect([place.store.session('old111'), place.store.session('new222')?.seq]).toEqual([null, 4]);
    expect(next).toBeGreaterThanOrEqual(NOW + HOUR_MS);
  });

  test('removes a large past bit by bit until it fits', () => {
    const file = join(place.folder, 'past.db');
    seedPast(file, { sessions: 60, facts: 30_000, seed: 5 });
    place.store.close();
    Object.assign(place, { file });
    const store = place.open();
    const sizeBytes = Math.floor(store.database.usedBytes() / 2);
    const before = store.database.number('select count(*) from sessions');
    sweepAll(retention(store, { ageMs: 1e15, sizeBytes }), NOW);
    const after = store.database.number('select count(*) from sessions');
    expect(store.database.usedBytes()).toBeLessThanOrEqual(sizeBytes);
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(before);
  });

  test('makes anew what an earlier version kept for lists', () => {
    for (const id of ['aaa111', 'bbb222']) new Kept(place.store, id).commit([ended(NOW - DAY_MS)]);
    sweepAll(retention(place.store), NOW);
    const views = listSessions(place.store, { which: 'all', limit: 9, viewVersion: VIEW_VERSION }).map(
      ({ view }) => JSON.parse(view ?? 'null'),
    );
    const wanted = ['aaa111', 'bbb222'].map((id) => {
      const session = place.store.session(id)?.session;
      return session === undefined ? null : sessionView(session, NOW);
    });
    expect(views.toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual(wanted);
  });

  test('removes old logs of servers that have ended, and no other file', () => {
    const { store } = place;
    for (const instance of ['live', 'over']) {
      keepServer(store, { instance, identity: 'launch-1', server: {}, startedAt: 1 });
    }
    markServerEnded(store, 'over', 2);
    const write = (name: string, at: number): string => {
      const path = join(logs, name);
      writeFileSync(path, 'said');
      utimesSync(path, at / 1_000, at / 1_000);
      return path;
    };
    const old = NOW - 31 * DAY_MS;
    const paths = [
      write('app-server-over.log', old),
      write('app-server-unknown.log', old),
      write('app-server-live.log', old),
      write('app-server-young.log', NOW - DAY_MS),
      write('daemon.log', old),
    ];
    sweepAll(retention(store), NOW);
    expect(paths.map((path) => existsSync(path))).toEqual([false, false, true, true, true]);
  });
});

describe('the log of the daemon', () => {
  test('is put aside over 50 MB, over the one of before', () => {
    const path = join(logs, 'daemon.log');
    rotateLog(path);
    writeFileSync(`${path}.1`, 'older');
    writeFileSync(path, 'small');
    rotateLog(path);
    const small = [readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')];
    truncateSync(path, 50 * 1024 * 1024 + 1);
    rotateLog(path);
    const start = readFileSync(`${path}.1`).subarray(0, 5).toString();
    expect([small, existsSync(path), start]).toEqual([['small', 'older'], false, 'small']);
  });
});
