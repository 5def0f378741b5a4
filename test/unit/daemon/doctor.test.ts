import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readHome, sharedDaemon, storedLogin } from '../../../src/codex/probe/home.ts';
import { runProgram } from '../../../src/codex/probe/run.ts';
import { ScratchHomes } from '../../../src/codex/probe/scratch.ts';
import { CoxError, failure } from '../../../src/core/errors.ts';
import { type Check, judge, NotTried, ok } from '../../../src/daemon/doctor/check.ts';
import { codexDaemon, codexLog } from '../../../src/daemon/doctor/codex.ts';
import { type Context, openContext } from '../../../src/daemon/doctor/context.ts';
import { login } from '../../../src/daemon/doctor/login.ts';
import { directories, settings, socket } from '../../../src/daemon/doctor/places.ts';
import { self } from '../../../src/machine/identity.ts';
import { readProcess } from '../../../src/machine/process-record.ts';
import { inspectDatabase } from '../../../src/store/inspect.ts';
import { Store } from '../../../src/store/store.ts';

let root: string;
let open: Context[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cox-doctor-test-'));
  open = [];
});
afterEach(async () => {
  for (const context of open) await context.close();
  rmSync(root, { recursive: true, force: true });
});

/** The context of a Coxswain and a Codex home below the root. */
function context(environment: Record<string, string> = {}): Context {
  const made = openContext(
    { codex: null, codexHome: null },
    { COX_HOME: join(root, 'cox'), CODEX_HOME: join(root, 'codex'), ...environment },
    new AbortController().signal,
  );
  open.push(made);
  return made;
}

/** Every file and folder below the root, with content and permissions. */
function everything(): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const stats = lstatSync(join(root, name));
      const text = stats.isFile() ? readFileSync(join(root, name)).toString('base64') : '';
      return `${name} ${stats.mode} ${stats.mtimeMs} ${text}`;
    });
}

describe('a check has a verdict, whatever happens', () => {
  const judged = (run: Check['run'], deadlineMs = 10_000) =>
    judge({ name: 'it', deadlineMs, run }, context());

  test.each<[string, Check['run'], string, string]>([
    ['it finds nothing wrong', async () => ok('fine'), 'ok', 'fine'],
    [
      'it is refused',
      async () => {
        throw new CoxError(failure('codex-missing', 'No Codex was found.'));
      },
      'fail',
      'No Codex was found.',
    ],
    [
      'it rests on another',
      async () => {
        throw new NotTried('there is no Codex', 'See the check codex.');
      },
      'warn',
      'not tried: there is no Codex',
    ],
    ['it breaks', () => Promise.reject(new Error('EIO')), 'warn', 'could not be checked: EIO'],
  ])('%s', async (_, run, status, summary) => {
    const verdict = await judged(run);
    expect(verdict).toMatchObject({ name: 'it', status, summary });
    expect(verdict.remedy === null).toBe(status === 'ok');
  });

  test('it never ends', async () => {
    const verdict = await judged(() => new Promise(() => undefined), 1);
    expect(verdict).toMatchObject({ status: 'warn', summary: 'not known: it took longer than 0.001 s' });
  });
});

test('a program that never ends, and floods, is ended with its children at the deadline', async () => {
  const file = join(root, 'pid');
  const script = `yes & echo $! > ${file}; yes`;
  const ran = await runProgram('sh', ['-c', script], {
    environment: { PATH: process.env.PATH ?? '' },
    cwd: root,
    deadlineMs: 500,
    signal: new AbortController().signal,
  });
  expect([ran.timedOut, ran.code, ran.stdout.length > 0, ran.stdout.length < 1_000_000]).toEqual([
    true,
    null,
    true,
    true,
  ]);
  const child = Number(readFileSync(file, 'utf8'));
  // Its entry stays in the table until somebody has collected it.
  await vi.waitFor(() => expect(readProcess(child)?.state ?? 'Z').toBe('Z'));
});

