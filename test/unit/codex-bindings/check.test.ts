import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SERVER_NOTIFICATION_METHODS, SERVER_REQUEST_METHODS } from '../../../src/codex/generated/methods.ts';
import { CODEX_VERSION } from '../../../src/codex/generated/version.ts';

const repository = resolve(import.meta.dirname, '../../..');
const generated = join(repository, 'src/codex/generated');

function bindings(...args: string[]) {
  const script = join(repository, 'scripts/codex-bindings.ts');
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { status, complaints: stderr.split('\n').slice(0, -1) };
}

let copy = '';
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'cox-bindings-test-'));
  cpSync(generated, copy, { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

test('the tree has what the installed Codex generates', () => {
  expect(bindings('--check')).toEqual({ status: 0, complaints: [] });
});

test('names each file that is changed, missing or left over, and writes it anew', () => {
  appendFileSync(join(copy, 'RequestId.ts'), '\n');
  rmSync(join(copy, 'v2/Turn.ts'));
  cpSync(join(copy, 'v2/Thread.ts'), join(copy, 'v2/Gone.ts'));
  const { status, complaints } = bindings('--check', '--out', copy);
  expect(status).toBe(1);
  expect(complaints).toEqual([
    `different: ${join(copy, 'RequestId.ts')}`,
    `left over: ${join(copy, 'v2/Gone.ts')}`,
    `missing: ${join(copy, 'v2/Turn.ts')}`,
    `not what Codex ${CODEX_VERSION} generates; to refresh: node scripts/codex-bindings.ts`,
  ]);
  expect(bindings('--out', copy).status).toBe(0);
  expect(bindings('--check', '--out', copy).status).toBe(0);
});

test('never removes a file that it has not generated', () => {
  writeFileSync(join(copy, 'mine.ts'), 'export {};\n');
  rmSync(join(copy, 'v2/Turn.ts'));
  expect(bindings('--out', copy).status).toBe(1);
  expect(readFileSync(join(copy, 'mine.ts'), 'utf8')).toBe('export {};\n');
  expect(readdirSync(join(copy, 'v2'))).not.toContain('Turn.ts');
});

test('has the version of the package and every kind of message', () => {
  const { version } = JSON.parse(
    readFileSync(join(repository, 'node_modules/@openai/codex/package.json'), 'utf8'),
  );
  expect(CODEX_VERSION).toBe(version);
  expect(SERVER_NOTIFICATION_METHODS).toContain('thread/status/changed');
  expect(SERVER_REQUEST_METHODS).toContain('item/commandExecution/requestApproval');
});
