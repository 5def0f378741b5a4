import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { refused, told } from './documents.ts';
import { processesOfThread } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

/** A session whose turn waits behind its gate, which is called like its thread's file. */
async function held(gate: string): Promise<{ id: string; thread: string }> {
  const { id } = await world.run(play('work-gated', { gate, path: `${gate}.txt` }));
  const { thread } = await world.lab.waitForRequest(
    (request) => request.gate === gate && request.state === 'held',
    {
      deadlineMs: PATIENCE_MS,
    },
  );
  return { id, thread };
}

function taken(id: string, count = 1): Promise<unknown> {
  return world.facts(id, (facts) => facts.filter(({ type }) => type === 'message-taken').length >= count);
}

/** The prompts that each request of a thread carried, and how many turns they were in. */
function prompts(thread: string): { texts: string[][]; turns: number } {
  const requests = world.lab.requestsOf(thread);
  return {
    texts: requests.map(({ userTexts }) => [...userTexts]),
    turns: new Set(requests.map(({ turn }) => turn)).size,
  };
}

test('text goes into the turn that runs', async () => {
  const { id, thread } = await held('steered');
  const sent = await told(world, 'send', ['send', id, 'Also update the docs.']);
  expect(sent).toMatchObject({ session: id, run: 1, how: 'steer', waitsFor: null });
  await taken(id);
  world.lab.release('steered');
  const view = await world.ended(id);
  expect(view).toMatchObject({
    phase: 'done',
    runs: [{ n: 1, end: 'done' }],
    queue: [],
    interventions: [{ kind: 'send', by: 'user', why: 'steer', outcome: 'accepted' }],
  });
  const { texts, turns } = prompts(thread);
  expect(turns).toBe(1);
  // Not in the requests before it was sent, and in every one since.
  const isIn = texts.map((list) => list.includes('Also update the docs.'));
  expect([isIn.slice(0, 2), isIn.slice(2)]).toEqual([[false, false], texts.slice(2).map(() => true)]);
  expect(isIn.at(-1)).toBe(true);
});

test('text that comes before the turn has begun is not lost', async () => {
  const client = await world.client();
  const { id } = await world.run(play('work-gated', { gate: 'early', path: 'early.txt' }));
  const { message } = await client.send(id, { text: 'Sent at once.', how: 'steer' }, 'early');
  // The same command again is the same instruction.
  expect((await client.send(id, { text: 'Sent at once.', how: 'steer' }, 'early')).message).toBe(message);
  await taken(id);
  world.lab.release('early');
  const { thread, runs, queue } = await world.ended(id);
  expect([runs.length, queue]).toEqual([1, []]);
  expect(prompts(String(thread)).texts.at(-1)?.slice(1)).toEqual(['Sent at once.']);
});

test('--queue begins a turn after the one that runs, in the same run', async () => {
  const { id, thread } = await held('queued');
  await told(world, 'send', ['send', id, '--queue', 'Then the changelog.']);
  const people = await world.cox(['send', id, '--queue', 'Then the release.']);
  expect([people.stdout, people.stderr]).toEqual([`${id} goes after the running turn\n`, '']);
  expect((await world.show(id)).queue.map(({ text, how }) => [how, text])).toEqual([
    ['queue', 'Then the changelog.'],
    ['queue', 'Then the release.'],
  ]);
  world.lab.release('queued');
  expect(await world.ended(id)).toMatchObject({ phase: 'done', runs: [{ n: 1, end: 'done' }], queue: [] });
  const { texts, turns } = prompts(thread);
  expect(turns).toBe(3);
  expect(texts.map((list) => list.slice(1))).toEqual([
    [],
    [],
    [],
    ['Then the changelog.'],
    ['Then the changelog.', 'Then the release.'],
  ]);
});

test('--interrupt ends the turn with its command, and goes before what was queued', async () => {
  const { id } = await world.run(play('sleep', { seconds: 600 }));
  const thread = await world.thread(id);
  await vi.waitFor(() => expect(processesOfThread(thread)).not.toEqual([]), { timeout: PATIENCE_MS });
  await told(world, 'send', ['send', id, '--queue', 'Last.']);
  await told(world, 'send', ['send', id, '--interrupt', play('plain', { path: 'instead.txt' })]);
  const view = await world.ended(id);
  expect(view).toMatchObject({ phase: 'done', runs: [{ n: 1, end: 'done' }], queue: [] });
  expect(processesOfThread(thread)).toEqual([]);
  expect(existsSync(join(world.work, 'instead.txt'))).toBe(true);
  const last = prompts(thread).texts.at(-1) ?? [];
  expect(last.slice(-2)).toEqual([expect.stringContaining('instead.txt'), 'Last.']);
});

test('to a session that has ended: a new run on the same thread, with its history', async () => {
  const { id } = await world.run(play('plain', { path: 'first-run.txt' }));
  const first = await world.ended(id);
  const sent = await told(world, 'send', ['send', id, 'And now the tests.']);
  expect(sent).toMatchObject({ session: id, run: 2, how: 'run', waitsFor: null });
  const second = await world.ended(id);
  expect(second).toMatchObject({
    phase: 'done',
    thread: first.thread,
    runs: [
      { n: 1, end: 'done' },
      { n: 2, end: 'done', thread: first.thread },
    ],
  });
  const last = world.lab.requestsOf(String(first.thread)).at(-1);
  expect(last?.userTexts).toEqual([expect.stringContaining('first-run.txt'), 'And now the tests.']);
  expect(JSON.stringify(last?.body?.input)).toContain('Done: the file is there.');
});

