import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replay } from '../../src/core/policy/fold.ts';
import { hasEnded, openRequests } from '../../src/core/session/session.ts';
import { listText } from '../../src/daemon/api/list.ts';
import { keptView, VIEW_VERSION } from '../../src/daemon/kept-view.ts';
import { Loop, type Reactors } from '../../src/daemon/loop.ts';
import { type SessionList, sessionView } from '../../src/protocol/view.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { findSession } from '../../src/store/find.ts';
import { SNAPSHOT_VERSION } from '../../src/store/snapshots.ts';
import { Store } from '../../src/store/store.ts';

/** What scripts/freeze-state.ts leaves, by name, and where each stands. */
const PHASES = {
  done: 'done',
  failed: 'failed',
  stopped: 'stopped',
  answered: 'done',
  ruled: 'done',
  working: 'working',
  waiting: 'waiting',
};
const OPEN = ['waiting', 'working'];
/** What a version from the second schema on leaves besides. */
const PHASES_SINCE_2 = { again: 'done', aside: 'done' };

const FROZEN = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.sqlite'))
  .toSorted();

describe.each(FROZEN)('a database as it was left by %s', (name) => {
  const phases = name < '0002' ? PHASES : { ...PHASES, ...PHASES_SINCE_2 };
  let folder: string;
  let store: Store;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cox-frozen-'));
    copyFileSync(join(import.meta.dirname, name), join(folder, name));
    store = Store.open(join(folder, name));
  });
  afterAll(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });

  const NOW = Date.parse('2027-01-01');
  const id = (target: string): string => {
    const found = findSession(store, target, NOW);
    return found.ok ? found.id : found.failure.message;
  };
  const loaded = (target: string) => {
    const stored = store.session(id(target));
    if (stored === null) throw new Error(`${target} is not there`);
    return stored;
  };

  test.each(Object.entries(phases))('%s is what its facts make, and can be shown', (target, phase) => {
    const { session, seq } = loaded(target);
    const facts = [...store.factsOf(id(target))];
    expect([session, seq]).toEqual([replay(facts), facts.at(-1)?.seq]);
    expect([session.status.phase, hasEnded(session)]).toEqual([phase, !OPEN.includes(target)]);
    expect(viewSchemas.session.safeParse(sessionView(session, NOW)).error).toBeUndefined();
  });

  test('a daemon goes on where it was cut off', async () => {
    const asked: string[] = [];
    const note = (session: { spec: { name: string | null } }, { type }: { type: string }) => {
      asked.push(`${session.spec.name} ${type}`);
      return new Promise<never>(() => undefined);
    };
    const reactors: Reactors = {
      'open-thread': note,
      'start-turn': note,
      steer: note,
      answer: note,
      look: note,
      'end-work': note,
      snapshot: note,
      measure: note,
    };
    const log = pino({ level: 'silent' });
    const loop = new Loop({ store, owner: 'the next daemon', now: () => NOW, log });
    loop.connect(reactors);
    loop.resume();
    expect(asked.toSorted()).toEqual(['waiting look', 'working look']);

    const text = await listText({ store, loop, now: () => NOW }, { all: true, limit: undefined });
    const { items } = viewSchemas['session-list'].parse(JSON.parse(text)) as SessionList;
    expect(Object.fromEntries(items.map((view) => [view.name, view.phase]))).toMatchObject({
      ...phases,
      // Unheard of for a long time, until the look comes back.
      working: expect.any(String),
    });
    expect(items.map(({ id: one }) => loop.session(one)?.session)).toEqual(
      items.map(({ id: one }) => replay([...store.factsOf(one)])),
    );

    const [request] = openRequests(loaded('waiting').session);
    const answer = { type: 'choice', id: 'decline', message: null } as const;
    const command = { type: 'answer', requestId: request?.id ?? '', answer, by: 'user' } as const;
    expect(loop.submit(id('waiting'), { type: 'command', command })).toEqual({ ok: true });
    expect(loop.session(id('waiting'))?.session.requests[0]?.state.type).toBe('answering');
    loop.stop();
  });
});

/**
 * Snapshots and views that are kept under the version of today were made by the code of then. Where the code of
 * today makes others, they would be taken for what they are not.
 */
describe('what is kept ready-made is what the code of today would make', () => {
  const kept = FROZEN.flatMap((name) => {
    const database = new DatabaseSync(join(import.meta.dirname, name), { readOnly: true });
    const columns = database.prepare(`select name from pragma_table_info('sessions')`).all();
    const rows = columns.some((column) => column.name === 'view_json')
      ? database
          .prepare(
            `select id, snapshots.seq as seq, version, session_json, view_version, view_json
             from sessions left join snapshots on session = id`,
          )
          .all()
      : [];
    const facts = (session: string, seq: number) =>
      database
        .prepare('select at, source, body_json from facts where session = ? and seq <= ? order by seq')
        .all(session, seq)
        .map((row) => ({
          at: Number(row.at),
          source: String(row.source) as 'user',
          body: JSON.parse(String(row.body_json)),
        }));
    const read = rows.map((row) => ({
      name: `${name} ${row.id}`,
      snapshot: row.version === SNAPSHOT_VERSION ? JSON.parse(String(row.session_json)) : null,
      ofSnapshot: replay(facts(String(row.id), Number(row.seq ?? 0))),
      view: row.view_version === VIEW_VERSION ? JSON.parse(String(row.view_json)) : null,
      whole: replay(facts(String(row.id), Number.MAX_SAFE_INTEGER)),
    }));
    database.close();
    return read;
  });

  test('snapshots; else raise SNAPSHOT_VERSION and freeze a state anew', () => {
    const snapshots = kept.filter(({ snapshot }) => snapshot !== null);
    expect(snapshots.map(({ snapshot }) => snapshot)).toEqual(
      snapshots.map(({ ofSnapshot }) => JSON.parse(JSON.stringify(ofSnapshot))),
    );
    expect(snapshots.length, 'node scripts/freeze-state.ts').toBeGreaterThan(0);
  });

  test('views; else raise VIEW_VERSION and freeze a state anew', () => {
    const views = kept.filter(({ view }) => view !== null);
    expect(views.map(({ view }) => view)).toEqual(
      views.map(({ whole }) => (whole === null ? null : JSON.parse(keptView(whole, 0).text))),
    );
    expect(views.length, 'node scripts/freeze-state.ts').toBeGreaterThan(0);
  });
});
