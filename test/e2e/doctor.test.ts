import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DoctorView } from '../../src/protocol/doctor-view.ts';
import type { DaemonView } from '../../src/protocol/view.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import type { CommandOptions } from './command.ts';
import { processesWith } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

const BIN = fileURLToPath(new URL('../../bin/cox', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => {
  // Where it tries things.
  expect(readdirSync(join(world.root, 'tmp')).filter((name) => name.startsWith('cox-'))).toEqual([]);
});
afterAll(() => world.close());

async function doctor(args: string[] = [], options: Partial<CommandOptions> = {}): Promise<DoctorView> {
  const ran = await world.cox(['doctor', '--json', ...args], options);
  const view = viewSchemas.doctor.parse(ran.json());
  const failed = view.checks.filter(({ status }) => status === 'fail');
  expect([ran.code, view.ok, ran.stderr]).toEqual([failed.length === 0 ? 0 : 1, failed.length === 0, '']);
  for (const { status, remedy, summary } of view.checks) {
    expect(summary).toMatch(/\S/);
    expect(remedy === null).toBe(status === 'ok');
  }
  return view;
}

/** Those that found something; what this machine has on its disk and on its PATH is no matter of ours. */
function found({ checks }: DoctorView): Record<string, string> {
  const ours = checks.filter(({ name }) => name !== 'disk' && name !== 'codex-on-path');
  return Object.fromEntries(
    ours.filter(({ status }) => status !== 'ok').map(({ name, status }) => [name, status]),
  );
}

function check(view: DoctorView, wanted: string): DoctorView['checks'][number] {
  const one = view.checks.find(({ name }) => name === wanted);
  if (one === undefined) throw new Error(`no check ${wanted}`);
  return one;
}

/** Another Codex home beside that of the world. */
function homeWith(config: string, files: Record<string, string> = {}): string {
  const home = join(world.root, 'other');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  for (const [name, text] of Object.entries({ 'config.toml': config, ...files }))
    writeFileSync(join(home, name), text);
  return home;
}

/** Every file below a folder, with permissions, times and content. */
function everything(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const stats = lstatSync(join(folder, name));
      const text = stats.isFile() ? readFileSync(join(folder, name)).toString('base64') : '';
      return `${name} ${stats.mode} ${stats.mtimeMs} ${text}`;
    });
}

const OWN_PROVIDER = `model_provider = "mine"
[model_providers.mine]
name = "Mine"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
env_key = "MINE_KEY"
`;

