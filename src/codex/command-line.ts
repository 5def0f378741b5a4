import { parse } from 'unbash';

/** A command line as Codex will run it, and its simple commands where it is nothing but plain words. */
export type CommandLine = {
  /** The line itself, out of the shell wrapper that Codex puts around it. */
  line: string;
  /** argv of every simple command; null where the shell would expand, redirect, loop or run in background. */
  commands: string[][] | null;
};

/** Only the system's own shells: a file of that name in the project is a program like any other. */
const SHELL = /^(?:\/bin|\/usr\/bin|\/usr\/local\/bin|\/opt\/homebrew\/bin)\/(bash|sh|zsh)$/;
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
  const shell = SHELL.exec(program)?.[1];
  if (shell === undefined || !WRAPPER_FLAGS.has(flag)) return { line: command, commands: outer };
  return { line, commands: simpleCommands(line, shell === 'zsh') };
}

type Script = ReturnType<typeof parse>;
type Node = Script['commands'][number]['command'];
type Word = { text: string; value: string };

function simpleCommands(source: string, zsh: boolean): string[][] | null {
  // No program can be given a NUL; what a shell makes of one differs.
  if (source.includes('\0')) return null;
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

/**
 * The source of a word that every shell takes as it stands: plain characters, an escaped character, single quotes,
 * double quotes without expansion. Decided by what is allowed, from the source itself: a parser that joins lines
 * or misses an expansion then cannot make a word look plainer than it is.
 */
const PLAIN_WORD =
  /^(?:[A-Za-z0-9_@%+=:,./^#!\]-]|\{\}|\P{ASCII}|\\[^\n]|'[^']*'|"(?:[^"$`\\]|\\[$`"\\])*")+$/u;
/** What the double quotes and single quotes hold, to look at the rest. */
const QUOTED = /'[^']*'|"(?:[^"\\]|\\.)*"|\\./gsu;

/** True where the shell takes the word as it is: no expansion of any kind. */
function isPlain(word: Word, zsh: boolean): boolean {
  if (word.text !== '[' && !PLAIN_WORD.test(word.text)) return false;
  const unquoted = word.text.replaceAll(QUOTED, '');
  // A tilde after `=` or `:` expands in assignments; zsh also expands a leading `=`, and `^` and `#` in patterns.
  if (unquoted.includes('~')) return false;
  return !zsh || !(word.text.startsWith('=') || /[\^#]/.test(unquoted));
}
