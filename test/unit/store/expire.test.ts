import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fact } from '../../../src/core/session/fact.ts';
import { type Expired, expire, type Retention, removeSession } from '../../../src/store/expire.ts';
import { keepLaunch, keepServer, launchOf, markServerEnded } from '../../../src/store/launches.ts';
import type { Commit, Store } from '../../../src/store/store.ts';
import { ended, fact, Kept, note, requestOpened, StorePlace } from './fixture.ts';

const NOW = 1_000_000;
/** Far more than anything here takes. */
const AMPLE_MS = 60_000;
const AT_ONCE = { now: NOW, budgetMs: AMPLE_MS };

let place: StorePlace;
beforeEach(() => {
  place = new StorePlace();
});
afterEach(() => {
  place.remove();
});

const ARCHIVED = fact({ type: 'archived' });
const LOOK: Partial<Commit> = {
  actions: [{ key: 'look', action: { type: 'look', thread: 't1' }, cause: 0 }],
};

function keep(id: string, facts: Fact[], given: Partial<Commit> = {}, identity = 'launch-1'): Kept {
  const kept = new Kept(place.store, id, { identity });
  kept.commit(facts, given);
  return kept;
}

/** How many rows of each table name a session. */
function rowsOf(store: Store, id: string): number[] {
  const counts = ['facts', 'requests', 'receipts', 'snapshots', 'outbox'].map((table) =>
    store.database.number(`select count(*) from ${table} where session = ?`, id),
  );
  return [store.database.number('select count(*) from sessions where id = ?', id), ...counts];
}

const all = (store: Store): string[] =>
  store.database
    .prepared('select id from sessions order by id')
    .all()
    .map(({ id }) => String(id));

const sweep = (limits: Partial<Retention>, budgetMs = AMPLE_MS): Expired =>
  expire(place.store, { ageMs: null, maxBytes: null, ...limits, now: NOW, budgetMs });

