import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CoxError } from '../../../src/core/errors.ts';
import type { Action } from '../../../src/core/policy/action.ts';
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
import { commitOf, ended, fact, note, requestOpened, StorePlace, sessionOf } from './fixture.ts';

let place: StorePlace;
beforeEach(() => {
  place = new StorePlace();
});
afterEach(() => {
  place.remove();
});

const SESSION = sessionOf('k7m2qd');
const LOOK: Action = { type: 'look', thread: 't1' };
const asks = (...keys: string[]): Request[] => keys.map((key) => ({ key, action: LOOK, cause: 0 }));
const texts = (store: Store) =>
  store.factsAfter(0, 1_000, null).map(({ body }) => (body.type === 'note' ? body.text : body.type));

describe('a commit', () => {
  test('is kept whole', () => {
    const { store } = place;
    const seqs = store.commit(
      commitOf(SESSION, {
        facts: [note('a'), note('b')],
        actions: [{ key: 'look', action: LOOK, cause: 1 }],
        wakeAt: 5_000,
        cause: 3,
        receipt: { command: 'c1', reply: { ok: true } },
      }),
    );
    expect([
      seqs,
      store.session('k7m2qd'),
      store.factsAfter(0, 10, 'k7m2qd'),
      store.lease('k7m2qd', 'd1', 1),
      store.receipt('c1'),
      store.lastSeq(),
    ]).toEqual([
      [1, 2],
      { session: SESSION, policy: { rules: [] }, seq: 2, wakeAt: 5_000 },
      [
        { ...note('a'), seq: 1, session: 'k7m2qd', cause: 3 },
        { ...note('b'), seq: 2, session: 'k7m2qd', cause: 3 },
      ],
      [{ id: 1, session: 'k7m2qd', key: 'look', action: LOOK, cause: 2 }],
      { session: 'k7m2qd', reply: { ok: true } },
      2,
    ]);
  });

  test.each([
    ['an action that is queued already', { actions: asks('look') }],
    ['a request id that is taken', { facts: [note('c'), requestOpened('r1')] }],
    ['a command that was obeyed already', { receipt: { command: 'c1', reply: { ok: true } } }],
    ['a launch that is not kept', { session: sessionOf('new001', { identity: 'launch-9' }) }],
  ] as const)('with %s keeps nothing', (_, wrong) => {
    const { store } = place;
    const first = { facts: [note('a'), requestOpened('r1')], actions: asks('look') };
    store.commit(commitOf(SESSION, { ...first, receipt: { command: 'c1', reply: { ok: true } } }));
    const before = [texts(store), store.session('k7m2qd'), store.live()];
    const { facts = [], ...rest } = { facts: undefined, ...wrong };
    const again = commitOf(SESSION, {
      facts: [note('b'), ...(facts ?? [])],
      wakeAt: 9,
      attentionSince: 9,
      ...rest,
    });
    expect(() => store.commit(again)).toThrow();
    expect([texts(store), store.session('k7m2qd'), store.live()]).toEqual(before);
    expect(store.commit(commitOf(SESSION, { facts: [note('d')] }))).toEqual([3]);
  });

  test('numbers facts of all sessions in one sequence', () => {
    const { store } = place;
    const other = sessionOf('p4p4p4');
    const seqs = [SESSION, other, SESSION].map((session) =>
      store.commit(commitOf(session, { facts: [note('x')] })),
    );
    expect([
      seqs,
      store.factsAfter(1, 1, null).map(({ seq }) => seq),
      store.factsAfter(0, 9, 'k7m2qd').map(({ seq }) => seq),
    ]).toEqual([[[1], [2], [3]], [2], [1, 3]]);
  });

  test('without facts keeps the number of the last one', () => {
    const { store } = place;
    store.commit(commitOf(SESSION, { facts: [note('a')] }));
    store.commit(commitOf(SESSION, { wakeAt: 7 }));
    expect(store.session('k7m2qd')).toMatchObject({ seq: 1, wakeAt: 7 });
  });

  test('takes back an action that returned, and may ask for it once more', () => {
    const { store } = place;
    store.commit(commitOf(SESSION, { facts: [note('a')], actions: asks('look', 'open.1') }));
    store.commit(commitOf(SESSION, { facts: [note('b')], returned: 'look', actions: asks('look') }));
    store.commit(commitOf(SESSION, { returned: 'open.1' }));
    expect(store.lease('k7m2qd', 'd1', 1)).toEqual([
      { id: 3, session: 'k7m2qd', key: 'look', action: LOOK, cause: 2 },
    ]);
  });
});