describe('with nothing started', () => {
  test('a machine in order, and nothing is changed or made', async () => {
    const before = everything(world.codexHome);
    const view = await doctor();
    expect(found(view)).toEqual({});
    expect(view.checks.map(({ name }) => name)).toEqual([
      'node',
      'git',
      'disk',
      'directories',
      'socket',
      'settings',
      'database',
      'daemon',
      'processes',
      'codex',
      'codex-on-path',
      'codex-home',
      'codex-config',
      'app-server',
      'login',
      'sandbox',
      'codex-log',
      'codex-daemon',
    ]);
    expect(everything(world.codexHome)).toEqual(before);
    expect(existsSync(world.coxHome)).toBe(false);
  });

  test('told to people, each with what to do', async () => {
    const home = homeWith('model = "x"\n');
    const { code, stdout, stderr } = await world.cox(['doctor', '--codex-home', home]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^ok {4}node +Node \d/m);
    expect(stdout).toMatch(/^fail {2}login +Codex is not logged in: .*\n +Run codex login;/m);
    expect(stdout).toMatch(/^\d+ ok, \d+ to look at, 1 failed$/m);
  });

  test.each<[string, string, Record<string, string>, Record<string, string>]>([
    ['Codex’s own provider without a login', 'model = "x"\n', {}, { login: 'fail' }],
    ['with a key', 'model = "x"\n', { 'auth.json': '{"OPENAI_API_KEY":"sk-none"}' }, {}],
    ['a login that is kept elsewhere', 'cli_auth_credentials_store = "keyring"\n', {}, { login: 'warn' }],
    ['a provider that needs nothing', 'model_provider = "ollama"\n', {}, {}],
    ['a provider without its key', OWN_PROVIDER, {}, { login: 'fail' }],
    [
      'a key that Codex does not know',
      `nonsense = 1\n${OWN_PROVIDER}`,
      {},
      { 'codex-config': 'warn', login: 'fail' },
    ],
    [
      'a configuration that is no TOML',
      'model = \n',
      {},
      { 'codex-config': 'fail', 'app-server': 'warn', login: 'warn', sandbox: 'warn' },
    ],
    [
      'a provider that is not there',
      'model_provider = "nope"\n',
      {},
      { 'codex-config': 'fail', 'app-server': 'warn', login: 'warn', sandbox: 'warn' },
    ],
    [
      'a file that it names and that is there',
      `model_instructions_file = "mine.md"\nmodel_provider = "ollama"\n`,
      { 'mine.md': 'Be brief.\n' },
      {},
    ],
    [
      'a file that it names and that is not',
      `model_instructions_file = "mine.md"\nmodel_provider = "ollama"\n`,
      {},
      { 'codex-config': 'fail', 'app-server': 'warn', login: 'warn', sandbox: 'warn' },
    ],
  ])('a Codex home: %s', async (_, config, files, expected) => {
    const home = homeWith(config, files);
    const before = everything(home);
    const view = await doctor(['--codex-home', home]);
    expect(found(view)).toEqual(expected);
    if (expected['codex-config'] !== undefined) {
      // In Codex's own words, about the file that it is.
      expect(check(view, 'codex-config').summary).toContain(join(home, 'config.toml'));
      expect(check(view, 'codex-config').summary).not.toContain('cox-doctor');
    }
    expect(everything(home)).toEqual(before);
  });

  test('the key of a provider, from the caller’s environment', async () => {
    const view = await doctor(['--codex-home', homeWith(OWN_PROVIDER)], { env: { MINE_KEY: 'k' } });
    expect(found(view)).toEqual({});
    expect(check(view, 'login').summary).toBe('the provider mine has its key in MINE_KEY');
  });

  test('a Codex home that is not there, and one in the temporary directory', async () => {
    const missing = await doctor(['--codex-home', 'not/there']);
    const dependent = { 'app-server': 'warn', login: 'warn', sandbox: 'warn' };
    expect(found(missing)).toEqual({ 'codex-home': 'fail', ...dependent });
    expect(check(missing, 'codex-home').summary).toContain(join(world.work, 'not/there'));
    const temporary = await doctor([], { env: { TMPDIR: world.root } });
    expect(found(temporary)).toEqual({ 'codex-home': 'fail', 'codex-config': 'warn', ...dependent });
    expect(check(temporary, 'codex-home').summary).toContain('lies in the temporary directory');
  });

  test('no Codex, several of them', async () => {
    const none = await doctor(['--codex', 'README.md']);
    expect(found(none)).toMatchObject({
      codex: 'fail',
      'app-server': 'warn',
      login: 'warn',
      sandbox: 'warn',
    });
    const bin = join(world.root, 'bin');
    const other = join(world.root, 'other-codex');
    mkdirSync(bin);
    mkdirSync(join(other, 'bin'), { recursive: true });
    symlinkSync(join(other, 'bin', 'codex'), join(bin, 'codex'));
    copyFileSync('/bin/true', join(other, 'bin', 'codex'));
    writeFileSync(join(other, 'codex-package.json'), '{"version":"0.150.0"}');
    const path = [bin, dirname(world.env.COX_CODEX ?? ''), world.env.PATH].join(':');
    const several = check(await doctor([], { env: { PATH: path } }), 'codex-on-path');
    expect(several).toMatchObject({ status: 'warn', remedy: expect.stringContaining('COX_CODEX') });
    expect(several.summary).toContain(`0.150.0 at ${join(bin, 'codex')}, 0.169.0 at `);
  });

  test('a Codex that is newer than what was tested', async () => {
    const folder = join(world.root, 'newer');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    copyFileSync('/bin/true', join(folder, 'bin', 'codex'));
    writeFileSync(join(folder, 'codex-package.json'), '{"version":"9.0.0"}');
    const view = await doctor(['--codex', join(folder, 'bin', 'codex')]);
    expect(check(view, 'codex')).toMatchObject({
      status: 'warn',
      summary: expect.stringContaining('newer than what was tested'),
    });
    // It ends at once, and well: nothing of what a server says is there.
    expect(check(view, 'app-server').status).toBe('fail');
  });

  test('settings that are not in order, a state that is open to others', async () => {
    const config = join(world.places.configDirectory, 'config.toml');
    mkdirSync(dirname(config), { recursive: true });
    mkdirSync(world.places.stateDirectory, { mode: 0o755 });
    onTestFinished(() => rmSync(world.coxHome, { recursive: true }));
    writeFileSync(config, '[log]\nlevel = "loud"\n');
    const view = await doctor();
    expect(found(view)).toEqual({ settings: 'fail', directories: 'warn' });
    expect(check(view, 'settings').summary).toContain(`${config}:2: log.level`);
    expect(lstatSync(world.places.stateDirectory).mode & 0o777).toBe(0o755);
  });
});