test('while an approval is open it answers nothing', async () => {
  const file = join(world.outside, 'not-answered');
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
  const thread = await world.thread(id);
  const { requestId } = await world.request(id);
  for (const text of ['yes', 'y', 'approve it']) {
    const ran = await world.cox(['send', id, '--json', text]);
    expect(viewSchemas.send.parse(ran.json())).toMatchObject({ how: 'steer', waitsFor: requestId });
  }
  const people = await world.cox(['send', id, '--queue', 'no']);
  expect(people.stderr).toContain(`It waits for ${requestId}`);
  await taken(id, 3);
  expect(await world.show(id)).toMatchObject({
    phase: 'waiting',
    need: { requestId },
    interventions: [{ kind: 'send' }, { kind: 'send' }, { kind: 'send' }, { kind: 'send' }],
  });
  expect(existsSync(file)).toBe(false);
  expect((await world.cox(['deny', requestId])).code).toBe(0);
  expect((await world.ended(id)).phase).toBe('done');
  expect(existsSync(file)).toBe(false);
  const { texts } = prompts(thread);
  expect(texts.at(1)?.slice(1)).toEqual(['yes', 'y', 'approve it']);
  expect(texts.at(-1)?.slice(1)).toEqual(['yes', 'y', 'approve it', 'no']);
});

test('- reads stdin, all lines of it', async () => {
  const { id, thread } = await held('stdin');
  const text = 'Two lines:\n- of text with "quotes" and €\n';
  await told(world, 'send', ['send', id, '-'], { stdin: text });
  await taken(id);
  world.lab.release('stdin');
  await world.ended(id);
  expect(prompts(thread).texts.at(-1)).toContain(text);
});

test('a text that begins with a dash comes after --', async () => {
  const { id, thread } = await held('dash');
  const text = '- first this\n- then that';
  const ran = await world.cox(['send', id, '--json', '--', text]);
  expect([ran.code, viewSchemas.send.parse(ran.json()).session]).toEqual([0, id]);
  await taken(id);
  world.lab.release('dash');
  await world.ended(id);
  expect(prompts(thread).texts.at(-1)).toContain(text);
});

test('to a session that is being ended: refused, and nothing of it is sent', async () => {
  // In a process session of its own it ignores the polite signal, so that the end takes the whole grace.
  const command = `setsid sh -c "trap '' TERM HUP INT; while true; do sleep 600; done" & sleep 600`;
  const { id } = await world.run(play('command', { command }), '-s', 'danger-full-access');
  const thread = await world.thread(id);
  await vi.waitFor(() => expect(processesOfThread(thread).length).toBeGreaterThan(3), {
    timeout: PATIENCE_MS,
  });
  const client = await world.client();
  await client.end(id, { mode: 'stop', graceMs: 600_000 });
  const { message } = await refused(world, 'conflict', ['send', id, 'One more thing.']);
  expect(message).toContain('being ended');
  await refused(world, 'conflict', ['send', id, '--interrupt', 'One more thing.']);
  await refused(world, 'conflict', ['resume', id, 'One more thing.']);
  expect((await world.cox(['kill', id])).code).toBe(0);
  expect(await world.show(id)).toMatchObject({ phase: 'stopped', queue: [], runs: [{ n: 1 }] });
  expect(JSON.stringify(prompts(thread).texts)).not.toContain('One more thing.');
});

test('what waits behind a turn that fails is never delivered, and that is said', async () => {
  const { id } = await world.run(play('fails-gated', { gate: 'used-up' }));
  const { thread } = await world.lab.waitForRequest(
    ({ gate, state }) => gate === 'used-up' && state === 'held',
    {
      deadlineMs: PATIENCE_MS,
    },
  );
  await told(world, 'send', ['send', id, '--queue', 'And then this.']);
  world.lab.release('used-up');
  expect(await world.ended(id)).toMatchObject({
    phase: 'failed',
    result: { reason: 'quota' },
    queue: [],
    interventions: [{ kind: 'send', outcome: 'undone' }],
  });
  expect(JSON.stringify(prompts(thread).texts)).not.toContain('And then this.');
  const report = await told(world, 'report', ['report', id]);
  expect(report.instructions).toMatchObject([
    { outcome: 'taken' },
    { text: 'And then this.', outcome: 'lost' },
  ]);
  expect((await world.cox(['logs', id])).stdout).toContain('not delivered');
});

test('what send refuses', async () => {
  const { id } = await held('refusing');
  expect((await refused(world, 'usage', ['send', id])).hint).toContain('stdin');
  await refused(world, 'usage', ['send', id, ' \n']);
  await refused(world, 'usage', ['send', id, '-'], { stdin: '\n' });
  await refused(world, 'usage', ['send', id, '--queue', '--interrupt', 'text']);
  await refused(world, 'usage', ['send']);
  await refused(world, 'not-found', ['send', 'nobody', 'text']);
  expect((await world.show(id)).queue).toEqual([]);
});
