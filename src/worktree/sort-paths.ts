import { constants } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { absolute, type BytePath } from './paths.ts';

/** A larger file is not stored: a note of its size and time stands for it. */
const LARGEST_FILE_BYTES = 32 * 1024 * 1024;
/** The most that one snapshot stores; from then on, notes stand for files. */
const LARGEST_SNAPSHOT_BYTES = 512 * 1024 * 1024;

/** A file too large to store. */
export type LargeFile = { readonly path: BytePath; readonly note: string };

/** What to do with each path that may have changed. */
export type SortedPaths = {
  /** Files and symbolic links to store. */
  readonly store: BytePath[];
  /** Paths that are no file any more. */
  readonly remove: BytePath[];
  readonly large: LargeFile[];
  /** Folders with a repository of their own: their commit counts, their files do not. */
  readonly nested: BytePath[];
  /** Files that cannot be read. */
  readonly unreadable: BytePath[];
};

/** Looks at each path on disk, following no symbolic link, and sorts the paths by what the snapshot does with them. */
export async function sortPaths(root: string, paths: Iterable<BytePath>): Promise<SortedPaths> {
  const sorted: SortedPaths = { store: [], remove: [], large: [], nested: [], unreadable: [] };
  const realFolders = new Map<BytePath, boolean>();
  let bytes = 0;
  for (const listed of paths) {
    const path = listed.endsWith('/') ? listed.slice(0, -1) : listed;
    const file = absolute(root, path);
    const found = (await isReached(root, posix.dirname(path), realFolders))
      ? await lstat(file).catch(() => null)
      : null;
    if (found?.isSymbolicLink()) sorted.store.push(path);
    else if (found?.isDirectory()) {
      const own = await lstat(absolute(root, `${path}/.git`)).catch(() => null);
      (own === null ? sorted.remove : sorted.nested).push(path);
    } else if (!found?.isFile()) sorted.remove.push(path);
    else if (!(await isReadable(file))) sorted.unreadable.push(path);
    else if (found.size > LARGEST_FILE_BYTES || bytes + found.size > LARGEST_SNAPSHOT_BYTES)
      sorted.large.push({ path, note: `\0too large to store: ${found.size} bytes of ${found.mtimeMs}\n` });
    else {
      bytes += found.size;
      sorted.store.push(path);
    }
  }
  return sorted;
}

/** Whether `folder` is reached from `root` without a symbolic link on the way. */
async function isReached(root: string, folder: BytePath, known: Map<BytePath, boolean>): Promise<boolean> {
  if (folder === '.') return true;
  const before = known.get(folder);
  if (before !== undefined) return before;
  const wanted = absolute(root, folder);
  const real = await realpath(wanted, { encoding: 'buffer' }).catch(() => null);
  const reached = real?.equals(wanted) ?? false;
  known.set(folder, reached);
  return reached;
}

function isReadable(file: Buffer): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}
