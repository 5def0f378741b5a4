import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fact } from '../../../src/core/session/fact.ts';
import type { SessionSpec } from '../../../src/core/session/session.ts';
import { expire, removeSession } from '../../../src/store/expire.ts';
import { findRequest, findSession } from '../../../src/store/find.ts';
import { openSessionsOf } from '../../../src/store/launches.ts';
import { listSessions } from '../../../src/store/list.ts';
import type { Commit } from '../../../src/store/store.ts';
import { answerCommitted, bound, ended, fact, Kept, requestOpened, StorePlace } from './fixture.ts';

const NOW = 1_000;
let place: StorePlace;
beforeEach(() => {
  place = new StorePlace();
});
afterEach(() => {
  place.remove();
});

type Given = { spec?: Partial<SessionSpec>; at?: number; facts?: Fact[]; commit?: Partial<Commit> };

function keep(id: string, { spec = {}, at = 1_000, facts = [], commit = {} }: Given = {}): Kept {
  const kept = new Kept(place.store, id, spec, at);
  kept.commit(facts, commit);
  return kept;
}

const named = (name: string, facts: Fact[] = []): Given => ({ spec: { name }, facts });
const ARCHIVED = fact({ type: 'archived' });

/** The id that a target names, or why it names none. */
function found(target: string): string {
  const result = findSession(place.store, target, NOW);
  return result.ok ? result.id : result.failure.code;
}

test('each way to name a session', () => {
  keep('k7m2qd', { spec: { name: 'fix-auth' }, at: 1, facts: [bound('01a2-thread')] });
  keep('k7m9zz', { spec: { name: 'other' }, at: 2 });
  const targets = [
    'k7m2qd',
    'fix-auth',
    '01a2-thread',
    'k7m2',
    'k7m',
    'k7',
    'nothing',
    '@last',
    '@needs',
    '',
  ];
  expect(targets.map(found)).toEqual([
    'k7m2qd',
    'k7m2qd',
    'k7m2qd',
    'k7m2qd',
    'ambiguous',
    'not-found',
    'not-found',
    'k7m9zz',
    'not-found',
    'not-found',
  ]);
});

test('an id comes before a name, a name before a thread, a thread before a prefix', () => {
  keep('aaa111', { facts: [bound('thread-a')] });
  keep('bbb222', named('aaa111'));
  keep('ccc333', named('thread-a'));
  keep('ddd444', { facts: [bound('bbb')] });
  expect(['aaa111', 'thread-a', 'bbb'].map(found)).toEqual(['aaa111', 'ccc333', 'ddd444']);
});

test('of several of one name the open one is meant; of several open ones, or ended ones, none', () => {
  keep('aaa111', named('twice', [ended()]));
  keep('bbb222', named('twice', [ended()]));
  const endedOnes = found('twice');
  keep('ccc333', named('twice'));
  const oneOpen = found('twice');
  keep('ddd444', named('twice'));
  expect([endedOnes, oneOpen, findSession(place.store, 'twice', NOW)]).toEqual([
    'ambiguous',
    'ccc333',
    {
      ok: false,
      failure: expect.objectContaining({ code: 'ambiguous', details: { ids: ['ccc333', 'ddd444'] } }),
    },
  ]);
});

test('of very many of one name not all are named', () => {
  for (let n = 10; n < 40; n += 1) keep(`mmm1${n}`, named('nightly', [ended()]));
  const result = findSession(place.store, 'nightly', NOW);
  expect(result.ok ? null : result.failure.message).toMatch(/^nightly names more than 20 sessions: mmm1/);
  expect(result.ok ? null : result.failure.details.ids).toHaveLength(20);
});

test('what stands for anything in SQL stands for itself', () => {
  keep('aaa111', named('100%'));
  expect(
    ['%%%', '___', 'a%1', 'aaa___', '!!!', 'aaa!', "a'; drop table sessions; --", '100%'].map(found),
  ).toEqual([...Array(7).fill('not-found'), 'aaa111']);
});

test('@needs is the one that has needed you longest', () => {
  keep('aaa111', { commit: { attentionSince: 50 } });
  keep('bbb222', { commit: { attentionSince: 20 } });
  keep('ccc333');
  expect(found('@needs')).toBe('bbb222');
});

test('@needs is none that will need you later', () => {
  keep('aaa111', { commit: { attentionSince: NOW + 1 } });
  const later = found('@needs');
  keep('bbb222', { commit: { attentionSince: NOW } });
  expect([later, found('@needs')]).toEqual(['not-found', 'bbb222']);
});

test('@last is the newest, also of two of one moment', () => {
  keep('aaa111', { at: 5 });
  keep('bbb222', { at: 5 });
  keep('ccc333', { at: 4 });
  expect(found('@last')).toBe('bbb222');
});

test('what is put aside is not @last, and is found by its id, name and thread', () => {
  keep('aaa111', { at: 5 });
  keep('bbb222', { spec: { name: 'aside' }, at: 6, facts: [bound('t-aside'), ended(), ARCHIVED] });
  expect(['@last', 'bbb222', 'aside', 't-aside', 'bbb'].map(found)).toEqual([
    'aaa111',
    'bbb222',
    'bbb222',
    'bbb222',
    'bbb222',
  ]);
});

