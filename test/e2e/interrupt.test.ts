import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionView } from '../../src/client/index.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { processesWith } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** The session once a command of it runs that prints nothing and does not end by itself. */
async function atWork(seconds: number): Promise<{ id: string; thread: string }> {
  const { id } = await world.run(play('sleep', { seconds }));
  await world.facts(id, (seen) =>
    seen.some(({ type, fact }) => type === 'activity' && String(fact.line).includes(`sleep ${seconds}`)),
  );
  return { id, thread: await world.thread(id) };
}

const runningOf = (thread: string): string[] => processesWith('CODEX_THREAD_ID', thread);

test('during a command that runs: the turn ends, and the command is gone', async () => {
  const { id, thread } = await atWork(301);
  expect(runningOf(thread).some((line) => line.includes('sleep'))).toBe(true);
  const { code, json } = await world.cox(['interrupt', id, '--json']);
  const view = viewSchemas.session.parse(json()) as SessionView;
  expect([code, view.phase, view.result]).toEqual([
    0,
    'stopped',
    { verdict: 'stopped', reason: null, detail: null, doubts: [], gates: [], complete: expect.any(Boolean) },
  ]);
  expect(runningOf(thread)).toEqual([]);
  expect(view.interventions).toMatchObject([{ kind: 'interrupt', by: 'user', outcome: 'accepted' }]);

  // The session is kept: the next instruction is on the same thread, with the history.
  const sent = viewSchemas.send.parse((await world.cox(['send', id, play('plain', {}), '--json'])).json());
  expect(sent).toMatchObject({ session: id, run: 2 });
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    thread,
    runs: [
      { n: 1, thread, end: 'stopped' },
      { n: 2, thread, end: 'done' },
    ],
  });
  const last = world.lab.requestsOf(thread).at(-1);
  expect(last?.userTexts).toEqual([play('sleep', { seconds: 301 }), play('plain', {})]);
});

test('during a header stall: in under a second, and what is sent then has the history', async () => {
  const { id } = await world.run(play('no-headers', {}));
  const stalled = await world.lab.waitForRequest(
    ({ scenario, state }) => scenario === 'no-headers' && state === 'silent',
    { deadlineMs: PATIENCE_MS },
  );
  const { code, ms } = await world.cox(['interrupt', id]);
  console.info(`interrupt during a header stall: ${Math.round(ms)} ms from the command's start to its end`);
  expect([code, ms < 1_000]).toEqual([0, true]);
  expect(await world.show(id)).toMatchObject({ phase: 'stopped', confidence: 'certain' });
  await world.cox(['send', id, 'go on, please']);
  expect(await world.ended(id)).toMatchObject({ phase: 'done', thread: stalled.thread });
  const last = world.lab.requestsOf(stalled.thread).at(-1);
  expect(last?.userTexts).toEqual([play('no-headers', {}), 'go on, please']);
  expect(JSON.stringify(last?.body)).toContain('go on, please');
});

test('what is queued goes next, in the same run', async () => {
  const { id, thread } = await atWork(302);
  await world.cox(['send', id, '--queue', play('plain', { text: 'That was queued.' })]);
  const { code, stdout } = await world.cox(['interrupt', id]);
  expect([code, stdout.includes(id)]).toEqual([0, true]);
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    lastMessage: 'That was queued.',
    runs: [{ n: 1, end: 'done' }],
    queue: [],
  });
  expect(runningOf(thread)).toEqual([]);
});

test('send --interrupt ends the turn and begins the next with the text', async () => {
  const { id, thread } = await atWork(303);
  const sent = await world.cox(['send', id, '--interrupt', play('plain', { text: 'Now this.' })]);
  expect(sent.code).toBe(0);
  expect(await world.ended(id)).toMatchObject({ phase: 'done', lastMessage: 'Now this.' });
  expect(runningOf(thread)).toEqual([]);
  const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'run-ended'));
  expect(facts.filter(({ type }) => type === 'interrupted')).toHaveLength(1);
});

test('a request that is open ends with its turn, answered by nobody', async () => {
  const { id } = await world.run(play('escalate', { command: `touch ${world.outside}/never` }));
  const { requestId } = await world.request(id);
  await world.cox(['interrupt', id]);
  const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'run-ended'));
  expect(facts.filter(({ type }) => type === 'answer-committed')).toEqual([]);
  expect(facts.find(({ type }) => type === 'request-closed')?.fact).toMatchObject({ requestId });
  expect((await world.inbox()).filter(({ session }) => session === id)).toEqual([]);
});
