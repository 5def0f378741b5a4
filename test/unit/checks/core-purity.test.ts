import { expect, test } from 'vitest';
import { corePurity } from '../../../scripts/checks/core-purity.ts';
import { violations } from './violations.ts';

const of = (text: string) => violations(corePurity, { 'src/core/a.ts': text });

test.each([
  ['const now = Date.now();', 'Date'],
  ['export type When = Date;', 'Date'],
  ['const { random } = Math;', 'Math'],
  ['const id = Math.random();', 'Math'],
  [`const id = Math['random']();`, 'Math'],
  ['const t = performance.now();', 'performance'],
  ['const id = crypto.randomUUID();', 'crypto'],
  ['globalThis.x = 1;', 'globalThis'],
  [`const text = \`\${new Intl.NumberFormat().format(1)}\`;`, 'Intl'],
  ['setTimeout(() => {}, 1);', 'setTimeout'],
  ['setInterval(() => {}, 1);', 'setInterval'],
  ['setImmediate(() => {});', 'setImmediate'],
  ['queueMicrotask(() => {});', 'queueMicrotask'],
  ['const x = process.env.X;', 'process'],
  ['type Env = typeof process;', 'process'],
  ['let bytes: Buffer;', 'Buffer'],
  ['console.log(1);', 'console'],
  [`fetch('x');`, 'fetch'],
  ['const w = window.name;', 'window'],
  ['document.title;', 'document'],
  ['const me = { navigator };', 'navigator'],
  [`const a = require('./a.ts');`, 'require'],
  [`import('./a.ts');`, 'import()'],
  [`import fs from 'node:fs';`, 'node:fs'],
  [`export * from 'node:fs';`, 'node:fs'],
  ['function own(Date: number) { return Date; }', 'Date'],
])('%s', (text, name) => {
  expect(of(`\n${text}`)[0]).toBe(`src/core/a.ts:2 ${name} in core`);
});

test.each([
  '// Date.now(), process, console.log',
  '/** See Date and Math.random(). */ export const a = 1;',
  `const text = 'Date.now() process.exit()';`,
  `const text = \`console.log(\${1})\`;`,
  'const startDate = 1; const updateDates = startDate; const processed = 1;',
  'const x = run.process.console; const y = run?.fetch;',
  'const run = { process: 1, fetch: 2, Date: 3, console() {} };',
  'interface Run { process: number; Date: number; fetch(): void }',
  'const a = Math.floor(1.5) + Math.max(1, 2);',
  'function within(window: number) { return window + 1; }',
  'const { window } = policy; export const end = window;',
  'const { size: window = 3 } = policy; export const end = window;',
  'for (const process of processes) stop(process);',
  `import { performance } from './performance.ts'; performance(1);`,
  'const matches = /Date|process/.test(text);',
])('%s is pure', (text) => {
  expect(of(text)).toEqual([]);
});

test('other layers are free', () => {
  expect(
    violations(corePurity, { 'src/machine/a.ts': 'Date.now()', 'test/unit/core/a.ts': 'Date.now()' }),
  ).toEqual([]);
});
