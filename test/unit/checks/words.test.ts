import { expect, test } from 'vitest';
import { words } from '../../../scripts/checks/words.ts';
import { violations } from './violations.ts';

/** Machine paths, put together so that this file holds none. */
const path = (...parts: string[]) => `/${parts.join('/')}/x`;

test.each(['src/a/session-manager.ts', 'src/a/utils.ts', 'src/a/StoreService.ts', 'src/a/test-helpers.tsx'])(
  'the file name %s',
  (file) => {
    expect(violations(words, { [file]: '' })).toHaveLength(1);
  },
);

test.each([
  'export class SessionManager {}',
  'export function makeHelper() {}',
  'export const pathUtils = {};',
  'export interface NameService {}',
  'export type Utils = 1;',
  'class Inner {} export { Inner as InnerHelper };',
  'export default class StoreManager {}',
])('%s', (text) => {
  expect(violations(words, { 'src/a/b.ts': text })).toHaveLength(1);
});

test.each([
  'export class Serviceable {}',
  'export const managed = 1;',
  'class InnerManager {}',
  `export { a } from './b.ts'; // Manager`,
  'export const serviceTier = 1;',
])('%s is right', (text) => {
  expect(violations(words, { 'src/a/b.ts': text, 'src/a/servicing.ts': '', 'test/utils.ts': text })).toEqual(
    [],
  );
});

test('paths of one machine are found in any file', () => {
  const files = {
    'README.md': `see\n${path('work', 'main')}`,
    'test/golden/a.json': `{"cwd": "${path('home', 'someone')}"}`,
    'package.json': `"x": "${path('farm')}"`,
    'a.txt': `HOME=${path('root')}`,
  };
  expect(violations(words, files)).toEqual([
    `README.md:2 a path of one machine: ${path('work', 'main')}`,
    `test/golden/a.json:1 a path of one machine: ${path('home', 'someone')}"}`,
    `package.json:1 a path of one machine: ${path('farm')}"`,
    `a.txt:1 a path of one machine: ${path('root')}`,
  ]);
});

test('example homes, parts of other paths and the lock file are free', () => {
  const files = {
    'README.md': '/home/user/project /home/alice ~/work/x src/work/x https://example.org/work/x <dir>/root/x',
    'package-lock.json': path('work'),
    'a.md': '/workspace/x /rooted /tmp/work/x',
  };
  expect(violations(words, files)).toEqual([]);
});