describe('directories', () => {
  test('not there yet, and nothing is made', async () => {
    expect(await judge(directories, context())).toMatchObject({ status: 'ok' });
    expect(readdirSync(root)).toEqual([]);
  });

  test('ours alone', async () => {
    for (const name of ['state', 'run', 'config'])
      mkdirSync(join(root, 'cox', name), { recursive: true, mode: 0o700 });
    const before = everything();
    expect(await judge(directories, context())).toMatchObject({ status: 'ok' });
    expect(everything()).toEqual(before);
  });

  test.each<[string, () => void, string, string, string]>([
    [
      'open to others',
      () => {
        mkdirSync(join(root, 'cox', 'state'), { recursive: true });
        chmodSync(join(root, 'cox', 'state'), 0o755);
      },
      'warn',
      'is open to others',
      'chmod 700',
    ],
    [
      'a link',
      () => {
        mkdirSync(join(root, 'cox'));
        symlinkSync('/', join(root, 'cox', 'state'));
      },
      'fail',
      'symlink',
      'COX_HOME',
    ],
    ['a file', () => writeFileSync(join(root, 'cox'), ''), 'fail', 'not a directory', 'COX_HOME'],
    [
      'settings that others can write',
      () => {
        mkdirSync(join(root, 'cox', 'config'), { recursive: true });
        chmodSync(join(root, 'cox', 'config'), 0o777);
      },
      'warn',
      'others can write',
      'chmod go-w',
    ],
  ])('%s', async (_, make, status, summary, remedy) => {
    make();
    expect(await judge(directories, context())).toMatchObject({
      status,
      summary: expect.stringContaining(summary),
      remedy: expect.stringContaining(remedy),
    });
  });
});

test('a socket path that no socket can have', async () => {
  expect(await judge(socket, context())).toMatchObject({ status: 'ok' });
  const long = context({ COX_HOME: join(root, 'x'.repeat(90)) });
  expect(await judge(socket, long)).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining('COX_HOME'),
  });
});

test('settings: none, in order, not in order', async () => {
  expect(await judge(settings, context())).toMatchObject({ status: 'ok' });
  mkdirSync(join(root, 'cox', 'config'), { recursive: true });
  const file = join(root, 'cox', 'config', 'config.toml');
  writeFileSync(file, '[lifecycle]\ndaemon_idle = "5m"\n');
  expect(await judge(settings, context())).toMatchObject({ status: 'ok', summary: file });
  writeFileSync(file, '[lifecycle]\ndaemon_idel = "5m"\n');
  expect(await judge(settings, context())).toMatchObject({
    status: 'fail',
    summary: expect.stringContaining(`${file}:2: unknown key daemon_idel; did you mean daemon_idle?`),
  });
});

describe('a look at the database', () => {
  const file = (): string => join(root, 'state.sqlite');

  test('of a state that was closed well changes and leaves nothing', () => {
    const store = Store.open(file());
    store.meta('owner', () => 'me');
    store.close();
    const before = everything();
    expect(inspectDatabase(file())).toMatchObject({ damage: [], isNewer: false, owner: 'me', servers: [] });
    expect(everything()).toEqual(before);
  });

  test('sees what a daemon that still runs, or was killed, has not yet moved into the file', () => {
    const store = Store.open(file());
    store.meta('owner', () => 'me');
    const left = join(root, 'left.sqlite');
    for (const end of ['', '-wal']) copyFileSync(file() + end, left + end);
    expect([inspectDatabase(file()).owner, inspectDatabase(left).owner]).toEqual(['me', 'me']);
    store.close();
  });

  test('names damage, a newer schema, and what is no database', () => {
    Store.open(file()).close();
    const database = new DatabaseSync(file());
    database.exec('pragma user_version = 1000');
    database.close();
    expect(inspectDatabase(file())).toMatchObject({ schema: 1000, isNewer: true });
    const bytes = readFileSync(file());
    bytes.fill(0xff, 4096, 12_288);
    writeFileSync(file(), bytes);
    expect(inspectDatabase(file()).damage).not.toEqual([]);
    writeFileSync(file(), 'this is a text of some length, and no database at all');
    expect(() => inspectDatabase(file())).toThrow('not a database');
  });
});

describe('homes to try Codex in', () => {
  test('have the configuration with the files that it names, and no login', async () => {
    const codexHome = join(root, 'codex');
    mkdirSync(join(codexHome, 'prompts'), { recursive: true });
    const config =
      'model_instructions_file = "prompts/mine.md"\nother = "../secret"\nabsent = "not/there.md"\n';
    for (const [name, text] of [
      ['config.toml', config],
      ['work.config.toml', 'model = "x"\n'],
      ['auth.json', '{"OPENAI_API_KEY":"sk-x"}'],
      ['history.jsonl', ''],
      ['prompts/mine.md', 'Be brief.\n'],
    ] as const)
      writeFileSync(join(codexHome, name), text);
    writeFileSync(join(root, 'secret'), 'x');
    const before = everything();
    const homes = new ScratchHomes(codexHome);
    try {
      const { variables, asOriginal } = await homes.make();
      expect(readdirSync(variables.CODEX_HOME, { recursive: true }).toSorted()).toEqual([
        'config.toml',
        'prompts',
        'prompts/mine.md',
        'work.config.toml',
      ]);
      expect(readFileSync(join(variables.CODEX_HOME, 'prompts', 'mine.md'), 'utf8')).toBe('Be brief.\n');
      expect(asOriginal(`${variables.CODEX_HOME}/config.toml:1`)).toBe(`${codexHome}/config.toml:1`);
      expect((await homes.make()).variables.CODEX_HOME).not.toBe(variables.CODEX_HOME);
      await homes.remove();
      expect(existsSync(variables.CODEX_HOME)).toBe(false);
    } finally {
      await homes.remove();
    }
    expect(everything()).toEqual(before);
  });
});

