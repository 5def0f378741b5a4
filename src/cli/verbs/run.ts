import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Client } from '../../client/client.ts';
import { CoxError, failure } from '../../core/errors.ts';
import { APPROVALS, SANDBOXES } from '../../core/session/session.ts';
import type { RunBody } from '../../protocol/commands.ts';
import { logEntry, logLines } from '../../protocol/log.ts';
import type { SessionView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say } from '../out.ts';
import { callersPath, count, duration, oneOf, pairs, usage } from '../parse.ts';
import { collect, type Define } from '../verb.ts';
import { waitFor } from './wait.ts';

type RunOptions = {
  cd: string;
  name?: string;
  model?: string;
  sandbox: string;
  approval: string;
  policy?: string;
  file?: string;
  label?: string[];
  env?: string[];
  codex?: string;
  codexHome?: string;
  image?: string[];
  after?: string[];
  budgetTokens?: string;
  budgetTime?: string;
  /** The branch; '' for a new one. */
  worktree?: string;
  base?: string;
  wait?: boolean;
  follow?: boolean;
  json?: boolean;
};

export const defineRun: Define = (command, { rest, done }) => {
  // Only what stands after = is the branch: the word after a bare `--worktree` is the prompt.
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words) =>
    parse(words.map((word) => (word === '--worktree' ? '--worktree=' : word)));
  command
    .option('-C, --cd <DIR>', 'the folder to work in', '.')
    .option('--name <NAME>', 'a name to call it by')
    .option('-m, --model <MODEL>', 'the model; else what Codex is configured for')
    .option('-s, --sandbox <MODE>', 'read-only, workspace-write or danger-full-access', 'workspace-write')
    .option('-a, --approval <POLICY>', 'on-request or never', 'on-request')
    .option('--policy <FILE>', 'rules that answer for you (TOML); without it nothing is approved')
    .option('-f, --file <FILE>', 'read the prompt from a file; - as PROMPT reads stdin')
    .option('--label <K=V>', 'a label; may be given again', collect)
    .option('--env <K=V>', 'a variable for Codex and its commands; may be given again', collect)
    .option('--codex <PATH>', 'the Codex to run; else COX_CODEX, PATH, the one beside Coxswain')
    .option('--codex-home <DIR>', "CODEX_HOME of the session; else the caller's")
    .option('-i, --image <FILE>', 'an image that goes with the prompt; may be given again', collect)
    .option('--after <ID>', 'begin once that session has ended well; may be given again', collect)
    .option('--budget-tokens <N>', 'end it, as failed, once it has used so many')
    .option('--budget-time <DUR>', 'end it, as failed, after this time')
    .option('--worktree [BRANCH]', 'work in a git worktree of its own; after =, its branch, else a new one')
    .option('--base <REF>', 'where the new branch of --worktree begins; else HEAD')
    .option('--wait', 'wait until it has ended or needs you')
    .option('--follow', 'show its log until it has ended')
    .addHelpText('after', '\nAfter --, arguments for Codex: -c KEY=VALUE, --enable NAME, --disable NAME.')
    .action(async (prompt: string | undefined, options: RunOptions) =>
      done(await run(prompt, options, rest)),
    );
};

