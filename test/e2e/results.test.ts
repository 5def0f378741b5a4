import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMeasured, refused, told } from './documents.ts';
import { git, repository, runIn, settled } from './repositories.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

async function markdown(id: string): Promise<string> {
  const ran = await world.cox(['report', id]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return ran.stdout;
}

test('of a session that is still at work: what is known so far', async () => {
  const folder = repository(world, 'open');
  const { id } = await runIn(
    world,
    folder,
    play('work-gated', { gate: 'open', path: 'late.txt', command: 'echo early > early.txt' }),
  );
  await world.lab.waitForRequest(({ gate, state }) => gate === 'open' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  const report = await told(world, 'report', ['report', id]);
  expect(report).toMatchObject({
    session: { phase: 'working', endedAt: null, result: null },
    changes: null,
    unmeasured: 'not measured yet',
    commands: [{ command: 'echo early > early.txt', exitCode: 0 }],
    runs: [{ n: 1, endedAt: null }],
  });
  expect(report.durationMs).toBeGreaterThanOrEqual(report.phases.reduce((sum, { ms }) => sum + ms, 0));
  const text = await markdown(id);
  expect(text).toContain(`# ${id}: working\n`);
  expect(text).toMatch(/Not known: `?not measured yet`?\./);
  const now = await told(world, 'diff', ['diff', id]);
  expect(now.patch).toContain('+++ b/early.txt');
  expect(now.patch).not.toContain('late.txt');
  world.lab.release('open');
  await settled(world, id);
  expect((await told(world, 'diff', ['diff', id])).patch).toContain('+++ b/late.txt');
});

test('the diff of a session that has ended stays what it was, whatever the folder becomes', async () => {
  const folder = repository(world, 'later');
  const { id } = await runIn(world, folder, play('plain', { path: 'kept.txt' }));
  await settled(world, id);
  const before = await told(world, 'diff', ['diff', id]);
  const report = await told(world, 'report', ['report', id]);
  expect(before.patch).toContain('+++ b/kept.txt');
  writeFileSync(join(folder, 'kept.txt'), 'Somebody else has been here.\n');
  writeFileSync(join(folder, 'README.md'), 'And here.\n');
  git(world, folder, 'add', '.');
  git(world, folder, 'commit', '-q', '-m', 'Later');
  git(world, folder, 'gc', '-q', '--prune=now');
  expect(await told(world, 'diff', ['diff', id])).toEqual(before);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  expect(await told(world, 'diff', ['diff', id])).toEqual(before);
  expect((await told(world, 'report', ['report', id])).changes).toEqual(report.changes);
});

test('nothing was changed: said so, and the document is empty', async () => {
  const { id } = await runIn(world, repository(world, 'nothing'), play('early-done'));
  await settled(world, id);
  const ran = await world.cox(['diff', id]);
  expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, '', 'Nothing has changed.\n']);
  expect(await told(world, 'diff', ['diff', id])).toMatchObject({ patch: '', truncated: false });
  expect(await markdown(id)).toMatch(/doubts: no-changes\n[\s\S]*\n## Changed\n\nNothing, measured /);
});

test('in a folder that is no repository: the report says why nothing was measured, the diff is refused', async () => {
  const folder = join(world.root, 'plain-folder');
  mkdirSync(folder);
  const { id } = await runIn(world, folder, play('plain', { path: 'made.txt' }));
  await world.ended(id);
  expect(existsSync(join(folder, 'made.txt'))).toBe(true);
  const report = await told(world, 'report', ['report', id]);
  expect([report.changes, report.unmeasured]).toEqual([null, expect.stringContaining('not-a-repository')]);
  expect(await markdown(id)).toMatch(/## Changed\n\nNot known: `?not-a-repository/);
  const { message, hint } = await refused(world, 'no-baseline', ['diff', id]);
  expect(message).toContain('not-a-repository');
  expect(hint).toContain('git');
});

test('a report spans runs: what each was told, what its thread came back with', async () => {
  const { id } = await runIn(world, repository(world, 'spans'), play('plain', { path: 'first.txt' }));
  await world.ended(id);
  await told(world, 'send', ['resume', id, play('plain', { path: 'second.txt', read: 'pwd' })]);
  await world.ended(id);
  await world.facts(id, (facts) => isMeasured(facts, 2));
  const report = await told(world, 'report', ['report', id]);
  expect(report.runs).toMatchObject([
    { n: 1, context: null },
    { n: 2, context: { known: 1, found: 1 } },
  ]);
  expect(report.instructions.map(({ text, outcome }) => [text.includes('second.txt'), outcome])).toEqual([
    [false, 'taken'],
    [true, 'taken'],
  ]);
  expect(report.commands.map(({ command, run: n }) => [command, n])).toEqual([
    ['ls', 1],
    ['pwd', 2],
  ]);
  expect(report.changes?.list.map(({ path }) => path)).toEqual(['first.txt', 'second.txt']);
  expect(await markdown(id)).toContain('came back with 1 of 1 turns');
});

test('what report and diff refuse', async () => {
  expect((await refused(world, 'usage', ['report', '@last', '--format', 'pdf'])).message).toContain(
    'md, json',
  );
  for (const verb of ['report', 'diff']) {
    await refused(world, 'usage', [verb]);
    await refused(world, 'usage', [verb, '@last', 'more']);
    await refused(world, 'not-found', [verb, 'nobody']);
  }
});