test('a daemon of another version', async () => {
  const { socket, stateDirectory, log, runtimeDirectory } = world.places;
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o700 });
  const other: DaemonView = {
    ...{
      schemaVersion: 1,
      running: true,
      pid: process.pid,
      version: '0.0.1',
      startedAt: new Date().toISOString(),
    },
    ...{ socket, stateDirectory, log, problem: null, openSessions: 0, appServers: [] },
  };
  const server = createServer((_, response) => response.end(JSON.stringify(other)));
  await once(server.listen(socket), 'listening');
  try {
    const view = await doctor();
    expect(found(view)).toEqual({ daemon: 'warn' });
    expect(check(view, 'daemon')).toMatchObject({
      summary: expect.stringContaining('version 0.0.1'),
      remedy: 'Run cox daemon restart; sessions go on.',
    });
  } finally {
    server.close();
    rmSync(world.coxHome, { recursive: true });
  }
});

describe('a Codex that never answers', () => {
  let stuck: string;
  beforeAll(() => {
    const folder = join(world.root, 'stuck');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    stuck = join(folder, 'bin', 'codex');
    // Floods, whatever it is asked, and never ends.
    copyFileSync('/usr/bin/yes', stuck);
    writeFileSync(join(folder, 'codex-package.json'), '{"version":"0.169.0"}');
  });

  test('is given up, and nothing of it is left', async () => {
    const view = await doctor(['--codex', stuck]);
    expect(found(view)).toEqual({
      'codex-config': 'warn',
      'app-server': 'warn',
      login: 'warn',
      sandbox: 'warn',
    });
    expect(running(stuck)).toEqual([]);
  });

  test('is given up at an interrupt, and nothing is left', async () => {
    const child = spawn(process.execPath, [BIN, 'doctor', '--codex', stuck], {
      cwd: world.work,
      env: world.env,
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const patience = { timeout: PATIENCE_MS, interval: 20 };
    await vi.waitFor(() => expect(running(stuck)).not.toEqual([]), patience);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    await vi.waitFor(() => expect(running(stuck)).toEqual([]), patience);
    await vi.waitFor(() => expect(readdirSync(join(world.root, 'tmp'))).toEqual([]), patience);
  });
});

/** Processes that run a file. */
function running(file: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/exe`) === file;
    } catch {
      return false;
    }
  });
}

/** A machine that lets nobody make namespaces: in one of our own, none further can be made. */
const NO_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
const canForbid = spawnSync('unshare', ['-Ur', 'sh', '-c', NO_NAMESPACES, 'sh', 'true']).status === 0;

test.skipIf(!canForbid)('a machine on which Codex’s sandbox cannot start', () => {
  const cox = [process.execPath, BIN, 'doctor', '--json'];
  const { status, stdout } = spawnSync('unshare', ['-Ur', 'sh', '-c', NO_NAMESPACES, 'sh', ...cox], {
    cwd: world.work,
    env: world.env,
    encoding: 'utf8',
  });
  const view = viewSchemas.doctor.parse(JSON.parse(stdout));
  expect([status, check(view, 'sandbox')]).toEqual([
    1,
    {
      name: 'sandbox',
      status: 'fail',
      summary: expect.stringContaining('namespace'),
      remedy: expect.stringContaining('user.max_user_namespaces'),
    },
  ]);
});

describe('with a daemon', () => {
  afterEach(() => world.cox(['daemon', 'stop']));

  test('that runs, with an app-server at work', async () => {
    const { id } = await world.run(play('escalate', { command: `touch ${world.outside}/x` }));
    await world.request(id);
    const { pid } = await (await world.client()).daemon();
    const view = await doctor();
    expect(found(view)).toEqual({});
    expect(check(view, 'daemon').summary).toMatch(
      new RegExp(`^running, pid ${pid}, version .*, open sessions: 1$`),
    );
    expect(check(view, 'processes').summary).toBe('app-servers: 1; nothing else of ours runs');

    // Killed, it leaves the server behind, and a journal beside its database.
    process.kill(pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(processesWith('COX_HOME', world.coxHome)).toEqual([]), {
      timeout: PATIENCE_MS,
    });
    const alone = await doctor();
    expect(found(alone)).toEqual({ processes: 'warn' });
    expect(check(alone, 'processes')).toMatchObject({
      summary: expect.stringContaining(`pid ${world.servers()[0]?.process.pid}`),
      remedy: 'Run cox daemon start.',
    });
    await world.cox(['kill', id]);
  });

  test('that has ended: its state is looked at, and stays as it is', async () => {
    await world.ask('daemon', 'start');
    await world.ask('daemon', 'stop');
    const before = everything(world.coxHome);
    const view = await doctor();
    expect(found(view)).toEqual({});
    expect(check(view, 'database').summary).toMatch(/nothing wrong with it$/);
    expect(everything(world.coxHome)).toEqual(before);
  });

  test('that knows nothing of a process of ours, or of the newest settings', async () => {
    await world.ask('daemon', 'start');
    const stray = spawn('sleep', ['600'], {
      env: { ...world.env, COX_OWNER: world.owner() ?? '', COX_SERVER: 'gone' },
      stdio: 'ignore',
    });
    onTestFinished(() => void stray.kill('SIGKILL'));
    const config = join(world.places.configDirectory, 'config.toml');
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, '[lifecycle]\ndaemon_idle = "1h"\n');
    onTestFinished(() => rmSync(config));
    const view = await doctor();
    expect(found(view)).toEqual({ daemon: 'warn', processes: 'warn' });
    expect(check(view, 'processes').summary).toContain(`pid ${stray.pid}`);
    for (const name of ['daemon', 'processes'])
      expect(check(view, name).remedy).toContain('cox daemon restart');
    // What it says to do helps.
    const ended = once(stray, 'exit');
    await world.ask('daemon', 'restart');
    await ended;
    expect(found(await doctor())).toEqual({});
  });

  test('whose database is damaged', async () => {
    await world.ask('daemon', 'start');
    await world.ask('daemon', 'stop');
    const whole = readFileSync(world.places.database);
    onTestFinished(() => writeFileSync(world.places.database, whole));
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 4096, 12_288);
    writeFileSync(world.places.database, damaged);
    const view = await doctor();
    expect(found(view)).toEqual({ database: 'fail', processes: 'warn' });
    expect(check(view, 'database').remedy).toContain(world.places.database);
  });
});

test.each([
  [['--nope'], '--nope'],
  [['now'], 'too many arguments'],
  [['--codex'], '--codex'],
])('bad input: cox doctor %s', async (args, words) => {
  const told = await world.cox(['doctor', ...args]);
  expect([told.code, told.stdout]).toEqual([2, '']);
  expect(told.stderr).toContain(words);
});

test('the example of its help runs', async () => {
  const { stdout } = await world.cox(['doctor', '--help']);
  const [, example = ''] = /^Example:\n {2}cox (.*)$/m.exec(stdout) ?? [];
  expect((await world.cox(example.split(' '))).code).toBe(0);
});
