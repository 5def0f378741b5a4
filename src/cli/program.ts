import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Call, VerbEntry } from './verb.ts';

const ABOUT = `cox supervises OpenAI Codex sessions that run in the background.

It starts them without blocking you, watches them, answers by your policy or
asks you, survives crashes, and says at any moment, with evidence, what each
is doing.`;

const STORY = `
A first round:
  cox demo                           the whole story in a minute, no account needed
  cox run -C ~/repo --name fix "fix the failing test"
  cox ls                             what each session does, those that need you first
  cox inbox                          what needs an answer, with the options
  cox approve fix                    answer its one open request
  cox wait fix                       until it has ended (0, 5) or needs you (8)
  cox report fix                     what it did and changed, with proof

Exit codes: 0 ok, 1 failure, 2 usage, 3 not found or ambiguous, 4 not permitted,
5 ended unsuccessfully, 6 conflict or stale request, 7 daemon or Codex unreachable,
8 it needs you, 124 wait timed out, 130 interrupted.`;

const TARGETS = `
ID is a session's id, name, Codex thread id or a prefix of its id (3 characters or
more); @last is the newest, @needs the one that has needed you longest.`;

const silent = (): void => undefined;

/**
 * The command line as data: verbs, flags, help. With `called`, that verb alone and all of it; without, every verb
 * as the help lists it. The code of a verb that was not called stays unread.
 */
export async function createProgram(
  verbs: readonly VerbEntry[],
  called: VerbEntry | undefined,
  call: Call,
): Promise<Command> {
  const program = new Command('cox');
  program
    .description(ABOUT)
    .version(version(), '-V, --version')
    .exitOverride()
    .showSuggestionAfterError(true)
    .addHelpText('after', STORY)
    // Errors are told once, by main, in the form that was asked for.
    .configureOutput({ writeErr: silent });
  if (called === undefined) for (const entry of verbs) addVerb(program, entry);
  else (await called.load())(addVerb(program, called), call);
  return program;
}

function addVerb(program: Command, entry: VerbEntry): Command {
  const command = program
    .command(entry.usage)
    .description(entry.about)
    .helpGroup(`${entry.group}:`)
    .addHelpText('after', `${/ID/.test(entry.usage) ? TARGETS : ''}\nExample:\n  ${entry.example}`)
    .exitOverride()
    .configureOutput({ writeErr: silent });
  if (entry.json !== false) command.option('--json', 'one JSON document on stdout, also for errors');
  if (entry.alias !== undefined) command.alias(entry.alias);
  return command;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
