import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunBody } from '../../src/client/index.ts';
import { play } from './scenarios.ts';
import { World } from './world.ts';

const MANY_MS = 240_000;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** Begun through the client: a command's process for each is not what this is about. */
async function runMany(
  count: number,
  prompt: (n: number) => string,
  policy: RunBody['policy'] = null,
): Promise<string[]> {
  // The daemon is started by the first command that needs it.
  await world.ask('ls');
  const client = await world.client();
  const body: RunBody = {
    prompt: '',
    cwd: world.work,
    name: null,
    labels: {},
    model: null,
    sandbox: 'workspace-write',
    approval: 'on-request',
    policy,
    codex: null,
    codexHome: null,
    environment: { ...world.env },
    extra: {},
    overrides: [],
  };
  const numbers = Array.from({ length: count }, (_, n) => n);
  const views = await Promise.all(
    numbers.map((n) => client.run({ ...body, prompt: prompt(n) }, randomUUID())),
  );
  return views.map(({ id }) => id);
}

test('20 sessions on one app-server, ten approvals each, answered by policy', async () => {
  const text = `version = 1
[[rule]]
name = "marks"
need = "approval"
command = ["touch"]
match = "prefix"
cwd = "inside"
do = "approve"
`;
  const mark = (session: number, n: number): string => join(world.outside, `s${session}-${n}`);
  const ids = await runMany(
    20,
    (n) => play('approvals', { commands: Array.from({ length: 10 }, (_, at) => `touch ${mark(n, at)}`) }),
    { path: 'policy.toml', text },
  );
  const waited = await world.cox(['wait', ...ids, '--timeout', `${MANY_MS}ms`]);
  expect([waited.code, waited.stderr]).toEqual([0, '']);
  expect(world.servers()).toHaveLength(1);
  for (const [n, id] of ids.entries()) {
    const view = await world.show(id);
    expect(view).toMatchObject({ phase: 'done', lastMessage: 'Done: everything was asked for.' });
    const given = view.interventions.map(({ kind, by, outcome }) => [kind, by, outcome].join(' '));
    expect(given).toEqual(Array(10).fill('approve policy:marks accepted'));
    for (let at = 0; at < 10; at += 1) expect(existsSync(mark(n, at))).toBe(true);
  }
  expect(readdirSync(world.outside)).toHaveLength(200);
});

test('50 sessions at once complete, each with what it was asked for', async () => {
  const ids = await runMany(50, (n) => play('work-gated', { gate: 'all', path: `many-${n}.txt` }));
  // All of them are in mid turn at the same moment.
  for (const id of ids) await world.facts(id, (seen) => seen.some(({ type }) => type === 'turn-started'));
  world.lab.release('all');
  const waited = await world.cox(['wait', ...ids, '--timeout', `${MANY_MS}ms`]);
  expect([waited.code, waited.stderr]).toEqual([0, '']);
  expect(waited.stdout.match(/done\/unverified/g)).toHaveLength(50);
  for (let n = 0; n < 50; n += 1) expect(existsSync(join(world.work, `many-${n}.txt`))).toBe(true);
  const threads = await Promise.all(ids.map(async (id) => (await world.show(id)).thread));
  expect(new Set(threads).size).toBe(50);
  expect(world.servers()).toHaveLength(1);
});
