import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CoxError } from '../../../src/core/errors.ts';
import type { Action } from '../../../src/core/policy/action.ts';
import { replay } from '../../../src/core/policy/fold.ts';
import type { Request } from '../../../src/core/policy/input.ts';
import {
  keepLaunch,
  keepServer,
  launchOf,
  liveServers,
  markServerEnded,
  openSessionsOf,
} from '../../../src/store/launches.ts';
import { Store } from '../../../src/store/store.ts';
import { answerCommitted, ended, Kept, note, requestOpened, StorePlace } from './fixture.ts';

let place: StorePlace;
let kept: Kept;
beforeEach(() => {
  place = new StorePlace();
  kept = new Kept(place.store, 'k7m2qd');
});
afterEach(() => {
  place.remove();
});

const LOOK: Action = { type: 'look', thread: 't1' };
const asks = (...keys: string[]): Request[] => keys.map((key) => ({ key, action: LOOK, cause: 0 }));
const texts = (store: Store) =>
  store.factsAfter(0, 1_000, null).map(({ body }) => (body.type === 'note' ? body.text : body.type));

describe('a commit', () => {
  test('is kept whole', () => {
    const { store } = place;
    const seqs = kept.commit([note('a'), note('b')], {
      actions: [{ key: 'look', action: LOOK, cause: 1 }],
      wakeAt: 5_000,
      cause: 3,
      receipt: { command: 'c1', reply: { ok: true } },
    });
    expect([
      seqs,
      store.session('k7m2qd'),
      store.factsAfter(1, 10, 'k7m2qd'),
      store.lease('k7m2qd', 'd1', 1),
      store.receipt('c1'),
      store.lastSeq(),
    ]).toEqual([
      [1, 2, 3],
      { session: kept.session, policy: { rules: [] }, seq: 3, wakeAt: 5_000, slack: kept.slack },
      [
        { ...note('a'), seq: 2, session: 'k7m2qd', cause: 3 },
        { ...note('b'), seq: 3, session: 'k7m2qd', cause: 3 },
      ],
      [{ id: 1, session: 'k7m2qd', key: 'look', action: LOOK, cause: 2 }],
      { session: 'k7m2qd', reply: { ok: true } },
      3,
    ]);
  });

  test.each([
    ['an action that is queued already', () => kept.next([note('b')], { actions: asks('look') })],
    ['a request id that is taken', () => kept.next([note('b'), requestOpened('r1')])],
    [
      'a command that was obeyed already',
      () => kept.next([note('b')], { receipt: { command: 'c1', reply: { ok: true } } }),
    ],
    [
      'a launch that is not kept',
      () => new Kept(place.store, 'new001', { identity: 'launch-9' }).next([note('b')]),
    ],
  ])('with %s keeps nothing', (_, wrong) => {
    const { store } = place;
    const receipt = { command: 'c1', reply: { ok: true as const } };
    kept.commit([note('a'), requestOpened('r1')], { actions: asks('look'), receipt });
    const before = [texts(store), store.session('k7m2qd'), store.live()];
    const again = { ...wrong(), wakeAt: 9, attentionSince: 9 };
    expect(() => store.commit(again)).toThrow();
    expect([texts(store), store.session('k7m2qd'), store.live()]).toEqual(before);
    expect(kept.commit([note('d')])).toEqual([4]);
  });

  test('numbers facts of all sessions in one sequence', () => {
    const { store } = place;
    const other = new Kept(store, 'p4p4p4');
    const seqs = [kept, other, kept].map((one) => one.commit([note('x')]));
    expect([
      seqs,
      store.factsAfter(1, 1, null).map(({ seq }) => seq),
      store.factsAfter(0, 9, 'k7m2qd').map(({ seq }) => seq),
    ]).toEqual([[[1, 2], [3, 4], [5]], [2], [1, 2, 5]]);
  });

  test('without facts keeps the number of the last one', () => {
    kept.commit([note('a')]);
    kept.commit([], { wakeAt: 7 });
    expect(place.store.session('k7m2qd')).toMatchObject({ seq: 2, wakeAt: 7 });
  });

  test('takes back an action that returned, and may ask for it once more', () => {
    kept.commit([note('a')], { actions: asks('look', 'open.1') });
    kept.commit([note('b')], { returned: 'look', actions: asks('look') });
    kept.commit([], { returned: 'open.1' });
    expect(place.store.lease('k7m2qd', 'd1', 1)).toEqual([
      { id: 3, session: 'k7m2qd', key: 'look', action: LOOK, cause: 3 },
    ]);
  });

  test('with an answer to Codex is on the disk when it returns; others are a little later', () => {
    const synchronous = (): number => place.store.database.number('pragma synchronous');
    const [full, normal] = [2, 1];
    kept.commit([requestOpened('r1')]);
    const before = synchronous();
    kept.commit([answerCommitted('r1')]);
    const answered = synchronous();
    kept.commit([note('x')]);
    expect([before, answered, synchronous()]).toEqual([normal, full, normal]);
  });

  test('follows a session to another launch', () => {
    const { store } = place;
    keepLaunch(store, 'launch-2', {});
    kept.commit();
    const relaunched = note('relaunched');
    kept.commit([
      { ...relaunched, body: { type: 'relaunched', identity: 'launch-2', codexVersion: '0.170.0' } },
    ]);
    expect([openSessionsOf(store, 'launch-1'), openSessionsOf(store, 'launch-2')]).toEqual([0, 1]);
  });
});

