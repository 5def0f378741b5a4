import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SessionView } from '../../src/client/index.ts';
import { identify, isAlive } from '../../src/machine/identity.ts';
import { signalIdentity } from '../../src/machine/signal.ts';
import { refused, told } from './documents.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  expect((await refused(world, 'not-found', ['resume', '--last'])).message).toContain('@last');
});
afterAll(() => world.close());

/** A session whose first run has ended; its file is called like it. */
async function ended(name: string): Promise<SessionView & { thread: string }> {
  const { id } = await world.run(play('plain', { path: `${name}.txt` }), '--name', name);
  const view = await world.ended(id);
  expect(view.phase).toBe('done');
  return { ...view, thread: String(view.thread) };
}

/** The prompts that the newest request of a thread carried. */
function newestPrompts(thread: string): readonly string[] {
  return world.lab.requestsOf(thread).at(-1)?.userTexts ?? [];
}

/** What the newest run of a session found of the thread's history. */
async function context(id: string): Promise<{ known: number; found: number } | null | undefined> {
  return (await told(world, 'report', ['report', id])).runs.at(-1)?.context;
}

test('by name, thread id, id and --last: a new run on the same thread, its history compared first', async () => {
  const { id, thread } = await ended('many-ways');
  const ways = [
    ['many-ways', 'First.'],
    [thread, 'Second.'],
    [id, 'Third.'],
    ['--last', 'Fourth.'],
  ] as const;
  for (const [index, words] of ways.entries()) {
    const sent = await told(world, 'send', ['resume', ...words]);
    expect(sent).toMatchObject({ session: id, run: index + 2 });
    expect(await world.ended(id)).toMatchObject({ phase: 'done', thread, lastMessage: 'Done.' });
    expect(newestPrompts(thread).slice(1)).toEqual(ways.slice(0, index + 1).map(([, text]) => text));
    expect(await context(id)).toEqual({ known: index + 1, found: index + 1 });
  }
  expect((await world.show(id)).runs.map(({ n, end }) => [n, end])).toEqual(
    [1, 2, 3, 4, 5].map((n) => [n, 'done']),
  );
});

test('without a prompt Codex is told to go on; - reads stdin; --no-verify compares nothing', async () => {
  const { id, thread } = await ended('prompts');
  expect((await world.cox(['resume', id])).stdout).toBe(`${id} begins a new run\n`);
  await world.ended(id);
  expect(newestPrompts(thread).at(-1)).toMatch(/^Go on /);
  await told(world, 'send', ['resume', id, '-'], { stdin: 'From stdin.\n' });
  await world.ended(id);
  expect(newestPrompts(thread).at(-1)).toBe('From stdin.\n');
  await told(world, 'send', ['resume', id, '--no-verify', 'Unseen.']);
  expect(await world.ended(id)).toMatchObject({ phase: 'done', runs: { length: 4 } });
  expect([newestPrompts(thread).at(-1), await context(id)]).toEqual(['Unseen.', null]);
});

test('a session that has not ended is not resumed, at work or waiting; its end changes that', async () => {
  const { id } = await world.run(play('work-gated', { gate: 'open', path: 'open.txt' }));
  await world.lab.waitForRequest(({ gate, state }) => gate === 'open' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  const { hint } = await refused(world, 'conflict', ['resume', id, 'More.']);
  expect(hint).toContain('cox send');
  const asking = await world.run(play('escalate', { command: 'true' }));
  await world.request(asking.id);
  await refused(world, 'conflict', ['resume', asking.id]);
  expect((await world.cox(['kill', asking.id, id])).code).toBe(0);
  await told(world, 'send', ['resume', id, play('plain', { path: 'after-kill.txt' })]);
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    runs: [
      { n: 1, end: 'stopped' },
      { n: 2, end: 'done' },
    ],
  });
});

test('after the daemon and its idle app-server have ended the history is still there', async () => {
  const { id, thread } = await ended('after-stop');
  expect((await world.cox(['daemon', 'stop'])).code).toBe(0);
  expect(world.servers()).toEqual([]);
  await told(world, 'send', ['resume', id, 'Once more.']);
  expect(await world.ended(id)).toMatchObject({ phase: 'done', thread });
  expect(newestPrompts(thread)).toEqual([expect.stringContaining('after-stop.txt'), 'Once more.']);
  expect(await context(id)).toEqual({ known: 1, found: 1 });
});

