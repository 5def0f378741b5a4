import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventView } from '../../src/client/index.ts';
import { play } from './scenarios.ts';
import { World } from './world.ts';

let world: World;
beforeAll(async () => {
  // Codex tells of a retry only where the request's own, silent retries are used up.
  world = await World.open({ requestMaxRetries: 0, streamMaxRetries: 3 });
});
afterAll(() => world.close());

/** Phases in the order they were said, each with its cause or reason. */
async function phases(session: string): Promise<string[]> {
  const facts = await world.facts(session, (seen) => seen.some(({ type }) => type === 'seen'));
  return facts.flatMap(({ type, fact }: EventView) => {
    if (type !== 'status') return [];
    const { phase, cause, reason } = fact.status as { phase: string; cause?: string; reason?: string };
    return [[phase, cause ?? reason].filter((word) => word !== undefined).join('/')];
  });
}

test('a refused key ends the session as failed/auth, and wait says so', async () => {
  const { id } = await world.run(play('unauthorized'));
  const waited = await world.cox(['wait', id, '--json']);
  expect(waited.code).toBe(5);
  const view = await world.ended(id);
  expect(view).toMatchObject({
    phase: 'failed',
    attention: true,
    confidence: 'certain',
    result: { verdict: 'failed', reason: 'auth', detail: expect.stringContaining('401') },
  });
  expect((await world.cox(['run', '-C', world.work, '--wait', play('unauthorized')])).code).toBe(5);
});

test('a rate limit is throttled/rate-limit while it lasts, then the work goes on', async () => {
  const { id } = await world.run(play('rate-limited'));
  expect(await world.ended(id)).toMatchObject({ phase: 'done', lastMessage: 'Done: it went through.' });
  expect(await phases(id)).toEqual([
    'starting',
    'working',
    'throttled/rate-limit',
    'working',
    'done',
    'done',
  ]);
});

test('a failing server is throttled while it lasts, then the work goes on', async () => {
  // Codex 0.169 tells a status of 500 by its text only; its code is that of a lost connection.
  const { id } = await world.run(play('server-error'));
  expect(await world.ended(id)).toMatchObject({ phase: 'done', lastMessage: 'Done: it went through.' });
  expect(await phases(id)).toContain('throttled/capacity');
});

test('a cut stream is throttled/network while it lasts, then the work goes on', async () => {
  const { id } = await world.run(play('cut'));
  expect(await world.ended(id)).toMatchObject({ phase: 'done', lastMessage: 'Done: it went through.' });
  expect(await phases(id)).toContain('throttled/network');
});

test('a used-up plan ends the session as failed/quota', async () => {
  const { id } = await world.run(play('usage-limit'));
  expect(await world.ended(id)).toMatchObject({
    phase: 'failed',
    result: { verdict: 'failed', reason: 'quota' },
  });
});

test('a completion without any words is done, with a doubt', async () => {
  const { id } = await world.run(play('empty'));
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    attention: true,
    lastMessage: null,
    result: { verdict: 'unverified', doubts: expect.arrayContaining(['empty-completion']) },
  });
});

test('wait gives up in time where the model never answers, and kill ends it', async () => {
  const { id } = await world.run(play('no-headers'));
  const thread = await world.thread(id);
  await world.lab.waitForRequest((request) => request.thread === thread && request.state === 'silent');
  const waited = await world.cox(['wait', id, '--timeout', '1s', '--json']);
  expect(waited.code).toBe(124);
  expect(waited.json()).toMatchObject({ items: [{ id, phase: 'working', endedAt: null }] });
  expect(waited.ms).toBeGreaterThanOrEqual(1_000);
  expect((await world.cox(['kill', id])).code).toBe(0);
  expect((await world.show(id)).phase).toBe('stopped');
  await world.lab.waitForRequest((request) => request.thread === thread && request.state === 'dropped');
});
