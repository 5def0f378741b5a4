import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replay } from '../../../src/core/policy/fold.ts';
import { needs } from '../../../src/core/policy/needs.ts';
import { VIEW_VERSION } from '../../../src/daemon/kept-view.ts';
import { sessionView } from '../../../src/protocol/view.ts';
import { viewSchemas } from '../../../src/protocol/views-schema.ts';
import { listSessions, outdatedSessions } from '../../../src/store/list.ts';
import { Store } from '../../../src/store/store.ts';
import { idOf, seedPast } from '../../state/seed.ts';

const PAST = { sessions: 40, facts: 6_000, seed: 3, until: Date.parse('2026-01-01') };
let folder: string;
let store: Store;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cox-seed-'));
  seedPast(join(folder, 'one.sqlite'), PAST);
  store = Store.open(join(folder, 'one.sqlite'));
});
afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test('a seeded past has what was asked for, and is as a daemon would have left it', () => {
  const listed = listSessions(store, { which: 'all', limit: 99, viewVersion: VIEW_VERSION });
  expect([listed.length, store.lastSeq(), store.live(), outdatedSessions(store, VIEW_VERSION)]).toEqual([
    40,
    6_000,
    [],
    [],
  ]);
  for (const { id, view } of listed) {
    const session = store.session(id)?.session ?? null;
    expect(session).toEqual(replay([...store.factsOf(id)]));
    // Nothing is left to be done for it: who looks at it sets nothing in motion.
    expect(session === null ? null : needs(session, Date.now())).toEqual([]);
    const shown = viewSchemas.session.parse(JSON.parse(view ?? ''));
    if (session !== null) expect(shown).toEqual(sessionView(session, Date.now()));
  }
});

test('the same seed gives the same past, another one another', () => {
  const facts = (seed: number): string => {
    const file = join(folder, `seed-${seed}.sqlite`);
    seedPast(file, { ...PAST, seed });
    const other = Store.open(file);
    const text = JSON.stringify([...other.factsOf(idOf(0))]);
    other.close();
    return text;
  };
  const same = JSON.stringify([...store.factsOf(idOf(0))]);
  expect([facts(3) === same, facts(4) === same]).toEqual([true, false]);
});

test('a past with fewer facts than its sessions need is refused', () => {
  const file = join(folder, 'few.sqlite');
  expect(() => seedPast(file, { sessions: 10, facts: 100, seed: 1 })).toThrow('at least 300');
});
