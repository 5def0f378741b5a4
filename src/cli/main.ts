import { CommanderError } from 'commander';
import { complain } from './out.ts';
import { usage } from './parse.ts';
import { createProgram } from './program.ts';

/** What comes after `--` is Codex's, not ours. */
const [own, codexArguments] = splitAtDashes(process.argv.slice(2));
const json = own.includes('--json');

process.on('SIGINT', () => process.exit(130));
// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  if (codexArguments.length > 0 && own[0] !== 'run') {
    throw usage(`Only run takes arguments for Codex after --, not ${own[0] ?? 'cox'}.`);
  }
  let code = 0;
  await createProgram(codexArguments, (result) => {
    code = result;
  }).parseAsync(own.length === 0 ? ['--help'] : own, { from: 'user' });
  process.exitCode = code;
} catch (error) {
  process.exitCode = explain(error);
}

function explain(error: unknown): number {
  if (!(error instanceof CommanderError)) return complain(error, json);
  // Help and version were asked for and have been printed.
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help')
    return complain(
      usage(`Say what ${own[0] ?? 'cox'} is to do: a verb is missing, or is not known.`, help()),
      json,
    );
  return complain(usage(error.message.replace(/^error: /, ''), help()), json);
}

/** Where the words of the verb that was called are explained. */
function help(): string {
  const [verb] = own;
  const known = createProgram([], () => undefined).commands.some((command) => command.name() === verb);
  return `See \`cox ${known ? `${verb} ` : ''}--help\`.`;
}

function splitAtDashes(given: string[]): [string[], string[]] {
  const dashes = given.indexOf('--');
  return dashes === -1 ? [given, []] : [given.slice(0, dashes), given.slice(dashes + 1)];
}