describe('the outbox', () => {
  test('an action is leased once, in order, and orphaned for every later daemon', () => {
    const { store } = place;
    kept.commit([note('a')], { actions: asks('snapshot', 'open.1') });
    const keys = (actions: { key: string }[]) => actions.map(({ key }) => key);
    const leased = keys(store.lease('k7m2qd', 'd1', 1));
    kept.commit([note('b')], { actions: asks('look') });
    expect([
      leased,
      keys(store.orphanedLeases('d1')),
      keys(store.orphanedLeases('d2')),
      keys(store.lease('k7m2qd', 'd2', 1)),
    ]).toEqual([['snapshot', 'open.1'], [], ['snapshot', 'open.1'], ['look']]);
  });

  test('a session with an action under way is live, ended or not', () => {
    const { store } = place;
    kept.commit([ended()], { actions: asks('measure.1') });
    new Kept(store, 'p4p4p4').commit([ended()]);
    new Kept(store, 'q5q5q5').commit();
    expect([store.live().sort(), store.openSessions(), store.countOpen()]).toEqual([
      ['k7m2qd', 'q5q5q5'],
      ['q5q5q5'],
      1,
    ]);
  });
});

test('requests are known by their session, and count as open until an answer is on its way', () => {
  const { store } = place;
  kept.commit([requestOpened('r1')]);
  expect([
    store.sessionOfRequest('r1'),
    store.sessionOfRequest('r9'),
    store.isTaken('requests', 'r1'),
    store.isTaken('sessions', 'r1'),
  ]).toEqual(['k7m2qd', null, true, false]);
});

test('a value is made once', () => {
  const made = [place.store.meta('owner', () => 'one'), place.store.meta('owner', () => 'two')];
  expect(made).toEqual(['one', 'one']);
});

test('a launch stays as it was first kept; servers are live until they are marked as ended', () => {
  const { store } = place;
  keepLaunch(store, 'launch-1', { binary: 'another' });
  keepServer(store, { instance: 's1', identity: 'launch-1', server: { pid: 1 }, startedAt: 1 });
  keepServer(store, { instance: 's2', identity: 'launch-1', server: { pid: 2 }, startedAt: 2 });
  kept.commit();
  new Kept(store, 'p4p4p4').commit([ended()]);
  const both = liveServers(store).map(({ instance }) => instance);
  markServerEnded(store, 's2', 9);
  expect([
    launchOf(store, 'launch-1'),
    launchOf(store, 'launch-9'),
    both,
    liveServers(store),
    openSessionsOf(store, 'launch-1'),
  ]).toEqual([
    { binary: 'codex' },
    null,
    ['s2', 's1'],
    [{ instance: 's1', identity: 'launch-1', server: { pid: 1 }, startedAt: 1 }],
    1,
  ]);
});