describe('what a Codex home tells', () => {
  const home = (): string => join(root, 'codex');
  beforeEach(() => mkdirSync(home()));
  const write = (name: string, text: string): void => writeFileSync(join(home(), name), text);

  test.each([
    ['nothing', null, { provider: null, credentialStore: null }],
    ['no TOML', 'model = \n', { provider: null, credentialStore: null }],
    [
      'a provider of Codex',
      'model_provider = "ollama"\n',
      { provider: { name: 'ollama', keyVariable: null } },
    ],
    [
      'a provider of its own',
      'model_provider = "x"\ncli_auth_credentials_store = "keyring"\n[model_providers.x]\nenv_key = "X_KEY"\n',
      { provider: { name: 'x', keyVariable: 'X_KEY' }, credentialStore: 'keyring' },
    ],
    [
      'a profile',
      'profile = "p"\nmodel_provider = "y"\n[profiles.p]\nmodel_provider = "x"\n[model_providers.x]\nenv_key = "X_KEY"\n',
      { provider: { name: 'x', keyVariable: 'X_KEY' } },
    ],
  ])('its provider: %s', async (_, config, expected) => {
    if (config !== null) write('config.toml', config);
    expect(await readHome(home())).toMatchObject(expected);
  });

  test.each([
    ['{"auth_mode":"apikey","OPENAI_API_KEY":"sk-x"}', 'an API key'],
    ['{"OPENAI_API_KEY":null,"tokens":{"access_token":"a","refresh_token":"b"}}', 'ChatGPT'],
    ['{"OPENAI_API_KEY":null,"tokens":null}', null],
    ['not JSON', null],
  ])('its login: %s', async (text, expected) => {
    write('auth.json', text);
    expect(await storedLogin(home())).toBe(expected);
  });

  test('a key that is set, and one that is not', async () => {
    write('config.toml', 'model_provider = "x"\n[model_providers.x]\nenv_key = "X_KEY"\n');
    // The home is in the temporary directory of the tests, which a launch refuses.
    const elsewhere = { TMPDIR: '/nonexistent' };
    expect(await judge(login, context({ X_KEY: 'k', ...elsewhere }))).toMatchObject({ status: 'ok' });
    expect(await judge(login, context(elsewhere))).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining('X_KEY'),
      remedy: expect.stringContaining('export X_KEY'),
    });
  });

  test('a log of Codex that has grown too large', async () => {
    expect(await judge(codexLog, context())).toMatchObject({ status: 'ok' });
    write('logs_2.sqlite', '');
    write('logs_2.sqlite-wal', '');
    truncateSync(join(home(), 'logs_2.sqlite'), 1.5 * 2 ** 30);
    truncateSync(join(home(), 'logs_2.sqlite-wal'), 2 ** 30);
    expect(await judge(codexLog, context())).toMatchObject({
      status: 'warn',
      summary: expect.stringContaining('2.5 GiB'),
      remedy: expect.stringContaining('logs_2.sqlite'),
    });
  });

  test('a shared daemon of Codex, by pid, start time and boot', async () => {
    const { pid, startTime, bootId } = self();
    const record = (startTicks: number): string =>
      JSON.stringify({ pid, processStartTime: '…', processIdentity: { bootId, startTicks } });
    mkdirSync(join(home(), 'app-server-daemon'));
    write('app-server-daemon/daemon.pid', record(Number(startTime)));
    expect(await sharedDaemon(home())).toBe(pid);
    expect(await judge(codexDaemon, context())).toMatchObject({
      status: 'ok',
      summary: expect.stringContaining(`pid ${pid}`),
    });
    write('app-server-daemon/daemon.pid', record(Number(startTime) + 1));
    expect(await sharedDaemon(home())).toBeNull();
  });
});
