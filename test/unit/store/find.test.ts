import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../../src/core/session/session.ts';
import { findRequest, findSession } from '../../../src/store/find.ts';
import { commitOf, ended, fact, requestOpened, StorePlace, sessionOf } from './fixture.ts';

const NOW = 1_000;
let place: StorePlace;
beforeEach(() => {
  place = new StorePlace();
});
afterEach(() => {
  place.remove();
});

function keep(session: Session, attentionSince: number | null = null): void {
  place.store.commit(commitOf(session, { attentionSince }));
}

const onThread = (session: Session, thread: string): Session => ({
  ...session,
  run: { ...session.run, thread },
});

/** The id that a target names, or why it names none. */
function found(target: string): string {
  const result = findSession(place.store, target, NOW);
  return result.ok ? result.id : result.failure.code;
}

test('each way to name a session', () => {
  keep(onThread(sessionOf('k7m2qd', { name: 'fix-auth' }, 1), '01a2-thread'));
  keep(sessionOf('k7m9zz', { name: 'other' }, 2));
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
  keep(onThread(sessionOf('aaa111'), 'thread-a'));
  keep(sessionOf('bbb222', { name: 'aaa111' }));
  keep(sessionOf('ccc333', { name: 'thread-a' }));
  keep(onThread(sessionOf('ddd444'), 'bbb'));
  expect(['aaa111', 'thread-a', 'bbb'].map(found)).toEqual(['aaa111', 'ccc333', 'ddd444']);
});

test('of several of one name the open one is meant; of several open ones, or ended ones, none', () => {
  keep(ended(sessionOf('aaa111', { name: 'twice' })));
  keep(ended(sessionOf('bbb222', { name: 'twice' })));
  const endedOnes = found('twice');
  keep(sessionOf('ccc333', { name: 'twice' }));
  const oneOpen = found('twice');
  keep(sessionOf('ddd444', { name: 'twice' }));
  expect([endedOnes, oneOpen, findSession(place.store, 'twice', NOW)]).toEqual([
    'ambiguous',
    'ccc333',
    {
      ok: false,
      failure: expect.objectContaining({ code: 'ambiguous', details: { ids: ['ccc333', 'ddd444'] } }),
    },
  ]);
});

test('what stands for anything in SQL stands for itself', () => {
  keep(sessionOf('aaa111', { name: '100%' }));
  expect(
    ['%%%', '___', 'a%1', 'aaa___', '!!!', 'aaa!', "a'; drop table sessions; --", '100%'].map(found),
  ).toEqual([...Array(7).fill('not-found'), 'aaa111']);
});

test('@needs is the one that has needed you longest', () => {
  keep(sessionOf('aaa111'), 50);
  keep(sessionOf('bbb222'), 20);
  keep(sessionOf('ccc333'));
  expect(found('@needs')).toBe('bbb222');
});

test('@needs is none that will need you later', () => {
  keep(sessionOf('aaa111'), NOW + 1);
  const later = found('@needs');
  keep(sessionOf('bbb222'), NOW);
  expect([later, found('@needs')]).toEqual(['not-found', 'bbb222']);
});

test('@last is the newest, also of two of one moment', () => {
  keep(sessionOf('aaa111', {}, 5));
  keep(sessionOf('bbb222', {}, 5));
  keep(sessionOf('ccc333', {}, 4));
  expect(found('@last')).toBe('bbb222');
});

describe('requests', () => {
  const request = (target: string): unknown => {
    const result = findRequest(place.store, target, NOW);
    return result.ok ? [result.id, result.session] : result.failure.code;
  };

  test('by their id, or by their session where it has just one that is open', () => {
    const { store } = place;
    store.commit(commitOf(sessionOf('aaa111', { name: 'fix' }), { facts: [requestOpened('r_1')] }));
    store.commit(commitOf(sessionOf('bbb222'), { facts: [requestOpened('r_2'), requestOpened('r_3')] }));
    store.commit(commitOf(sessionOf('ccc333')));
    const before = ['r_1', 'r_3', 'aaa111', 'fix', 'bbb222', 'ccc333', 'nothing'].map(request);
    store.commit(
      commitOf(sessionOf('bbb222'), {
        facts: [fact({ type: 'request-closed', requestId: 'r_3', how: 'elsewhere', why: null })],
      }),
    );
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
    const { store } = place;
    const session = sessionOf('aaa111');
    store.commit(commitOf(session, { facts: [requestOpened('r_1')] }));
    store.commit(
      commitOf(session, {
        facts: [
          fact({
            type: 'answer-committed',
            requestId: 'r_1',
            answer: { type: 'choice', id: 'accept', message: null },
            by: 'me',
            why: 'Yes',
            intervention: 'approve',
          }),
        ],
      }),
    );
    const onItsWay = request('aaa111');
    store.commit(
      commitOf(session, { facts: [fact({ type: 'answer-undone', requestId: 'r_1', why: 'refused' })] }),
    );
    expect([onItsWay, request('aaa111')]).toEqual(['not-found', ['r_1', 'aaa111']]);
  });
});
