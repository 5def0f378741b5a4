import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { EventView } from '../../src/client/index.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { isSettled, refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
let ended: string;
beforeAll(async () => {
  world = await World.open();
  ended = (await world.run(play('plain'), '--name', 'ended')).id;
  await world.ended(ended);
});
afterAll(() => world.close());

function follow(...args: string[]): LiveCommand {
  const command = new LiveCommand(world, ['events', '-f', ...args]);
  onTestFinished(async () => {
    await command.end('SIGKILL');
  });
  return command;
}

function parsed(command: LiveCommand): EventView[] {
  return command.lines.map((line) => viewSchemas.event.parse(JSON.parse(line)) as EventView);
}

function atGate(gate: string): Promise<unknown> {
  return world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
}

test('events of one session: all, the newest, those after a number', async () => {
  const all = await told(world, 'events', ['events', 'ended']);
  const known = await world.facts(ended, isSettled);
  expect(all).toEqual({ schemaVersion: 1, items: known, before: known[0]?.seq });
  const after = known[4]?.seq ?? 0;
  const [zero, first, some, rest, none, lines] = await Promise.all([
    told(world, 'events', ['events', 'ended', '-n', '0']),
    told(world, 'events', ['events', 'ended', '--after', '0', '-n', '2']),
    told(world, 'events', ['events', 'ended', '-n', '3']),
    told(world, 'events', ['events', 'ended', '--after', String(after)]),
    told(world, 'events', ['events', 'ended', '--after', '999999']),
    world.cox(['events', 'ended', '-n', '2']),
  ]);
  expect([zero.items, first.items]).toEqual([[], known.slice(0, 2)]);
  expect(some.items).toEqual(known.slice(-3));
  expect(some.before).toBe(known.at(-3)?.seq);
  expect(rest.items).toEqual(known.slice(5));
  expect(none).toEqual({ schemaVersion: 1, items: [], before: null });
  expect(lines.stdout.trimEnd().split('\n')).toEqual(
    known
      .slice(-2)
      .map(({ seq, at, type }) =>
        expect.stringMatching(new RegExp(`^${seq}  ${at}  ${ended}  \\S+ ${type}  `)),
      ),
  );
});

test('a history of several pages is whole, for events as for logs', async () => {
  const { id } = await world.run(play('talks', { count: 250 }), '--name', 'long');
  await world.ended(id);
  const known = await world.facts(id, isSettled);
  expect(known.length).toBeGreaterThan(500);
  const [newest, many, rest, log, lines, bytes] = await Promise.all([
    told(world, 'events', ['events', 'long']),
    told(world, 'events', ['events', 'long', '-n', '510']),
    told(world, 'events', ['events', 'long', '--after', String(known[3]?.seq)]),
    told(world, 'log', ['logs', 'long']),
    world.cox(['logs', 'long', '-n', '200']),
    world.cox(['logs', 'long', '--bytes', '9000']),
  ]);
  expect(newest.items).toEqual(known.slice(-100));
  expect(many.items).toEqual(known.slice(-510));
  expect(rest.items).toEqual(known.slice(4));
  expect(log.items.filter(({ kind }) => kind === 'codex').map(({ text }) => text)).toEqual(
    Array.from({ length: 250 }, (_, n) => `Word ${n}.`),
  );
  expect(log.items[0]?.text).toMatch(/^#lab:talks/);
  const { stdout } = await world.cox(['logs', 'long']);
  expect(lines.stdout).toBe(stdout.split('\n').slice(-201).join('\n'));
  expect(bytes.stdout).toBe(stdout.slice(-9000));
});

test('-f tells each event once as it comes, of one session or of all, and outlives the daemon', async () => {
  const first = await world.run(play('work-gated', { gate: 'events-1', path: 'events-1.txt' }));
  await atGate('events-1');
  const everything = follow('--json', '--after', '0');
  const one = follow(first.id, '--json');
  const people = follow(first.id, '-n', '1');
  await Promise.all([everything.shows(first.id), one.shows('session-created'), people.shows(first.id)]);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  const second = await world.run(play('work-gated', { gate: 'events-2', path: 'events-2.txt' }));
  await atGate('events-2');
  world.lab.release('events-1');
  world.lab.release('events-2');
  await Promise.all([world.ended(first.id), world.ended(second.id)]);
  const known = await Promise.all([first.id, second.id].map((id) => world.facts(id, isSettled)));
  const last = Math.max(...known.flatMap((facts) => facts.map(({ seq }) => seq)));
  const lastOfFirst = known[0]?.at(-1)?.seq;
  await Promise.all([
    everything.shows(`"seq":${last},`),
    one.shows(`"seq":${lastOfFirst},`),
    people.shows(new RegExp(`^${lastOfFirst}  `, 'm')),
  ]);
  // SIGINT ends it, as a person does.
  expect(await Promise.all([everything, one, people].map((command) => command.end('SIGINT')))).toEqual([
    130, 130, 130,
  ]);
  expect([everything.stderr, one.stderr, people.stderr]).toEqual(['', '', '']);
  const seqs = parsed(everything).map(({ seq }) => seq);
  expect(seqs).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(parsed(one)).toEqual(known[0]);
  const newest = people.lines.map((line) => Number(line.split(' ')[0]));
  expect(newest).toEqual(known[0]?.map(({ seq }) => seq).slice(-newest.length));
});

test('what events refuses', async () => {
  expect((await refused(world, 'usage', ['events'])).hint).toContain('events -f');
  await refused(world, 'usage', ['events', '--after', '3']);
  await refused(world, 'usage', ['events', 'ended', '--after', 'then']);
  await refused(world, 'usage', ['events', 'ended', '-n', '-2']);
  await refused(world, 'not-found', ['events', 'nobody']);
  await refused(world, 'not-found', ['events', 'nobody', '-f']);
});
