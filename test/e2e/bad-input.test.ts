import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { SessionList } from '../../src/client/index.ts';
import { placesOf } from '../../src/client/index.ts';
import { ERROR_CATALOGUE, type ErrorCode } from '../../src/core/errors.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { CAN_BE_NOBODY, type CommandOptions, NOBODY, type Ran, runCox } from './command.ts';
import { processesWith } from './processes.ts';
import { play } from './scenarios.ts';
import { World } from './world.ts';

const asRoot = test.skipIf(process.getuid?.() !== 0);

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

type Refusal = { message: string; hint: string; details: Record<string, unknown> };

/** The command was refused as the catalogue says, in one JSON document, and without it in words. */
async function refused(
  code: ErrorCode,
  args: string[],
  options: Partial<CommandOptions> = {},
): Promise<Refusal> {
  const told = await world.cox(args, options);
  expect([told.code, told.stdout]).toEqual([ERROR_CATALOGUE[code].exit, '']);
  const dashes = args.indexOf('--');
  const json = dashes === -1 ? [...args, '--json'] : args.toSpliced(dashes, 0, '--json');
  const { message, hint, details } = refusal(code, await world.cox(json, options));
  expect(told.stderr).toBe(`cox: ${message}\n${hint}\n`);
  return { message, hint, details };
}

function refusal(code: ErrorCode, ran: Ran): Refusal {
  const { error } = viewSchemas.error.parse(ran.json());
  expect([error.code, ran.code, ran.stderr]).toEqual([code, ERROR_CATALOGUE[code].exit, '']);
  expect(error.retryable).toBe(ERROR_CATALOGUE[code].retryable);
  expect([error.message, error.hint]).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
  return error;
}

/** No session was kept, and nothing of ours runs but the daemon. */
async function nothingStarted(): Promise<void> {
  expect((await world.ask<SessionList>('ls', '-a')).items).toEqual([]);
  expect(processesWith('CODEX_HOME', world.codexHome)).toEqual([]);
  expect(processesWith('COX_HOME', world.coxHome)).toHaveLength(1);
}

function policy(text: string): string {
  const file = join(world.root, 'policy.toml');
  writeFileSync(file, text);
  return file;
}

/** A folder that other users can look into, unlike a world's. */
function publicFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cox-'));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('no prompt, an empty one, two, and a file that is not there', async () => {
  expect((await refused('usage', ['run'])).hint).toContain('cox run "');
  await refused('usage', ['run', '  ']);
  await refused('usage', ['run', '-'], { stdin: '\n' });
  await refused('usage', ['run', 'do it', '-f', 'prompt.txt']);
  expect((await refused('usage', ['run', '-f', 'not-there.txt'])).message).toContain('not-there.txt');
  await nothingStarted();
});

test('a directory that is missing, or is a file', async () => {
  const { message } = await refused('directory-missing', ['run', '-C', 'not/there', 'do it']);
  expect(message).toBe(`${join(world.work, 'not/there')} does not exist.`);
  await refused('directory-missing', ['run', '-C', 'README.md', 'do it']);
  await nothingStarted();
});

test('flags, verbs and values that do not exist', async () => {
  expect((await refused('usage', ['run', '--nmae', 'a', 'do it'])).message).toContain('--nmae');
  await refused('usage', ['rnu', 'do it']);
  await refused('usage', ['run', 'do', 'it']);
  expect((await refused('usage', ['run', '-s', 'everything', 'do it'])).message).toContain(
    'danger-full-access',
  );
  await refused('usage', ['run', '-a', 'untrusted', 'do it']);
  await refused('usage', ['run', '--label', 'novalue', 'do it']);
  await refused('usage', ['run', '--name', 'two words', 'do it']);
  await refused('usage', ['ls', '--phase', 'sleeping']);
  await refused('usage', ['wait']);
  await refused('usage', ['wait', '@last', '--timeout', 'soon']);
  await refused('usage', ['wait', '@last', '--timeout', '5']);
  await refused('usage', ['wait', '@last', '--for', 'godot']);
  await refused('usage', ['kill', '@last', '--grace', '-1s']);
  await refused('usage', ['answer', 'r_2222']);
  await refused('usage', ['answer', 'r_2222', '--option', '0']);
  await refused('usage', ['approve', 'r_2222', '--for', 'ever']);
  await nothingStarted();
});

test.each([
  ['version = 1\n\n[[rule]]\nneed = "approval"\ncomand = ["ls"]\ndo = "approve"\n', 5, 'command'],
  ['version = 1\nrules = []\n', 2, 'rule'],
  ['version = 1\n[[rule]]\nneed = "approval"\ndo = "deny"\n\n[[rule]]\nned = "approval"\n', 7, 'need'],
])('an unknown key of a policy: its line, and the nearest key (%#)', async (text, line, nearest) => {
  const file = policy(text);
  const { message, details } = await refused('policy-invalid', ['run', '--policy', file, 'do it']);
  expect(details).toMatchObject({ path: file, line, nearest });
  expect(message).toContain(`${file}:${line}: `);
  expect(message).toContain(`did you mean ${nearest}?`);
  await nothingStarted();
});

test('a policy that is no TOML, says too much, or is not there', async () => {
  const broken = await refused('policy-invalid', [
    'run',
    '--policy',
    policy('version = 1\n[[rule\n'),
    'do it',
  ]);
  expect(broken.details).toMatchObject({ line: 2 });
  const all = 'version = 1\n[[rule]]\nneed = "approval"\ndo = "approve"\n';
  const { details } = await refused('policy-invalid', ['run', '--policy', policy(all), 'do it']);
  expect(details).toMatchObject({ line: 4 });
  await refused('policy-invalid', ['run', '--policy', policy('version = 2\n'), 'do it']);
  await refused('policy-invalid', ['run', '--policy', 'not-there.toml', 'do it']);
  await nothingStarted();
});

