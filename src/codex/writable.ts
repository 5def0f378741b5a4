import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

/**
 * Programs that read and write what their operands name and run nothing. Every other program may run files of the
 * folder it is started in, or what its operands say; a list of those would never be complete.
 */
const PLAIN_TOOLS = new Set(
  `[ basename cat chgrp chmod chown cksum cmp comm cp cut date df dirname du echo egrep expr false fgrep file grep
   head hostname id kill ln ls md5sum mkdir mv paste printf ps pwd readlink realpath rm rmdir seq sha1sum sha256sum
   sha512sum sleep stat sync tail tee test touch tr true truncate type uname uniq wc which whoami`.split(
    /\s+/,
  ),
);

/**
 * Options of git that name another repository or configuration, run a program, or write a file. git takes the
 * beginning of a long option for the whole.
 */
const GIT_OPTIONS = {
  short: /^-(?:C|c|O|o|u)/,
  long: `--config-env --exec --exec-path --ext-diff --git-dir --namespace --no-index --open-files-in-pager --output
    --output-directory --receive-pack --super-prefix --template --textconv --upload-pack --work-tree`.split(
    /\s+/,
  ),
};

/** Commands of git that run nothing but what its repository is set up to run. */
const GIT_COMMANDS = new Set(
  `add blame branch cat-file checkout cherry-pick commit describe diff fetch log ls-files ls-remote ls-tree merge mv
   pull push reflog remote reset restore rev-list rev-parse revert rm shortlog show stash status switch tag`.split(
    /\s+/,
  ),
);

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
    const runsNothing =
      isOutOfReach(program, cwd, roots) &&
      (name === 'git' ? GIT_COMMANDS.has(commandOfGit(operands)) : PLAIN_TOOLS.has(name));
    // Wherever it is started: its operands, or a `cd` before it, may lead back.
    if (!runsNothing && roots.length > 0) found.add(`what ${name} runs`);
    if (name === 'git') addRepository(found, operands, cwd, roots);
    for (const word of [...executables(program, path, roots, found), ...operands]) {
      for (const candidate of candidatesIn(word)) {
        addOperand(found, isAbsolute(candidate) ? candidate : join(cwd, candidate), roots);
      }
    }
  }
  return [...found];
}

/**
 * A file counts by the folder that holds its name, which may be a link that can be set to another file, and by
 * where it leads.
 */
function addOperand(found: Set<string>, path: string, roots: readonly string[]): void {
  const named = join(realNearest(dirname(path)), basename(path));
  for (const place of new Set([named, realNearest(named)])) {
    if (isWithin(roots, place) && isFileOrLink(place)) found.add(place);
  }
}

/** git runs programs that a repository's configuration names: one that the session can write runs anything. */
function addRepository(
  found: Set<string>,
  operands: readonly string[],
  cwd: string,
  roots: readonly string[],
): void {
  const option = operands.find(leadsElsewhere);
  if (option !== undefined) found.add(`what git does with ${option}`);
  const repository = repositoryOf(cwd);
  if (repository === null) return;
  for (const place of partsElsewhere(repository.folder)) if (isWithin(roots, place)) found.add(place);
  if (!isWithin(roots, repository.folder)) return;
  const isProtected = !repository.bare && repository.folder === roots[0] && repository.folder !== '/';
  if (!isProtected) found.add(repository.bare ? repository.folder : join(repository.folder, '.git'));
}

function commandOfGit(operands: readonly string[]): string {
  return operands.find((word) => !word.startsWith('-')) ?? '';
}

function leadsElsewhere(word: string): boolean {
  if (!word.startsWith('--')) return GIT_OPTIONS.short.test(word);
  const name = word.split('=', 1)[0] ?? word;
  return name.length > 3 && GIT_OPTIONS.long.some((option) => option.startsWith(name));
}

/** A name that PATH finds, or a place that the session cannot write: `./cat` is any program, there or not yet. */
function isOutOfReach(program: string, cwd: string, roots: readonly string[]): boolean {
  if (!program.includes('/')) return true;
  return !isWithin(roots, realNearest(isAbsolute(program) ? program : join(cwd, program)));
}

/** The repository that git finds from a folder: the nearest `.git`, or a folder that is a bare repository. */
function repositoryOf(folder: string): { folder: string; bare: boolean } | null {
  if (existsSync(join(folder, '.git'))) return { folder, bare: false };
  // The other parts of a bare repository may be elsewhere.
  if (existsSync(join(folder, 'HEAD'))) return { folder, bare: true };
  const parent = dirname(folder);
  return parent === folder ? null : repositoryOf(parent);
}

/**
 * The git directories of a linked worktree, a submodule or a repository set apart, which its `.git` file names: the
 * configuration that git obeys is there. Codex protects the first of them alone (0.169).
 */
function partsElsewhere(folder: string): string[] {
  const gitDir = pathIn(join(folder, '.git'), /^gitdir: (.+)$/m, folder);
  if (gitDir === null) return [];
  const common = pathIn(join(gitDir, 'commondir'), /^(.+)$/m, gitDir);
  return [gitDir, ...(common === null ? [] : [common])].map(realNearest);
}

/** The path that a file says, seen from a folder; null where there is no such file, or no path in it. */
function pathIn(file: string, pattern: RegExp, from: string): string | null {
  try {
    const path = pattern.exec(readFileSync(file, 'utf8'))?.[1];
    return path === undefined ? null : resolve(from, path);
  } catch {
    return null;
  }
}

/** Where a program is found; a folder of PATH before it that the session can write could hold another one. */
function executables(program: string, path: string, roots: readonly string[], found: Set<string>): string[] {
  if (program.includes('/')) return [program];
  for (const folder of path.split(':')) {
    if (folder === '' || !isAbsolute(folder)) {
      found.add(`PATH, which names ${folder === '' ? 'the current folder' : folder}`);
      continue;
    }
    if (isWithin(roots, realNearest(folder))) found.add(`${folder} on PATH`);
    if (existsSync(join(folder, program))) return [join(folder, program)];
  }
  return [];
}

/** The word itself, the value of `--option=value`, and what follows a short option in the same word. */
function candidatesIn(word: string): string[] {
  const equals = word.indexOf('=');
  const candidates = equals === -1 ? [word] : [word, word.slice(equals + 1)];
  if (/^-[A-Za-z]./.test(word)) candidates.push(word.slice(2));
  return candidates.filter((candidate) => candidate !== '');
}

function isFileOrLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink() || statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The real path; of what is not there, the real path of the nearest folder that is, and the rest. */
function realNearest(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realNearest(parent), basename(path));
  }
}

function isWithin(roots: readonly string[], path: string): boolean {
  return roots.some((root) => path === root || path.startsWith(root === '/' ? '/' : `${root}/`));
}
