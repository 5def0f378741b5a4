/**
 * Makes a frozen state database for test/state: a real daemon and the real Codex with the lab's model leave one
 * session done, one failed, one stopped, two with an approval (answered by a person and by a policy), where the
 * version can do it one of two runs and one put aside, and two open when the daemon is killed (one works, one waits
 * for a person).
 *
 *   node scripts/freeze-state.ts --out test/state/0002.sqlite [--from DIR]
 *
 * --from is the root of a built Coxswain, this one unless told: a version is frozen by its own code. Everything
 * goes through its commands, so that this script works with every version.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';

const HERE = resolve(import.meta.dirname, '..');
/** What the frozen paths begin with, whatever the machine. */
const FROZEN_ROOT = '/srv/frozen';
const PATIENCE = '60s';

const { values } = parseArgs({
  options: { out: { type: 'string' }, from: { type: 'string', default: HERE } },
});
if (values.out === undefined) throw new Error('--out FILE is missing');
const from = resolve(values.from);

const POLICY = `version = 1

[[rule]]
name = "touch"
need = "approval"
command = ["touch"]
match = "prefix"
writable = "allow"
do = "approve"
`;

type View = { id: string; phase: string; endedAt: string | null };

// Not in the temporary directory: Codex runs no sandboxed command with a home there.
const cache = join(homedir(), '.cache');
mkdirSync(cache, { recursive: true });
const root = realpathSync(mkdtempSync(join(cache, 'cox-freeze-')));
const place = (name: string): string => join(root, name);
const database = join(place('cox'), 'state', 'state.sqlite');
const environment = {
  PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: place('home'),
  TMPDIR: place('tmp'),
  COX_HOME: place('cox'),
  COX_CODEX: join(from, 'node_modules/.bin/codex'),
  CODEX_HOME: place('codex'),
  GIT_CONFIG_NOSYSTEM: '1',
};
let lab: ChildProcess | null = null;
try {
  for (const name of ['home', 'tmp', 'codex', 'work', 'outside']) mkdirSync(place(name));
  lab = await startLab();
  makeRepository();
  writeFileSync(place('policy.toml'), POLICY);
  await leaveSessions();
  await killDaemon();
  freeze(values.out);
} finally {
  await endAll();
  lab?.kill('SIGTERM');
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
}

async function startLab(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(from, 'dist/lab/main.js'), '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.endsWith('\n')) break;
  }
  const { config } = JSON.parse(said) as { config: string };
  writeFileSync(
    join(place('codex'), 'config.toml'),
    `${config}\n[sandbox_workspace_write]\nexclude_slash_tmp = true\n`,
  );
  return child;
}

function makeRepository(): void {
  writeFileSync(join(place('work'), 'README.md'), 'A repository for frozen states.\n');
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    execFileSync('git', [...identity, ...args], { cwd: place('work'), env: environment, stdio: 'ignore' });
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'First');
}

/** Runs `cox` and returns its exit code and what it said on stdout. */
function cox(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((settle) => {
    const child = execFile(
      process.execPath,
      [join(from, 'bin/cox'), ...args],
      { cwd: place('work'), env: environment },
      (_, stdout) => settle({ code: child.exitCode ?? -1, stdout }),
    );
  });
}

/** Runs `cox` and throws unless it ends with one of these codes. */
async function must(codes: readonly number[], ...args: string[]): Promise<string> {
  const { code, stdout } = await cox(...args);
  if (!codes.includes(code)) throw new Error(`cox ${args.join(' ')} ended with ${code}: ${stdout}`);
  return stdout;
}

async function run(name: string, scenario: string, parameters: object, ...flags: string[]): Promise<string> {
  const prompt = `#lab:${scenario}${JSON.stringify(parameters)} please`;
  return (await must([0], 'run', '-C', place('work'), '--name', name, ...flags, prompt)).trim();
}

