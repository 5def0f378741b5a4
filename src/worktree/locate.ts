import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GitFailure, git } from './git.ts';
import { type Unavailable, unavailable } from './unavailable.ts';

/** Where a repository keeps its parts; absolute paths. */
export type Repository = {
  /** The folder that holds `.git`, without symbolic links. */
  readonly root: string;
  /** Its git directory: of a linked worktree, the one under `worktrees/`. */
  readonly gitDir: string;
  /** The git directory that linked worktrees share. */
  readonly commonDir: string;
  readonly objects: string;
  /** `sha1` or `sha256`. */
  readonly objectFormat: string;
};

/** As git does it, an empty `.git` folder is passed over: sandboxes leave such placeholders. */
async function folderWithGit(start: string): Promise<string | null> {
  for (let folder = start; ; folder = dirname(folder)) {
    const git = join(folder, '.git');
    const found = await stat(git).catch(() => null);
    if (found?.isFile()) return folder;
    if (found?.isDirectory() && (await lstat(join(git, 'HEAD')).catch(() => null)) !== null) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/**
 * Finds the repository that a folder is in. Git itself decides whether it may be used, under the user's own
 * `safe.directory`; only `rev-parse` runs in the user's repository, which starts nothing and writes nothing.
 * @throws GitFailure (`missing`, `deadline`)
 */
export async function locate(cwd: string, signal: AbortSignal): Promise<Repository | Unavailable> {
  const folder = await realpath(cwd).catch(() => null);
  if (folder === null) return unavailable('no-folder', `no such folder: ${cwd}`);
  const expectedRoot = await folderWithGit(folder);
  if (expectedRoot === null) return unavailable('not-a-repository', `no git repository: ${cwd}`);
  const answer = await revParse(folder, signal);
  if (answer instanceof GitFailure) return unavailable('refused', answer.message);
  const [top, gitDir, commonDir, objects, objectFormat, ...rest] = answer.trimEnd().split('\n');
  if (!top || !gitDir || !commonDir || !objects || !objectFormat || rest.length > 0)
    return unavailable('refused', `a path with a line break: ${cwd}`);
  const root = await realpath(top).catch(() => top);
  if (root !== expectedRoot) return unavailable('elsewhere', `core.worktree of ${expectedRoot} says ${top}`);
  return { root, gitDir, commonDir, objects, objectFormat };
}

async function revParse(folder: string, signal: AbortSignal): Promise<string | GitFailure> {
  const questions = ['--show-toplevel', '--git-dir', '--git-common-dir', '--git-path', 'objects'];
  try {
    const stdout = await git({
      args: ['rev-parse', '--path-format=absolute', ...questions, '--show-object-format'],
      cwd: folder,
      env: {},
      input: Buffer.alloc(0),
      signal,
      maxBytes: 64 * 1024,
    });
    return stdout.toString('utf8');
  } catch (error) {
    if (error instanceof GitFailure && error.kind === 'exit') return error;
    throw error;
  }
}
