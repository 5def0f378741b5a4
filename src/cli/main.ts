import { CommanderError } from 'commander';
import { CoxError, ERROR_CATALOGUE } from '../core/errors.ts';
import { complain } from './out.ts';
import { usage } from './parse.ts';
import { createProgram } from './program.ts';
import type { VerbEntry } from './verb.ts';
import { VERBS } from './verbs.ts';

const given = process.argv.slice(2);
const called = VERBS.find((entry) => isNamed(entry, given[0] === 'help' ? given[1] : given[0]));
/** What comes after `--` is Codex's where a verb takes such; else it is text, whatever it begins with. */
const [own, rest] = called?.takesRest === true ? splitAtDashes(given) : [given, []];
const json = splitAtDashes(own)[0].includes('--json');

process.on('SIGINT', () => process.exit(130));
// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
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
  const hint = `See \`cox ${called === undefined ? '' : `${nameOf(called)} `}--help\`.`;
  if (!(error instanceof CommanderError)) return complain(hinted(error, hint), json);
  // Help and version were asked for and have been printed.
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help')
    return complain(
      usage(`Say what ${own[0] ?? 'cox'} is to do: a verb is missing, or is not known.`, hint),
      json,
    );
  const more = error.code === 'commander.excessArguments' ? ' Text of several words goes into quotes.' : '';
  return complain(usage(error.message.replace(/^error: /, ''), `${hint}${more}`), json);
}

/** A mistake in the call, with where the verb is explained, unless it says more precisely what to do. */
function hinted(error: unknown, hint: string): unknown {
  if (!(error instanceof CoxError) || error.failure.hint !== ERROR_CATALOGUE.usage.hint) return error;
  return new CoxError({ ...error.failure, hint });
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
