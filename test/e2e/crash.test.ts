import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { DaemonView, EventView, SessionList } from '../../src/client/index.ts';
import { Connection } from '../../src/codex/app-server/connection.ts';
import { isOver } from '../../src/codex/app-server/map-item.ts';
import type { ThreadItem } from '../../src/codex/generated/v2/ThreadItem.ts';
import { identify, isAlive } from '../../src/machine/identity.ts';
import { signalIdentity } from '../../src/machine/signal.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { processesWith } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

async function open(): Promise<World> {
  const world = await World.open();
  onTestFinished(() => world.close());
  return world;
}

/** Ends a process as a crash would, and waits until it is gone. */
async function crash(pid: number): Promise<void> {
  const identity = identify(pid);
  if (identity === null) throw new Error(`no process has the pid ${pid}`);
  expect(signalIdentity(identity, 'SIGKILL')).toBe('sent');
  await vi.waitFor(() => expect(isAlive(identity)).toBe(false), { timeout: PATIENCE_MS, interval: 10 });
}

async function daemonPid(world: World): Promise<number> {
  const view = viewSchemas.daemon.parse(await world.ask<DaemonView>('daemon', 'status'));
  expect(view.pid).not.toBeNull();
  return Number(view.pid);
}

async function crashDaemon(world: World): Promise<void> {
  const pid = await daemonPid(world);
  await crash(pid);
  expect((await world.ask<DaemonView>('daemon', 'status')).running).toBe(false);
}

function atGate(world: World, gate: string): Promise<{ thread: string }> {
  return world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
}

/** Ids of the items that Codex itself says are over, in its order. */
async function itemsOfCodex(world: World, thread: string): Promise<string[]> {
  const [server] = world.servers();
  const silent = { notification: () => undefined, request: () => undefined, closed: () => undefined };
  const connection = await Connection.open(server?.socket ?? '', '0', PATIENCE_MS, silent);
  try {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { data: { item: ThreadItem }[]; nextCursor: string | null } = await connection.call(
        'thread/items/list',
        { threadId: thread, cursor, limit: 3, sortDirection: 'asc' },
      );
      ids.push(...page.data.flatMap(({ item }) => (isOver(item) ? [item.id] : [])));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return ids;
  } finally {
    connection.close();
  }
}

function itemFacts(facts: readonly EventView[]): string[] {
  return facts.flatMap(({ type, fact }) =>
    type === 'item' ? [String((fact.item as { id: string }).id)] : [],
  );
}

/** `World.ended` shows the session after its end, which is the last fact of all. */
const wasSeen = (facts: readonly EventView[]): boolean => facts.some(({ type }) => type === 'seen');

test('the daemon is killed in mid turn: Codex goes on, and every item is there once', async () => {
  const world = await open();
  const { id } = await world.run(play('work-gated', { gate: 'mid' }), '--name', 'survivor');
  const bystander = await world.run(play('sleep', { seconds: 2 }));
  const { thread } = await atGate(world, 'mid');
  await crashDaemon(world);

  world.lab.release('mid');
  await world.lab.waitForRequest(
    (request) =>
      request.thread === thread && request.answeredWith.type === 'message' && request.state === 'answered',
    { deadlineMs: PATIENCE_MS },
  );
  expect(existsSync(world.places.socket) && (await world.ask<DaemonView>('daemon', 'status')).running).toBe(
    false,
  );

  const { items } = viewSchemas['session-list'].parse(await world.ask<SessionList>('ls', '--all'));
  expect(items.map((view) => view.id).sort()).toEqual([id, bystander.id].sort());
  expect(await world.ended('survivor')).toMatchObject({
    id,
    thread,
    phase: 'done',
    confidence: 'certain',
    lastMessage: 'Done: the gate was released.',
  });
  expect((await world.ended(bystander.id)).phase).toBe('done');
  for (const one of [id, bystander.id]) {
    const known = itemFacts(await world.facts(one, wasSeen));
    const listed = await itemsOfCodex(world, await world.thread(one));
    expect(listed.length).toBeGreaterThanOrEqual(3);
    expect(known.toSorted()).toEqual(listed.toSorted());
  }
});

