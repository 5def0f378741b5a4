import { describe, expect, test } from 'vitest';
import { layerOf, layerTable } from '../../../scripts/checks/layer-table.ts';
import { layers } from '../../../scripts/checks/layers.ts';
import { violations } from './violations.ts';

const project = (layer: string, ...references: string[]) => ({
  [`src/${layer}/tsconfig.json`]: JSON.stringify({ references: references.map((path) => ({ path })) }),
});

/** The violations of one file of a layer. */
function of(layer: string, text: string): string[] {
  return violations(layers, { ...project(layer), [`src/${layer}/a.ts`]: text });
}

test('the longest folder names the layer', () => {
  expect(layerOf('src/codex/names/tools.ts')).toBe('codex/names');
  expect(layerOf('src/codex/namesake.ts')).toBe('codex');
  expect(layerOf('src/coreutils/a.ts')).toBeNull();
  expect(layerOf('test/core/a.ts')).toBeNull();
});

test('the table names only layers, and daemon is imported by none', () => {
  const names = Object.keys(layerTable);
  for (const { layers: allowed } of Object.values(layerTable)) {
    expect(names).toEqual(expect.arrayContaining([...allowed]));
    expect(allowed).not.toContain('daemon');
  }
});

describe('allowed', () => {
  test.each([
    ['core', `import { a } from './b.ts'; export * from './queue/c.ts';`],
    ['protocol', `import { z } from 'zod'; import type { A } from '../core/a.ts';`],
    ['client', `import { b } from '../protocol/b.ts'; import net from 'node:net';`],
    ['codex', `import { readTree } from '../machine/tree.ts'; import { n } from './names/n.ts';`],
    ['codex/names', `import { b } from './b.ts';`],
    ['lab', `import { names } from '../codex/names/tools.ts'; import { z } from 'zod';`],
    ['daemon', `import { a } from '../store/a.ts'; import { b } from '../lab/b.ts'; import '../fleet/c.ts';`],
    ['cli', `import { Command } from 'commander'; const { a } = await import('../client/index.ts');`],
    ['cli', 'await import(path); // one of src/client/'],
    ['cli', `const main = new URL('../daemon/main.ts', import.meta.url);`],
    ['codex', `import { createRequire } from 'node:module'; createRequire(here).resolve('@openai/codex');`],
  ])('%s: %s', (layer, text) => {
    expect(of(layer, text)).toEqual([]);
  });
});

describe('not allowed', () => {
  test.each([
    ['core', `import { a } from '../protocol/a.ts';`, 'core may not import protocol'],
    ['core', `import { join } from 'node:path';`, 'core may not import Node (node:path)'],
    ['core', `import { join } from 'path';`, 'core may not import Node (path)'],
    ['core', `import { z } from 'zod';`, 'core may not import the package zod'],
    ['client', `import { z } from 'zod';`, 'client may not import the package zod'],
    ['client', `import { z } from 'zod/mini';`, 'client may not import the package zod/mini'],
    ['store', `import type { A } from '../machine/a.ts';`, 'store may not import machine'],
    ['cli', `import '../store/a.ts';`, 'cli may not import store'],
    ['cli', `export * from '../codex/a.ts';`, 'cli may not import codex'],
    ['cli', `export { a } from '../codex/names/a.ts';`, 'cli may not import codex/names'],
    ['cli', `type Loop = import('../daemon/loop.ts').Loop;`, 'cli may not import daemon'],
    ['cli', `void import('../daemon/main.ts');`, 'cli may not import daemon'],
    ['cli', 'void import(`../daemon/main.ts`);', 'cli may not import daemon'],
    ['cli', `void import(\`../\${layer}/main.ts\`);`, 'import() of a computed path'],
    ['cli', 'void import(path); // src/daemon/', 'import() of a computed path'],
    ['cli', 'void import(path); // src/client/ or src/store/', 'import() of a computed path'],
    ['cli', `import { a } from '../../dist/daemon/a.js';`, 'imports a built file (dist/daemon/a.js)'],
    ['cli', `import { a } from '../../test/a.ts';`, 'imports a file outside of the layers (test/a.ts)'],
    ['cli', `import { a } from 'coxswain';`, 'imports this package through its name (coxswain)'],
    ['cli', `import { a } from 'coxswain/lab';`, 'imports this package through its name (coxswain/lab)'],
    ['cli', `import { a } from '#store';`, 'imports this package through its name (#store)'],
    ['cli', `import { a } from '/abs/a.ts';`, 'imports by absolute path (/abs/a.ts)'],
    ['cli', `const a = require('../daemon/a.ts');`, 'require hides an import from the compiler'],
    ['cli', `import a = require('../daemon/a.ts');`, 'require hides an import from the compiler'],
    ['cli', `const load = createRequire(import.meta.url);`, 'require hides an import from the compiler'],
    ['cli', `/// <reference path="../store/a.ts" />\n`, 'cli may not import store'],
    ['codex/names', `import { a } from '../a.ts';`, 'codex/names may not import codex'],
    ['lab', `import { a } from '../codex/a.ts';`, 'lab may not import codex'],
    ['fleet', `import { a } from '../daemon/a.ts';`, 'fleet may not import daemon'],
    ['daemon', `import { a } from '../cli/a.ts';`, 'daemon may not import cli'],
  ])('%s: %s', (layer, text, message) => {
    expect(of(layer, text)).toEqual([`src/${layer}/a.ts:1 ${message}`]);
  });
});

