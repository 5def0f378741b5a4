import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program said and how it ended; `code` is null where a signal or the deadline ended it. */
export type Ran = { code: number | null; stdout: string; stderr: string; timedOut: boolean };

export type RunOptions = {
  environment: Readonly<Record<string, string>>;
  cwd: string;
  deadlineMs: number;
  /** Ends it, too. */
  signal: AbortSignal;
};

/** Bytes kept of each output: the first of stdout, the last of stderr. */
const KEPT = 64 * 1024;
/** How long after its end words may still come, milliseconds. */
const LAST_WORDS_MS = 500;

/**
 * A program with pipes, in a process group of its own that ends with it or at the deadline: nothing of it is left.
 * Rejects where it cannot be started.
 */
export async function startProgram(
  file: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{
  write(text: string): void;
  end(): void;
  onOutput(listener: (chunk: string) => void): void;
  ended: Promise<Ran>;
}> {
  const { environment, cwd, deadlineMs, signal } = options;
  const child = spawn(file, [...args], { cwd, env: { ...environment }, detached: true, stdio: 'pipe' });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (said.stdout.length < KEPT) said.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said.stderr = (said.stderr + chunk).slice(-KEPT);
  });
  // One that has ended reads no more: its exit says why.
  child.stdin.on('error', () => undefined);
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing of the group is left.
    }
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, deadlineMs);
  signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<Ran>((resolve) => {
    const settle = (code: number | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      resolve({ code: timedOut ? null : code, ...said, timedOut });
    };
    child.once('exit', (code) => {
      kill();
      // A process that left the group may hold its pipes open.
      setTimeout(() => settle(code), LAST_WORDS_MS).unref();
    });
    child.once('close', settle);
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    clearTimeout(timer);
    throw error;
  }
  if (signal.aborted) kill();
  return {
    write: (text) => void child.stdin.write(text),
    end: () => child.stdin.end(),
    onOutput: (listener) => void child.stdout.on('data', listener),
    ended,
  };
}

/** Runs a program to its end with nothing to read. Rejects where it cannot be started. */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const program = await startProgram(file, args, options);
  program.end();
  return program.ended;
}