test('after its app-server was killed, idle or in mid turn', async () => {
  const { id, thread } = await ended('after-crash');
  await killServers();
  await told(world, 'send', ['resume', id, play('work-gated', { gate: 'crash', path: 'crash.txt' })]);
  await world.lab.waitForRequest(({ gate, state }) => gate === 'crash' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  expect(await world.show(id)).toMatchObject({ phase: 'working', thread });
  await killServers();
  expect(await world.ended(id)).toMatchObject({ phase: 'failed', result: { reason: 'crashed' } });
  await told(world, 'send', ['resume', id, 'After the crash.']);
  world.lab.release('crash');
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    thread,
    runs: [{ end: 'done' }, { end: 'failed' }, { end: 'done' }],
  });
  expect(newestPrompts(thread).at(-1)).toBe('After the crash.');
});

test.each([[[]], [['--no-verify']]])(
  'a thread whose file is gone is lost, and nothing is sent (%j)',
  async (flags) => {
    const { id, thread } = await ended(`file-gone${flags.join('')}`);
    const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'thread-bound'));
    await world.cox(['daemon', 'stop']);
    rmSync(String(facts.find(({ type }) => type === 'thread-bound')?.fact.rollout));
    const text = `Never said${flags.join('')}.`;
    await told(world, 'send', ['resume', id, ...flags, text]);
    expect((await world.cox(['wait', id, '--timeout', `${PATIENCE_MS}ms`])).code).toBe(5);
    expect(await world.show(id)).toMatchObject({ phase: 'lost', thread, result: { verdict: 'failed' } });
    expect(world.lab.requests().filter(({ userTexts }) => userTexts.includes(text))).toEqual([]);
  },
);

test('a thread whose file has lost its newest turn is lost, though Codex lists it: the model would not get it', async () => {
  const { id, thread } = await ended('cut-short');
  const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'thread-bound'));
  const file = String(facts.find(({ type }) => type === 'thread-bound')?.fact.rollout);
  const before = readFileSync(file, 'utf8');
  await told(world, 'send', ['resume', id, 'The turn that is lost.']);
  await world.ended(id);
  await world.cox(['daemon', 'stop']);
  writeFileSync(file, before);
  const requests = world.lab.requestsOf(thread).length;
  await told(world, 'send', ['resume', id, 'Never said without it.']);
  const lost = await world.ended(id);
  expect([lost.phase, lost.result?.detail]).toEqual([
    'lost',
    expect.stringContaining('without 1 of its 2 turns'),
  ]);
  expect(await context(id)).toEqual({ known: 2, found: 1 });
  expect(world.lab.requestsOf(thread)).toHaveLength(requests);
  // Whoever does not want to know goes on with what is left.
  await told(world, 'send', ['resume', id, '--no-verify', 'Said all the same.']);
  expect((await world.ended(id)).phase).toBe('done');
  expect(newestPrompts(thread).slice(1)).toEqual(['Said all the same.']);
});

test('what resume refuses', async () => {
  const { id } = await ended('refusing');
  expect((await refused(world, 'usage', ['resume'])).message).toContain('--last');
  await refused(world, 'usage', ['resume', '--last', id, 'text']);
  await refused(world, 'usage', ['resume', id, '  ']);
  await refused(world, 'usage', ['resume', id, '-'], { stdin: '' });
  await refused(world, 'usage', ['resume', id, 'two', 'words']);
  await refused(world, 'not-found', ['resume', 'nobody']);
  expect(await world.show(id)).toMatchObject({ runs: { length: 1 } });
});

/** Ends every app-server of the world as a crash would, and waits until it is gone. */
async function killServers(): Promise<void> {
  const identities = world.servers().map(({ process: { pid } }) => identify(pid));
  expect(identities).not.toEqual([]);
  for (const identity of identities) {
    if (identity === null) continue;
    signalIdentity(identity, 'SIGKILL');
    await vi.waitFor(() => expect(isAlive(identity)).toBe(false), { timeout: PATIENCE_MS, interval: 10 });
  }
}
