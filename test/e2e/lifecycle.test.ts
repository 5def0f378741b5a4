import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DaemonView } from '../../src/client/index.ts';
import { findCodex } from '../../src/codex/launch/binary.ts';
import { isAlive } from '../../src/machine/identity.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { processesWith } from './processes.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

function settings(text: string): void {
  mkdirSync(world.places.configDirectory, { recursive: true });
  writeFileSync(join(world.places.configDirectory, 'config.toml'), text);
}

const daemon = (): Promise<DaemonView> => world.ask<DaemonView>('daemon', 'status');

const soon = <Result>(check: () => Result | Promise<Result>): Promise<Result> =>
  vi.waitFor(check, { timeout: PATIENCE_MS, interval: 100 });

test('the daemon and its app-servers end when nobody needs them, and come back when somebody does', async () => {
  settings('[lifecycle]\nthread_idle = "300ms"\nserver_idle = "300ms"\ndaemon_idle = "2s"\n');
  const { id } = await world.run(play('plain', {}));
  await world.ended(id);
  const [server] = world.servers();
  const { pid } = await daemon();
  // Nobody asks anything from here on: only the processes themselves are looked at.
  await soon(() => expect(existsSync(world.places.socket)).toBe(false));
  expect(pid).toBeTypeOf('number');
  await soon(() => expect(server !== undefined && isAlive(server.process)).toBe(false));
  expect(world.servers()).toEqual([]);

  // The thread is not lost: another daemon, another server, the same history.
  const sent = await world.cox(['send', id, play('plain', { text: 'Back again.' })]);
  expect(sent.code).toBe(0);
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    lastMessage: 'Back again.',
    runs: [{ n: 1 }, { n: 2, end: 'done' }],
  });
});

test('what is open keeps both alive', async () => {
  settings('[lifecycle]\nthread_idle = "200ms"\nserver_idle = "200ms"\ndaemon_idle = "400ms"\n');
  const { id } = await world.run(play('escalate', { command: `touch ${world.outside}/kept` }));
  const { requestId } = await world.request(id);
  const before = await daemon();
  // A session that ends meanwhile goes through its idle times, which is when the other would be touched.
  const { id: other } = await world.run(play('plain', {}));
  await world.ended(other);
  await soon(async () => {
    const { openSessions, appServers } = await daemon();
    expect([openSessions, appServers.length]).toEqual([1, 1]);
  });
  expect((await daemon()).pid).toBe(before.pid);
  expect((await world.cox(['approve', requestId])).code).toBe(0);
  expect(await world.ended(id)).toMatchObject({ phase: 'done' });
});

test('launch identities never mix: each session sees its own variable', async () => {
  const print = (name: string): string => play('command', { command: `printf %s "$FOO" > ${name}.txt` });
  const one = await world.run(print('one'), '--env', 'FOO=one');
  const two = await world.run(print('two'), '--env', 'FOO=two');
  const none = await world.run(print('none'));
  for (const { id } of [one, two, none]) expect(await world.ended(id)).toMatchObject({ phase: 'done' });
  const seen = ['one', 'two', 'none'].map((name) => readFileSync(join(world.work, `${name}.txt`), 'utf8'));
  expect(seen).toEqual(['one', 'two', '']);
  expect(world.servers()).toHaveLength(3);
});

test('of the environment, a session gets the allow-list and what the settings name', async () => {
  settings('[env]\npass = ["PROJECT_TOKEN"]\n');
  const command = 'printf "%s|%s|%s" "$PROJECT_TOKEN" "$OTHER_SECRET" "$LANG" > env.txt';
  const ran = await world.cox(['run', '-C', world.work, '--wait', play('command', { command })], {
    env: { PROJECT_TOKEN: 'passed', OTHER_SECRET: 'kept out', LANG: 'C.UTF-8' },
  });
  expect(ran.code).toBe(0);
  expect(readFileSync(join(world.work, 'env.txt'), 'utf8')).toBe('passed||C.UTF-8');
});

test('a Codex that was replaced: new sessions get a new server, a session whose server has ended moves', async () => {
  const original = (await findCodex({ flag: null, environment: {}, cwd: world.root })).path;
  const folder = join(world.root, 'installed');
  const installed = join(folder, 'bin', 'codex');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  // What it needs beside itself stays where it is; the executable is the same file, then a copy of it.
  for (const name of readdirSync(join(original, '..', '..')))
    if (name !== 'bin') symlinkSync(join(original, '..', '..', name), join(folder, name));
  linkSync(original, installed);
  const first = await world.run(play('plain', {}), '--codex', installed);
  await world.ended(first.id);
  // Replaced as an installer does it: another file under the same name.
  rmSync(installed);
  copyFileSync(original, installed);
  const second = await world.run(play('plain', {}), '--codex', installed);
  await world.ended(second.id);
  expect(world.servers()).toHaveLength(2);

  // The old server still has the first session's thread: it goes on there.
  await world.cox(['send', first.id, play('plain', { text: 'On the old one.' })]);
  expect(await world.ended(first.id)).toMatchObject({ lastMessage: 'On the old one.' });
  expect(world.servers()).toHaveLength(2);

  // Once that has ended, the session moves to the new file.
  await world.cox(['daemon', 'stop']);
  expect(world.servers()).toEqual([]);
  await world.cox(['send', first.id, play('plain', { text: 'On the new one.' })]);
  expect(await world.ended(first.id)).toMatchObject({ phase: 'done', lastMessage: 'On the new one.' });
  const facts = await world.facts(first.id, (seen) => seen.some(({ type }) => type === 'relaunched'));
  expect(facts.filter(({ type }) => type === 'relaunched')).toHaveLength(1);
});

