import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../../src/lab/index.ts';
import { Codex } from './codex.ts';

const IDLE_MS = 700;

let lab: Lab;
let codex: Codex;
beforeAll(async () => {
  lab = await startLab();
  codex = await Codex.start(lab, { streamIdleTimeoutMs: IDLE_MS });
});
afterAll(async () => {
  await codex?.close();
  await lab?.close();
});

const lost = { responseStreamDisconnected: { httpStatusCode: null } };

/** How the turn ended, its retries, and the state that each request came to. */
async function played(mark: string): Promise<unknown[]> {
  const { thread, status, error, retried } = await codex.play(`#lab:${mark}`);
  await lab.waitForRequest((one) => one.thread === thread && one.answeredWith.type === 'message');
  return [status, error, retried, lab.requestsOf(thread).map(({ state }) => state)];
}

test.each(['stall-after-headers', 'stall-mid-stream', 'keep-alive{"everyMs":50}'])(
  '%s: Codex gives the stream up after its idle time, and asks again',
  async (mark) => {
    expect(await played(mark)).toEqual(['completed', null, [lost], ['dropped', 'answered']]);
  },
);

test.each(['cut{"times":1}', 'reset{"times":1}'])('%s: Codex asks again', async (mark) => {
  expect(await played(mark)).toEqual(['completed', null, [lost], ['answered', 'answered']]);
});

test('reset-before-headers: the request itself is retried first, without a word', async () => {
  expect(await played('reset-before-headers{"times":1}')).toEqual([
    'completed',
    null,
    [],
    ['answered', 'answered'],
  ]);
  const { status, error, retried } = await codex.play('#lab:reset-before-headers{"times":"always"}');
  expect([status, error, retried]).toEqual(['failed', 'other', [lost]]);
});

test('slow-chunks: each word is a delta, and keeps the stream alive beyond the idle time', async () => {
  const { thread, status, retried } = await codex.play('#lab:slow-chunks{"chunks":12,"everyMs":100}');
  expect([status, retried, lab.requestsOf(thread).length]).toEqual(['completed', [], 1]);
  expect(codex.of(thread, 'item/agentMessage/delta').map(({ delta }) => delta.trim())).toEqual(
    Array.from({ length: 12 }, () => 'slowly'),
  );
});

test('slow-thinking: thoughts alone keep the stream alive, then the work goes on', async () => {
  const running = await codex.begin('#lab:slow-thinking{"chunks":12,"everyMs":100}');
  await lab.waitForRequest(({ thread, state }) => thread === running.thread && state === 'sending');
  const { thread, status, retried } = await codex.ended(running);
  expect([status, retried, lab.requestsOf(thread).length]).toEqual(['completed', [], 2]);
  expect(codex.of(thread, 'item/reasoning/summaryTextDelta').length).toBe(12);
  expect(codex.items(thread, 'reasoning').length).toBe(1);
  expect(codex.items(thread, 'commandExecution').length).toBe(1);
});

test('no-headers: nothing ends the wait but an interrupt', async () => {
  const running = await codex.begin('#lab:no-headers');
  await lab.waitForRequest(({ thread, state }) => thread === running.thread && state === 'silent');
  expect((await codex.interrupt(running)).status).toBe('interrupted');
  await lab.waitForRequest(({ thread, state }) => thread === running.thread && state === 'dropped');
  const again = { thread: running.thread, turn: await codex.turn(running.thread, 'continue') };
  expect((await codex.ended(again)).status).toBe('completed');
});
