import { expect, test } from 'vitest';
import { amount, type Line, single } from '../../../bench/statistics.ts';
import { table } from '../../../bench/table.ts';

const starts = [70, 70, 70, 70, 70, 70, 70, 70, 71, 99.96];
const nothing = { name: 'nothing', amount: single(30, 'ms') };

test('each line has its amount, its baseline, their ratio and what became of its goal', () => {
  const lines: Line[] = [
    {
      what: 'a start',
      measured: amount(starts, 'ms'),
      baseline: nothing,
      goal: { of: 'ratio', most: 2.5 },
    },
    {
      what: 'its slowest',
      measured: amount(starts, 'ms', 0.99),
      baseline: nothing,
      goal: { of: 'amount', most: 90 },
    },
    {
      what: 'its memory',
      measured: single(1234.5, 'MB'),
      baseline: { name: 'others', amount: single(0.04567, 'MB') },
      goal: null,
    },
  ];
  expect(table(lines, false).split('\n')).toEqual([
    '| what        | measured       | baseline of the same run | ratio  | goal    |        |',
    '| ----------- | -------------- | ------------------------ | ------ | ------- | ------ |',
    '| a start     | 70 ms (p90 71) | nothing: 30 ms           | 2.33×  | ≤ 2.5×  | met    |',
    '| its slowest | 100 ms         | nothing: 30 ms           | 3.33×  | ≤ 90 ms | missed |',
    '| its memory  | 1235 MB        | others: 0.0457 MB        | 27031× |         |        |',
  ]);
});

test('a busy machine misses no goal', () => {
  const late: Line = {
    what: 'a start',
    measured: single(90, 'ms'),
    baseline: nothing,
    goal: { of: 'ratio', most: 2.5 },
  };
  expect(table([late], true)).toContain('| 3×    | ≤ 2.5× | noisy |');
});
