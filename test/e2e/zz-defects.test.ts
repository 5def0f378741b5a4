import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { isSettled } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { World } from './world.ts';

/** Each of these fails: it is what should hold, and does not. */

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