describe('the outbox', () => {
  test('an action is leased once, in order, and orphaned for every later daemon', () => {
    const { store } = place;
    store.commit(commitOf(SESSION, { facts: [note('a')], actions: asks('snapshot', 'open.1') }));
    const keys = (actions: { key: string }[]) => actions.map(({ key }) => key);
    const leased = keys(store.lease('k7m2qd', 'd1', 1));
    store.commit(commitOf(SESSION, { facts: [note('b')], actions: asks('look') }));
    expect([
      leased,
      keys(store.orphanedLeases('d1')),
      keys(store.orphanedLeases('d2')),
      keys(store.lease('k7m2qd', 'd2', 1)),
    ]).toEqual([['snapshot', 'open.1'], [], ['snapshot', 'open.1'], ['look']]);
  });

  test('a session with an action under way is live, ended or not', () => {
    const { store } = place;
    store.commit(commitOf(ended(SESSION), { facts: [note('a')], actions: asks('measure.1') }));
    store.commit(commitOf(ended(sessionOf('p4p4p4'))));
    store.commit(commitOf(sessionOf('q5q5q5')));
    expect(store.live().sort()).toEqual(['k7m2qd', 'q5q5q5']);
  });
});

test('requests are known by their session, and count as open until an answer is on its way', () => {
  const { store } = place;
  store.commit(commitOf(SESSION, { facts: [requestOpened('r1')] }));
  expect([
    store.sessionOfRequest('r1'),
    store.sessionOfRequest('r9'),
    store.isTaken('requests', 'r1'),
    store.isTaken('sessions', 'r1'),
  ]).toEqual(['k7m2qd', null, true, false]);
});

test('a list holds what is open or unseen, newest first', () => {
  const { store } = place;
  store.commit(commitOf(sessionOf('aaa111', {}, 1)));
  store.commit(commitOf(ended(sessionOf('bbb222', {}, 2)), { attentionSince: 5 }));
  store.commit(commitOf(ended(sessionOf('ccc333', {}, 3))));
  const ids = (all: boolean, limit: number) => store.list(all, limit).map(({ session }) => session.spec.id);
  expect([ids(false, 9), ids(true, 9), ids(true, 1)]).toEqual([
    ['bbb222', 'aaa111'],
    ['ccc333', 'bbb222', 'aaa111'],
    ['ccc333'],
  ]);
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
  store.commit(commitOf(SESSION));
  store.commit(commitOf(ended(sessionOf('p4p4p4'))));
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

describe('the file', () => {
  test('opened again it holds what it held', () => {
    place.store.commit(commitOf(SESSION, { facts: [note('a')], actions: asks('look') }));
    place.store.close();
    const store = place.open();
    expect([store.session('k7m2qd')?.session, texts(store), store.lease('k7m2qd', 'd1', 1).length]).toEqual([
      SESSION,
      ['a'],
      1,
    ]);
  });

  test.each(['wal', 'delete'])('one of a newer schema is refused and left as it is (journal %s)', (mode) => {
    place.store.close();
    const newer = new DatabaseSync(place.file);
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
    reset.exec('pragma user_version = 1');
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
    const notes = texts(store);
    const kept = notes.length / 2;
    expect(kept).toBeGreaterThanOrEqual(reported);
    expect(notes).toEqual(
      Array.from({ length: kept }, (_, index) => [`a${index + 1}`, `b${index + 1}`]).flat(),
    );
    expect(store.session('k7m2qd')).toMatchObject({ seq: kept * 2, wakeAt: kept });
    expect(store.commit(commitOf(SESSION, { facts: [fact({ type: 'seen' })] }))).toEqual([kept * 2 + 1]);
  });
});
