import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../../../bin', import.meta.url));
const oldNode = findOldNode();

/** Says which Node runs it and with what, then does as its first argument says. */
const command = `
const [verb] = process.argv.slice(2);
if (verb === 'catch') process.on('SIGINT', () => process.exit(41));
if (verb === 'catch' || verb === 'stay') setTimeout(() => {}, 60_000);
console.log(JSON.stringify({ major: parseInt(process.versions.node), argv: process.argv.slice(2) }));
if (verb === 'exit') process.exit(37);
if (verb === 'throw') throw new Error('from the command');
if (verb === 'missing') await import('./none.js');
if (verb === 'environment') console.log(String(process.env.COX_NODE_RESTARTED));
`;

let root: string;
let home: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'cox-bin-')));
  root = join(home, 'node_modules', 'coxswain');
  mkdirSync(join(root, 'dist', 'cli'), { recursive: true });
  cpSync(bin, join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name": "coxswain", "type": "module"}');
  writeFileSync(join(root, 'dist', 'cli', 'main.js'), command);
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

function findOldNode(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  return [...candidates, '/usr/local/bin/node', '/usr/bin/node'].find((file) => {
    return (
      existsSync(file) &&
      Number.parseInt(execFileSync(file, ['-p', 'process.versions.node']).toString(), 10) < 24
    );
  });
}

/** Puts a program where npm would put the pinned Node. */
function pin(modules: string, target = process.execPath): void {
  mkdirSync(join(modules, 'node', 'bin'), { recursive: true });
  symlinkSync(target, join(modules, 'node', 'bin', 'node'));
}

function start(node: string, args: readonly string[], script = join(root, 'bin', 'cox')) {
  const child = spawn(node, [script, ...args], { env: { HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

async function run(node: string, args: readonly string[], script?: string) {
  const child = start(node, args, script);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code: code as unknown, signal: signal as unknown };
}

const said = (...argv: string[]) => `${JSON.stringify({ major: 24, argv })}\n`;

describe('on a Node that is new enough', () => {
  test('runs the command in the same process, with a compile cache in the own home', async () => {
    expect(await run(process.execPath, ['a', '--b', 'c d'])).toEqual({
      stdout: said('a', '--b', 'c d'),
      stderr: '',
      code: 0,
      signal: null,
    });
    expect(existsSync(join(home, '.cache', 'coxswain', 'compile'))).toBe(true);
  });

  test('works through the link that npm makes', async () => {
    mkdirSync(join(home, 'node_modules', '.bin'));
    const link = join(home, 'node_modules', '.bin', 'cox');
    symlinkSync('../coxswain/bin/cox', link);
    expect(await run(process.execPath, ['exit'], link)).toMatchObject({ stdout: said('exit'), code: 37 });
  });

  test('says in one line that it is not built', async () => {
    rmSync(join(root, 'dist'), { recursive: true });
    expect(await run(process.execPath, [])).toEqual({
      stdout: '',
      stderr: `cox is not built: run \`npm ci\` (or \`npm run build\`) in ${root}\n`,
      code: 1,
      signal: null,
    });
  });

  test.each([
    ['throw', 'from the command'],
    ['missing', 'ERR_MODULE_NOT_FOUND'],
  ])('an error of the command itself is shown as such (%s)', async (verb, message) => {
    const { stderr, code } = await run(process.execPath, [verb]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('not built');
    expect(code).toBe(1);
  });
});

describe.runIf(oldNode !== undefined)('on an older Node', () => {
  const old = oldNode ?? '';

  test.each(['own', 'hoisted'])('goes on with the pinned one (%s)', async (where) => {
    pin(where === 'own' ? join(root, 'node_modules') : join(home, 'node_modules'));
    expect(await run(old, ['a', '--b', 'c d'])).toEqual({
      stdout: said('a', '--b', 'c d'),
      stderr: '',
      code: 0,
      signal: null,
    });
    expect(await run(old, ['exit'])).toMatchObject({ code: 37, signal: null });
    expect((await run(old, ['environment'])).stdout).toBe(`${said('environment')}undefined\n`);
  });

  test('says in one line what is needed when there is no pinned one', async () => {
    const { stderr, ...rest } = await run(old, []);
    expect(stderr).toMatch(
      /^cox needs Node 24 or newer, this is [\d.]+: install it .*npm install node@24.*\n$/,
    );
    expect(rest).toEqual({ stdout: '', code: 1, signal: null });
  });

  test('a pinned one that is too old itself is not started for ever', async () => {
    pin(join(root, 'node_modules'), old);
    expect(await run(old, [])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cox needs Node 24'),
    });
  });

  test('a pinned one that cannot run is not taken', async () => {
    mkdirSync(join(root, 'node_modules', 'node', 'bin', 'node'), { recursive: true });
    expect(await run(old, [])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cox needs Node 24'),
    });
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    '%s reaches the command, and its end is ours',
    async (signal) => {
      pin(join(root, 'node_modules'));
      const child = start(old, ['stay']);
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([null, signal]);
    },
  );

  test('a command that handles the signal decides on the exit code', async () => {
    pin(join(root, 'node_modules'));
    const child = start(old, ['catch']);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([41, null]);
  });
});
