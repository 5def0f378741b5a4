import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fact } from '../../../src/core/session/fact.ts';
import { removeSession } from '../../../src/store/expire.ts';
import { keepRenewed, type ListQuery, listSessions, outdatedSessions } from '../../../src/store/list.ts';
import { SNAPSHOT_VERSION } from '../../../src/store/snapshots.ts';
import type { Commit } from '../../../src/store/store.ts';
import { ended, fact, Kept, note, StorePlace } from './fixture.ts';

let place: StorePlace;
beforeEach(() => {
  place = new StorePlace();
});
afterEach(() => {
  place.remove();
});

const view = (text: string, version = 1): Partial<Commit> => ({ view: { version, text } });

function keep(id: string, at: number, facts: Fact[] = [], given: Partial<Commit> = {}): Kept {
  const kept = new Kept(place.store, id, {}, at);
  kept.commit(facts, given);
  return kept;
}

function listed(query: Partial<ListQuery> = {}): unknown[] {
  return listSessions(place.store, { which: 'all', limit: 9, viewVersion: 1, ...query }).map(
    ({ id, view: kept }) => (kept === null ? id : [id, kept]),
  );
}

test('those that need attention come first, longest first; then the newest first', () => {
  keep('open1a', 1);
  keep('past1a', 2, [ended()], view('seen'));
  keep('needs1', 3, [note('x')], { attentionSince: 50 });
  keep('needs2', 4, [ended()], { attentionSince: 20, ...view('unseen') });
  keep('needs3', 6, [ended()], { attentionSince: 20, ...view('newer') });
  keep('open2a', 5);
  expect([listed(), listed({ which: 'open or unseen' }), listed({ limit: 4 }), listed({ limit: 2 })]).toEqual(
    [
      [['needs3', 'newer'], ['needs2', 'unseen'], 'needs1', 'open2a', ['past1a', 'seen'], 'open1a'],
      [['needs3', 'newer'], ['needs2', 'unseen'], 'needs1', 'open2a', 'open1a'],
      [['needs3', 'newer'], ['needs2', 'unseen'], 'needs1', 'open2a'],
      [
        ['needs3', 'newer'],
        ['needs2', 'unseen'],
      ],
    ],
  );
});

test('what is put aside is in the list of all only, what was removed in none', () => {
  keep('aside1', 1, [ended(), fact({ type: 'archived' })], view('aside'));
  keep('gone1a', 2, [ended()], { attentionSince: 5, ...view('gone') });
  removeSession(place.store, 'gone1a', { now: 1, budgetMs: 0 });
  expect([listed(), listed({ which: 'open or unseen' })]).toEqual([[['aside1', 'aside']], []]);
});

test('a kept view is of the newest commit, and of no open session', () => {
  const kept = keep('aaa111', 1, [ended()], view('first'));
  kept.commit([fact({ type: 'seen' })], view('second'));
  const past = listed();
  kept.commit([fact({ type: 'run-opened', n: 2, prompt: 'more', thread: null, why: 'asked for' })]);
  const open = listed();
  kept.commit([ended()], view('third'));
  expect([past, open, listed()]).toEqual([[['aaa111', 'second']], ['aaa111'], [['aaa111', 'third']]]);
});

test('what another version kept is not shown, and is made anew once', () => {
  const { store } = place;
  const kept = keep('aaa111', 1, [ended()], view('old', 1));
  keep('bbb222', 2, [ended()], view('new', 2));
  keep('open1a', 3);
  const before = [listed({ viewVersion: 2 }), outdatedSessions(store, 2)];
  const stored = store.session('aaa111');
  if (stored !== null) keepRenewed(store, stored, { version: 2, text: 'renewed' });
  expect([before, listed({ viewVersion: 2 }), outdatedSessions(store, 2)]).toEqual([
    [['open1a', ['bbb222', 'new'], 'aaa111'], ['aaa111']],
    ['open1a', ['bbb222', 'new'], ['aaa111', 'renewed']],
    [],
  ]);
  store.database.prepared('update snapshots set version = ?').run(SNAPSHOT_VERSION + 1);
  expect(outdatedSessions(store, 2)).toEqual(['bbb222', 'aaa111']);
  kept.commit([fact({ type: 'seen' })], view('newest', 2));
  // What was made of the session as it was before is no longer wanted.
  if (stored !== null) keepRenewed(store, stored, { version: 2, text: 'too late' });
  expect(listed({ viewVersion: 2 }).at(-1)).toEqual(['aaa111', 'newest']);
});
