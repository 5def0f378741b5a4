import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive } from '../../../src/machine/identity.ts';
import { endTree } from '../../../src/machine/kill.ts';
import { readProcess } from '../../../src/machine/process-record.ts';
import type { SpawnRequest } from '../../../src/machine/spawn.ts';
import { SpawnError, spawnDetached } from '../../../src/machine/spawn.ts';
import { fixturePath } from './fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cox-spawn-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function request(part: Partial<SpawnRequest>): SpawnRequest {
  const stdoutFile = join(directory, 'out');
  const stderrFile = join(directory, 'err');
  return {
    file: process.execPath,
    args: [],
    cwd: directory,
    env: { ONLY: 'this' },
    stdoutFile,
    stderrFile,
    ...part,
  };
}

test('output goes to private files, stdin is empty, the environment is exactly the given one', async () => {
  const program = `
    const input = require('fs').readFileSync(0, 'utf8');
    console.log(JSON.stringify({ input, env: process.env, cwd: process.cwd() }));
    console.error('to stderr');
    process.exit(7)`;
  writeFileSync(join(directory, 'err'), 'before\n', { mode: 0o644 });
  const { exited } = await spawnDetached(request({ args: ['-e', program] }));
  expect(await exited).toEqual({ code: 7, signal: null });
  const output = JSON.parse(readFileSync(join(directory, 'out'), 'utf8')) as unknown;
  expect(output).toEqual({ input: '', env: { ONLY: 'this' }, cwd: directory });
  expect(readFileSync(join(directory, 'err'), 'utf8')).toBe('before\nto stderr\n');
  for (const name of ['out', 'err']) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
});

test('the process leads a session of its own and is known by identity', async () => {
  const { identity, exited } = await spawnDetached(request({ args: [fixturePath('linger.mjs')] }));
  expect(isAlive(identity)).toBe(true);
  if (process.platform === 'linux') expect(readProcess(identity.pid)?.session).toBe(identity.pid);
  expect(await endTree({ roots: [identity], graceMs: 5_000, deadlineMs: 8_000 })).toMatchObject({
    proof: 'empty',
  });
  expect(await exited).toEqual({ code: null, signal: 'SIGTERM' });
});

test('even a process that ends at once has been identified', async () => {
  const { identity, exited } = await spawnDetached(request({ file: '/bin/true' }));
  expect(identity).toEqual({
    pid: expect.any(Number),
    startTime: expect.stringMatching(/./),
    bootId: expect.stringMatching(/./),
  });
  expect(await exited).toEqual({ code: 0, signal: null });
});

test('what cannot be started says why', async () => {
  const plain = join(directory, 'plain');
  writeFileSync(plain, 'text', { mode: 0o600 });
  const missing = join(directory, 'missing');
  const failing: [Partial<SpawnRequest>, string, string][] = [
    [{ file: missing }, 'file-not-found', missing],
    [{ file: plain }, 'file-not-executable', plain],
    [{ cwd: missing }, 'directory-missing', missing],
    [{ cwd: plain }, 'directory-missing', plain],
    [{ stdoutFile: join(missing, 'out') }, 'output-not-writable', join(missing, 'out')],
    [{ args: ['x'.repeat(4_000_000)] }, 'failed', process.execPath],
  ];
  for (const [part, code, path] of failing) {
    const error: unknown = await spawnDetached(request(part)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SpawnError);
    expect(error).toMatchObject({ code, path });
  }
});
