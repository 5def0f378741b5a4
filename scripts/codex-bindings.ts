/**
 * Keeps the TypeScript bindings of Codex's app-server protocol in src/codex/generated, as the Codex binary itself
 * generates them. Which types: codex-bindings/wanted.ts.
 *
 *   node scripts/codex-bindings.ts [--check] [--codex PATH] [--out DIR]
 *
 * --check writes nothing and exits with 1, naming the files, where they are not what the binary generates.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { generate, installedCodex } from './codex-bindings/binary.ts';
import { compare, write } from './codex-bindings/folder.ts';
import { render } from './codex-bindings/render.ts';

const GENERATED = resolve(import.meta.dirname, '../src/codex/generated');

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    codex: { type: 'string' },
    out: { type: 'string', default: GENERATED },
  },
});

const scratch = mkdtempSync(join(tmpdir(), 'cox-bindings-'));
try {
  const bindings = generate(values.codex ?? installedCodex(), scratch);
  const wanted = render(bindings);
  const out = resolve(values.out);
  if (values.check) {
    const differences = compare(out, wanted);
    for (const { file, what } of differences) console.error(`${what}: ${join(out, file)}`);
    if (differences.length > 0) {
      console.error(
        `not what Codex ${bindings.version} generates; to refresh: node scripts/codex-bindings.ts`,
      );
      process.exitCode = 1;
    }
  } else {
    write(out, wanted);
    console.log(`${wanted.size} files of Codex ${bindings.version} in ${out}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
