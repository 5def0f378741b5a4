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
  if (error.code === 'commander.help') return complain(usage('Say what to do: a verb is missing.'), json);
  return complain(usage(error.message.replace(/^error: /, '')), json);
}

function splitAtDashes(given: string[]): [string[], string[]] {
  const dashes = given.indexOf('--');
  return dashes === -1 ? [given, []] : [given.slice(0, dashes), given.slice(dashes + 1)];
}
