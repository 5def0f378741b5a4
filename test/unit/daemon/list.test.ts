import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CoxError } from '../../../src/core/errors.ts';
import type { EvidenceBody } from '../../../src/core/evidence/evidence.ts';
import type { WorkResult } from '../../../src/core/session/fact.ts';
import { listText } from '../../../src/daemon/api/list.ts';
import { Loop, type Reactors } from '../../../src/daemon/loop.ts';
import { type SessionView, sessionView } from '../../../src/protocol/view.ts';
import { viewSchemas } from '../../../src/protocol/views-schema.ts';
import { message, SPEC, THREAD_OPENED } from '../core/fixture.ts';
import { StorePlace } from '../store/fixture.ts';

let place: StorePlace;
let loop: Loop;
let now: number;
beforeEach(() => {
  place = new StorePlace();
  now = 1_000;
  loop = daemon();
});
afterEach(() => {
  loop.stop();
  place.remove();
});

/** Never comes back. */
const pending = (): Promise<WorkResult> => new Promise(() => undefined);
const REACTORS: Reactors = {
  'open-thread': ({ spec }) =>
    spec.name === 'fails'
      ? Promise.resolve({ type: 'given-up', why: 'no such model', reason: 'config' })
      : pending(),
  'start-turn': pending,
  steer: pending,
  answer: pending,
  look: pending,
  'end-work': pending,
  snapshot: pending,
  measure: pending,
};

function daemon(): Loop {
  const one = new Loop({
    store: place.store,
    owner: `daemon-${now}`,
    now: () => now,
    log: pino({ level: 'silent' }),
  });
  one.connect(REACTORS);
  return one;
}

/** Kills the daemon without a word and starts another one. */
function restart(): void {
  loop.stop = () => undefined;
  place.reopen();
  now += 1_000;
  loop = daemon();
}

function create(id: string, name: string): void {
  now += 1;
  loop.create({ ...SPEC, id, name }, 'do it', { rules: [] }, null);
}

/** Waits until the newest run of a session has ended. */
async function failed(id: string): Promise<void> {
  await vi.waitFor(() => expect(loop.session(id)?.session.run.end?.type).toBe('failed'));
}

async function list(all = true, limit?: string): Promise<SessionView[]> {
  const ports = { store: place.store, loop, now: () => now };
  return (JSON.parse(await listText(ports, { all, limit })) as { items: SessionView[] }).items;
}

const ids = (views: readonly SessionView[]): string[] => views.map(({ id }) => id);
const shown = (id: string): SessionView | null => {
  const session = loop.session(id)?.session;
  return session === undefined ? null : sessionView(session, now);
};

describe('a list', () => {
  test('shows each session as it is, whether its view was kept or is made, and after a crash', async () => {
    create('past1a', 'fails');
    create('past2a', 'fails');
    await failed('past1a');
    await failed('past2a');
    loop.submit('past1a', { type: 'command', command: { type: 'seen' } });
    create('open1a', 'goes on');
    for (const again of [false, true]) {
      if (again) restart();
      now += 5_000;
      const items = await list();
      expect(viewSchemas['session-list'].parse({ schemaVersion: 1, items })).toEqual({
        schemaVersion: 1,
        items: ['past2a', 'open1a', 'past1a'].map(shown),
      });
      expect([ids(await list(false)), ids(await list(true, '2'))]).toEqual([
        ['past2a', 'open1a'],
        ['past2a', 'open1a'],
      ]);
    }
  });

  test('loads no session that has ended', async () => {
    create('past1a', 'fails');
    await failed('past1a');
    create('open1a', 'goes on');
    const loaded = vi.spyOn(place.store, 'session');
    await list();
    expect(loaded.mock.calls).toEqual([]);
  });

  test('makes anew what another version kept, and keeps it', async () => {
    create('past1a', 'fails');
    await failed('past1a');
    place.store.database.prepared(`update sessions set view_version = 0, view_json = '{"old":1}'`).run();
    const loaded = vi.spyOn(place.store, 'session');
    const first = await list();
    const second = await list();
    const loads = loaded.mock.calls.length;
    expect([first, second, loads]).toEqual([[shown('past1a')], first, 1]);
  });

  test.each(['0', '-1', '10001', '1.5', 'many', ''])('of %j sessions is refused', async (limit) => {
    const error = await list(true, limit).catch((caught: unknown) => caught);
    expect(error instanceof CoxError ? error.failure.code : error).toBe('usage');
  });
});

describe('removal', () => {
  test('of what has ended', async () => {
    create('past1a', 'fails');
    await failed('past1a');
    await vi.waitFor(() => {
      loop.submit('past1a', { type: 'outcome', key: 'snapshot', result: { type: 'done' } });
      loop.remove('past1a');
    });
    expect([await list(), loop.session('past1a')]).toEqual([[], null]);
  });

  test('of what is at work is refused', () => {
    create('open1a', 'goes on');
    const code = (() => {
      try {
        loop.remove('open1a');
        return 'removed';
      } catch (error) {
        return error instanceof CoxError ? error.failure.code : error;
      }
    })();
    expect([code, loop.session('open1a')?.session.spec.id]).toEqual(['conflict', 'open1a']);
  });
});

test('a session at work is kept as a snapshot now and then, however small its steps are', () => {
  create('open1a', 'goes on');
  const say = (body: EvidenceBody): void => loop.say('open1a', { source: 'app-server', at: now, body });
  say(THREAD_OPENED);
  const seqs = new Set<number>();
  for (let n = 0; n < 150; n += 1) {
    say(message(`i${n}`, 'said '.repeat(200)));
    seqs.add(place.store.database.number('select seq from snapshots'));
  }
  expect(seqs.size).toBe(3);
  const before = loop.session('open1a');
  restart();
  expect(loop.session('open1a')).toEqual(before);
});

test('a daemon that stops leaves nothing to replay', () => {
  create('open1a', 'goes on');
  const seq = (): number => place.store.database.number('select seq from snapshots');
  const before = seq();
  loop.stop();
  expect([before, seq()]).toEqual([0, place.store.lastSeq()]);
});
