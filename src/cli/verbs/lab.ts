import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { print } from '../out.ts';
import { callersPath, usage } from '../parse.ts';
import type { Define } from '../verb.ts';

export const defineLab: Define = (lab, { done }) => {
  lab
    .command('serve')
    .description('serve until it is interrupted; prints the address and the configuration for Codex')
    .option('--port <N>', 'the port on 127.0.0.1; a free one unless told')
    .option('--scenario <FILE>', 'more scenarios, as JSON')
    .option('--home <DIR>', 'make this folder a CODEX_HOME for the lab')
    .option('--all-tools', "Codex gets the lab's MCP server and the tool that asks for permissions, too")
    .option('--detach', 'return once it serves; what it is asked goes into a .log beside --home')
    .option('--json', 'one JSON document on stdout instead of text')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(async (_: object, command: { optsWithGlobals(): Options }) =>
      done(await serve(command.optsWithGlobals())),
    );
};

/** Of what the lab says, what may be the reason of its end, characters. */
const WORDS = 2_000;

type Options = {
  port?: string;
  scenario?: string;
  home?: string;
  allTools?: boolean;
  detach?: boolean;
  json?: boolean;
};

/** `cox lab serve`: the lab is another layer, so it runs as a process. */
function serve(options: Options): Promise<number> {
  const entry = fileURLToPath(new URL('../../lab/main.js', import.meta.url));
  const flags = (['port', 'scenario', 'home'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name}`, options[name]],
  );
  if (options.allTools === true) flags.push('--all-tools');
  if (options.json === true) flags.push('--json');
  if (options.detach === true) return detached(entry, flags, options);
  const json = options.json === true;
  const pipe = json ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, [entry, ...flags], { stdio: ['inherit', pipe, pipe] });
  // With --json, what it says before it serves is the message of the one document that a refusal is.
  let words: string | null = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    if (words !== null) process.stderr.write(words);
    words = null;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (words === null) process.stderr.write(text);
    else words = `${words}${text}`.slice(-WORDS);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (!json || code === 0 || signal !== null) resolve(signal === 'SIGINT' ? 130 : (code ?? 1));
      // What it said for people is the message of the one document.
      else if (code === 2) reject(usage(words?.trim() ?? 'It ended.', 'See `cox lab serve --help`.'));
      else reject(new Error(words?.trim() ?? `the lab ended with ${code}`));
    });
  });
}

/** A lab that goes on when its starter is gone: says where it is, and by which pid it is ended. */
async function detached(entry: string, flags: readonly string[], options: Options): Promise<number> {
  if (options.home === undefined) throw usage('--detach goes with --home, where its log is written.');
  const home = callersPath(options.home);
  // Beside it: the folder is Codex's, and a new one is empty.
  mkdirSync(dirname(home), { recursive: true, mode: 0o700 });
  const path = `${home}.log`;
  const log = openSync(path, 'a', 0o600);
  const from = fstatSync(log).size;
  const child = spawn(process.execPath, [entry, ...flags, '--json'], {
    detached: true,
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  const said = await new Promise<string>((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(text);
    });
    child.once('close', () => resolve(text));
  });
  if (!said.endsWith('\n')) throw usage(firstLine(path, from), 'See `cox lab serve --help`.');
  child.stdout?.destroy();
  child.unref();
  const { url, pid } = JSON.parse(said) as { url: string; pid: number };
  if (options.json === true) process.stdout.write(said);
  else print(`The lab listens on ${url}, pid ${pid}; kill ${pid} ends it; what it is asked is in ${path}`);
  return 0;
}

/** What it said first is why it ended; then comes how it is used. */
function firstLine(path: string, from: number): string {
  return readFileSync(path).subarray(from).toString('utf8').trim().split('\n')[0] ?? '';
}
