import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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

const network = { config: { 'sandbox_workspace_write.network_access': true } };

/** What Codex said to the model last. */
function lastInput(thread: string): string {
  const body = lab.requestsOf(thread).at(-1)?.body;
  return JSON.stringify(Array.isArray(body?.input) ? body.input.at(-1) : null);
}

/** The model polls the command; an interrupt ends the turn and not the command, the clean-up ends that too. */
async function runsUntilCleaned(mark: string, command: string, thread: object = {}): Promise<string> {
  const running = await codex.begin(`#lab:${mark}`, thread);
  await lab.waitForRequest(
    ({ thread, answeredWith }) => thread === running.thread && answeredWith.type === 'poll',
  );
  const seen = lastInput(running.thread);
  expect((await codex.interrupt(running)).status).toBe('interrupted');
  expect(await codex.terminals(running.thread)).toEqual([expect.stringContaining(command)]);
  await codex.clean(running.thread);
  // The answer comes before the command has ended.
  await vi.waitFor(async () => expect(await codex.terminals(running.thread)).toEqual([]), 10_000);
  return seen;
}

test('terminal-wait: the command waits on its terminal', async () => {
  expect(await runsUntilCleaned('terminal-wait', 'read -r answer')).toContain('Password: ');
});

test('spin: the command runs without a word', async () => {
  expect(await runsUntilCleaned('spin', 'while :; do :; done')).toMatch(/Output:\\n"/);
});

test('print-forever: the output grows', async () => {
  const command = 'while :; do echo again; sleep 0.05; done';
  const running = await codex.begin(`#lab:print-forever${JSON.stringify({ command })}`);
  await codex.heard(() => codex.of(running.thread, 'item/commandExecution/outputDelta').length > 1);
  await codex.interrupt(running);
  expect(await codex.terminals(running.thread)).toEqual([command]);
  await codex.clean(running.thread);
});

test('left-running: the turn is done and the command is not', async () => {
  const { thread, status } = await codex.play('#lab:left-running');
  expect([status, await codex.terminals(thread)]).toEqual(['completed', ['sleep 600']]);
  expect(codex.items(thread, 'commandExecution')).toEqual([]);
  await codex.clean(thread);
});

test('slow-download: runs where the sandbox has network', async () => {
  const slow = { bytesPerSecond: 100, seconds: 600 };
  await runsUntilCleaned(`slow-download${JSON.stringify(slow)}`, `${lab.port}/lab/slow`, network);
  const ended = await codex.play('#lab:slow-download{"bytesPerSecond":100,"seconds":1}', network);
  expect(ended.status).toBe('completed');
  expect(codex.items(ended.thread, 'commandExecution')).toMatchObject([{ exitCode: 0 }]);
});

test('slow-download: fails at once where the sandbox has none', async () => {
  const { thread, status } = await codex.play('#lab:slow-download');
  expect(status).toBe('completed');
  // 7 is curl's code for a connection that cannot be made.
  expect(codex.items(thread, 'commandExecution')).toMatchObject([{ exitCode: 7, status: 'failed' }]);
});
