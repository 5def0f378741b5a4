import { expect, test } from 'vitest';
import { sleeps } from '../../../scripts/checks/sleeps.ts';
import { violations } from './violations.ts';

const of = (text: string) => violations(sleeps, { 'test/unit/a.test.ts': text });

test.each([
  'await new Promise((resolve) => setTimeout(resolve, 10));',
  'await new Promise((done) => { setTimeout(() => done(1), 10); });',
  'await new Promise(function (ok) { globalThis.setTimeout(ok, 10); });',
  `import { setTimeout as wait } from 'node:timers/promises';`,
  `const timers = await import('timers/promises');`,
  'await sleep(10);',
  'await delay(10);',
  'Atomics.wait(cells, 0, 0, 10);',
])('%s is a sleep', (text) => {
  expect(of(text)).toHaveLength(1);
});

test.each([
  'await new Promise((resolve, reject) => { setTimeout(() => reject(new Error()), 10); on(resolve); });',
  'const timer = setTimeout(() => controller.abort(), 10);',
  `start('sleep', ['60']); const note = 'sleep(10)'; // sleep(10)`,
  'await vi.waitFor(() => expect(x).toBe(1));',
  'const clock = { sleep() {} }; clock.sleep();',
])('%s is none', (text) => {
  expect(of(text)).toEqual([]);
});

test('fixture programs and the product are free', () => {
  const text = 'sleep(10);';
  expect(violations(sleeps, { 'test/fixtures/processes/a.mjs': text, 'src/machine/a.ts': text })).toEqual([]);
});
