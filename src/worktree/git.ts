import { execFile } from 'node:child_process';

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
  /** Ends the command (SIGKILL) when it fires; the failure's kind is then `deadline`. */
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

/**
 * Runs git and takes at most `maxBytes` of its output; more is cut off and said so.
 * @throws GitFailure (`missing`, `deadline`, `exit`)
 */
export function gitUpTo(command: GitCommand): Promise<GitOutput> {
  const { promise, resolve, reject } = Promise.withResolvers<GitOutput>();
  // A child has the umask of the moment it is started at, which is before `execFile` returns.
  const before = command.umask === undefined ? null : process.umask(command.umask);
  const child = execFile(
    'git',
    [...SAFE_FLAGS, ...command.args],
    {
      cwd: command.cwd,
      env: environment(command.env),
      encoding: 'buffer',
      maxBuffer: command.maxBytes,
      killSignal: 'SIGKILL',
      signal: command.signal,
      windowsHide: true,
    },
    (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, truncated: false });
      else if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' && stdout.length >= command.maxBytes)
        resolve({ stdout, truncated: true });
      else reject(failureOf(error, stderr.toString('utf8'), command));
    },
  );
  if (before !== null) process.umask(before);
  child.stdin?.on('error', () => undefined); // git ended before it read everything: its exit says why
  child.stdin?.end(command.input);
  return promise;
}

function failureOf(error: Error & { code?: unknown }, stderr: string, command: GitCommand): GitFailure {
  const name = command.args[0] ?? '';
  if (command.signal.aborted) return new GitFailure('deadline', null, '', name);
  if (error.code === 'ENOENT') return new GitFailure('missing', null, '', name);
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return new GitFailure('too-large', null, '', name);
  return new GitFailure('exit', typeof error.code === 'number' ? error.code : null, stderr, name);
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
