import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CoxError, type Failure, failure } from '../core/errors.ts';
import type { Places } from './places.ts';

/** A daemon is ready in about 200 ms; a slow disk may take some seconds. */
const READY_DEADLINE_MS = 20_000;

/**
 * Flags of Node for a daemon. V8's space for new objects may have 16 MB by default; twenty sessions at work fill it
 * with what nobody needs any more, and the process keeps it. A daemon makes little at once, so 2 cost it no time
 * (docs/bench.md: memory, answer).
 */
export const DAEMON_FLAGS = ['--max-semi-space-size=2'] as const;

/** What a daemon gets of its starter's environment: who and where, and no secret of whoever happened to start it. */
const DAEMON_ENVIRONMENT = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TZ',
  'TMPDIR',
  'COX_HOME',
  'XDG_STATE_HOME',
  'XDG_CONFIG_HOME',
  'COX_LOG_LEVEL',
];

/** What the daemon writes once to descriptor 3: that it listens, or why it does not. */
export type Readiness = { ready: true } | { ready: false; failure: Failure };

/**
 * Starts the daemon in a process session of its own and waits until it says that it listens. Two starters at
 * once are no error: one daemon gets the lock, the other says `ready` for it.
 *
 * @throws CoxError with the daemon's own failure, or `daemon-unreachable` where it says nothing.
 */
export async function startDaemon(
  places: Places,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const child = spawn(process.execPath, [...DAEMON_FLAGS, daemonEntry()], {
    cwd: '/',
    env: daemonEnvironment(environment),
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const pipe = child.stdio[3];
  const said = await new Promise<string>((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(text), READY_DEADLINE_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve(text);
    };
    child.once('error', end);
    if (pipe === null || pipe === undefined || !('read' in pipe)) return end();
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.endsWith('\n')) end();
    });
    pipe.once('close', end);
  });
  pipe?.destroy();
  child.unref();
  const readiness = parse(said);
  if (readiness === null) {
    // What we started and gave up does not stay.
    child.kill('SIGKILL');
    throw new CoxError(failure('daemon-unreachable', 'The daemon did not start.', { log: places.log }));
  }
  if (!readiness.ready) throw new CoxError(readiness.failure);
}

/** The daemon is another layer: it runs as a process, it is not imported. */
function daemonEntry(): string {
  const built = fileURLToPath(new URL('../daemon/main.js', import.meta.url));
  if (existsSync(built)) return built;
  return fileURLToPath(new URL('../../dist/daemon/main.js', import.meta.url));
}

function daemonEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of DAEMON_ENVIRONMENT) {
    const value = environment[name];
    if (value !== undefined) passed[name] = value;
  }
  // The daemon runs in `/`: what is relative here is not relative there.
  if (passed.COX_HOME !== undefined) passed.COX_HOME = resolve(passed.COX_HOME);
  return passed;
}

function parse(text: string): Readiness | null {
  try {
    return JSON.parse(text) as Readiness;
  } catch {
    return null;
  }
}
