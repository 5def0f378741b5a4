import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionList, SessionView } from '../../src/client/index.ts';
import { isMeasured, refused, told } from './documents.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

/** A session that has ended well and that nobody has looked at. */
async function ended(name: string, prompt = play('plain', { path: `${name}.txt` })): Promise<string> {
  const { id } = await world.run(prompt, '--name', name);
  expect((await world.cox(['wait', id])).code).toBe(0);
  await world.facts(id, (facts) => isMeasured(facts));
  return id;
}

async function held(name: string): Promise<string> {
  const { id } = await world.run(play('work-gated', { gate: name, path: `${name}.txt` }), '--name', name);
  await world.lab.waitForRequest(({ gate, state }) => gate === name && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  return id;
}

async function listed(...flags: string[]): Promise<string[]> {
  return (await world.ask<SessionList>('ls', ...flags)).items.map(({ id }) => id);
}

test('archive puts aside what has ended: nobody needs to look at it, and all of it is still there', async () => {
  const [first, second] = [await ended('first'), await ended('second')];
  expect(await listed()).toEqual([first, second]);
  const view = await told(world, 'session', ['archive', 'first']);
  expect(view).toMatchObject({ id: first, archived: true, attention: false, phase: 'done' });
  expect(await listed()).toEqual([second]);
  expect(await listed('--all')).toEqual(expect.arrayContaining([first, second]));
  expect((await world.show('@needs')).id).toBe(second);
  expect((await world.show('first')).archived).toBe(true);
  expect((await world.cox(['logs', first])).stdout).toContain('Done: the file is there.');
  expect((await told(world, 'diff', ['diff', first])).patch).toContain('first.txt');
  // The newest that is not put aside is the last.
  await told(world, 'session', ['archive', second]);
  await refused(world, 'not-found', ['show', '@last']);
  expect(await told(world, 'session', ['archive', second])).toMatchObject({ id: second, archived: true });
  const both = await told(world, 'session-list', ['archive', 'first', 'second']);
  expect(both.items.map(({ id }) => id)).toEqual([first, second]);
});

test('what is put aside comes back with its next run', async () => {
  const id = await ended('returns');
  await told(world, 'session', ['archive', id]);
  await told(world, 'send', ['send', id, 'One more thing.']);
  await world.ended(id);
  expect(await world.show(id)).toMatchObject({ archived: false, runs: { length: 2 } });
  expect((await world.show('@last')).id).toBe(id);
});

test('rm deletes all that is known of what has ended, for good', async () => {
  const file = `${world.outside}/removed`;
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }), '--name', 'goes');
  const { requestId } = await world.request(id);
  expect((await world.cox(['deny', requestId])).code).toBe(0);
  const { thread } = await world.ended(id);
  await world.facts(id, (facts) => isMeasured(facts));
  const stays = await ended('stays');
  expect(await told(world, 'removed', ['rm', 'goes'])).toEqual({ schemaVersion: 1, ok: true, session: id });
  const ways = [id, 'goes', String(thread), id.slice(0, 4)].map((target) => ['show', target]);
  const verbs = ['logs', 'events', 'report', 'diff', 'wait', 'kill', 'resume', 'rm'].map((verb) => [
    verb,
    id,
  ]);
  const words = [
    ['send', id, 'text'],
    ['deny', requestId],
    ['attach', id, '--print'],
  ];
  await Promise.all([...ways, ...verbs, ...words].map((args) => refused(world, 'not-found', args)));
  expect(await listed('--all')).not.toContain(id);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  await refused(world, 'not-found', ['show', id]);
  expect(await world.show('stays')).toMatchObject({ id: stays, phase: 'done' });
  // Its name is free, its id is not used again.
  const next = await ended('goes');
  expect(next).not.toBe(id);
  expect((await world.show('goes')).id).toBe(next);
});

test('what has not ended is neither archived nor removed', async () => {
  const open = await held('open');
  const before: SessionView = await world.show(open);
  for (const verb of ['archive', 'rm']) {
    const { hint } = await refused(world, 'conflict', [verb, open]);
    expect(hint).toContain('cox stop');
  }
  expect(await world.show(open)).toEqual(before);
  expect((await world.cox(['kill', open])).code).toBe(0);
  await world.facts(open, (facts) => isMeasured(facts));
  expect((await world.cox(['archive', open])).stdout).toBe(`${open} archived\n`);
  expect((await world.cox(['rm', open])).stdout).toBe(`${open} removed\n`);
});

test('several at once: a name that is not there stops it before anything is done', async () => {
  const names = ['one-of-two', 'two-of-two'];
  const ids = [await ended('one-of-two'), await ended('two-of-two')];
  for (const verb of ['archive', 'rm']) await refused(world, 'not-found', [verb, ...names, 'nobody']);
  for (const id of ids) expect((await world.show(id)).archived).toBe(false);
  // One of them twice is one.
  const ran = await world.cox(['rm', ...names, 'one-of-two']);
  expect([ran.code, ran.stdout]).toEqual([0, ids.map((id) => `${id} removed\n`).join('')]);
  for (const id of ids) await refused(world, 'not-found', ['show', id]);
});

test('what archive and rm refuse', async () => {
  for (const verb of ['archive', 'rm']) {
    await refused(world, 'usage', [verb]);
    await refused(world, 'usage', [verb, '--all']);
    await refused(world, 'not-found', [verb, 'nobody']);
  }
});
