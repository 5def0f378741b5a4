import { stripVTControlCharacters } from 'node:util';
import type { CodexBinary } from '../launch/binary.ts';
import { type Ran, type RunOptions, runProgram, startProgram } from './run.ts';
import type { ScratchHomes } from './scratch.ts';

/** Codex as it is tried: on homes of its own, with the environment that a session would get. */
export type Trial = {
  binary: CodexBinary;
  homes: ScratchHomes;
  environment: Readonly<Record<string, string>>;
  deadlineMs: number;
  signal: AbortSignal;
};

export type Answer<Yes> =
  | { type: 'yes'; value: Yes }
  | { type: 'no'; words: string }
  | { type: 'unknown'; words: string };

/** clap's exit code for a flag or command that this version does not have. */
const NO_SUCH_FLAG = 2;
/** Codex logs to stderr, too; the reason is in the last lines. */
const LAST_WORDS = 600;

/**
 * Whether Codex takes the configuration of the home. An app-server takes its defaults instead of one that is
 * refused, and goes on (measured on 0.128 to 0.169); `features list` loads it and ends with 1.
 */
export async function takesConfiguration(trial: Trial): Promise<Answer<null>> {
  const ran = await run(trial, ['features', 'list']);
  if (ran.code === 0) return { type: 'yes', value: null };
  return { type: ran.code === 1 ? 'no' : 'unknown', words: ran.words };
}

/** Whether Codex knows every key of it (from 0.139 on; `unknown` before). */
export async function knowsEveryKey(trial: Trial): Promise<Answer<null>> {
  const ran = await run(trial, ['app-server', '--strict-config', ...NO_PLUGINS]);
  if (ran.code === 0) return { type: 'yes', value: null };
  return { type: ran.code === 1 ? 'no' : 'unknown', words: ran.words };
}

/** Whether a command starts in Codex's sandbox; `no` has what the sandbox said. */
export async function sandboxWorks(trial: Trial): Promise<Answer<null>> {
  const first = await run(trial, ['sandbox', '--', 'true']);
  // Before 0.155 the sandbox is named.
  const named = process.platform === 'darwin' ? 'macos' : 'linux';
  const ran = first.code === NO_SUCH_FLAG ? await run(trial, ['sandbox', named, '--', 'true']) : first;
  if (ran.code === 0) return { type: 'yes', value: null };
  return { type: ran.code === null || ran.code === NO_SUCH_FLAG ? 'unknown' : 'no', words: ran.words };
}

/** Starts an app-server, says hello, and asks whether its provider wants a login to OpenAI. */
export async function asksForLogin(trial: Trial): Promise<Answer<{ requiresLogin: boolean }>> {
  const home = await trial.homes.make();
  const server = await startProgram(
    trial.binary.path,
    ['app-server', ...NO_PLUGINS],
    optionsOf(trial, home.cwd, home.variables),
  );
  const account = new Promise<Record<string, unknown> | null>((resolve) => {
    let text = '';
    server.onOutput((chunk) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const { id, result } = messageOf(line);
        if (id === HELLO.id) server.write(`${JSON.stringify(INITIALIZED)}\n${JSON.stringify(ACCOUNT)}\n`);
        if (id === ACCOUNT.id) resolve(typeof result === 'object' ? { ...result } : null);
      }
    });
    void server.ended.then(() => resolve(null));
  });
  server.write(`${JSON.stringify(HELLO)}\n`);
  const answer = await account;
  server.end();
  const ran = await server.ended;
  const requiresLogin = answer?.requiresOpenaiAuth;
  if (typeof requiresLogin === 'boolean') return { type: 'yes', value: { requiresLogin } };
  return { type: ran.timedOut ? 'unknown' : 'no', words: home.asOriginal(wordsOf(ran)) };
}

/** Plugins are fetched from the network as soon as a server runs. */
const NO_PLUGINS = ['--disable', 'plugins'];

const HELLO = {
  id: 1,
  method: 'initialize',
  params: { clientInfo: { name: 'coxswain-doctor', title: 'Coxswain', version: '1' }, capabilities: null },
};
const INITIALIZED = { method: 'initialized' };
const ACCOUNT = { id: 2, method: 'account/read', params: { refreshToken: false } };

function messageOf(line: string): { id?: unknown; result?: object | null } {
  try {
    return JSON.parse(line) as { id?: unknown; result?: object | null };
  } catch {
    return {};
  }
}

async function run(trial: Trial, args: readonly string[]): Promise<{ code: number | null; words: string }> {
  const home = await trial.homes.make();
  const ran = await runProgram(trial.binary.path, args, optionsOf(trial, home.cwd, home.variables));
  return { code: ran.code, words: home.asOriginal(wordsOf(ran)) };
}

function optionsOf(trial: Trial, cwd: string, variables: Record<string, string>): RunOptions {
  const { deadlineMs, signal } = trial;
  return { environment: { ...trial.environment, ...variables }, cwd, deadlineMs, signal };
}

function wordsOf({ stderr, timedOut, code }: Ran): string {
  if (timedOut) return 'it gave no answer in time';
  const words = stripVTControlCharacters(stderr).trim().replaceAll(/\s+/g, ' ').slice(-LAST_WORDS);
  return words === '' ? `it ended with exit code ${code ?? 'none'} and said nothing` : words;
}
