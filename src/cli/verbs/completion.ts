import { Option } from 'commander';
import { SHELLS } from '../completion/values.ts';
import { print } from '../out.ts';
import { oneOf, usage } from '../parse.ts';
import type { Define } from '../verb.ts';

const HOW = `
Load it in the start file of the shell:
  bash   source <(cox completion bash)
  zsh    source <(cox completion zsh)      after compinit
  fish   cox completion fish | source`;

export const defineCompletion: Define = (command, { rest, done }) => {
  command
    .addOption(new Option('--words', 'what may follow the words after --').hideHelp())
    .addHelpText('after', HOW)
    .action(async (shell: string | undefined, options: { words?: boolean }) =>
      done(options.words === true ? await propose(rest) : await printScript(shell, rest)),
    );
};

/** `cox completion SHELL`: the script that the shell loads. */
async function printScript(shell: string | undefined, rest: readonly string[]): Promise<number> {
  if (shell === undefined) throw usage(`Name the shell: ${SHELLS.join(', ')}.`);
  const known = oneOf(shell, SHELLS, 'cox completion');
  if (rest.length > 0) throw usage('cox completion takes nothing after --.');
  const { SCRIPTS } = await import('../completion/scripts.ts');
  print(SCRIPTS[known]);
  return 0;
}

/** What those scripts call. Says nothing where it knows nothing. */
async function propose(words: readonly string[]): Promise<number> {
  const [{ VERBS }, { complete }] = await Promise.all([
    import('../verbs.ts'),
    import('../completion/complete.ts'),
  ]);
  for (const line of await complete(VERBS, words)) print(line);
  return 0;
}