test('what was removed is found no more, also while its facts are being deleted', () => {
  keep('bbb222', {
    spec: { name: 'gone' },
    facts: [bound('t-gone'), requestOpened('r1'), ended()],
    commit: { attentionSince: 5 },
  });
  expect(removeSession(place.store, 'bbb222', { now: NOW, budgetMs: 0 })).toBe('removed');
  expect([
    place.store.factsBefore('bbb222', null, 1).length,
    ...['bbb222', 'gone', 't-gone', 'bbb', '@last', '@needs'].map(found),
    place.store.sessionOfRequest('r1'),
    place.store.isTaken('sessions', 'bbb222'),
  ]).toEqual([1, ...Array(6).fill('not-found'), null, true]);
});

describe('however many sessions there are, the way to one goes by an index', () => {
  /** How SQLite would run what is asked of it during a call. */
  function plansOf(call: () => void): string[] {
    const prepared = vi.spyOn(place.store.database, 'prepared');
    call();
    const statements = prepared.mock.calls.map(([sql]) => sql);
    prepared.mockRestore();
    return statements.flatMap((sql) =>
      place.store.database
        .prepared(`explain query plan ${sql}`)
        .all()
        .map(({ detail }) => String(detail)),
    );
  }
  const looksAtEach = (plan: string): boolean => plan.startsWith('SCAN') && !/ USING .*INDEX /.test(plan);

  test.each([
    ['a target', ['not-an-id']],
    ['@last', ['@last']],
    ['@needs', ['@needs']],
  ])('%s', (_, targets) => {
    const plans = plansOf(() => {
      for (const target of targets) findRequest(place.store, target, NOW);
    });
    expect(plans.length).toBeGreaterThan(1);
    expect(plans.filter(looksAtEach)).toEqual([]);
    expect(plans.filter((plan) => plan.includes('TEMP B-TREE'))).toEqual([]);
  });

  test.each(['open or unseen', 'all'] as const)('a list of what is %s', (which) => {
    const plans = plansOf(() => listSessions(place.store, { which, limit: 20, viewVersion: 1 }));
    expect(plans.length).toBeGreaterThan(1);
    expect(plans.filter(looksAtEach)).toEqual([]);
  });

  test('what is open, and what is asked of every daemon again and again', () => {
    const plans = plansOf(() => {
      const { store } = place;
      store.live();
      store.countOpen();
      store.orphanedLeases('d1');
      store.lease('aaa111', 'd1', NOW);
      store.receipt('c1');
      openSessionsOf(store, 'launch-1');
      expire(store, { ageMs: 1, maxBytes: 1, now: NOW, budgetMs: 60_000 });
    });
    const few = /^SCAN (outbox|servers|launches)\b/;
    expect(plans.length).toBeGreaterThan(10);
    expect(plans.filter((plan) => looksAtEach(plan) && !few.test(plan))).toEqual([]);
    // An index that only open sessions are in.
    expect(plans.filter((plan) => plan.startsWith('SCAN sessions'))).toEqual([
      'SCAN sessions USING INDEX sessions_due',
      'SCAN sessions USING INDEX sessions_open',
      'SCAN sessions USING COVERING INDEX sessions_open',
    ]);
  });

  test('facts', () => {
    keep('aaa111');
    const plans = plansOf(() => {
      place.store.factsAfter(0, 5, null);
      place.store.factsAfter(0, 5, 'aaa111');
      place.store.factsBefore('aaa111', null, 5);
      place.store.session('aaa111');
    });
    expect(plans.filter((plan) => plan.includes(' facts '))).toEqual([
      'SEARCH facts USING INTEGER PRIMARY KEY (rowid>?)',
      'SEARCH facts USING INDEX facts_session (session=? AND seq>?)',
      'SEARCH facts USING INDEX facts_session (session=? AND seq<?)',
      'SEARCH facts USING INDEX facts_session (session=? AND seq>?)',
    ]);
  });
});

describe('requests', () => {
  const request = (target: string): unknown => {
    const result = findRequest(place.store, target, NOW);
    return result.ok ? [result.id, result.session] : result.failure.code;
  };

  test('by their id, or by their session where it has just one that is open', () => {
    keep('aaa111', named('fix', [requestOpened('r_1')]));
    const two = keep('bbb222', { facts: [requestOpened('r_2'), requestOpened('r_3')] });
    keep('ccc333');
    const before = ['r_1', 'r_3', 'aaa111', 'fix', 'bbb222', 'ccc333', 'nothing'].map(request);
    two.commit([fact({ type: 'request-closed', requestId: 'r_3', how: 'elsewhere', why: null })]);
    expect([before, ['bbb222', 'r_3'].map(request)]).toEqual([
      [
        ['r_1', 'aaa111'],
        ['r_3', 'bbb222'],
        ['r_1', 'aaa111'],
        ['r_1', 'aaa111'],
        'ambiguous',
        'not-found',
        'not-found',
      ],
      [
        ['r_2', 'bbb222'],
        ['r_3', 'bbb222'],
      ],
    ]);
  });

  test('one is not open while its answer is on its way, and open again where that could not be delivered', () => {
    const kept = keep('aaa111', { facts: [requestOpened('r_1')] });
    kept.commit([answerCommitted('r_1')]);
    const onItsWay = request('aaa111');
    kept.commit([fact({ type: 'answer-undone', requestId: 'r_1', why: 'refused' })]);
    expect([onItsWay, request('aaa111')]).toEqual(['not-found', ['r_1', 'aaa111']]);
  });
});