/** `cox run`: a Codex task in the background. Prints the id and returns; with `--wait`, waits for its end. */
export async function run(
  prompt: string | undefined,
  options: RunOptions,
  codexArguments: string[],
): Promise<number> {
  if (options.wait === true && options.follow === true) throw usage('Choose --wait or --follow, not both.');
  const body: RunBody = {
    prompt: await promptOf(prompt, options.file),
    cwd: callersPath(options.cd),
    name: options.name ?? null,
    labels: pairs(options.label ?? [], '--label'),
    model: options.model ?? null,
    sandbox: oneOf(options.sandbox, SANDBOXES, '-s'),
    approval: oneOf(options.approval, APPROVALS, '-a'),
    policy: options.policy === undefined ? null : policyOf(options.policy),
    codex: options.codex === undefined ? null : callersPath(options.codex),
    codexHome: options.codexHome === undefined ? null : callersPath(options.codexHome),
    environment: definedOnly(process.env),
    extra: pairs(options.env ?? [], '--env'),
    overrides: codexArguments,
    umask: process.umask(),
    ...(options.after === undefined ? {} : { after: options.after }),
    ...budgetOf(options),
    ...worktreeOf(options),
    ...(options.image === undefined ? {} : { images: options.image.map(callersPath) }),
  };
  const client = await daemonClient();
  const session = await client.run(body, randomUUID());
  if (options.json !== true) sayLeftOut(session);
  if (options.follow === true) {
    if (options.json !== true) say(`started ${session.id}`);
    return followRun(client, session.id, options.json === true);
  }
  if (options.wait !== true) {
    if (options.json === true) printJson(session);
    else print(session.id);
    return 0;
  }
  if (options.json !== true) say(`started ${session.id}`);
  return waitFor(client, [session.id], {
    json: options.json === true,
    timeoutMs: null,
    any: false,
    conditions: ['ended', 'attention'],
  });
}

/** The log as it comes, then the exit code of the end: 0, or 5 where it ended unsuccessfully. */
async function followRun(client: Client, id: string, json: boolean): Promise<number> {
  const { follow } = await import('./logs.ts');
  await follow(client, id, 0, (event) => {
    const entry = logEntry(event);
    if (entry === null) return;
    if (json) printJson(entry);
    else print(logLines(entry).join('\n'));
  });
  return (await client.session(id, true)).phase === 'done' ? 0 : 5;
}

function budgetOf({ budgetTokens, budgetTime }: RunOptions): Pick<RunBody, 'budget'> {
  if (budgetTokens === undefined && budgetTime === undefined) return {};
  const tokens = budgetTokens === undefined ? null : count(budgetTokens, '--budget-tokens');
  const timeMs = budgetTime === undefined ? null : Math.round(duration(budgetTime, '--budget-time'));
  if (tokens === 0 || timeMs === 0) throw usage('A budget of nothing starts nothing.');
  return { budget: { tokens, timeMs } };
}

function worktreeOf({ worktree, base }: RunOptions): Pick<RunBody, 'worktree'> {
  if (worktree === undefined && base === undefined) return {};
  if (worktree === undefined) throw usage('--base is where a branch of --worktree begins; say both.');
  return { worktree: { branch: worktree === '' ? null : worktree, base: base ?? null } };
}

/** What the caller may take to be in the worktree and is not. */
function sayLeftOut({ worktree }: SessionView): void {
  if (worktree === null || worktree.uncommitted === 0) return;
  const files = worktree.uncommitted === 1 ? '1 file is' : `${worktree.uncommitted} files are`;
  say(`${files} uncommitted in your checkout, and so not in the worktree.`);
}

async function promptOf(prompt: string | undefined, file: string | undefined): Promise<string> {
  if (prompt !== undefined && file !== undefined)
    throw usage('Give the prompt as an argument or with -f, not both.');
  const given = file === undefined ? (prompt === '-' ? await text(process.stdin) : prompt) : readPrompt(file);
  if (given === undefined) {
    throw new CoxError(
      failure(
        'usage',
        'There is no prompt.',
        {},
        'Say what to do: cox run "fix the failing test", or - to read it from stdin.',
      ),
    );
  }
  if (given.trim() === '') throw usage('The prompt is empty.');
  return given;
}

function readPrompt(file: string): string {
  try {
    return readFileSync(callersPath(file), 'utf8');
  } catch (error) {
    throw usage(`The prompt file cannot be read: ${(error as Error).message}.`);
  }
}

function policyOf(file: string): { path: string; text: string } {
  const path = callersPath(file);
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new CoxError(
      failure(
        'policy-invalid',
        `The policy cannot be read: ${(error as Error).message}.`,
        { path },
        'Name a file that is there and can be read.',
      ),
    );
  }
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