test('kill --all ends everything although no daemon can be had', async () => {
  const { id } = await world.run(play('sleep', { seconds: 304 }));
  await world.facts(id, (seen) =>
    seen.some(({ type, fact }) => type === 'activity' && String(fact.line).includes('sleep 304')),
  );
  const { pid } = await daemon();
  process.kill(pid ?? 0, 'SIGKILL');
  const [server] = world.servers();
  const files = ['', '-wal', '-shm'].map((suffix) => `${world.places.database}${suffix}`).filter(existsSync);
  const kept = files.map((file) => readFileSync(file));
  // Nobody can make anything of this.
  for (const file of files) rmSync(file);
  writeFileSync(world.places.database, 'not a database, and long enough to be looked at as one'.repeat(40));
  try {
    const refused = await world.cox(['ls', '--json']);
    expect([refused.code, viewSchemas.error.parse(refused.json()).error.code]).toEqual([1, 'state-broken']);
    const { code, stderr, json } = await world.cox(['kill', '--all', '--json']);
    const swept = viewSchemas.swept.parse(json());
    expect([code, swept.survivors]).toEqual([0, []]);
    expect(stderr).toContain('No daemon can be had');
    expect(swept.ended).toContain(`pid ${server?.process.pid}`);
    expect(server !== undefined && isAlive(server.process)).toBe(false);
    expect(processesWith('CODEX_HOME', world.codexHome)).toEqual([]);
  } finally {
    // For the world to end in order.
    for (const [n, file] of files.entries()) writeFileSync(file, kept[n] ?? '');
  }
});

test('what a session writes is as readable as what its user writes', async () => {
  const before = process.umask(0o027);
  try {
    const { id } = await world.run(play('command', { command: 'umask > mask.txt' }));
    await world.ended(id);
  } finally {
    process.umask(before);
  }
  expect(readFileSync(join(world.work, 'mask.txt'), 'utf8').trim()).toBe('0027');
  expect(statSync(join(world.work, 'mask.txt')).mode & 0o777).toBe(0o640);
});

test('kill of a session that has ended ends what it left running', async () => {
  const prompt = play('left-running', {});
  const { id } = await world.run(prompt, '-s', 'danger-full-access');
  expect(await world.ended(id)).toMatchObject({ phase: 'done' });
  const thread = await world.thread(id);
  expect(processesWith('CODEX_THREAD_ID', thread)).not.toEqual([]);
  const { code, json } = await world.cox(['kill', id, '--json']);
  expect([code, viewSchemas.session.parse(json()).phase]).toEqual([0, 'done']);
  expect(processesWith('CODEX_THREAD_ID', thread)).toEqual([]);
  expect((await world.show(id)).interventions).toMatchObject([{ kind: 'kill', outcome: 'accepted' }]);
});

test('a daemon that hangs: kill --all ends everything all the same, and others say what is wrong', async () => {
  const { id } = await world.run(play('sleep', { seconds: 307 }));
  await world.facts(id, (seen) => seen.some(({ type }) => type === 'turn-started'));
  const { pid } = await daemon();
  process.kill(pid ?? 0, 'SIGSTOP');
  try {
    const { code, json } = await world.cox(['kill', '--all', '--json']);
    expect([code, viewSchemas.swept.parse(json()).survivors]).toEqual([0, []]);
    expect(processesWith('CODEX_HOME', world.codexHome)).toEqual([]);
  } finally {
    process.kill(pid ?? 0, 'SIGCONT');
  }
});

test('a terminal that has joined keeps its thread: what is begun there is supervised', async () => {
  settings('[lifecycle]\nthread_idle = "300ms"\nserver_idle = "300ms"\n');
  const { id } = await world.run(play('plain', {}));
  await world.ended(id);
  const abort = new AbortController();
  // As cox attach does for as long as somebody looks.
  const listening = await (await world.client()).events('now', abort.signal, id);
  const other = await world.run(play('plain', {}));
  await world.ended(other.id);
  await soon(async () => {
    const log = readFileSync(world.places.log, 'utf8');
    expect(log).toMatch(new RegExp(`"session":"${other.id}"[^\\n]*thread.released`));
  });
  expect(readFileSync(world.places.log, 'utf8')).not.toMatch(
    new RegExp(`"session":"${id}"[^\\n]*thread.released`),
  );
  abort.abort();
  await listening.return(undefined);
});