describe('facts of one session', () => {
  const TOTAL = 2_500;
  const seqs = (facts: Iterable<{ seq: number }>) => [...facts].map(({ seq }) => seq);

  test('are read from the newest back, and whole, in order', () => {
    const { store } = place;
    const other = new Kept(store, 'p4p4p4');
    const own = Array.from({ length: TOTAL / 100 }, (_, part) => {
      other.commit([note('between')]);
      return kept.commit(Array.from({ length: part === 0 ? 99 : 100 }, () => note('x')));
    }).flat();
    const newest = store.factsBefore('k7m2qd', null, 3);
    const before = store.factsBefore('k7m2qd', own.at(-3) ?? 0, 120);
    expect([seqs(newest), seqs(before)]).toEqual([own.slice(-3), own.slice(-123, -3)]);
    expect(seqs(store.factsBefore('k7m2qd', own[2] ?? 0, 9))).toEqual(own.slice(0, 2));
    expect([own.length, seqs(store.factsOf('k7m2qd'))]).toEqual([TOTAL, own]);
    expect([...store.factsOf('nobody'), ...store.factsBefore('nobody', null, 9)]).toEqual([]);
  });

  test('may be committed while they are read', () => {
    const { store } = place;
    kept.commit(Array.from({ length: 1_200 }, () => note('before')));
    const read: number[] = [];
    for (const { seq } of store.factsOf('k7m2qd')) {
      if (seq === 1_000) kept.commit([note('meanwhile')]);
      read.push(seq);
    }
    expect(read).toEqual(Array.from({ length: 1_202 }, (_, index) => index + 1));
  });
});

describe('the file', () => {
  test('opened again it holds what it held', () => {
    kept.commit([note('a')], { actions: asks('look') });
    const store = place.reopen();
    expect([store.session('k7m2qd')?.session, texts(store), store.lease('k7m2qd', 'd1', 1).length]).toEqual([
      kept.session,
      ['session-created', 'a'],
      1,
    ]);
  });

  test.each(['wal', 'delete'])('one of a newer schema is refused and left as it is (journal %s)', (mode) => {
    place.store.close();
    const newer = new DatabaseSync(place.file);
    const { user_version: current } = newer.prepare('pragma user_version').get() ?? {};
    newer.exec(`pragma journal_mode = ${mode}; pragma user_version = 999;`);
    newer.close();
    const before = readFileSync(place.file);
    const code = (() => {
      try {
        Store.open(place.file).close();
        return 'opened';
      } catch (error) {
        return error instanceof CoxError ? error.failure.code : String(error);
      }
    })();
    const after = [readFileSync(place.file).equals(before), readdirSync(place.folder)];
    const reset = new DatabaseSync(place.file);
    reset.exec(`pragma user_version = ${current}`);
    reset.close();
    place.open();
    expect([code, ...after]).toEqual(['needs-newer-daemon', true, ['state.db']]);
  });

  test('after a SIGKILL in the middle of commits all that was committed is there, and nothing by halves', async () => {
    place.store.close();
    const script = new URL('./commit-for-ever.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, place.file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8');
    for await (const text of child.stdout) {
      said += text;
      if (said.split('\n').length > 200) child.kill('SIGKILL');
    }
    const reported = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
    const store = place.open();
    const facts = [...store.factsOf('k7m2qd')];
    const items = facts.flatMap(({ body }) => (body.type === 'item' ? [body.item.id] : []));
    const pairs = items.length / 2;
    expect(pairs).toBeGreaterThanOrEqual(reported);
    expect(items).toEqual(
      Array.from({ length: pairs }, (_, index) => [`a${index + 1}`, `b${index + 1}`]).flat(),
    );
    const snapshots = store.database.number('select count(*) from snapshots');
    expect(snapshots).toBe(1);
    expect(store.session('k7m2qd')).toMatchObject({
      session: replay(facts),
      seq: pairs * 2 + 1,
      wakeAt: pairs,
    });
  });
});