test('the daemon is killed again and again in one turn: no item is lost or doubled', async () => {
  const world = await open();
  const { id } = await world.run(play('steps', { gates: ['one', 'two', 'three'] }));
  for (const gate of ['one', 'two', 'three']) {
    const { thread } = await atGate(world, gate);
    expect((await world.show(id)).thread).toBe(thread);
    await crashDaemon(world);
    world.lab.release(gate);
  }
  expect((await world.ended(id)).phase).toBe('done');
  const known = itemFacts(await world.facts(id, wasSeen));
  expect(known.toSorted()).toEqual((await itemsOfCodex(world, await world.thread(id))).toSorted());
});

test.each(['work-requested', 'turn-started'])(
  'the daemon is killed at the first %s: the prompt is handed over, once',
  async (type) => {
    const world = await open();
    const { id } = await world.run(play('plain'));
    await world.facts(id, (facts) => facts.some((fact) => fact.type === type));
    await crashDaemon(world);
    expect(await world.ended(id)).toMatchObject({ phase: 'done', runs: [{ n: 1, end: 'done' }] });
    const facts = await world.facts(id, wasSeen);
    const known = itemFacts(facts);
    expect(known.toSorted()).toEqual((await itemsOfCodex(world, await world.thread(id))).toSorted());
    const prompts = facts.filter(
      ({ type: kind, fact }) => kind === 'item' && (fact.item as { kind: string }).kind === 'user',
    );
    expect(prompts).toHaveLength(1);
    expect(world.lab.requests().map(({ position }) => position)).toEqual([0, 1, 2]);
  },
);

test('the daemon is killed while an approval is pending: the request keeps its id and can be answered', async () => {
  const world = await open();
  const file = join(world.outside, 'approved-later');
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
  const before = await world.request(id);
  await crashDaemon(world);
  expect(await world.inbox()).toEqual([before]);
  expect(existsSync(file)).toBe(false);
  await world.facts(id, (facts) => facts.some(({ type }) => type === 'observed'));
  expect(await world.inbox()).toEqual([before]);
  expect((await world.cox(['approve', before.requestId])).code).toBe(0);
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    interventions: [{ kind: 'approve', by: 'user', outcome: 'accepted' }],
  });
  expect(existsSync(file)).toBe(true);
  const opened = await world.facts(id, wasSeen);
  expect(opened.filter(({ type }) => type === 'request-opened')).toHaveLength(1);
});

test('the very first command after the crash may be the answer', async () => {
  const world = await open();
  const files = ['yes', 'no'].map((name) => join(world.outside, name));
  const { id } = await world.run(play('two-approvals', { commands: files.map((file) => `touch ${file}`) }));
  const entries = await world.requests(id, 2);
  await crashDaemon(world);
  const [yes, no] = ['yes', 'no'].map((name) =>
    entries.find(({ command }) => command?.endsWith(name) === true),
  );
  const answers = await Promise.all([
    world.cox(['approve', yes?.requestId ?? '']),
    world.cox(['deny', no?.requestId ?? '']),
  ]);
  expect(answers.map(({ code }) => code)).toEqual([0, 0]);
  expect((await world.ended(id)).phase).toBe('done');
  expect(files.map((file) => existsSync(file))).toEqual([true, false]);
});

test('an answer is committed when the daemon dies: it still reaches Codex, once', async () => {
  const world = await open();
  const file = join(world.outside, 'committed');
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
  const { requestId } = await world.request(id);
  const pid = await daemonPid(world);
  expect((await world.cox(['approve', requestId])).code).toBe(0);
  await crash(pid);
  expect((await world.cox(['deny', requestId])).code).toBe(6);
  expect((await world.ended(id)).phase).toBe('done');
  expect(existsSync(file)).toBe(true);
});

