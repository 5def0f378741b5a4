import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CoxError, failure } from '../../core/errors.ts';
import { FILES, PARTS, POLICY, scenarioFile } from './story.ts';

/** Everything the demo needs, in one folder that vanishes with it. */
export type Stage = {
  root: string;
  folderOf(name: string): string;
  policy: string;
  lab: ChildProcess;
  /** Whether Codex's folder for its sockets was there before; Codex 0.169 makes it and leaves it. */
  hadSockets: boolean;
};

/** Where an app-server of Codex 0.169 keeps the other end of its socket, whatever TMPDIR says (measured). */
const CODEX_SOCKETS = `/tmp/codex-daemon-${process.getuid?.() ?? 0}`;

/**
 * Builds the stage: a repository with a worktree for each session, a Codex home that points to the lab, a state
 * directory. Not in the temporary directory: Codex runs no sandboxed command with a home there. Points this
 * process's own environment to it, so that the verbs work on it.
 */
export async function buildStage(): Promise<Stage> {
  const cache = process.env.XDG_CACHE_HOME;
  const parent = join(
    cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), '.cache'),
    'coxswain',
  );
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  needsGit();
  const hadSockets = existsSync(CODEX_SOCKETS);
  const root = mkdtempSync(join(parent, 'demo-'));
  let lab: { child: ChildProcess; config: string } | null = null;
  try {
    const scenarios = join(root, 'scenarios.json');
    writeFileSync(scenarios, JSON.stringify(scenarioFile()));
    const policy = join(root, 'policy.toml');
    writeFileSync(policy, POLICY);
    lab = await startLab(scenarios);
    const home = join(root, 'codex');
    mkdirSync(home);
    writeFileSync(join(home, 'config.toml'), lab.config);
    const temporary = join(root, 'tmp');
    mkdirSync(temporary);
    buildRepository(root);
    // No rule approves what is found in a folder that the session can write, such as a clone in /tmp.
    const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.startsWith('/tmp/'));
    Object.assign(process.env, {
      PATH: path.join(':'),
      COX_HOME: join(root, 'cox'),
      CODEX_HOME: home,
      TMPDIR: temporary,
    });
    return { root, folderOf: (name) => join(root, name), policy, lab: lab.child, hadSockets };
  } catch (error) {
    lab?.child.kill('SIGTERM');
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

/** Ends the lab and removes the folder, and its parent where nothing else is in it. */
export async function clearStage({ root, lab, hadSockets }: Stage): Promise<void> {
  if (lab.exitCode === null && lab.signalCode === null) {
    const ended = new Promise((resolve) => lab.once('exit', resolve));
    lab.kill('SIGTERM');
    await ended;
  }
  rmSync(root, { recursive: true, force: true });
  removeEmpty(join(root, '..'));
  if (!hadSockets) removeEmpty(CODEX_SOCKETS);
}

function removeEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

function needsGit(): void {
  try {
    git('/', '--version');
  } catch {
    throw new CoxError(failure('usage', 'The demo needs git, which is not on PATH.', {}, 'Install git.'));
  }
}

/** One repository; every session works in a worktree of its own. */
function buildRepository(root: string): void {
  const repository = join(root, 'repository');
  mkdirSync(repository);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(repository, name), text);
  git(repository, 'init', '--quiet', '--initial-branch', 'main');
  git(repository, 'add', '--all');
  git(
    repository,
    '-c',
    'user.name=Demo',
    '-c',
    'user.email=demo@localhost',
    'commit',
    '--quiet',
    '-m',
    'Greetings',
  );
  for (const { name } of PARTS) git(repository, 'worktree', 'add', '--quiet', '-b', name, join(root, name));
}

/** What git says in a folder, without the user's own configuration. */
export function git(folder: string, ...given: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', given, {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The lab is another layer: it runs as a process. */
async function startLab(scenarios: string): Promise<{ child: ChildProcess; config: string }> {
  const entry = fileURLToPath(new URL('../../lab/main.js', import.meta.url));
  const child = spawn(process.execPath, [entry, '--json', '--scenario', scenarios], {
    stdio: ['ignore', 'pipe', 'ignore'],
    // Out of reach of the terminal's signals: the sessions need it until they have ended.
    detached: true,
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new CoxError(failure('internal', 'The lab did not start.'))));
  });
  const { config } = JSON.parse(line) as { config: string };
  return { child, config };
}
