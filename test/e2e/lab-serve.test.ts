import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type * as z from 'zod';
import type { SessionView } from '../../src/client/index.ts';
import { identify, isAlive } from '../../src/machine/identity.ts';
import { signalIdentity } from '../../src/machine/signal.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { refused } from './documents.ts';
import { LiveCommand } from './live.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

type Served = z.infer<typeof viewSchemas.lab>;

function serve(...flags: string[]): LiveCommand {
  const command = new LiveCommand(world, ['lab', 'serve', ...flags]);
  onTestFinished(async () => {
    await command.end('SIGTERM');
  });
  return command;
}

/** A lab that listens, and what it said of itself. */
async function served(...flags: string[]): Promise<{ command: LiveCommand; said: Served }> {
  const command = serve('--json', ...flags);
  await command.shows('\n');
  return { command, said: viewSchemas.lab.parse(JSON.parse(command.stdout)) };
}

async function scenarios({ url }: Served): Promise<string[]> {
  const answer = await fetch(url.replace(/v1$/, 'lab/scenarios'));
  const { scenarios: list } = (await answer.json()) as { scenarios: { name: string }[] };
  return list.map(({ name }) => name);
}

test('it serves until it is told to end, and says where in one document', async () => {
  const { command, said } = await served();
  expect(said).toEqual({
    schemaVersion: 1,
    url: `http://127.0.0.1:${said.port}/v1`,
    port: expect.any(Number),
    pid: expect.any(Number),
    home: null,
    config: expect.stringContaining(`base_url = "${said.url}"`),
  });
  expect(await scenarios(said)).toEqual(expect.arrayContaining(['plain', 'escalate']));
  expect(command.lines).toHaveLength(1);
  // The port is taken while it serves, and free again afterwards.
  const taken = await world.cox(['lab', 'serve', '--port', String(said.port)]);
  expect([taken.code, taken.stdout]).toEqual([2, '']);
  expect(taken.stderr).toContain('--port');
  expect([await command.end('SIGTERM'), command.stderr]).toEqual([0, '']);
  await expect(fetch(said.url)).rejects.toThrow();
  const { said: again } = await served('--port', String(said.port));
  expect(again.port).toBe(said.port);
});

test('for people it prints the configuration and the scenarios; an interrupt ends it, too', async () => {
  const command = serve();
  await command.shows('#lab:plain');
  expect(command.stdout).toMatch(/^The lab listens on http:\/\/127\.0\.0\.1:\d+\/v1\n/);
  expect(command.stdout).toContain('[model_providers.lab]');
  expect(await command.end('SIGINT')).toBe(0);
});

test('--home makes a CODEX_HOME in which sessions run on it, also when it is started again', async () => {
  const home = join(world.root, 'rehearsal', 'codex');
  const file = join(world.root, 'scenarios.json');
  const steps = [{ type: 'message', text: 'Said by my own scenario.' }];
  writeFileSync(file, JSON.stringify({ default: 'mine', scenarios: { mine: { steps } } }));
  const first = await served('--home', home, '--scenario', file);
  expect(first.said.home).toBe(home);
  expect(await scenarios(first.said)).toContain('mine');
  expect(readFileSync(join(home, 'config.toml'), 'utf8')).toBe(first.said.config);
  expect(statSync(home).mode & 0o777).toBe(0o700);
  const ran = await world.cox(['run', '--wait', '--json', 'Say hello.'], { env: { CODEX_HOME: home } });
  const [session] = (ran.json() as { items: SessionView[] }).items;
  expect([ran.code, session?.phase, session?.lastMessage]).toEqual([0, 'done', 'Said by my own scenario.']);
  expect(await first.command.end('SIGTERM')).toBe(0);
  // Each request was told on stderr as it went.
  expect(first.command.stderr).toMatch(new RegExp(`^#1 ${session?.thread} mine step 0 .*answered`, 'm'));

  const second = serve('--home', home);
  await second.shows('#lab:plain');
  expect(second.stdout).toContain(`http://127.0.0.1:${first.said.port}/v1`);
  expect(second.stdout).toContain(`cox run --codex-home ${home} --wait`);
  // With other tools it would be another configuration.
  const other = join(world.root, 'all-tools');
  const { said: all } = await served('--home', other, '--all-tools');
  expect([first.said.config, all.config].map((config) => config.includes('[mcp_servers.'))).toEqual([
    false,
    true,
  ]);
});