test('targets that are not there', async () => {
  for (const verb of ['show', 'kill', 'stop', 'wait']) await refused('not-found', [verb, 'zzzzzz']);
  for (const verb of ['approve', 'deny']) await refused('not-found', [verb, 'r_2222']);
  await refused('not-found', ['answer', 'r_2222', 'yes']);
  await refused('not-found', ['show', '@last']);
  await refused('not-found', ['approve', '@needs']);
  await refused('not-found', ['show', '../../v1/daemon']);
});

test('no Codex: a named file that is missing, a folder, no executable, no Codex', async () => {
  const run = ['run', 'do it'];
  const missing = join(world.root, 'no-codex');
  const { message } = await refused('codex-missing', run, {
    env: { COX_CODEX: missing, PATH: '/usr/bin:/bin' },
  });
  expect(message).toContain(missing);
  await refused('codex-missing', ['run', '--codex', missing, 'do it']);
  await refused('codex-missing', ['run', '--codex', world.root, 'do it']);
  await refused('codex-missing', ['run', '--codex', 'README.md', 'do it']);
  const other = join(world.root, 'true');
  cpSync('/bin/true', other, { dereference: true });
  await refused('codex-missing', ['run', '--codex', other, 'do it']);
  await nothingStarted();
});

test('a Codex that is too old', async () => {
  // The package of an old Codex as npm lays it out: a native executable, and the record of its version.
  const codex = join(world.root, 'old', 'bin', 'codex');
  mkdirSync(dirname(codex), { recursive: true });
  cpSync('/bin/true', codex, { dereference: true });
  writeFileSync(join(world.root, 'old', 'codex-package.json'), '{"version":"0.98.0"}');
  const { message, details } = await refused('codex-too-old', ['run', 'do it'], {
    env: { COX_CODEX: codex },
  });
  expect(details).toMatchObject({ path: codex, version: '0.98.0' });
  expect(message).toContain('0.98.0');
  await nothingStarted();
});

test('a CODEX_HOME in the temporary directory', async () => {
  const home = join(world.env.TMPDIR ?? '', 'codex');
  mkdirSync(home);
  await refused('codex-home-unsafe', ['run', 'do it'], { env: { CODEX_HOME: home } });
  await refused('codex-home-unsafe', ['run', '--codex-home', home, 'do it']);
  await nothingStarted();
});

test('arguments that are not passed on to Codex', async () => {
  for (const given of [
    ['--dangerous'],
    ['exec'],
    ['-c'],
    ['--dangerously-bypass-approvals-and-sandbox'],
    ['-s', 'x'],
  ]) {
    const { details } = await refused('codex-argument', ['run', 'do it', '--', ...given]);
    expect(details).toEqual({ argument: given[0] });
  }
  await nothingStarted();
});

test('a socket path that no socket can have', async () => {
  await refused('usage', ['ls'], { env: { COX_HOME: join(world.root, 'x'.repeat(100)) } });
});

asRoot('a socket of somebody else', async () => {
  const home = join(world.root, 'foreign');
  const { socket, runtimeDirectory } = placesOf({ COX_HOME: home });
  mkdirSync(runtimeDirectory, { recursive: true });
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  chownSync(socket, NOBODY, NOBODY);
  for (const verb of [['ls'], ['run', 'do it'], ['daemon', 'status'], ['daemon', 'stop']]) {
    await refused('not-permitted', verb, { env: { COX_HOME: home } });
  }
  expect(connections).toBe(0);
});

test.runIf(CAN_BE_NOBODY)('a state directory of somebody else that cannot be written', async () => {
  const folder = publicFolder();
  const home = join(folder, 'cox');
  mkdirSync(home, { mode: 0o755 });
  const options = { env: { PATH: '/usr/bin:/bin', HOME: folder, COX_HOME: home }, cwd: '/', uid: NOBODY };
  const code = 'state-unwritable';
  expect(refusal(code, await runCox(['ls', '--json'], options)).details).toEqual({
    path: join(home, 'state'),
  });
  refusal(code, await runCox(['run', 'do it', '--json'], options));
  expect(processesWith('COX_HOME', home)).toEqual([]);
});

test('a state directory that is a file', async () => {
  await refused('not-permitted', ['ls'], { env: { COX_HOME: join(world.work, 'README.md') } });
});

test('a name and a prefix that mean two sessions', async () => {
  const prompt = play('no-headers');
  const [first, second] = await Promise.all([
    world.run(prompt, '--name', 'twin'),
    world.run(prompt, '--name', 'twin'),
  ]);
  // The message names their phases, which are to be the same for both forms of it.
  for (const { id } of [first, second])
    await world.facts(id, (seen) => seen.some(({ type }) => type === 'turn-started'));
  const { details } = await refused('ambiguous', ['show', 'twin']);
  expect(details.ids).toEqual(expect.arrayContaining([first.id, second.id]));
  await refused('ambiguous', ['kill', 'twin']);
  expect((await world.cox(['kill', first.id])).code).toBe(0);
  // Of two sessions of one name, the open one is meant.
  expect(await world.show('twin')).toMatchObject({ id: second.id });
  await refused('not-found', ['show', second.id.slice(0, 2)]);
  await refused('not-found', ['approve', second.id]);
});
