import { randomUUID } from 'node:crypto';
import { access, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GitFailure, git, gitOrNull } from './git.ts';
import { locate, type Repository } from './locate.ts';
import { type BytePath, entries, listing, shown } from './paths.ts';
import { type PrivateRepository, privately } from './private-command.ts';
import { openPrivateRepository } from './private-repository.ts';
import { copyIndex, LEFT_OUT_FILE } from './seed-index.ts';
import { type LargeFile, sortPaths } from './sort-paths.ts';
import { fromError, type Unavailable } from './unavailable.ts';

/** The state of a repository's files at one moment. Means something only together with its `objectsDir`. */
export type GitSnapshot = {
  readonly kind: 'git';
  /** The repository's folder, without symbolic links. */
  readonly root: string;
  /** The commit that HEAD names; null before the first commit. */
  readonly head: string | null;
  /** Id of the tree of all files but the ignored ones. */
  readonly tree: string;
  /** The first hundred paths that could not be read and so are as they were before, if they were. */
  readonly skipped: readonly string[];
};

/** Arguments of `snapshot`. */
export type SnapshotRequest = {
  /** A folder in the repository; the snapshot is of the whole repository. */
  readonly cwd: string;
  /** A folder of ours, outside the session's reach, for objects and indexes; made when absent. */
  readonly objectsDir: string;
  /** How long the whole call may take, in milliseconds. */
  readonly deadlineMs: number;
};

/**
 * Takes a snapshot of the files of the repository around `cwd`, ignored files left out. Writes nothing into the
 * repository and starts nothing but git, in a repository of our own that knows none of the user's settings. Files of
 * nested repositories and submodules are not looked at, their commit is. Throws only what is a defect of ours.
 */
export async function snapshot(request: SnapshotRequest): Promise<GitSnapshot | Unavailable> {
  const signal = AbortSignal.timeout(request.deadlineMs);
  try {
    const located = await locate(request.cwd, signal);
    if ('kind' in located) return located;
    const repository = await openPrivateRepository(located, request.objectsDir, signal);
    const head = await headOf(located, signal);
    return { kind: 'git', root: located.root, head, ...(await treeOf(repository, signal)) };
  } catch (error) {
    return fromError(error);
  }
}

async function headOf(located: Repository, signal: AbortSignal): Promise<string | null> {
  const stdout = await gitOrNull({
    args: ['rev-parse', '--verify', '--quiet', 'HEAD'],
    cwd: located.root,
    env: {},
    input: Buffer.alloc(0),
    signal,
    maxBytes: 1024,
  });
  return stdout?.toString('latin1').trim() ?? null;
}

type Tree = Pick<GitSnapshot, 'tree' | 'skipped'>;

/** Brings a copy of the kept index up to date, makes a tree of it, and keeps the copy for the next time. */
async function treeOf(repository: PrivateRepository, signal: AbortSignal): Promise<Tree> {
  const kept = join(repository.directory, 'index');
  const index = join(repository.directory, `index-${randomUUID()}`);
  try {
    if (await isThere(kept)) await copyIndex(kept, index);
    const skipped = await update(repository, index, signal);
    const stdout = await git(privately(repository, index, 'write', ['write-tree', '--missing-ok'], signal));
    if (await isThere(index)) await rename(index, kept);
    return { tree: stdout.toString('latin1').trim(), skipped: skipped.slice(0, 100).map(shown) };
  } finally {
    for (const file of [index, `${index}.lock`]) await rm(file, { force: true });
  }
}

async function update(repository: PrivateRepository, index: string, signal: AbortSignal) {
  const read = (args: readonly string[]) => privately(repository, index, 'read', args, signal);
  const write = (args: readonly string[], input: Buffer) =>
    git(privately(repository, index, 'write', args, signal, input));

  await gitOrNull(read(['update-index', '-q', '--refresh', '--unmerged', '--ignore-missing']));
  const question = ['ls-files', '-z', '--modified', '--deleted', '--others', '--exclude-standard'];
  const paths = new Set<BytePath>(entries(await git(read(question))));
  const leftOut = await readFile(join(repository.directory, LEFT_OUT_FILE)).catch(() => Buffer.alloc(0));
  for (const path of entries(leftOut)) paths.add(path);

  const sorted = await sortPaths(repository.root, paths);
  if (sorted.remove.length > 0)
    await write(['update-index', '-z', '--force-remove', '--stdin'], listing(sorted.remove));
  if (sorted.large.length > 0) {
    const notes = await Promise.all(sorted.large.map(({ note }) => hash(note)));
    const lines = sorted.large.map(({ path }, at) => `100644 ${notes[at]}\t${path}`);
    await write(['update-index', '-z', '--replace', '--index-info'], listing(lines));
  }
  const store = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
  if (sorted.store.length > 0) await write(store, listing(sorted.store));
  const withoutCommit: BytePath[] = [];
  for (const path of sorted.nested) {
    await write(store, listing([path])).catch((error: unknown) => {
      if (!(error instanceof GitFailure && error.kind === 'exit')) throw error;
      withoutCommit.push(path);
    });
  }
  return [...sorted.unreadable, ...withoutCommit];

  async function hash(note: LargeFile['note']): Promise<string> {
    const stdout = await write(['hash-object', '-w', '--stdin'], Buffer.from(note));
    return stdout.toString('latin1').trim();
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
