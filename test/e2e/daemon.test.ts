import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refused, told } from './documents.ts';
import { processesWith } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const nowhere = {
  problem: null,
  running: false,
  pid: null,
  version: null,
  startedAt: null,
  openSessions: 0,
  appServers: [],
};

test('start, status and stop say where everything is; start and stop again are no errors', async () => {
  const { socket, stateDirectory, log } = world.places;
  const there = { schemaVersion: 1, socket, stateDirectory, log };
  // Asking starts nothing.
  expect(await told(world, 'daemon', ['daemon', 'status'])).toEqual({ ...there, ...nowhere });
  expect(processesWith('COX_HOME', world.coxHome)).toEqual([]);
  expect(await told(world, 'daemon', ['daemon', 'stop'])).toEqual({ ...there, ...nowhere });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const started = await told(world, 'daemon', ['daemon', 'start']);
  expect(started).toMatchObject({ ...there, running: true, version, openSessions: 0, appServers: [] });
  expect(await told(world, 'daemon', ['daemon', 'start'])).toEqual(started);
  expect(await told(world, 'daemon', ['daemon', 'status'])).toEqual(started);
  const people = await world.cox(['daemon', 'status']);
  expect(people.stdout).toContain(`running, pid ${started.pid}, since ${started.startedAt}`);
  expect(people.stdout).toContain(`state in ${stateDirectory}, log ${log}`);
  expect(await told(world, 'daemon', ['daemon', 'stop'])).toEqual({ ...there, ...nowhere });
  expect(processesWith('COX_HOME', world.coxHome)).toEqual([]);
  expect((await world.cox(['daemon', 'status'])).stdout).toBe(`not running; state in ${stateDirectory}\n`);
  expect((await world.cox(['daemon', 'restart', '--json'])).json()).toMatchObject({ running: true });
  expect((await world.cox(['daemon', 'stop'])).stdout).toBe('stopped\n');
});

test('a session goes on while the daemon is restarted, and while there is none', async () => {
  const { id } = await world.run(play('steps', { gates: ['restarted', 'stopped'] }));
  const held = (gate: string): Promise<{ seq: number }> =>
    world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
      deadlineMs: PATIENCE_MS,
    });
  await held('restarted');
  const before = await told(world, 'daemon', ['daemon', 'status']);
  expect(before).toMatchObject({ openSessions: 1, appServers: [{ sessions: 1 }] });
  const after = await told(world, 'daemon', ['daemon', 'restart']);
  expect(after.pid).not.toBe(before.pid);
  expect(after).toMatchObject({ running: true, openSessions: 1, appServers: before.appServers });
  const lines = (await world.cox(['daemon', 'status'])).stdout.trimEnd().split('\n');
  expect(lines[1]).toBe(
    `  app-server ${before.appServers[0]?.instance}, pid ${before.appServers[0]?.pid}, open sessions: 1`,
  );
  world.lab.release('restarted');
  await held('stopped');
  const stop = await world.cox(['daemon', 'stop']);
  expect([stop.code, stop.stdout]).toEqual([
    0,
    'stopped; 1 open sessions go on, unsupervised until the next command\n',
  ]);
  world.lab.release('stopped');
  await world.lab.waitForRequest(
    ({ answeredWith, state }) => answeredWith.type === 'message' && state === 'answered',
    {
      deadlineMs: PATIENCE_MS,
    },
  );
  expect((await told(world, 'daemon', ['daemon', 'status'])).running).toBe(false);
  expect(await world.ended(id)).toMatchObject({ phase: 'done', runs: [{ n: 1, end: 'done' }] });
});

test('what daemon refuses', async () => {
  expect((await refused(world, 'usage', ['daemon'])).hint).toContain('cox daemon --help');
  await refused(world, 'usage', ['daemon', 'reload']);
  await refused(world, 'usage', ['daemon', 'stop', 'now']);
  await refused(world, 'usage', ['daemon', 'start', '--port', '1']);
});
