import { type ChildProcess, spawn } from 'node:child_process';

/** Why a git command gave no output: not installed, out of time, more output than allowed, or a failing exit. */
export type GitFailureKind = 'missing' | 'deadline' | 'too-large' | 'exit';

/** A git command that gave no usable output. `status` is its exit status, null unless `kind` is `exit`. */
export class GitFailure extends Error {
  readonly kind: GitFailureKind;
  readonly status: number | null;
  constructor(kind: GitFailureKind, status: number | null, stderr: string, command: string) {
    super(`git ${command}: ${stderr.split('\n', 1)[0]?.slice(0, 300) || kind}`);
    this.name = 'GitFailure';
    this.kind = kind;
    this.status = status;
  }
}

/** One git command. */
export type GitCommand = {
  readonly args: readonly string[];
  /** The folder it runs in; must exist. */
  readonly cwd: string;
  /** Added to an environment that otherwise has no GIT_ variable of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Bytes for its standard input. */
  readonly input: Buffer;
  /** Ends the command and what it started (SIGKILL) when it fires; the failure's kind is then `deadline`. */
  readonly signal: AbortSignal;
  /** Most bytes of standard output. */
  readonly maxBytes: number;
  /** What it creates is closed to others by this; absent where our own umask is meant. */
  readonly umask?: number;
};

/** The most output of a listing; about half a million paths. */
export const LISTING_BYTES = 64 * 1024 * 1024;

/** Settings that stop git from starting anything and from trusting a cache the session can forge. */
const SAFE_FLAGS: readonly string[] = [
  '--no-pager',
  '--no-optional-locks',
  ...[
    'core.fsmonitor=false',
    'core.hooksPath=/dev/null',
    'core.pager=cat',
    'core.untrackedCache=false',
    'core.splitIndex=false',
    'core.trustctime=true',
    'core.checkStat=default',
    'core.quotePath=false',
    'core.looseCompression=1',
    'safe.bareRepository=explicit',
    'gc.auto=0',
  ].flatMap((setting) => ['-c', setting]),
];

const PASSED_ON = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'SystemRoot', 'USERPROFILE'] as const;

function environment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
  };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

/** What a git command printed; `truncated` when it was stopped at `maxBytes`. */
export type GitOutput = { readonly stdout: Buffer; readonly truncated: boolean };

/** Of what git complains about, the beginning is enough. */
const STDERR_BYTES = 64 * 1024;

/**
 * Runs git and takes at most `maxBytes` of its output; more is cut off and said so. Where it is stopped, so is what
 * it has started itself.
 * @throws GitFailure (`missing`, `deadline`, `exit`)
 */
export function gitUpTo(command: GitCommand): Promise<GitOutput> {
  const { promise, resolve, reject } = Promise.withResolvers<GitOutput>();
  const child = started(command);
  const stdout = new Taken(command.maxBytes);
  const stderr = new Taken(STDERR_BYTES);
  let stopped = false;
  const stop = (): void => {
    // Whatever it ends with now, its output may not be whole.
    stopped = true;
    endGroup(child);
    // Whoever left the group, or outlived git, does not keep us waiting.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stdout.add(chunk)) stop();
  });
  child.stderr.on('data', (chunk: Buffer) => void stderr.add(chunk));
  child.stdin.on('error', () => undefined); // git ended before it read everything: its exit says why
  child.stdin.end(command.input);
  command.signal.addEventListener('abort', stop, { once: true });
  if (command.signal.aborted) stop();
  const failed = (kind: GitFailureKind, status: number | null = null): void => {
    const said = kind === 'exit' ? stderr.bytes().toString('utf8') : '';
    reject(new GitFailure(kind, status, said, command.args[0] ?? ''));
  };
  child.once('error', (error: NodeJS.ErrnoException) => failed(error.code === 'ENOENT' ? 'missing' : 'exit'));
  child.once('close', (code) => {
    command.signal.removeEventListener('abort', stop);
    if (stdout.isFull) resolve({ stdout: stdout.bytes(), truncated: true });
    else if (code === 0 && !stopped) resolve({ stdout: stdout.bytes(), truncated: false });
    else failed(command.signal.aborted ? 'deadline' : 'exit', code);
  });
  return promise;
}

/** Starts git as the head of a process group: for a checkout, it starts itself again, and the user's filters. */
function started(command: GitCommand) {
  // A child has the umask of the moment it is started at, which is before `spawn` returns.
  const before = command.umask === undefined ? null : process.umask(command.umask);
  try {
    return spawn('git', [...SAFE_FLAGS, ...command.args], {
      cwd: command.cwd,
      env: environment(command.env),
      detached: true,
      windowsHide: true,
    });
  } finally {
    if (before !== null) process.umask(before);
  }
}

/** Once git has ended, its number may be that of others. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended this moment.
  }
}

/** The beginning of a stream. */
class Taken {
  readonly #most: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  isFull = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** False once there was more than is taken. */
  add(chunk: Buffer): boolean {
    const room = this.#most - this.#length;
    if (chunk.length > room) this.isFull = true;
    if (room > 0) this.#chunks.push(chunk.subarray(0, room));
    this.#length += Math.min(room, chunk.length);
    return !this.isFull;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/**
 * Runs git and gives its whole output.
 * @throws GitFailure; `too-large` when there is more than `maxBytes`
 */
export async function git(command: GitCommand): Promise<Buffer> {
  const { stdout, truncated } = await gitUpTo(command);
  if (truncated) throw new GitFailure('too-large', null, '', command.args[0] ?? '');
  return stdout;
}

/** Like `git`, with null for exit status 1, by which `rev-parse`, `config` and `--refresh` say "no". */
export async function gitOrNull(command: GitCommand): Promise<Buffer | null> {
  try {
    return await git(command);
  } catch (error) {
    if (error instanceof GitFailure && error.kind === 'exit' && error.status === 1) return null;
    throw error;
  }
}
