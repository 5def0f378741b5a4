import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

function live(...args: string[]): LiveCommand {
  const command = new LiveCommand(world, args);
  onTestFinished(async () => {
    await command.end('SIGKILL');
  });
  return command;
}

async function held(gate: string, ...flags: string[]): Promise<string> {
  const { id } = await world.run(play('work-gated', { gate, path: `${gate}.txt` }), ...flags);
  await world.lab.waitForRequest((one) => one.gate === gate && one.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  return id;
}

let ids: Record<'asks' | 'done' | 'failed' | 'works', string>;
beforeAll(async () => {
  const done = await world.run(
    play('plain', { path: 'listed.txt' }),
    '--name',
    'done',
    '--label',
    'team=core',
  );
  expect((await world.cox(['wait', done.id])).code).toBe(0);
  const failed = await world.run(play('quota'), '--name', 'failed', '--label', 'team=web');
  expect((await world.cox(['wait', failed.id])).code).toBe(5);
  const works = await held('listed', '--name', 'works', '--label', 'team=core', '--label', 'kind=bug');
  const asks = await world.run(
    play('escalate', { command: `touch ${world.outside}/never` }),
    '--name',
    'asks',
  );
  await world.request(asks.id);
  ids = { asks: asks.id, done: done.id, failed: failed.id, works };
});

async function listed(...flags: string[]): Promise<string[]> {
  const { items } = await told(world, 'session-list', ['ls', ...flags]);
  return items.map(({ name }) => String(name));
}

test('those that need you first: what waits, what failed, what is done; or the newest first', async () => {
  const lists = await Promise.all([
    listed(),
    listed('--sort', 'attention'),
    listed('--sort', 'age'),
    listed('-a'),
  ]);
  const byNeed = ['asks', 'failed', 'done', 'works'];
  expect(lists).toEqual([byNeed, byNeed, ['asks', 'works', 'failed', 'done'], byNeed]);
});

test('by phase and by label', async () => {
  const lists = await Promise.all([
    listed('--phase', 'waiting'),
    listed('--phase', 'done'),
    listed('--phase', 'lost'),
    listed('--label', 'team=core'),
    listed('--label', 'team=core', '--label', 'kind=bug'),
    listed('--label', 'team=core', '--phase', 'done'),
    listed('--label', 'team=nobody'),
  ]);
  expect(lists).toEqual([['asks'], ['done'], [], ['done', 'works'], ['works'], ['done'], []]);
});

test('for people: a line each, ids alone with -q, and ps is ls', async () => {
  const [lines, quiet, alias, none] = await Promise.all([
    world.cox(['ls']),
    world.cox(['ls', '-q', '--sort', 'age']),
    world.cox(['ps', '-q']),
    world.cox(['ls', '--phase', 'lost']),
  ]);
  expect(
    lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +/).slice(0, 3)),
  ).toEqual([
    ['ID', 'NAME', 'PHASE'],
    [ids.asks, 'asks', 'waiting/approval'],
    [ids.failed, 'failed', 'failed/quota'],
    [ids.done, 'done', 'done/unverified'],
    [ids.works, 'works', 'working'],
  ]);
  expect(lines.stdout).toContain(`May I write outside of the workspace? $ touch ${world.outside}`);
  expect(quiet.stdout).toBe(`${ids.asks}\n${ids.works}\n${ids.failed}\n${ids.done}\n`);
  expect(alias.stdout).toBe(`${ids.asks}\n${ids.failed}\n${ids.done}\n${ids.works}\n`);
  expect([none.code, none.stdout, none.stderr]).toEqual([0, '', expect.stringContaining('cox ls -a')]);
});

test('show says what is needed and how to answer it; what has ended is then seen', async () => {
  const [asks, works] = await Promise.all([world.cox(['show', 'asks']), world.cox(['show', 'works'])]);
  const { requestId } = await world.request(ids.asks);
  for (const words of [
    `${ids.asks} (asks): waiting/approval for `,
    `$ touch ${world.outside}/never`,
    `Answer: cox approve ${requestId} | cox deny ${requestId} | cox answer ${requestId} --option N`,
    `folder   ${world.work}`,
  ])
    expect(asks.stdout).toContain(words);
  expect(works.stdout).toMatch(new RegExp(`^${ids.works} \\(works\\): working for `));
  const before = await told(world, 'session', ['show', 'failed']);
  expect([before.attention, before.result]).toEqual([
    true,
    expect.objectContaining({ verdict: 'failed', reason: 'quota' }),
  ]);
  expect((await told(world, 'session', ['show', 'failed'])).attention).toBe(false);
  expect(await listed()).toEqual(['asks', 'done', 'works']);
  expect(await listed('-a')).toEqual(['asks', 'done', 'works', 'failed']);
  expect(await listed('--phase', 'failed')).toEqual(['failed']);
});

test('--watch shows the list anew at each change, until it is interrupted', async () => {
  const watching = live('ls', '--watch', '--label', 'team=core');
  await watching.shows(new RegExp(`^${ids.works} +works +working `, 'm'));
  expect((await world.cox(['kill', 'works'])).code).toBe(0);
  // Ended on purpose: it needs nobody, and is not in the list any more.
  await watching.shows(/works[\s\S]*\nID +NAME[^\n]*\n[^\n]* done +done\/unverified[^\n]*\n(?![^\n]*works)/);
  expect([await watching.end('SIGINT'), watching.stderr]).toEqual([130, '']);
});

test('--watch outlives the daemon', async () => {
  const id = await held('watched');
  const watching = live('ls', '--watch');
  await watching.shows(id);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  world.lab.release('watched');
  await watching.shows(new RegExp(`^${id} .* done/`, 'm'));
  expect([await watching.end('SIGINT'), watching.stderr]).toEqual([130, '']);
});

test('what they refuse', async () => {
  await refused(world, 'usage', ['ls', '--watch']);
  await refused(world, 'usage', ['ls', '--sort', 'name']);
  await refused(world, 'usage', ['ls', '--phase', 'ended']);
  await refused(world, 'usage', ['ls', '--label', 'team']);
  await refused(world, 'usage', ['ls', 'works']);
  await refused(world, 'usage', ['show']);
  await refused(world, 'not-found', ['show', 'nobody']);
});
