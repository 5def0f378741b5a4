import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../src/lab/index.ts';
import { codexProgram, Folders } from './codex.ts';

let lab: Lab;
let folders: Folders;
beforeEach(async () => {
  lab = await startLab();
  folders = new Folders(lab.config({ requestMaxRetries: 2 }));
});
afterEach(async () => {
  await lab.close();
  folders.remove();
});

/** Runs `codex exec` in the workspace; resolves with its exit code and its JSON events. */
async function execCodex(prompt: string): Promise<{ code: number | null; events: readonly string[] }> {
  const args = ['exec', '-s', 'workspace-write', '--skip-git-repo-check', '--json', prompt];
  const { work: cwd, env } = folders;
  const child = spawn(codexProgram, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const events = out
    .trim()
    .split('\n')
    .map((line) => String(JSON.parse(line).type));
  return { code, events };
}

test('the real Codex plays "plain"', { timeout: 60_000 }, async () => {
  const { code, events } = await execCodex('#lab:plain{"content":"by Codex\\n"} please');
  expect([code, events.at(-1)]).toEqual([0, 'turn.completed']);
  expect(await readFile(join(folders.work, 'lab-plain.txt'), 'utf8')).toBe('by Codex\n');
  const requests = lab.requests();
  expect(
    requests.map(({ scenario, position, answeredWith }) => [scenario, position, answeredWith.type]),
  ).toEqual([
    ['plain', 0, 'tool'],
    ['plain', 1, 'patch'],
    ['plain', 2, 'message'],
  ]);
  expect(
    new Set(requests.map(({ thread, turn, kind, version }) => `${thread} ${turn} ${kind} ${version}`)).size,
  ).toBe(1);
  expect([requests[0]?.kind, requests[0]?.version, requests[0]?.userTexts.length]).toEqual([
    'turn',
    '0.169.0',
    1,
  ]);
  expect(requests[0]?.thread).toMatch(/^[0-9a-f-]{36}$/);
});

test('the real Codex goes on after a cut stream', { timeout: 60_000 }, async () => {
  const { code } = await execCodex('#lab:cut{"times":1}');
  expect(code).toBe(0);
  expect(lab.requests().map(({ position, attempt, state }) => [position, attempt, state])).toEqual([
    [0, 1, 'answered'],
    [1, 1, 'answered'],
  ]);
});
