import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { SessionView } from '../../src/client/index.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
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

/** The prompt that Codex was given first. */
async function promptOf(id: string): Promise<string | undefined> {
  const { thread } = await world.ended(id);
  return world.lab.requestsOf(String(thread))[0]?.userTexts[0];
}

test('the prompt: a word, stdin, or a file of the caller’s folder', async () => {
  writeFileSync(join(world.work, 'prompt.txt'), 'From a file:\ntwo lines and €.\n');
  const [word, stdin, file] = await Promise.all([
    told(world, 'session', ['run', 'Say hello.']),
    told(world, 'session', ['run', '-'], { stdin: 'From stdin:\ntwo lines.\n' }),
    told(world, 'session', ['run', '-C', '..', '-f', 'prompt.txt']),
  ]);
  expect(file.cwd).toBe(world.root);
  expect(await Promise.all([word, stdin, file].map(({ id }) => promptOf(id)))).toEqual([
    'Say hello.',
    'From stdin:\ntwo lines.\n',
    'From a file:\ntwo lines and €.\n',
  ]);
});

test('model, sandbox, variables and overrides reach Codex; name and labels are the session’s', async () => {
  const command = 'echo "$GREETING" > greeting; test -w . || echo read-only';
  const { id } = await world.ask<SessionView>(
    ...['run', '--name', 'configured', '--label', 'team=core', '--label', 'kind=test=2', '-m', 'gpt-5.4'],
    ...[
      '-s',
      'danger-full-access',
      '-a',
      'never',
      '--env',
      'GREETING=hello there',
      play('command', { command }),
    ],
  );
  const view = await world.ended(id);
  expect(view).toMatchObject({
    name: 'configured',
    labels: { team: 'core', kind: 'test=2' },
    phase: 'done',
  });
  expect(readFileSync(join(world.work, 'greeting'), 'utf8')).toBe('hello there\n');
  const report = await told(world, 'report', ['report', id]);
  expect(report).toMatchObject({ model: 'gpt-5.4', sandbox: 'danger-full-access', approval: 'never' });
  expect(world.lab.requestsOf(String(view.thread)).map(({ model }) => model)).toEqual(['gpt-5.4', 'gpt-5.4']);
  const ran = await world.cox(['run', '--json', play('plain'), '--', '-c', 'model_reasoning_effort="high"']);
  const overridden = viewSchemas.session.parse(ran.json());
  expect(overridden.command).toEqual(['codex', '-c', 'model_reasoning_effort="high"', play('plain')]);
  const { thread } = await world.ended(overridden.id);
  expect(world.lab.requestsOf(String(thread))[0]?.body?.reasoning).toMatchObject({ effort: 'high' });
});

test('a read-only session writes nothing, and with -a never nobody is asked', async () => {
  const prompt = play('command', { command: 'touch written; echo tried' });
  const { id } = await world.run(prompt, '-s', 'read-only', '-a', 'never');
  expect((await world.ended(id)).interventions).toEqual([]);
  const { items } = await told(world, 'log', ['logs', id, '--grep', 'tried']);
  expect(items.map(({ kind }) => kind)).toEqual(['user', 'runs']);
  expect(items[1]?.text).toMatch(/exit 0\)\n.*Read-only file system\ntried$/);
  expect(existsSync(join(world.work, 'written'))).toBe(false);
});

test('-i gives the model an image with the prompt', async () => {
  // One black pixel.
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
  writeFileSync(join(world.work, 'pixel.png'), Buffer.from(png, 'base64'));
  const { id } = await world.run('What is this?', '-i', 'pixel.png', '-i', join(world.work, 'pixel.png'));
  const { thread } = await world.ended(id);
  const input = JSON.stringify(world.lab.requestsOf(String(thread))[0]?.body?.input);
  expect(input.match(/"input_image"/g)).toHaveLength(2);
  expect(input).toContain('data:image/png;base64,');
  const { message } = await refused(world, 'usage', ['run', '-i', 'no-pixel.png', 'What is this?']);
  expect(message).toContain(join(world.work, 'no-pixel.png'));
  await refused(world, 'usage', ['run', '-i', '.', 'What is this?']);
});