async function leaveSessions(): Promise<void> {
  const touch = (name: string): object => ({ command: `touch ${join(place('outside'), name)}` });
  const ended = (id: string): Promise<string> =>
    must([0, 5], 'wait', id, '--for', 'exit', '--timeout', PATIENCE);
  await ended(await run('done', 'plain', {}, '--label', 'kind=frozen'));
  await ended(await run('failed', 'unauthorized', {}));
  const stopped = await run('stopped', 'sleep', { seconds: 600 });
  await working(stopped);
  await must([0], 'stop', stopped);
  const answered = await run('answered', 'escalate', touch('answered'));
  await must([8], 'wait', answered, '--timeout', PATIENCE);
  await must([0], 'approve', answered);
  await ended(answered);
  await ended(await run('ruled', 'escalate', touch('ruled'), '--policy', place('policy.toml')));
  await must([0], 'show', 'done');
  const { stdout: help } = await cox('--help');
  if (/^ +send /m.test(help)) {
    const again = await run('again', 'plain', {});
    await ended(again);
    await must([0], 'show', again);
    await must([0], 'send', again, '#lab:plain{} and once more');
    await ended(again);
  }
  if (/^ +archive /m.test(help)) {
    const aside = await run('aside', 'plain', {});
    await ended(aside);
    await must([0], 'archive', aside);
  }
  await working(await run('working', 'sleep', { seconds: 600 }));
  await must([8], 'wait', await run('waiting', 'escalate', touch('waiting')), '--timeout', PATIENCE);
}

/** Returns once a session works on its turn. */
async function working(id: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const view = JSON.parse(await must([0], 'show', id, '--json')) as View;
    if (view.phase === 'working') return;
    if (view.endedAt !== null) break;
  }
  throw new Error(`${id} does not work`);
}

async function killDaemon(): Promise<void> {
  const { pid } = JSON.parse(await must([0], 'daemon', 'status', '--json')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  const deadline = Date.now() + 10_000;
  while (isRunning(pid)) if (Date.now() > deadline) throw new Error(`the daemon ${pid} does not end`);
}

function isRunning(pid: number): boolean {
  try {
    // A killed process whose parent has not collected it runs no more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Copies the database with all that was committed, without a path of this machine. */
function freeze(out: string): void {
  rmSync(out, { force: true });
  const source = new DatabaseSync(database);
  source.prepare('vacuum into ?').run(out);
  source.close();
  const frozen = new DatabaseSync(out);
  const places = [
    [root, FROZEN_ROOT],
    [from, `${FROZEN_ROOT}/coxswain`],
    [realpathSync(from), `${FROZEN_ROOT}/coxswain`],
    [realpathSync(join(from, 'node_modules')), `${FROZEN_ROOT}/coxswain/node_modules`],
    [dirname(process.execPath), `${FROZEN_ROOT}/node`],
  ] as const;
  for (const [table, column] of textColumns(frozen)) {
    for (const [path, instead] of places) {
      frozen.prepare(`update ${table} set ${column} = replace(${column}, ?, ?)`).run(path, instead);
    }
  }
  // Pages that hold what was replaced go, too. Without a journal beside it the file can be read where it lies.
  frozen.exec('vacuum; pragma journal_mode = delete;');
  const tables = ['sessions', 'facts', 'requests', 'outbox', 'launches', 'servers'].map(
    (table) => `${table} ${frozen.prepare(`select count(*) as count from ${table}`).get()?.count}`,
  );
  frozen.close();
  console.log(`${out}: ${statSync(out).size} bytes; ${tables.join(', ')}`);
}

function textColumns(from: DatabaseSync): [string, string][] {
  return from
    .prepare(
      `select tables.name as name, columns.name as field
       from pragma_table_list as tables, pragma_table_info(tables.name) as columns
       where tables.type = 'table' and tables.name not like 'sqlite_%' and columns.type = 'TEXT'`,
    )
    .all()
    .map((row) => [String(row.name), String(row.field)]);
}

/** Nothing that was started stays. */
async function endAll(): Promise<void> {
  const { stdout } = await cox('ls', '--all', '--json');
  const { items } = JSON.parse(stdout) as { items: View[] };
  for (const { id, endedAt } of items) if (endedAt === null) await cox('kill', id);
  await cox('daemon', 'stop');
}
