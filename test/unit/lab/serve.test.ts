import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = new URL('../../../src/lab/main.ts', import.meta.url).pathname;

let root: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  const cache = join(homedir(), '.cache');
  mkdirSync(cache, { recursive: true });
  root = mkdtempSync(join(cache, 'cox-lab-test-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  rmSync(root, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  /** What it has printed on stdout by now. */
  readonly out: () => string;
}

/** Starts the program; resolves once it has printed all, and rejects with its stderr when it ends before. */
function serve(...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let errors = '';
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.endsWith('\n')) resolve({ child, out: () => out });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('close', (code) => reject(new Error(`${code}: ${errors}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

test('--home: makes the folder, writes the configuration, and says what to do next', async () => {
  const home = join(root, 'new', 'codex');
  const { out } = await serve('--home', home, '--all-tools');
  const config = readFileSync(join(home, 'config.toml'), 'utf8');
  expect([statSync(home).mode & 0o777, config.includes('[mcp_servers.lab]')]).toEqual([0o700, true]);
  expect(out()).toContain(`cox run --codex-home ${home} --wait --name one '#lab:plain`);
});

test('--home again: takes the same port, and leaves what Codex has added', async () => {
  const home = join(root, 'codex');
  const first = await serve('--home', home, '--json');
  await end(first.child);
  const config = join(home, 'config.toml');
  writeFileSync(config, `${readFileSync(config, 'utf8')}\n[projects."/w"]\ntrust_level = "trusted"\n`);
  const before = readFileSync(config, 'utf8');
  const second = await serve('--home', home, '--json');
  const [one, two] = [first, second].map(({ out }) => JSON.parse(out()));
  expect([two.port, two.config, two.home]).toEqual([one.port, one.config, home]);
  expect(readFileSync(config, 'utf8')).toBe(before);
  await expect(serve('--home', home)).rejects.toThrow(`the port ${one.port} of ${config} is taken`);
});

test('--home: another configuration, a folder in use and the temporary directory are refused', async () => {
  writeFileSync(join(root, 'config.toml'), 'model = "mine"\n');
  await expect(serve('--home', root)).rejects.toThrow(
    /^2: .*config\.toml exists and is not what this lab writes/,
  );
  expect(readFileSync(join(root, 'config.toml'), 'utf8')).toBe('model = "mine"\n');
  const used = join(root, 'used');
  mkdirSync(used);
  writeFileSync(join(used, 'auth.json'), '{}');
  await expect(serve('--home', used)).rejects.toThrow(/^2: .*is not empty and has no config\.toml/);
  const temporary = join(tmpdir(), 'cox-lab-never', 'codex');
  await expect(serve('--home', temporary)).rejects.toThrow(/^2: .*is in the temporary directory/);
  expect(existsSync(temporary)).toBe(false);
});

test('a wrong command line shows the usage', async () => {
  await expect(serve('--prot', '1')).rejects.toThrow(/^2: [\s\S]*usage: cox lab serve/);
  await expect(serve('--port', 'x')).rejects.toThrow('--port takes a number from 0 to 65535, not "x"');
});