test('--wait: its end or what it needs, said by the exit code', async () => {
  const wait = (...args: string[]) => world.cox(['run', '--wait', '--json', ...args]);
  const [good, bad, asks, people] = await Promise.all([
    wait(play('plain', { path: 'waited.txt' })),
    wait(play('quota')),
    wait(play('escalate', { command: `touch ${world.outside}/waited` })),
    world.cox(['run', '--wait', '--name', 'waited', play('plain', { path: 'waited-2.txt' })]),
  ]);
  expect([good, bad, asks, people].map(({ code }) => code)).toEqual([0, 5, 8, 0]);
  expect(
    [good, bad, asks].map((ran) => {
      expect(ran.stderr).toBe('');
      return viewSchemas['session-list'].parse(ran.json()).items.map(({ phase }) => phase);
    }),
  ).toEqual([['done'], ['failed'], ['waiting']]);
  const { id } = await world.show('waited');
  expect([people.stdout.startsWith(`${id}  waited `), people.stderr]).toEqual([true, `started ${id}\n`]);
});

test('--follow: its log as it comes, and how it ended', async () => {
  const [good, bad, document] = await Promise.all([
    world.cox(['run', '--follow', play('plain', { path: 'followed.txt' })]),
    world.cox(['run', '--follow', play('quota')]),
    world.cox(['run', '--follow', '--json', '--name', 'followed', play('plain', { path: 'followed-2.txt' })]),
  ]);
  expect([good, bad, document].map(({ code }) => code)).toEqual([0, 5, 0]);
  expect(good.stderr).toMatch(/^started \w{6}\n$/);
  expect(good.stdout.trimEnd().split('\n').at(0)).toMatch(/ user {3}#lab:plain/);
  expect(good.stdout.trimEnd().split('\n').at(-1)).toMatch(/ status done$/);
  expect(bad.stdout.trimEnd().split('\n').at(-1)).toMatch(/ status failed\/quota: /);
  const { items } = await told(world, 'log', ['logs', 'followed']);
  const lines = document.stdout.trimEnd().split('\n');
  expect(lines.map((line) => viewSchemas.log.shape.items.element.parse(JSON.parse(line)))).toEqual(items);
  expect(document.stderr).toBe('');
});

test('--follow outlives the daemon', async () => {
  const command = live('run', '--follow', play('work-gated', { gate: 'outlives', path: 'outlives.txt' }));
  await command.shows(/runs {3}ls/);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  world.lab.release('outlives');
  expect([await command.ended, command.stderr]).toEqual([0, expect.stringMatching(/^started \w{6}\n$/)]);
  expect(command.lines.filter((line) => / runs {3}ls/.test(line))).toHaveLength(1);
  expect(command.lines.at(-1)).toMatch(/ status done$/);
});

test('interrupting --wait and --follow leaves the session at work', async () => {
  for (const flag of ['--wait', '--follow']) {
    const gate = `left${flag}`;
    const command = live('run', flag, play('work-gated', { gate, path: `${gate}.txt` }));
    const { thread } = await world.lab.waitForRequest((one) => one.gate === gate && one.state === 'held', {
      deadlineMs: PATIENCE_MS,
    });
    expect(await command.end('SIGINT')).toBe(130);
    expect((await world.show(thread)).phase).toBe('working');
    world.lab.release(gate);
    expect((await world.ended(thread)).phase).toBe('done');
  }
});

test('what run refuses beside what it is given wrongly', async () => {
  await refused(world, 'usage', ['run', '--wait', '--follow', 'do it']);
  await refused(world, 'usage', ['run', '--label', '=x', 'do it']);
  await refused(world, 'usage', ['run', '--env', 'NAME', 'do it']);
  await refused(world, 'usage', ['run', '--name', '', 'do it']);
  await refused(world, 'directory-missing', ['run', '--follow', '-C', 'nowhere', 'do it']);
});
