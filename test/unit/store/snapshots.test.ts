import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/policy/decide.ts';
import { replay } from '../../../src/core/policy/fold.ts';
import type { Decision } from '../../../src/core/policy/input.ts';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import type { Fact } from '../../../src/core/session/fact.ts';
import { keepLaunch } from '../../../src/store/launches.ts';
import { LEAST_SLACK } from '../../../src/store/snapshots.ts';
import { Store } from '../../../src/store/store.ts';
import { life } from '../core/arbitraries.ts';
import { SPEC } from '../core/fixture.ts';
import { World } from '../core/world.ts';
import { ended, fact, Kept, note, StorePlace } from './fixture.ts';

let place: StorePlace;
beforeEach(() => {
  place = new StorePlace();
});
afterEach(() => {
  place.remove();
});

/** Number of the last fact that the snapshot of a session knows; 0 where there is no snapshot. */
const snapshotSeq = (store: Store, id: string): number =>
  store.database.number('select seq from snapshots where session = ?', id);

function item(id: string, text = 'said '.repeat(40)): Fact {
  return fact({ type: 'item', turn: 'u1', item: { kind: 'message', id, text } });
}

describe('in every life', () => {
  /** A crash: the file as it is, and of the journal what had reached the disk. Then the next daemon opens it. */
  function imageOf(file: string, folder: string, kept: number): Store {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const image = join(folder, 'state.db');
    copyFileSync(file, image);
    const journal = `${file}-wal`;
    if (existsSync(journal)) {
      const written = readFileSync(journal);
      writeFileSync(`${image}-wal`, written.subarray(0, Math.floor(written.length * kept)));
    }
    return Store.open(image);
  }

  const crash = fc.record({
    /** Of the journal, what is on disk: after a killed process all of it. */
    kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  });
  /** What happens beside a commit: most often nothing; the slack says how soon a snapshot is due. */
  const beside = fc.record({
    slack: fc.constantFrom(-1, 50, 400, null),
    crash: fc.option(crash, { freq: 6 }),
    reopens: fc.boolean(),
  });

  function committed(
    store: Store,
    { session, facts, actions, wakeAt }: Decision,
    slack: number | null,
  ): void {
    if (session === null) throw new Error('there is no session');
    keepLaunch(store, session.spec.identity, {});
    store.commit({
      session,
      policy: DEFAULT_POLICY,
      facts,
      // What comes back is not followed here.
      actions: actions.map((action) => ({ ...action, key: `${action.key} ${store.lastSeq()}` })),
      wakeAt,
      now: 1,
      cause: null,
      attentionSince: null,
      view: null,
      slack,
      returned: null,
      receipt: null,
    });
  }

  test('what is loaded after a crash at any point is what all facts that are there make', () => {
    fc.assert(
      fc.property(life, fc.infiniteStream(beside), (happenings, stream) => {
        const decisions: Decision[] = [];
        const world = new World(
          (...given) => {
            const decision = decide(...given);
            decisions.push(decision);
            return decision;
          },
          DEFAULT_POLICY,
          [],
        );
        for (const happening of happenings) world.happen(happening);
        place.remove();
        place = new StorePlace();
        const folder = join(place.folder, 'crashed');
        for (const decision of decisions) {
          const { slack, crash: crashed, reopens } = stream.next().value;
          committed(place.store, decision, slack);
          if (crashed !== null) {
            const after = imageOf(place.file, folder, crashed.kept);
            const loaded = after.session(SPEC.id);
            const facts = [...after.factsOf(SPEC.id)];
            expect(loaded?.session ?? null).toEqual(replay(facts));
            expect(loaded?.seq ?? null).toBe(facts.at(-1)?.seq ?? null);
            after.close();
          }
          if (reopens && crashed !== null) place.reopen();
        }
        expect(place.reopen().session(SPEC.id)?.session).toEqual(world.session);
        expect([...place.store.factsOf(SPEC.id)].map(({ body }) => body)).toEqual(
          world.facts.map(({ body }) => JSON.parse(JSON.stringify(body))),
        );
      }),
      { numRuns: 25 },
    );
    // Each crash opens a file and brings it to the disk; the disk of a busy machine takes its time.
  }, 120_000);
});