test('--detach returns once it serves, and leaves it to be ended by its pid', async () => {
  const home = join(world.root, 'detached', 'codex');
  const ran = await world.cox(['lab', 'serve', '--home', home, '--detach', '--json']);
  const said = viewSchemas.lab.parse(ran.json());
  const lab = identify(said.pid);
  onTestFinished(() => {
    if (lab !== null) signalIdentity(lab, 'SIGKILL');
  });
  expect([ran.code, ran.stderr, said.home, lab === null]).toEqual([0, '', home, false]);
  expect(await scenarios(said)).toContain('plain');
  const words = ['run', '--codex-home', home, '--wait', '--name', 'one', '#lab:plain say hello'];
  expect((await world.cox(words)).code).toBe(0);
  expect(readFileSync(`${home}.log`, 'utf8')).toMatch(/^#1 .* plain step 0 .*\(answered\)$/m);
  // Its port is taken for as long as it serves.
  const { message } = await refused(world, 'usage', ['lab', 'serve', '--home', home, '--detach']);
  expect(message).toContain(String(said.port));
  if (lab !== null) signalIdentity(lab, 'SIGTERM');
  await vi.waitFor(() => expect(lab !== null && isAlive(lab)).toBe(false), {
    timeout: PATIENCE_MS,
    interval: 20,
  });
  expect((await refused(world, 'usage', ['lab', 'serve', '--detach'])).message).toContain('--home');
});

test('what it refuses, with exit code 2 and nothing on stdout', async () => {
  const own = join(world.root, 'own');
  mkdirSync(own);
  writeFileSync(join(own, 'config.toml'), 'model = "gpt-5.5"\n');
  const full = join(world.root, 'full');
  mkdirSync(full);
  writeFileSync(join(full, 'auth.json'), '{}');
  const broken = join(world.root, 'broken.json');
  writeFileSync(broken, '{"scenarios":{"x":{"steps":[{"type":"massage","text":"x"}]}}}');
  const cases: [string[], string][] = [
    [['--port', 'x'], 'from 0 to 65535'],
    [['--port', '65536'], 'from 0 to 65535'],
    [['--home', own], 'config.toml exists'],
    [['--home', full], 'not empty'],
    [['--home', join(world.env.TMPDIR ?? '', 'codex')], 'temporary directory'],
    [['--scenario', join(world.root, 'missing.json')], 'missing.json'],
    [['--scenario', broken], 'broken.json: scenarios.x.steps[0]'],
    [['--port', '0', 'more'], 'too many arguments'],
    [['--loud'], '--loud'],
  ];
  const all = await Promise.all(cases.map(([flags]) => world.cox(['lab', 'serve', ...flags])));
  for (const [index, { code, stdout, stderr }] of all.entries()) {
    const [flags, words] = cases[index] ?? [];
    expect([flags, code, stdout]).toEqual([flags, 2, '']);
    expect(stderr).toContain(words);
  }
  // With --json it is one document, as everywhere.
  for (const [flags, said] of cases.slice(0, 3)) {
    expect((await refused(world, 'usage', ['lab', 'serve', ...flags])).message).toContain(said);
  }
  // Nothing of what was there has been touched.
  expect(readFileSync(join(own, 'config.toml'), 'utf8')).toBe('model = "gpt-5.5"\n');
  expect(existsSync(join(full, 'config.toml'))).toBe(false);
  for (const words of [['lab'], ['lab', 'play']]) expect((await world.cox(words)).code).toBe(2);
});
