import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Step } from '../../src/lab/index.ts';
import { refused, told } from './documents.ts';
import { play } from './scenarios.ts';
import { World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open({ questions: true });
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

const outside = (name: string): string => join(world.outside, name);

test('the inbox shows the oldest first, with what can be answered; a session’s name names its request', async () => {
  const empty = await world.cox(['inbox']);
  expect([empty.code, empty.stdout, empty.stderr]).toEqual([0, '', 'Nothing needs you.\n']);
  const asks = await world.run(play('escalate', { command: `touch ${outside('named')}` }), '--name', 'asks');
  const first = await world.request(asks.id);
  const wonders = await world.run(play('question', { question: 'Tabs?\nOr spaces?' }), '--name', 'wonders');
  const second = await world.request(wonders.id);
  const inbox = await told(world, 'inbox', ['inbox']);
  expect(inbox.items.map(({ requestId, session, name }) => [requestId, session, name])).toEqual([
    [first.requestId, asks.id, 'asks'],
    [second.requestId, wonders.id, 'wonders'],
  ]);
  const { stdout } = await world.cox(['inbox']);
  expect(stdout.trimEnd().split('\n')).toEqual([
    `${first.requestId}  ${asks.id} asks  approval`,
    '  May I write outside of the workspace?',
    `  $ touch ${outside('named')}`,
    `  in ${world.work}`,
    '  1. Yes, once',
    expect.stringMatching(/^ {2}2\. Always for `touch/),
    '  3. No, and go on',
    expect.stringContaining(`cox approve ${first.requestId} | cox deny ${first.requestId}`),
    '',
    `${second.requestId}  ${wonders.id} wonders  question`,
    '  Tabs?',
    '  | Or spaces?',
    '  1. Postgres',
    '  2. SQLite',
    expect.stringContaining(`cox answer ${second.requestId} TEXT`),
  ]);
  expect(await told(world, 'answer', ['approve', '@needs'])).toMatchObject({
    requestId: first.requestId,
    answer: 'accept',
  });
  expect(await told(world, 'answer', ['answer', 'wonders', '--option', '1'])).toMatchObject({
    answer: 'option-1',
  });
  expect((await world.ended(asks.id)).phase).toBe('done');
  expect((await world.ended(wonders.id)).phase).toBe('done');
  expect(existsSync(outside('named'))).toBe(true);
});

test('--for prefix says yes for all commands that begin so, and writes it where Codex keeps its rules', async () => {
  const asking = (name: string): Step => ({
    type: 'tool',
    command: `mkdir ${outside(name)}`,
    escalated: { justification: 'May I?', prefix_rule: ['mkdir'] },
  });
  const steps = [asking('prefix-1'), asking('prefix-2'), { type: 'message', text: 'Done.' }];
  const { id } = await world.run(play('script', { steps }));
  const { requestId, options } = await world.request(id);
  expect(options.find(({ id: choice }) => choice === 'prefix')?.prefix).toEqual(['mkdir']);
  expect(await told(world, 'answer', ['approve', requestId, '--for', 'prefix'])).toMatchObject({
    answer: 'prefix',
  });
  expect((await world.ended(id)).phase).toBe('done');
  expect([existsSync(outside('prefix-1')), existsSync(outside('prefix-2'))]).toEqual([true, true]);
  expect((await told(world, 'report', ['report', id])).requests).toMatchObject([
    { answer: 'prefix', by: 'user' },
  ]);
  const rules = join(world.codexHome, 'rules');
  const written = readdirSync(rules).map((name) => readFileSync(join(rules, name), 'utf8'));
  expect(written.join('')).toContain('["mkdir"]');
});

test('--for session says yes to the same patch again', async () => {
  const { id } = await world.run(play('patch-outside', { path: outside('patched.txt') }));
  const { requestId, options } = await world.request(id);
  expect(options.map(({ id: choice }) => choice)).toEqual(['accept', 'session', 'decline']);
  expect(await told(world, 'answer', ['approve', requestId, '--for', 'session'])).toMatchObject({
    answer: 'session',
  });
  expect((await world.ended(id)).interventions).toMatchObject([{ kind: 'approve', outcome: 'accepted' }]);
  expect(existsSync(outside('patched.txt'))).toBe(true);
});

test('a choice that is not offered, and a request that is settled or being ended, are refused', async () => {
  const { id } = await world.run(
    play('escalate', { command: `touch ${outside('refused')}` }),
    '--name',
    'strict',
  );
  const { requestId } = await world.request(id);
  for (const words of [
    ['approve', requestId, '--for', 'session'],
    ['answer', requestId, '--option', '4'],
    ['answer', requestId, 'yes'],
  ]) {
    const { message, details } = await refused(world, 'choice-invalid', words);
    expect(message).toMatch(/1 Yes, once, 2 Always for .*, 3 No, and go on/);
    expect(details).toMatchObject({ requestId, offered: ['accept', 'prefix', 'decline'] });
  }
  await refused(world, 'usage', ['approve']);
  await refused(world, 'usage', ['approve', requestId, '--for', 'ever']);
  await refused(world, 'usage', ['deny']);
  await refused(world, 'usage', ['deny', requestId, 'text']);
  await refused(world, 'usage', ['answer', requestId]);
  await refused(world, 'usage', ['answer', requestId, 'text', '--option', '1']);
  await refused(world, 'usage', ['answer', requestId, '--option', 'two']);
  await refused(world, 'usage', ['inbox', 'strict']);
  await refused(world, 'not-found', ['approve', 'nobody']);
  expect((await world.show(id)).need?.requestId).toBe(requestId);
  const denied = await told(world, 'answer', ['answer', 'strict', '--option', '3']);
  expect(denied).toMatchObject({ requestId, answer: 'decline' });
  expect((await world.ended(id)).interventions).toMatchObject([{ kind: 'deny', outcome: 'accepted' }]);
  for (const words of [
    ['approve', requestId],
    ['deny', requestId],
    ['answer', requestId, '--option', '1'],
  ]) {
    expect((await refused(world, 'conflict', words)).message).toContain('settled');
  }
  await refused(world, 'not-found', ['approve', 'strict']);
  expect(existsSync(outside('refused'))).toBe(false);
});