test('a snapshot of another version is not looked at, and is written over when it is next due', () => {
  const kept = new Kept(place.store, 'k7m2qd');
  for (let n = 0; n < 400; n += 1) kept.commit([item(`i${n}`)]);
  expect(snapshotSeq(place.store, 'k7m2qd')).toBeGreaterThan(0);
  const statement = `update snapshots set version = version + 1, seq = 7, session_json = '{"other":true}'`;
  place.store.database.prepared(statement).run();
  const loaded = place.reopen().session('k7m2qd');
  expect(loaded).toMatchObject({ session: kept.session, seq: 401 });
  expect(loaded?.slack).toBeLessThan(0);
  const next = { ...kept.next([note('more')]), slack: loaded?.slack ?? null };
  place.store.commit(next);
  expect(snapshotSeq(place.store, 'k7m2qd')).toBe(402);
  expect(place.reopen().session('k7m2qd')).toMatchObject({ session: next.session, seq: 402 });
});

test('the end of a run is kept as a snapshot; what comes after it is replayed', () => {
  const kept = new Kept(place.store, 'k7m2qd');
  kept.commit([item('i1')]);
  const before = snapshotSeq(place.store, 'k7m2qd');
  kept.commit([ended()]);
  kept.commit([fact({ type: 'seen' })]);
  expect([before, snapshotSeq(place.store, 'k7m2qd'), place.reopen().session('k7m2qd')?.session]).toEqual([
    0,
    3,
    kept.session,
  ]);
});

test('a snapshot can be asked for', () => {
  const kept = new Kept(place.store, 'k7m2qd');
  kept.commit([item('i1'), item('i2')]);
  const stored = place.store.session('k7m2qd');
  if (stored !== null) place.store.keepSnapshot(stored);
  expect([snapshotSeq(place.store, 'k7m2qd'), place.reopen().session('k7m2qd')]).toMatchObject([
    3,
    { session: kept.session, seq: 3, slack: LEAST_SLACK },
  ]);
});

test('a long snapshot may lie behind as far as it is long', () => {
  const kept = new Kept(place.store, 'k7m2qd');
  for (let part = 0; part < 20; part += 1) {
    kept.commit(Array.from({ length: 500 }, (_, n) => item(`item number ${part}.${n}`, 'x')));
  }
  kept.commit([ended()]);
  const length = place.store.database.number('select length(session_json) from snapshots');
  expect(length).toBeGreaterThan(2 * LEAST_SLACK);
  const more = note('x'.repeat(length - 100));
  kept.commit([more]);
  expect([kept.slack, snapshotSeq(place.store, 'k7m2qd')]).toEqual([
    length - JSON.stringify(more.body).length,
    10_002,
  ]);
  expect(place.store.session('k7m2qd')?.slack).toBe(kept.slack);
  kept.commit([note('y'.repeat(200))]);
  expect(snapshotSeq(place.store, 'k7m2qd')).toBe(10_004);
});

test('what is written for an item does not grow with the session', () => {
  const { store, file } = place;
  store.database.prepared('pragma wal_autocheckpoint = 0').get();
  const kept = new Kept(store, 'k7m2qd');
  const written: number[] = [];
  let snapshots = 0;
  for (let part = 0; part < 10; part += 1) {
    const before = statSync(`${file}-wal`).size;
    for (let n = 0; n < 400; n += 1) {
      const known = snapshotSeq(store, 'k7m2qd');
      kept.commit([item(`i${part}.${n}`), note('x')]);
      if (snapshotSeq(store, 'k7m2qd') !== known) snapshots += 1;
      expect(kept.slack).toBeGreaterThanOrEqual(0);
    }
    written.push(statSync(`${file}-wal`).size - before);
  }
  // 4,000 commits: a snapshot at each of them would write ten times as much at the end as at the beginning.
  expect(Math.max(...written.slice(5))).toBeLessThan(1.5 * Math.max(...written.slice(0, 5)));
  expect(snapshots).toBeGreaterThan(3);
  expect(snapshots).toBeLessThan(40);
});
