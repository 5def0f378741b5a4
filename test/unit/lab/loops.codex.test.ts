import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../src/lab/index.ts';
import { Codex } from './codex.ts';

let lab: Lab;
let codex: Codex;
beforeAll(async () => {
  lab = await startLab();
  codex = await Codex.start(lab);
});
afterAll(async () => {
  await codex?.close();
  await lab?.close();
});

const remote = { config: { 'model_providers.lab.name': 'OpenAI' } };

const kindsOf = (thread: string) => lab.requestsOf(thread).map(({ kind, position }) => `${kind} ${position}`);

test('repeat-call: every call is run, and nothing stops it', async () => {
  const { thread, status } = await codex.play('#lab:repeat-call{"command":"echo same","times":5}');
  expect(status).toBe('completed');
  const items = codex.items(thread, 'commandExecution').map(({ command, exitCode }) => [command, exitCode]);
  expect(items).toEqual(Array.from({ length: 5 }, () => ["/bin/bash -lc 'echo same'", 0]));
});

test('repeat-call: without an end of its own, an interrupt ends it', async () => {
  const running = await codex.begin('#lab:repeat-call');
  await lab.waitForRequest(({ thread, attempt }) => thread === running.thread && attempt > 3);
  expect((await codex.interrupt(running)).status).toBe('interrupted');
});

test('failing-patches: no item tells of them; the model alone is told', async () => {
  const { thread, status } = await codex.play('#lab:failing-patches{"times":3}');
  expect([status, codex.items(thread, 'fileChange')]).toEqual(['completed', []]);
  expect(lab.requestsOf(thread).length).toBe(4);
  expect(JSON.stringify(lab.requestsOf(thread).at(-1)?.body?.input)).toContain(
    'apply_patch verification failed',
  );
});

test.each([
  ['a text of the model', {}],
  ['an item of the provider', remote],
])('compaction: once, as %s, and the play goes on', async (_, provider) => {
  const { thread, status } = await codex.play('#lab:compaction', provider);
  expect([status, codex.items(thread, 'contextCompaction').length]).toEqual(['completed', 1]);
  expect(kindsOf(thread)).toEqual(['turn 1', 'compaction 2', 'turn 2']);
  const last = JSON.stringify(lab.requestsOf(thread).at(-1)?.body?.input);
  expect([last.includes('[lab position 2]'), last.includes('"type":"compaction"')]).toEqual([
    true,
    provider === remote,
  ]);
});

test('compaction-loop: one compaction for each call, in one turn', async () => {
  const { thread, status } = await codex.play('#lab:compaction-loop{"times":4}');
  expect([status, codex.items(thread, 'contextCompaction').length]).toEqual(['completed', 4]);
  expect(codex.items(thread, 'commandExecution').length).toBe(4);
});

test('compaction where config.toml says so', async () => {
  const small = { config: { model_auto_compact_token_limit: 1000 } };
  const { thread } = await codex.play('#lab:compaction{"tokens":2000}', small);
  expect(codex.items(thread, 'contextCompaction').length).toBe(1);
  expect(lab.config({ compactAt: 1000 })).toContain('\nmodel_auto_compact_token_limit = 1000\n');
  expect(lab.config({ remoteCompaction: true })).toContain('[model_providers.lab]\nname = "OpenAI"\n');
});

test.each([
  ['early-done', 'Done: I implemented'],
  ['final-question', 'or only the query?'],
])('%s: a completed turn with a text, like any other', async (mark, text) => {
  const { thread, status } = await codex.play(`#lab:${mark}`);
  expect([status, codex.of(thread, 'item/completed').map(({ item }) => item.type)]).toEqual([
    'completed',
    ['userMessage', 'agentMessage'],
  ]);
  expect(codex.items(thread, 'agentMessage')).toMatchObject([{ text: expect.stringContaining(text) }]);
});
