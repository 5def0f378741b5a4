import { expect, test } from 'vitest';
import { amount, type Line, quantile, ratioOf, single, verdictOf } from '../../../bench/statistics.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => count - n);

test('a quantile is the sample of its rank, whatever their order', () => {
  expect([0.01, 0.5, 0.9, 0.99, 1].map((q) => quantile(upTo(100), q))).toEqual([1, 50, 90, 99, 100]);
  expect([0.5, 0.9].map((q) => quantile([10, 2], q))).toEqual([2, 10]);
  expect([0.001, 1].map((q) => quantile([7], q))).toEqual([7, 7]);
});

test('no samples have no quantile, and no quantile is outside of its range', () => {
  expect(() => quantile([], 0.5)).toThrow('no samples');
  for (const q of [0, -1, 1.1, Number.NaN]) expect(() => quantile([1], q)).toThrow(RangeError);
});

/** A line whose baseline is 10 at the median, and `spread` times that at the 90th percentile. */
function line(value: number, goal: Line['goal'], spread = 1): Line {
  const baseline = [...Array<number>(8).fill(10), 10 * spread, 10 * spread];
  return {
    what: '',
    measured: single(value, 'ms'),
    baseline: { name: '', amount: amount(baseline, 'ms') },
    goal,
  };
}

test('the ratio is of the amounts, not of the samples', () => {
  expect(ratioOf(line(25, null, 9))).toBe(2.5);
});

test('a goal is met at the limit, of the ratio or of the amount, on any machine', () => {
  const met = [line(25, { of: 'ratio', most: 2.5 }, 9), line(25, { of: 'amount', most: 25 }, 9)];
  expect(met.map((each) => verdictOf(each, true))).toEqual(['met', 'met']);
  expect(verdictOf(line(25, null), false)).toBeNull();
});

test('a goal is missed on a quiet machine only', () => {
  const missed = line(26, { of: 'ratio', most: 2.5 });
  expect(verdictOf(missed, false)).toBe('missed');
  expect(verdictOf(missed, true)).toBe('noisy');
  expect(verdictOf(line(26, { of: 'amount', most: 25 }, 1.6), false)).toBe('noisy');
  expect(verdictOf(line(26, { of: 'amount', most: 25 }, 1.5), false)).toBe('missed');
});

test('noise is no excuse for memory', () => {
  const memory = { ...line(26, { of: 'amount', most: 25 }, 9), measured: single(26, 'MB') } as const;
  expect(verdictOf(memory, true)).toBe('missed');
});
