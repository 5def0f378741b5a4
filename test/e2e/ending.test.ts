import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SessionList, SessionView } from '../../src/client/index.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { processesOfThread } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

/** A session whose turn waits behind the gate of its name. */
async function held(name: string, ...flags: string[]): Promise<string> {
  const prompt = play('work-gated', { gate: name, path: `${name}.txt` });
  const { id } = await world.run(prompt, '--name', name, ...flags);
  await world.lab.waitForRequest(({ gate, state }) => gate === name && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  return id;
}

/** A session with a command that runs. */
async function busy(...flags: string[]): Promise<{ id: string; thread: string }> {
  const { id } = await world.run(play('sleep', { seconds: 600 }), ...flags);
  const thread = await world.thread(id);
  await vi.waitFor(() => expect(processesOfThread(thread)).not.toEqual([]), { timeout: PATIENCE_MS });
  return { id, thread };
}

async function asking(): Promise<string> {
  const { id } = await world.run(play('escalate', { command: `touch ${world.outside}/asked` }));
  await world.request(id);
  return id;
}

function phases({ items }: { items: { id: string; phase: string }[] }): string[][] {
  return items.map(({ id, phase }) => [id, phase]);
}

const stopped = (id: string): string[] => [id, 'stopped'];

describe('interrupt, stop and kill', () => {
  test('interrupt ends the turns of several sessions and their commands; each can go on', async () => {
    const [first, second] = await Promise.all([busy(), busy()]);
    const ended = await told(world, 'ended', ['interrupt', first.id, second.id]);
    expect(phases(ended)).toEqual([stopped(first.id), stopped(second.id)]);
    for (const { thread } of [first, second]) expect(processesOfThread(thread)).toEqual([]);
    await told(world, 'send', ['send', first.id, play('plain', { path: 'goes-on.txt' })]);
    expect(await world.ended(first.id)).toMatchObject({
      phase: 'done',
      thread: first.thread,
      runs: { length: 2 },
    });
    expect((await world.show(second.id)).phase).toBe('stopped');
  });

  test.each(['stop', 'kill'])(
    '%s --all ends every session, those of another app-server, too',
    async (verb) => {
      const worker = await busy();
      const others = [
        await held(`${verb}-other`, '--env', `OTHER=${verb}`),
        await asking(),
        (await busy('-s', 'danger-full-access')).id,
      ];
      const ids = [worker.id, ...others];
      const ended = await told(world, 'ended', [verb, '--all']);
      expect(phases(ended).toSorted()).toEqual(ids.map(stopped).toSorted());
      expect(processesOfThread(worker.thread)).toEqual([]);
      expect((await world.ask<SessionList>('inbox')).items).toEqual([]);
      // What is open is ended again without harm: there is nothing.
      expect(await told(world, 'ended', [verb, '--all'])).toEqual({ schemaVersion: 1, items: [] });
      const again = await world.cox([verb, '--all']);
      expect([again.code, again.stdout, again.stderr]).toEqual([0, '', 'Nothing is open.\n']);
    },
  );

  test('several by name, one of them twice, one that has ended: each is in the answer once', async () => {
    const [first, second] = await Promise.all([held('several-1'), held('several-2')]);
    expect((await world.cox(['kill', first])).code).toBe(0);
    const ran = await world.cox(['stop', 'several-2', 'several-1', second, '--grace', '1s']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      [second, 'several-2', 'stopped'],
      [first, 'several-1', 'stopped'],
    ]);
    const one = await told(world, 'session', ['kill', second]);
    expect(one).toMatchObject({ id: second, phase: 'stopped' });
  });

  test('what they refuse, and then nothing is ended', async () => {
    const id = await held('refusing');
    for (const verb of ['interrupt', 'stop', 'kill']) {
      await refused(world, 'usage', [verb]);
      await refused(world, 'not-found', [verb, 'nobody']);
      await refused(world, 'not-found', [verb, id, 'nobody']);
    }
    for (const verb of ['stop', 'kill']) {
      await refused(world, 'usage', [verb, id, '--all']);
      await refused(world, 'usage', [verb, id, '--grace', 'long']);
      await refused(world, 'usage', [verb, id, '--grace', '2h']);
    }
    await refused(world, 'usage', ['interrupt', id, '--all']);
    await refused(world, 'usage', ['interrupt', id, '--grace', '1s']);
    expect((await world.show(id)).phase).toBe('working');
    expect((await world.cox(['kill', id])).code).toBe(0);
  });
});

