import { expect, test } from 'vitest';
import { documents } from '../../../scripts/checks/documents.ts';
import { violations } from './violations.ts';

const tree = {
  'package.json': '{"scripts": {"check": "x", "test:e2e": "y"}}',
  'src/core/errors.ts': '',
  'docs/user/start.md': '',
  'bin/cox': '',
};
const of = (text: string, file = 'README.md') => violations(documents, { ...tree, [file]: text });

test.each([
  'See `src/core/errors.ts`, `src/core/`, `src/core` and `bin/cox`.',
  'Run `node ./src/core/errors.ts --flag`, at `src/core/errors.ts:12`.',
  'A [link](docs/user/start.md#part "title"), [another](./docs/user), ![image](bin/cox).',
  '[defined]: docs/user/start.md',
  'Out: [site](https://example.org/src/none.ts), [mail](mailto:a@example.org), [part](#part).',
  'For each `src/<layer>/tsconfig.json`, `test/golden/*/a`, `docs/{a,b}.md`, `src/…`.',
  'Not a path of ours: `lib/none.ts`, src/none.ts without marks, `a/src/none.ts`.',
  '```\nsrc/none.ts `src/none.ts`\n[x](none.md)\n```',
  '`[x](none.md)` is how a link is written.',
  'Run `npm run check` and npm run test:e2e.',
])('%j is right', (text) => {
  expect(of(text)).toEqual([]);
});

test.each([
  ['See `src/none.ts`.', 'src/none.ts'],
  ['Run ``node scripts/none.ts``.', 'scripts/none.ts'],
  ['See [it](docs/none.md).', 'docs/none.md'],
  ['See [it](<docs/none.md> "title").', 'docs/none.md'],
  ['See ![it](/docs/none.png).', '/docs/none.png'],
  ['[it]: docs/none.md', 'docs/none.md'],
  ['```\nx\n```\n`src/none.ts`', 'src/none.ts'],
])('%j names what is not there', (text, path) => {
  const line = text.split('\n').length;
  expect(of(text)).toEqual([`README.md:${line} names ${path}, which does not exist`]);
});

test('links go from the folder of the document, paths in backticks from the root or from there', () => {
  expect(of('[a](start.md) [b](../../src/core/errors.ts) [c](/bin/cox)', 'docs/user/more.md')).toEqual([]);
  expect(of('[a](docs/user/start.md)', 'docs/user/more.md')).toHaveLength(1);
  expect(of('`src/core/errors.ts`', 'docs/user/more.md')).toEqual([]);
});

test('npm scripts are looked up in fenced code too', () => {
  const message = 'names "npm run none", which package.json does not have';
  expect(of('```sh\nnpm run none\n```')).toEqual([`README.md:2 ${message}`]);
  expect(of('Run `npm run none`.', 'docs/user/more.md')).toEqual([`docs/user/more.md:1 ${message}`]);
});

test('only documents are read', () => {
  expect(of('`src/none.ts`', 'test/golden/a.md')).toEqual([]);
  expect(of('`src/none.ts`', 'skills/coxswain/SKILL.md')).toHaveLength(1);
});
