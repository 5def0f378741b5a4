import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('--after: queued until the other has ended well, also across a restart of the daemon', async () => {
  const first = await world.run(play('work-gated', { gate: 'first', path: 'first.txt' }), '--name', 'first');
  const { id } = await world.run(play('plain', {}), '--after', 'first', '--name', 'second');
  expect(await world.show(id)).toMatchObject({
    phase: 'queued',
    thread: null,
    confidence: 'certain',
    because: [{ source: 'user', fact: `comes after ${first.id}` }],
  });
  await world.cox(['daemon', 'restart']);
  expect(await world.show(id)).toMatchObject({ phase: 'queued', thread: null });
  await world.lab.waitForRequest(({ gate, state }) => gate === 'first' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  world.lab.release('first');
  expect(await world.ended(id)).toMatchObject({ phase: 'done' });
  const ended = await world.show('first');
  const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'turn-started'));
  const begun = facts.find(({ type }) => type === 'turn-started')?.at ?? '';
  expect(begun >= (ended.endedAt ?? 'never')).toBe(true);
});

test('--after one that has ended already: begins at once; after one that did not end well: never', async () => {
  const good = await world.run(play('plain', {}));
  await world.ended(good.id);
  const next = await world.run(play('plain', {}), '--after', good.id);
  expect(await world.ended(next.id)).toMatchObject({ phase: 'done' });
  const bad = await world.run(play('sleep', { seconds: 306 }));
  const never = await world.run(play('plain', {}), '--after', bad.id, '--after', good.id);
  const queued = await world.run(play('plain', {}), '--after', never.id);
  await world.cox(['kill', bad.id]);
  expect(await world.ended(never.id)).toMatchObject({
    phase: 'stopped',
    thread: null,
    because: [{ fact: `${bad.id}, which it was to come after, did not end well` }],
  });
  // Nor does what was to come after that.
  expect(await world.ended(queued.id)).toMatchObject({ phase: 'stopped', thread: null });
  const waited = await world.cox(['wait', queued.id]);
  expect(waited.code).toBe(5);
});

test('--after a session that is not there starts nothing; a queued one can be killed', async () => {
  const before = (await world.cox(['ls', '-a', '-q'])).stdout;
  const { code, json } = await world.cox(['run', '--after', 'nobody', '--json', 'text']);
  expect([code, viewSchemas.error.parse(json()).error.code]).toEqual([3, 'not-found']);
  expect((await world.cox(['ls', '-a', '-q'])).stdout).toBe(before);
  const open = await world.run(play('sleep', { seconds: 305 }));
  const { id } = await world.run(play('plain', {}), '--after', open.id);
  const killed = await world.cox(['kill', id, '--json']);
  expect([killed.code, viewSchemas.session.parse(killed.json()).phase]).toEqual([0, 'stopped']);
  await world.cox(['kill', open.id]);
});

test('a run that has used up its tokens is ended, and has failed', async () => {
  const commands = Array.from({ length: 50 }, () => 'true');
  const { id } = await world.run(play('commands', { commands }), '--budget-tokens', '500');
  const view = await world.ended(id);
  expect(view).toMatchObject({ phase: 'failed', result: { reason: 'budget' }, attention: true });
  expect(view.result?.detail).toMatch(/^\d+ of 500 tokens are used up$/);
  expect(view.interventions).toMatchObject([{ kind: 'stop', by: 'budget' }]);
  expect(view.tokens.total).toBeGreaterThanOrEqual(500);
  // A further run has a budget of its own.
  await world.cox(['send', id, play('plain', {})]);
  expect(await world.ended(id)).toMatchObject({ phase: 'done' });
});

test('a run that has used up its time is ended, whatever it waits for', async () => {
  const { id } = await world.run(play('escalate', { command: 'touch /etc/no' }), '--budget-time', '1500ms');
  const view = await world.ended(id);
  expect(view).toMatchObject({ phase: 'failed', result: { reason: 'budget' } });
  expect(view.result?.detail).toMatch(/^the time of 2 s is used up$/);
});

test('budgets that are none', async () => {
  const codes = [];
  for (const flags of [
    ['--budget-tokens', 'many'],
    ['--budget-tokens', '0'],
    ['--budget-time', '5'],
  ]) {
    const { code, json } = await world.cox(['run', ...flags, '--json', 'text']);
    codes.push([code, viewSchemas.error.parse(json()).error.code]);
  }
  expect(codes).toEqual(Array(3).fill([2, 'usage']));
});