describe('wait', () => {
  let good: string;
  let failed: string;
  let open: string;
  let needs: string;
  beforeAll(async () => {
    [good, failed, open, needs] = await Promise.all([
      world.run(play('plain', { path: 'good.txt' }), '--name', 'good').then(({ id }) => id),
      world.run(play('quota'), '--name', 'failed').then(({ id }) => id),
      held('open'),
      asking(),
    ]);
    await Promise.all([world.ended(good), world.ended(failed)]);
  });

  /** Exit code and document of one wait. */
  async function wait(...args: string[]): Promise<[number | null, string[][]]> {
    const ran = await world.cox(['wait', ...args, '--json']);
    expect(ran.stderr).toBe('');
    return [ran.code, phases(viewSchemas['session-list'].parse(ran.json()))];
  }

  test('says by its exit code what came of it', async () => {
    const views = {
      good: [good, 'done'],
      failed: [failed, 'failed'],
      open: [open, 'working'],
      needs: [needs, 'waiting'],
    };
    const cases: [string[], number, string[][]][] = [
      [[good], 0, [views.good]],
      [[failed], 5, [views.failed]],
      [[needs], 8, [views.needs]],
      [[good, failed], 5, [views.good, views.failed]],
      [[good, needs], 8, [views.good, views.needs]],
      [[failed, needs], 8, [views.failed, views.needs]],
      [[open, '--timeout', '2s'], 124, [views.open]],
      [[good, open, '--timeout', '2s'], 124, [views.good, views.open]],
      [[good, open, '--any'], 0, [views.good, views.open]],
      [[failed, open, '--any'], 5, [views.failed, views.open]],
      [[needs, open, '--any'], 8, [views.needs, views.open]],
      [[good, needs, '--all'], 8, [views.good, views.needs]],
      [[needs, '--for', 'exit', '--timeout', '2s'], 124, [views.needs]],
      [[needs, '--for', 'done', '--timeout', '2s'], 124, [views.needs]],
      [[needs, '--for', 'attention'], 8, [views.needs]],
      [[needs, '--for', 'exit,attention'], 8, [views.needs]],
      [[open, '--for', 'stuck', '--timeout', '2s'], 124, [views.open]],
      [[open, '--for', 'gate', '--timeout', '2s'], 124, [views.open]],
      [[good, '--for', 'gate'], 0, [views.good]],
      [[good, '--for', 'done, stuck'], 0, [views.good]],
      [[failed, '--for', 'done'], 5, [views.failed]],
      [[failed, '--for', 'exit'], 5, [views.failed]],
      [['failed', open, '--any', '--for', 'done'], 5, [views.failed, views.open]],
      [['good', open, '--any', '--for', 'done'], 0, [views.good, views.open]],
      // It looks at least once.
      [[open, '--timeout', '0s'], 124, [views.open]],
    ];
    const got = await Promise.all(cases.map(([args]) => wait(...args)));
    expect(got.map(([code, found], index) => [cases[index]?.[0], code, found])).toEqual(cases);
    // As lines for people, too.
    const { code, stdout } = await world.cox(['wait', 'good', 'failed']);
    expect([
      code,
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ +/).slice(0, 3)),
    ]).toEqual([
      5,
      [
        [good, 'good', 'done/unverified'],
        [failed, 'failed', 'failed/quota'],
      ],
    ]);
  });

  test('goes on while the daemon is replaced, and ends when the last of them has', async () => {
    const [one, two] = await Promise.all([held('wait-1'), held('wait-2')]);
    const commands = [
      new LiveCommand(world, ['wait', one, two, '--for', 'exit', '--json']),
      new LiveCommand(world, ['wait', one, two, '--any', '--json']),
      new LiveCommand(world, ['wait', two]),
    ] as const;
    onTestFinished(async () => {
      await Promise.all(commands.map((command) => command.end('SIGKILL')));
    });
    const [all, any, interrupted] = commands;
    await Promise.all(commands.map((command) => command.connects()));
    expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
    world.lab.release('wait-1');
    expect(await any.ended).toBe(0);
    expect(await interrupted.end('SIGINT')).toBe(130);
    expect(all.stdout).toBe('');
    world.lab.release('wait-2');
    expect(await all.ended).toBe(0);
    expect(phases(viewSchemas['session-list'].parse(JSON.parse(all.stdout)))).toEqual([
      [one, 'done'],
      [two, 'done'],
    ]);
  });

  test('what it refuses', async () => {
    await refused(world, 'usage', ['wait', good, '--any', '--all']);
    await refused(world, 'usage', ['wait', good, '--for', 'done,godot']);
    await refused(world, 'usage', ['wait', good, '--for', '']);
    await refused(world, 'usage', ['wait', good, '--timeout', 'soon']);
    await refused(world, 'not-found', ['wait', good, 'nobody']);
    await refused(world, 'not-found', ['wait', 'nobody', '--timeout', '0s']);
  });
});

test('the view of a session that was ended says by whom, and that nothing of it runs', async () => {
  const { id } = await busy();
  const view: SessionView = (await told(world, 'session', ['stop', id])) as SessionView;
  expect(view).toMatchObject({
    phase: 'stopped',
    attention: false,
    result: { verdict: 'stopped', detail: null },
    interventions: [{ kind: 'stop', by: 'user', outcome: 'accepted' }],
  });
  expect(view.because[0]?.fact).toContain('nothing of it runs');
});