test('an import over several lines is reported where it begins', () => {
  const text = `import { a } from './b.ts';\n\nimport {\n  x,\n  y,\n} from\n  '../daemon/x.ts';\n`;
  expect(of('cli', text)).toEqual(['src/cli/a.ts:3 cli may not import daemon']);
});

test('comments, strings, templates and patterns are not imports', () => {
  const text = [
    `// import '../daemon/a.ts'`,
    `/* export * from '../daemon/a.ts'; require('x') */`,
    `const a = "import '../daemon/a.ts'";`,
    'const b = `',
    `import x from '../daemon/a.ts';`,
    '`;',
    `const c = /import '..\\/daemon'/.test("require('y')") ? a / b : b / a;`,
    `const d = { import: 1, require: 2 };`,
  ].join('\n');
  expect(of('cli', text)).toEqual([]);
});

test('an import within a template substitution is one', () => {
  expect(of('cli', `const a = \`\${await import('../daemon/a.ts')}\`;`)).toHaveLength(1);
});

test('a folder that is no layer, and code that does not parse, are reported', () => {
  expect(violations(layers, { 'src/extra/a.ts': '' })).toEqual(['src/extra/a.ts:1 belongs to no layer']);
  expect(of('cli', 'import {')).toEqual([expect.stringMatching(/^src\/cli\/a\.ts:1 does not parse: /)]);
});

test('references of a layer follow the same table', () => {
  const good = { ...project('codex', '../core', '../machine', './names'), ...project('codex/names') };
  expect(violations(layers, good)).toEqual([]);
  expect(violations(layers, project('core', '../protocol'))).toEqual([
    'src/core/tsconfig.json:1 references src/protocol, which core may not import',
  ]);
  expect(violations(layers, project('cli', '../daemon/tsconfig.json', '../..'))).toEqual([
    'src/cli/tsconfig.json:1 references src/daemon, which cli may not import',
    'src/cli/tsconfig.json:1 references ., which cli may not import',
  ]);
});

test('aliases, a tsconfig that cannot be read and a missing one are reported', () => {
  const aliases = { 'src/core/tsconfig.json': '{"compilerOptions": {"paths": {"x": ["./a.ts"]}}}' };
  expect(violations(layers, aliases)).toEqual([
    'src/core/tsconfig.json:1 has path aliases, which hide layers',
  ]);
  expect(violations(layers, { 'src/core/tsconfig.json': '{ // no\n}' })).toHaveLength(1);
  expect(violations(layers, { 'src/core/a.ts': '' })).toEqual([
    'src/core/tsconfig.json:1 is missing: the compiler does not guard this layer',
  ]);
});
