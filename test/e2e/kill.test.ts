import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SessionView } from '../../src/client/index.ts';
import { identify, isAlive } from '../../src/machine/identity.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { processesOfThread } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const stoppedBy = { phase: 'stopped', confidence: 'certain', result: { verdict: 'stopped', detail: null } };

const PATIENCE = { timeout: PATIENCE_MS, interval: 50 };

/** Waits until at least this many processes carry the thread's mark. */
function running(thread: string, count: number): Promise<string[]> {
  return vi.waitFor(() => {
    const found = processesOfThread(thread);
    if (found.length < count) throw new Error(`${found.length} of ${count} run: ${found.join('\n')}`);
    return found;
  }, PATIENCE);
}

async function end(verb: 'kill' | 'stop', id: string, ...flags: string[]): Promise<SessionView> {
  const ran = await world.cox([verb, id, '--json', ...flags]);
  const view = viewSchemas.session.parse(ran.json());
  expect(ran.code).toBe(0);
  return view as SessionView;
}

test('kill ends one of two sessions on the same app-server, and nothing of the other', async () => {
  const done = join(world.work, 'gone-on');
  const first = await world.run(play('sleep', { seconds: 600 }));
  const second = await world.run(
    play('command', { command: `until test -e ${world.outside}/go; do sleep 0.1; done; touch ${done}` }),
  );
  const [killed, other] = [await world.thread(first.id), await world.thread(second.id)];
  await Promise.all([running(killed, 1), running(other, 1)]);
  const servers = world.servers();
  expect(servers).toHaveLength(1);

  expect(await end('kill', first.id)).toMatchObject(stoppedBy);
  expect(processesOfThread(killed)).toEqual([]);
  expect(processesOfThread(other)).not.toEqual([]);
  expect(world.servers()).toEqual(servers);
  expect((await world.show(second.id)).phase).toBe('working');

  writeFileSync(join(world.outside, 'go'), '');
  expect(await world.ended(second.id)).toMatchObject({
    phase: 'done',
    lastMessage: 'Done: the command has ended.',
  });
  expect(existsSync(done)).toBe(true);
});

/** Children that leave the process group, the session, and their parent. */
const SCATTER = [
  'setsid sleep 600 &',
  '(setsid sh -c "sleep 600 & sleep 600" &);',
  '( (sleep 600 &) & );',
  'nohup sleep 600 >/dev/null 2>&1 &',
  'echo scattered; sleep 600',
].join(' ');

test.each([
  ['workspace-write', 'kill'],
  ['danger-full-access', 'kill'],
  ['danger-full-access', 'stop'],
] as const)('%s: after %s nothing runs that the command had scattered', async (sandbox, verb) => {
  const { id } = await world.run(play('command', { command: SCATTER }), '-s', sandbox);
  const thread = await world.thread(id);
  await running(thread, 5);
  const graceful = verb === 'stop' ? ['--grace', '2s'] : [];
  expect(await end(verb, id, ...graceful)).toMatchObject(stoppedBy);
  expect(processesOfThread(thread)).toEqual([]);
});

test('a child without an environment and in a session of its own ends with its parent', async () => {
  const { id } = await world.run(
    play('command', { command: 'env -i setsid sleep 600 & echo $! > orphan; sleep 600' }),
    '-s',
    'danger-full-access',
  );
  const orphan = await vi.waitFor(() => {
    const pid = Number(readFileSync(join(world.work, 'orphan'), 'utf8'));
    expect(pid).toBeGreaterThan(0);
    return pid;
  }, PATIENCE);
  const identity = identify(orphan);
  expect(identity !== null && isAlive(identity)).toBe(true);
  expect(await end('kill', id)).toMatchObject(stoppedBy);
  expect(identity !== null && isAlive(identity)).toBe(false);
});

test('what ignores SIGTERM is ended by stop as well', async () => {
  const command = `trap '' TERM HUP INT; while true; do sleep 600; done`;
  const { id } = await world.run(play('command', { command }), '-s', 'danger-full-access');
  const thread = await world.thread(id);
  await running(thread, 2);
  expect(await end('stop', id, '--grace', '500ms')).toMatchObject(stoppedBy);
  expect(processesOfThread(thread)).toEqual([]);
});

test('kill before the turn has started: the prompt is never worked on', async () => {
  const file = join(world.work, 'never-begun');
  const prompt = play('command', { command: `touch ${file}`, gate: 'never-begun' });
  const { id } = await world.run(prompt);
  const view = await end('kill', id);
  expect(view).toMatchObject(stoppedBy);
  world.lab.release('never-begun');
  await expectDead(view);
  expect(existsSync(file)).toBe(false);
});

test('kill while the model is asked: its answer is not acted on', async () => {
  const file = join(world.work, 'not-acted-on');
  const { id } = await world.run(play('command', { command: `touch ${file}`, gate: 'asked' }));
  const held = await world.lab.waitForRequest(({ gate, state }) => gate === 'asked' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  const view = await end('kill', id);
  expect(view).toMatchObject({ ...stoppedBy, thread: held.thread });
  await world.lab.waitForRequest(({ seq, state }) => seq === held.seq && state === 'dropped', {
    deadlineMs: PATIENCE_MS,
  });
  world.lab.release('asked');
  await expectDead(view);
  expect(existsSync(file)).toBe(false);
});

test.each(['kill', 'stop'] as const)(
  '%s while an approval is pending: the command never runs',
  async (verb) => {
    const file = join(world.outside, `pending-${verb}`);
    const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
    const { requestId } = await world.request(id);
    const view = await end(verb, id);
    expect(view).toMatchObject({ ...stoppedBy, need: null });
    expect((await world.inbox()).filter(({ session }) => session === id)).toEqual([]);
    const late = await world.cox(['approve', requestId, '--json']);
    expect([late.code, viewSchemas.error.parse(late.json()).error.code]).toEqual([6, 'conflict']);
    await expectDead(view);
    expect(existsSync(file)).toBe(false);
  },
);

test('kill twice, and kill of what has ended, are no errors', async () => {
  const { id } = await world.run(play('sleep', { seconds: 600 }));
  const twice = await Promise.all([world.cox(['kill', id]), world.cox(['kill', id])]);
  expect(twice.map(({ code }) => code)).toEqual([0, 0]);
  expect((await world.cox(['kill', id])).code).toBe(0);
  expect((await world.cox(['wait', id])).code).toBe(5);
});

/** Nothing runs for the thread, and the model is not asked again on its behalf. */
async function expectDead({ thread }: SessionView): Promise<void> {
  if (thread === null) return;
  expect(processesOfThread(thread)).toEqual([]);
  expect(world.lab.requestsOf(thread).filter(({ state }) => state === 'held' || state === 'silent')).toEqual(
    [],
  );
  const before = world.lab.requestsOf(thread).length;
  // Another session on the same app-server runs to its end meanwhile.
  const { id } = await world.run(play('plain', { path: `after-${thread}.txt` }));
  expect((await world.ended(id)).phase).toBe('done');
  expect(world.lab.requestsOf(thread)).toHaveLength(before);
}
