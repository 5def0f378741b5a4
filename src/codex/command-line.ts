import { parse } from 'unbash';

/** A command line as Codex will run it, and its simple commands where it is nothing but plain words. */
export type CommandLine = {
  /** The line itself, out of the shell wrapper that Codex puts around it. */
  line: string;
  /** argv of every simple command; null where the shell would expand, redirect, loop or run in background. */
  commands: string[][] | null;
};

const SHELLS = new Set(['bash', 'sh', 'zsh']);
const WRAPPER_FLAGS = new Set(['-c', '-lc']);

/**
 * Unwraps and parses the command line of an approval. Codex 0.169 wraps what the model wrote as
 * `/bin/bash -lc '<line>'` (codex-facts, section 3). What is not wrapped so is taken as it stands.
 */
export function readCommandLine(command: string): CommandLine {
  const outer = simpleCommands(command, false);
  const [argv] = outer ?? [];
  if (outer?.length !== 1 || argv?.length !== 3) return { line: command, commands: outer };
  const [program = '', flag = '', line = ''] = argv;
  const shell = program.slice(program.lastIndexOf('/') + 1);
  if (!SHELLS.has(shell) || !WRAPPER_FLAGS.has(flag)) return { line: command, commands: outer };
  return { line, commands: simpleCommands(line, shell === 'zsh') };
}

type Script = ReturnType<typeof parse>;
type Node = Script['commands'][number]['command'];
type Word = { text: string; value: string; parts?: readonly WordPart[] | undefined };
type WordPart = { type: string; parts?: readonly { type: string }[] | undefined };

function simpleCommands(source: string, zsh: boolean): string[][] | null {
  const script = parse(source);
  if ((script.errors?.length ?? 0) > 0 || script.commands.length === 0) return null;
  const found: string[][] = [];
  for (const statement of script.commands) {
    if (statement.background === true || !collect(statement.command, found, zsh)) return null;
  }
  return found;
}

/** Adds the simple commands below a node; false where there is more than plain words. */
function collect(node: Node, found: string[][], zsh: boolean): boolean {
  switch (node.type) {
    case 'AndOr':
      return node.commands.every((command) => collect(command, found, zsh));
    case 'Pipeline':
      return node.prefixes.length === 0 && node.commands.every((command) => collect(command, found, zsh));
    case 'Command': {
      if (node.name === undefined || node.prefix.length > 0) return false;
      const words = [node.name, ...node.suffix];
      const argv: string[] = [];
      for (const word of words) {
        if (word.type !== 'Word' || !isPlain(word, zsh)) return false;
        argv.push(word.value);
      }
      found.push(argv);
      return true;
    }
    default:
      return false;
  }
}

const LITERAL_PARTS = new Set(['Literal', 'SingleQuoted', 'AnsiCQuoted']);

/** True where the shell takes the word as it is: no expansion of any kind. */
function isPlain(word: Word, zsh: boolean): boolean {
  // A tilde expands at the start of a word; zsh also expands `=name` there.
  if (word.text.startsWith('~') || (zsh && word.text.startsWith('='))) return false;
  return (word.parts ?? []).every((part) =>
    part.type === 'DoubleQuoted'
      ? (part.parts ?? []).every((inner) => inner.type === 'Literal')
      : LITERAL_PARTS.has(part.type),
  );
}
