import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** Programs that run files of the folder they are started in: what they do is in the session's hands. */
const RUN_FOLDER_FILES = words(`
  npm npx pnpm yarn bun bunx deno make gmake cmake ninja just task cargo go pytest tox nox gradle gradlew mvn ant rake
  bundle composer docker docker-compose vitest jest mocha tsc eslint`);

/** Programs that run what their operands say, whether it is there yet or not. */
const RUN_OPERANDS = words(`
  sh bash dash zsh fish ksh python python2 python3 perl ruby node nodejs php lua tclsh osascript Rscript java
  env nice nohup timeout time xargs parallel find sudo doas su command exec eval source . ssh awk gawk sed vi vim ed`);

/** Options of git that name another repository, or set what it runs. */
const GIT_ELSEWHERE = /^(?:-C|-c|--git-dir|--work-tree|--exec-path|--config-env)(?:$|=|.)/;

/**
 * What a command line names or runs that the session itself can write: such a file can change between the
 * approval and the run, and it can be the session's own words (security: S8).
 *
 * `roots` are the real folders that the sandbox lets the session write; of the first, the session's own folder,
 * Codex protects `.git` at the top. `path` is the PATH that commands get.
 */
export function writableOperands(
  commands: readonly string[][],
  cwd: string,
  roots: readonly string[],
  path: string,
): string[] {
  const found = new Set<string>();
  for (const [program = '', ...operands] of commands) {
    const name = program.slice(program.lastIndexOf('/') + 1);
    if (isWithin(roots, cwd) && (RUN_FOLDER_FILES.has(name) || RUN_OPERANDS.has(name))) {
      found.add(`what ${name} runs in ${cwd}`);
    }
    if (name === 'git') addRepository(found, operands, cwd, roots);
    for (const executable of executables(program, path, roots, found)) operands.unshift(executable);
    for (const word of operands) {
      for (const candidate of candidatesIn(word)) {
        const file = realFile(isAbsolute(candidate) ? candidate : join(cwd, candidate));
        if (file !== null && isWithin(roots, file)) found.add(file);
      }
    }
  }
  return [...found];
}

/** git runs programs that a repository's configuration names: one that the session can write runs anything. */
function addRepository(
  found: Set<string>,
  operands: readonly string[],
  cwd: string,
  roots: readonly string[],
): void {
  if (operands.some((word) => GIT_ELSEWHERE.test(word)))
    found.add('another repository or configuration for git');
  const holder = nearestGit(cwd);
  if (holder === null || !isWithin(roots, holder)) return;
  const isProtected = holder === roots[0] && holder !== '/';
  if (!isProtected) found.add(join(holder, '.git'));
}

function nearestGit(folder: string): string | null {
  if (existsSync(join(folder, '.git'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : nearestGit(parent);
}

/** Where a program is found; a folder of PATH before it that the session can write could hold another one. */
function executables(program: string, path: string, roots: readonly string[], found: Set<string>): string[] {
  if (program.includes('/')) return [program];
  for (const folder of path.split(':')) {
    if (folder === '' || !isAbsolute(folder)) {
      found.add(`PATH, which names ${folder === '' ? 'the current folder' : folder}`);
      continue;
    }
    if (isWithin(roots, real(folder))) found.add(`${folder} on PATH`);
    if (existsSync(join(folder, program))) return [join(folder, program)];
  }
  return [];
}

/** The word itself and, of `--option=value`, the value. */
function candidatesIn(word: string): string[] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word] : [word, word.slice(equals + 1)];
}

function realFile(path: string): string | null {
  try {
    const found = realpathSync(path);
    return statSync(found).isFile() ? found : null;
  } catch {
    return null;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isWithin(roots: readonly string[], path: string): boolean {
  return roots.some((root) => path === root || path.startsWith(root === '/' ? '/' : `${root}/`));
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}
