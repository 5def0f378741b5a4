import { CommanderError } from 'commander';
import { complain } from './out.ts';
import { usage } from './parse.ts';
import { createProgram } from './program.ts';
import type { VerbEntry } from './verb.ts';
import { VERBS } from './verbs.ts';

/** What comes after `--` is Codex's, not ours. */
const [own, rest] = splitAtDashes(process.argv.slice(2));
const json = own.includes('--json');
const called = VERBS.find((entry) => isNamed(entry, own[0] === 'help' ? own[1] : own[0]));

process.on('SIGINT', () => process.exit(130));
// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  if (rest.length > 0 && called?.takesRest !== true) {
    throw usage(`Only run takes arguments for Codex after --, not ${own[0] ?? 'cox'}.`);
  }
  let code = 0;
  const done = (result: number): void => {
    code = result;
  };
  const program = await createProgram(VERBS, called, { rest, done });
  await program.parseAsync(own.length === 0 ? ['--help'] : own, { from: 'user' });
  process.exitCode = code;
} catch (error) {
  process.exitCode = await explain(error);
}

async function explain(error: unknown): Promise<number> {
  if (!(error instanceof CommanderError)) return complain(error, json);
  // Help and version were asked for and have been printed.
  if (error.exitCode === 0) return 0;
  const hint = `See \`cox ${called === undefined ? '' : `${nameOf(called)} `}--help\`.`;
  if (error.code === 'commander.help')
    return complain(
      usage(`Say what ${own[0] ?? 'cox'} is to do: a verb is missing, or is not known.`, hint),
      json,
    );
  return complain(usage(error.message.replace(/^error: /, ''), hint), json);
}

function isNamed(entry: VerbEntry, name: string | undefined): boolean {
  return name !== undefined && (nameOf(entry) === name || entry.alias === name);
}

function nameOf({ usage: line }: VerbEntry): string {
  return line.split(' ')[0] ?? line;
}

function splitAtDashes(given: string[]): [string[], string[]] {
  const dashes = given.indexOf('--');
  return dashes === -1 ? [given, []] : [given.slice(0, dashes), given.slice(dashes + 1)];
}
