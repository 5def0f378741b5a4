import { access, copyFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from './git.ts';
import type { Repository } from './locate.ts';
import { type BytePath, entries, listing } from './paths.ts';
import { type PrivateRepository, privately } from './private-command.ts';

/** The file of the private repository that lists paths the seed left out though they are tracked. */
export const LEFT_OUT_FILE = 'left-out';

/**
 * Copies an index file. The copy is dated back to the full second: git compares the content of files that changed at
 * or after the index's own time, so an older date is safe and a newer one is not.
 */
export async function copyIndex(from: string, to: string): Promise<void> {
  const { mtimeMs } = await stat(from);
  await copyFile(from, to);
  const second = Math.floor(mtimeMs / 1000);
  await utimes(to, second, second);
}

/**
 * Seeds the private repository with the user's index, so that unchanged files need not be read. Left out, and hence
 * read anew: paths with a filter or an encoding (their object is not what is on disk), and paths that git was told to
 * take as unchanged. An index that needs the user's git directory (split or sparse) is not used at all.
 */
export async function seedIndex(
  draft: PrivateRepository,
  located: Repository,
  signal: AbortSignal,
): Promise<void> {
  const index = join(draft.directory, 'index');
  if (!(await standsAlone(located))) return;
  await copyIndex(join(located.gitDir, 'index'), index);
  const tagged = entries(await git(privately(draft, index, 'read', ['ls-files', '-v', '-z'], signal)));
  const leftOut = new Set<BytePath>();
  for (const entry of tagged) if (/^[a-zS]/.test(entry)) leftOut.add(entry.slice(2));
  const names = listing(tagged.map((entry) => entry.slice(2)));
  const question = ['check-attr', '-z', '--stdin', 'filter', 'working-tree-encoding'];
  const answer = entries(await git(privately(draft, index, 'read', question, signal, names)));
  for (let at = 0; at + 2 < answer.length; at += 3) {
    const [path, , value] = answer.slice(at, at + 3);
    if (path !== undefined && value !== 'unspecified' && value !== 'unset') leftOut.add(path);
  }
  if (leftOut.size === 0) return;
  const removal = ['update-index', '-z', '--force-remove', '--stdin'];
  await git(privately(draft, index, 'write', removal, signal, listing([...leftOut])));
  await writeFile(join(draft.directory, LEFT_OUT_FILE), listing([...leftOut]));
}

async function standsAlone({ gitDir }: Repository): Promise<boolean> {
  const has = (name: string) =>
    access(join(gitDir, name)).then(
      () => true,
      () => false,
    );
  if (!(await has('index')) || (await has('info/sparse-checkout'))) return false;
  return !(await readdir(gitDir)).some((name) => name.startsWith('sharedindex.'));
}
