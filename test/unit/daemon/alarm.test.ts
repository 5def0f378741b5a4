import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Alarm } from '../../../src/daemon/alarm.ts';

const START = 1_000_000;
/** More than a timer of Node can hold. */
const LONG_MS = 2 ** 31 + 5_000;

let rung: string[];
let alarm: Alarm;
/** What a ring does besides being noted. */
let onRing: (key: string) => void;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  rung = [];
  onRing = () => {};
  alarm = new Alarm(Date.now, (key) => {
    rung.push(`${key} ${Date.now() - START}`);
    onRing(key);
  });
});
afterEach(() => {
  alarm.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (ms: number): string[] => {
  vi.advanceTimersByTime(ms);
  return rung;
};

test('each key rings once, at its time, with one timer for all', () => {
  alarm.set('late', START + 300);
  alarm.set('early', START + 100);
  alarm.set('middle', START + 200);
  const timers = [vi.getTimerCount()];
  pass(150);
  timers.push(vi.getTimerCount());
  expect([timers, pass(10_000), vi.getTimerCount()]).toEqual([
    [1, 1],
    ['early 100', 'middle 200', 'late 300'],
    0,
  ]);
});

test('keys of one moment all ring', () => {
  for (const key of ['a', 'b', 'c']) alarm.set(key, START + 100);
  expect(pass(100)).toEqual(['a 100', 'b 100', 'c 100']);
});

test('a time that has passed rings soon, never at once', () => {
  alarm.set('a', START - 5_000);
  const atOnce = [...rung];
  expect([atOnce, pass(1)]).toEqual([[], [expect.stringMatching(/^a [01]$/)]]);
});

describe('a key that is set again', () => {
  test.each<[string, number | null, string[]]>([
    ['for earlier', 50, ['other 30', 'a 50']],
    ['for later', 500, ['other 30', 'a 500']],
    ['for never', null, ['other 30']],
  ])('%s', (_, at, rings) => {
    alarm.set('a', START + 100);
    alarm.set('other', START + 30);
    alarm.set('a', at === null ? null : START + at);
    expect([pass(10_000), vi.getTimerCount()]).toEqual([rings, 0]);
  });

  test('the only one, for later', () => {
    alarm.set('a', START + 100);
    alarm.set('a', START + 5_000);
    expect([[...pass(4_999)], pass(1)]).toEqual([[], ['a 5000']]);
  });
});

test('a key that was never set is taken away in peace', () => {
  alarm.set('a', null);
  expect([pass(10_000), vi.getTimerCount()]).toEqual([[], 0]);
});

describe('a time that no timer can hold', () => {
  test('is waited for in pieces, and rings once', () => {
    const timeout = vi.spyOn(globalThis, 'setTimeout');
    alarm.set('far', START + 2 * LONG_MS);
    expect([[...pass(2 * LONG_MS - 1)], pass(1), vi.getTimerCount()]).toEqual([
      [],
      [`far ${2 * LONG_MS}`],
      0,
    ]);
    const delays = timeout.mock.calls.map(([, delay]) => delay ?? 0);
    expect([delays.length < 10, delays.every((delay) => delay < 2 ** 31)]).toEqual([true, true]);
  });

  test('does not hide an earlier one that comes after it', () => {
    alarm.set('far', START + LONG_MS);
    pass(1_000);
    alarm.set('near', START + 2_000);
    expect(pass(LONG_MS)).toEqual(['near 2000', `far ${LONG_MS}`]);
  });
});

test('a clock that goes back makes it wait, one that leaps ahead rings all that is due', () => {
  alarm.set('a', START + 100);
  alarm.set('b', START + 60_000);
  vi.setSystemTime(START - 1_000);
  pass(100);
  const early = [...rung];
  vi.setSystemTime(START + 90_000);
  expect([early, pass(1_100).map((ring) => ring.split(' ')[0])]).toEqual([[], ['a', 'b']]);
});

describe('a ring that sets', () => {
  test('its own key again', () => {
    onRing = (key) => alarm.set(key, Date.now() + 100);
    alarm.set('a', START + 100);
    expect([pass(350), vi.getTimerCount()]).toEqual([['a 100', 'a 200', 'a 300'], 1]);
  });

  test('its own key to a time that has passed: no other key starves, and no ring is inside another', () => {
    let depth = 0;
    onRing = (key) => {
      depth += 1;
      expect(depth).toBe(1);
      if (key === 'busy' && rung.length < 50) alarm.set('busy', START);
      depth -= 1;
    };
    alarm.set('busy', START + 10);
    alarm.set('quiet', START + 10);
    pass(100);
    expect(rung.slice(0, 2)).toEqual(['busy 10', 'quiet 10']);
  });

  test('another key, earlier than all others', () => {
    onRing = (key) => {
      if (key === 'a') alarm.set('b', START + 150);
    };
    alarm.set('a', START + 100);
    alarm.set('c', START + 1_000);
    expect(pass(2_000)).toEqual(['a 100', 'b 150', 'c 1000']);
  });

  test.each<[string, number | null, string[]]>([
    ['later', 500, ['a 100', 'b 500']],
    ['to never', null, ['a 100']],
  ])('another key that is due as well, %s', (_, at, rings) => {
    onRing = (key) => {
      if (key === 'a') alarm.set('b', at === null ? null : START + at);
    };
    alarm.set('a', START + 100);
    alarm.set('b', START + 100);
    expect([pass(10_000), vi.getTimerCount()]).toEqual([rings, 0]);
  });
});

describe('stopped', () => {
  test('it rings no more and holds no timer', () => {
    alarm.set('a', START + 100);
    alarm.stop();
    expect([vi.getTimerCount(), pass(10_000)]).toEqual([0, []]);
  });

  test('not even for what is due at that moment', () => {
    onRing = () => alarm.stop();
    alarm.set('a', START + 100);
    alarm.set('b', START + 100);
    expect([pass(10_000), vi.getTimerCount()]).toEqual([['a 100'], 0]);
  });

  test.each([50, 200])('what is set later (for %i ms) holds no timer', (at) => {
    alarm.set('a', START + 100);
    alarm.stop();
    alarm.set('b', START + at);
    expect([vi.getTimerCount(), pass(10_000)]).toEqual([0, []]);
  });
});
