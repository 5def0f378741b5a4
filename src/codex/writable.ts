import { existsSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Programs that run files of the folder they are started in: what they do is in the session's hands. */
const RUN_FOLDER_FILES = new Set([
  'npm',
  'npx',
  'pnpm',
  'yarn',
  'bun',
  'bunx',
  'deno',
  'make',
  'gmake',
  'cmake',
  'ninja',
  'just',
  'task',
  'cargo',
  'go',
  'pytest',
  'tox',
  'nox',
  'gradle',
  'gradlew',
  'mvn',
  'ant',
  'rake',
  'bundle',
  'composer',
  'docker',
  'docker-compose',
  'vitest',
  'jest',
  'mocha',
  'tsc',
  'eslint',
]);

/**
 * What a command line names or runs that the session itself can write: such a file can change between the
 * approval and the run, and it can be the session's own words (security: S8).
 *
 * `roots` are the real folders that the sandbox lets the session write; `path` is the PATH that commands get.
 */
export function writableOperands(
  commands: readonly string[][],
  cwd: string,
  roots: readonly string[],
  path: string,
): string[] {
  const found = new Set<string>();
  for (const [program = '', ...operands] of commands) {
    if (RUN_FOLDER_FILES.has(program.slice(program.lastIndexOf('/') + 1)) && isWithin(roots, cwd)) {
      found.add(`what ${program} runs in ${cwd}`);
    }
    const executable = program.includes('/') ? program : onPath(program, path);
    for (const word of executable === null ? operands : [executable, ...operands]) {
      for (const candidate of candidatesIn(word)) {
        const file = realFile(isAbsolute(candidate) ? candidate : join(cwd, candidate));
        if (file !== null && isWithin(roots, file)) found.add(file);
      }
    }
  }
  return [...found];
}

/** The word itself and, of `--option=value`, the value. */
function candidatesIn(word: string): string[] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word] : [word, word.slice(equals + 1)];
}

function onPath(program: string, path: string): string | null {
  for (const folder of path.split(':')) {
    if (folder !== '' && existsSync(join(folder, program))) return join(folder, program);
  }
  return null;
}

function realFile(path: string): string | null {
  try {
    const real = realpathSync(path);
    return statSync(real).isFile() ? real : null;
  } catch {
    return null;
  }
}

function isWithin(roots: readonly string[], path: string): boolean {
  return roots.some((root) => path === root || path.startsWith(root === '/' ? '/' : `${root}/`));
}
