import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { isMeasured, isSettled, refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { repository, runIn, settled } from './repositories.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('events -f --after N -n M leaves nothing out between the first M and those that come', async () => {
  const { id } = await world.run(play('plain'));
  await world.ended(id);
  const known = await world.facts(id, isSettled);
  const command = new LiveCommand(world, ['events', id, '-f', '--json', '--after', '0', '-n', '2']);
  onTestFinished(async () => {
    await command.end('SIGKILL');
  });
  await command.shows('\n');
  await world.cox(['archive', id]);
  await command.shows('"archived"');
  const seqs = command.lines.map((line) => viewSchemas.event.parse(JSON.parse(line)).seq);
  expect(seqs.slice(0, -1)).toEqual(known.map(({ seq }) => seq));
});

test('wait of what has ended says so, however short the time', async () => {
  const { id } = await runIn(world, repository(world, 'short'), play('plain'));
  await settled(world, id);
  expect((await world.cox(['wait', id, '--timeout', '0s'])).code).toBe(0);
});

test('a report says why an ended session could not be measured, not that it is yet to be', async () => {
  const folder = repository(world, 'vanished');
  const { id } = await runIn(world, folder, play('work-gated', { gate: 'vanished', path: 'x.txt' }));
  await world.lab.waitForRequest(({ gate, state }) => gate === 'vanished' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  rmSync(folder, { recursive: true });
  world.lab.release('vanished');
  await world.facts(id, (facts) => isMeasured(facts));
  const { changes, unmeasured } = await told(world, 'report', ['report', id]);
  expect([changes, unmeasured]).toEqual([null, expect.stringContaining('no-folder')]);
});

test('a text that is longer than Codex takes is refused, and does not make the run fail', async () => {
  const { id } = await world.run(play('work-gated', { gate: 'long', path: 'long.txt' }));
  await world.lab.waitForRequest(({ gate, state }) => gate === 'long' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  // Codex 0.169 takes 1,048,576 characters.
  const ran = await world.cox(['send', id, '-', '--json'], { stdin: 'x'.repeat(1_048_577) });
  world.lab.release('long');
  expect((await world.ended(id)).phase).toBe('done');
  const parsed = viewSchemas.error.safeParse(ran.json());
  expect([ran.code, parsed.data?.error.code]).toEqual([2, 'usage']);
});

test('lab serve --detach that is refused says why', async () => {
  const home = join(world.root, 'wrong', 'codex');
  const words = ['lab', 'serve', '--home', home, '--detach', '--port', 'x'];
  expect((await refused(world, 'usage', words)).message).toContain('65535');
});