test('commands at the same moment start one daemon', async () => {
  const world = await open();
  const many = await Promise.all(Array.from({ length: 4 }, () => world.cox(['ls', '--json'])));
  expect(many.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  await vi.waitFor(() => expect(processesWith('COX_HOME', world.coxHome)).toHaveLength(1), {
    timeout: PATIENCE_MS,
    interval: 20,
  });
  await crash(await daemonPid(world));
  const again = await Promise.all(Array.from({ length: 4 }, () => world.cox(['ls', '--json'])));
  expect(again.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
});

test('an app-server is killed in mid turn: its session has crashed, one of another identity goes on', async () => {
  const world = await open();
  const first = await world.run(play('work-gated', { gate: 'first', path: 'first.txt' }));
  const second = await world.run(
    play('work-gated', { gate: 'second', path: 'second.txt' }),
    '--env',
    'OTHER=1',
  );
  await Promise.all([atGate(world, 'first'), atGate(world, 'second')]);
  const { appServers } = await world.ask<DaemonView>('daemon', 'status');
  expect(appServers.map(({ sessions }) => sessions)).toEqual([1, 1]);
  const bound = await world.facts(first.id, (facts) => facts.some(({ type }) => type === 'thread-bound'));
  const server = appServers.find(({ instance }) => instance === bound.at(-1)?.fact.server);
  await crash(server?.pid ?? 0);

  expect(await world.ended(first.id)).toMatchObject({
    phase: 'failed',
    attention: true,
    result: { verdict: 'failed', reason: 'crashed' },
  });
  expect((await world.cox(['wait', first.id])).code).toBe(5);
  expect((await world.show(second.id)).phase).toBe('working');
  world.lab.release('second');
  expect(await world.ended(second.id)).toMatchObject({ phase: 'done', runs: [{ n: 1, end: 'done' }] });
  expect([existsSync(join(world.work, 'first.txt')), existsSync(join(world.work, 'second.txt'))]).toEqual([
    false,
    true,
  ]);
});

test('an app-server is killed while an approval is pending: the request is withdrawn', async () => {
  const world = await open();
  const file = join(world.outside, 'withdrawn');
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
  const { requestId } = await world.request(id);
  await crash(world.servers()[0]?.process.pid ?? 0);
  expect(await world.ended(id)).toMatchObject({ phase: 'failed', need: null, result: { reason: 'crashed' } });
  expect((await world.cox(['approve', requestId])).code).toBe(6);
  expect([await world.inbox(), existsSync(file)]).toEqual([[], false]);
});

test('the daemon is killed while the folder is measured: Codex forgets the thread, the prompt is not lost', async () => {
  const world = await open();
  const folder = join(world.root, 'slow');
  const go = join(world.root, 'go');
  mkdirSync(folder);
  // A git that takes its time, as it does in a large repository: the thread is there, the prompt is not.
  const slow = `#!/bin/sh\nuntil test -e '${go}'; do test -d '${folder}' || exit 1; sleep 0.05; done\nexec env PATH='${world.env.PATH}' git "$@"\n`;
  writeFileSync(join(folder, 'git'), slow);
  chmodSync(join(folder, 'git'), 0o755);
  await world.cox(['daemon', 'start'], { env: { PATH: `${folder}:${world.env.PATH}` } });
  const { id } = await world.run(play('plain'));
  const first = await world.thread(id);
  await crashDaemon(world);
  writeFileSync(go, '');
  expect(await world.ended(id)).toMatchObject({ phase: 'done' });
  const { thread } = await world.show(id);
  expect(thread).not.toBe(first);
  expect(world.lab.requests().filter(({ position }) => position === 0)).toHaveLength(1);
});

test('what carries our mark and is in no record was started just before a crash: the next daemon ends it', async () => {
  const world = await open();
  await world.cox(['daemon', 'start']);
  await crashDaemon(world);
  const marks = { COX_OWNER: world.owner() ?? '', COX_SERVER: 'no-record' };
  const stray = spawn('sleep', ['600'], {
    env: { ...marks, PATH: world.env.PATH },
    detached: true,
    stdio: 'ignore',
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    stray.once('exit', (_, signal) => resolve(signal));
  });
  await world.cox(['daemon', 'start']);
  expect(await ended).toBe('SIGTERM');
});