describe('removal', () => {
  test('takes all that is kept of a session, and leaves the others whole', () => {
    const { store } = place;
    const receipt = (command: string) => ({ receipt: { command, reply: { ok: true as const } } });
    keep('aaa111', [requestOpened('r1'), ended()], receipt('c1'));
    const other = keep('bbb222', [requestOpened('r2'), ended()], receipt('c2'));
    const before = rowsOf(store, 'bbb222');
    expect([
      rowsOf(store, 'aaa111'),
      removeSession(store, 'aaa111', AT_ONCE),
      rowsOf(store, 'aaa111'),
      store.session('aaa111'),
      removeSession(store, 'aaa111', AT_ONCE),
      rowsOf(store, 'bbb222'),
      store.session('bbb222')?.session,
    ]).toEqual([[1, 3, 1, 1, 1, 0], 'removed', [0, 0, 0, 0, 0, 0], null, 'missing', before, other.session]);
  });

  test('refuses what is open, and what something is being done for', () => {
    const { store } = place;
    keep('aaa111', [note('at work')]);
    const measured = keep('bbb222', [ended()], LOOK);
    const before = ['aaa111', 'bbb222'].map((id) => rowsOf(store, id));
    const refused = ['aaa111', 'bbb222'].map((id) => removeSession(store, id, AT_ONCE));
    expect([refused, ['aaa111', 'bbb222'].map((id) => rowsOf(store, id))]).toEqual([
      ['busy', 'busy'],
      before,
    ]);
    measured.commit([], { returned: 'look' });
    expect(removeSession(store, 'bbb222', AT_ONCE)).toBe('removed');
  });

  test('what it leaves goes with the next sweep, also of the next daemon', () => {
    keep('aaa111', [...Array.from({ length: 3_000 }, () => note('x')), ended()]);
    removeSession(place.store, 'aaa111', { now: NOW, budgetMs: 0 });
    const hidden = [place.store.session('aaa111'), rowsOf(place.store, 'aaa111')];
    place.reopen();
    expect([hidden, sweep({}), rowsOf(place.store, 'aaa111')]).toEqual([
      [null, [1, 3_002, 0, 0, 0, 0]],
      { sessions: ['aaa111'], facts: 3_002, more: false },
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  test('a launch goes with its last session, its servers with it; a live server keeps it', () => {
    const { store } = place;
    const left = (): boolean[] =>
      ['gone', 'live', 'used', 'launch-1'].map((identity) => launchOf(store, identity) !== null);
    for (const identity of ['gone', 'live', 'used']) {
      keepLaunch(store, identity, { environment: { KEY: identity } });
      keepServer(store, { instance: `of-${identity}`, identity, server: {}, startedAt: 1 });
      if (identity !== 'live') markServerEnded(store, `of-${identity}`, 2);
    }
    keep('aaa111', [ended()], {}, 'gone');
    keep('bbb222', [ended()], {}, 'live');
    keep('ccc333', [ended()], {}, 'used');
    keep('ddd444', [ended()], {}, 'used');
    keep('eee555', []);
    for (const id of ['aaa111', 'bbb222', 'ccc333']) removeSession(store, id, AT_ONCE);
    const first = left();
    markServerEnded(store, 'of-live', 3);
    removeSession(store, 'ddd444', AT_ONCE);
    const servers = store.database.number('select count(*) from servers');
    expect([first, left(), servers]).toEqual([[false, true, true, true], [false, false, false, true], 0]);
  });

  test('numbers of facts are not given again', () => {
    const { store } = place;
    keep('aaa111', [note('x'), ended()]);
    removeSession(store, 'aaa111', AT_ONCE);
    expect([store.lastSeq(), place.reopen().lastSeq()]).toEqual([3, 3]);
    keepLaunch(place.store, 'launch-1', {});
    expect(new Kept(place.store, 'bbb222').commit([note('y')])).toEqual([4, 5]);
  });
});

describe('by age', () => {
  test('what ended before goes, but not what is open, put aside, or has something done for it', () => {
    keep('aged1a', [ended(1_000)]);
    keep('aged2a', [ended(2_000)]);
    keep('young1', [ended(500_000)]);
    keep('aside1', [ended(1_000), ARCHIVED]);
    keep('busy1a', [ended(1_000)], LOOK);
    keep('open1a', [note('old')]);
    expect([sweep({ ageMs: NOW - 400_000 }), all(place.store)]).toEqual([
      { sessions: ['aged1a', 'aged2a'], facts: 4, more: false },
      ['aside1', 'busy1a', 'open1a', 'young1'],
    ]);
    expect(sweep({ ageMs: NOW - 400_000 })).toEqual({ sessions: [], facts: 0, more: false });
  });

  test('an ended session that goes on is young again', () => {
    const kept = keep('aaa111', [ended(1_000)]);
    kept.commit([fact({ type: 'run-opened', n: 2, prompt: 'more', thread: null, why: 'asked for' })]);
    const open = sweep({ ageMs: 0 }).sessions;
    kept.commit([ended(900_000)]);
    expect([open, sweep({ ageMs: 500_000 }).sessions, sweep({ ageMs: 10 }).sessions]).toEqual([
      [],
      [],
      ['aaa111'],
    ]);
  });
});

describe('by size', () => {
  const big = (count: number): Fact[] => Array.from({ length: count }, () => note('x'.repeat(2_000)));

  test('those that ended first go until it fits, and no more', () => {
    const { store } = place;
    keep('third1', [...big(200), ended(3_000)]);
    keep('first1', [...big(200), ended(1_000)]);
    keep('aside1', [...big(200), ended(500), ARCHIVED]);
    keep('second', [...big(200), ended(2_000)]);
    const used = store.database.usedBytes();
    const one = used / 4;
    expect([sweep({ maxBytes: used }).sessions, sweep({ maxBytes: used - one / 2 }).sessions]).toEqual([
      [],
      ['first1'],
    ]);
    expect([sweep({ maxBytes: used - 1.5 * one }).sessions, all(store)]).toEqual([
      ['second'],
      ['aside1', 'third1'],
    ]);
    expect(store.database.usedBytes()).toBeLessThanOrEqual(used - 1.5 * one);
  });

  test('where all that may go is gone it rests, too large or not', () => {
    keep('aside1', [...big(50), ended(500), ARCHIVED]);
    keep('open1a', big(50));
    keep('past1a', [...big(50), ended(700)]);
    expect([sweep({ maxBytes: 1 }), sweep({ maxBytes: 1 }), all(place.store)]).toMatchObject([
      { sessions: ['past1a'], more: false },
      { sessions: [], facts: 0, more: false },
      ['aside1', 'open1a'],
    ]);
  });

  test('a file that is mostly free becomes smaller', () => {
    const { store, file } = place;
    keep('past1a', [...big(2_000), ended(700)]);
    const size = (): number => {
      store.database.prepared('pragma wal_checkpoint(truncate)').get();
      return statSync(file).size;
    };
    const before = size();
    sweep({ ageMs: 1 });
    expect(size()).toBeLessThan(before / 4);
  });
});

test('a sweep without time does nothing and says that there is more; the next ones go on where it stopped', () => {
  const { store } = place;
  for (let n = 10; n < 20; n += 1)
    keep(`past${n}`, [...Array.from({ length: 700 }, () => note('x')), ended(n)]);
  expect(sweep({ ageMs: 1 }, 0)).toEqual({ sessions: [], facts: 0, more: true });
  const found: Expired[] = [];
  let more = true;
  while (more) {
    const part = sweep({ ageMs: 1 }, 0.01);
    found.push(part);
    more = part.more;
    // Between two sweeps nothing is seen by halves.
    for (const id of all(store)) {
      const facts = store.session(id) === null ? null : [...store.factsOf(id)].length;
      expect([null, 702]).toContain(facts);
    }
  }
  expect(found.length).toBeGreaterThan(10);
  expect([found.flatMap(({ sessions }) => sessions), all(store), launchOf(store, 'launch-1')]).toEqual([
    Array.from({ length: 10 }, (_, index) => `past${index + 10}`),
    [],
    null,
  ]);
  expect(found.reduce((sum, { facts }) => sum + facts, 0)).toBe(7_020);
});
