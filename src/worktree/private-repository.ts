import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitOrNull } from './git.ts';
import type { Repository } from './locate.ts';
import { type PrivateRepository, quoted } from './private-command.ts';
import { seedIndex } from './seed-index.ts';

/** Attributes that win over every `.gitattributes`: no filter, no re-encoding, and git judges what is binary. */
const ATTRIBUTES = '\n* !diff -filter -working-tree-encoding\n';

/** Settings that decide how a file becomes an object; taken over so that the user's index stays a valid cache. */
const TAKEN_OVER = '^core\\.(autocrlf|eol|filemode|ignorecase|symlinks|precomposeunicode)$';

/**
 * Opens the private repository of `located` under `objectsDir`, making it at the first call. What it takes over from
 * the user's repository (ignore rules, a few settings, the index as a cache) is frozen there and then.
 * @throws GitFailure, or the error of the file system
 */
export async function openPrivateRepository(
  located: Repository,
  objectsDir: string,
  signal: AbortSignal,
): Promise<PrivateRepository> {
  const directory = privateDirectory(located.root, objectsDir);
  const opened = { root: located.root, directory, objects: located.objects };
  if (await exists(join(directory, 'HEAD'))) return opened;
  const draft = { ...opened, directory: join(objectsDir, `draft-${randomUUID()}`) };
  try {
    await fill(draft, located, signal);
    await rename(draft.directory, directory).catch(async (error: unknown) => {
      if (!(await exists(join(directory, 'HEAD')))) throw error; // else another call was first
    });
  } finally {
    await rm(draft.directory, { recursive: true, force: true });
  }
  return opened;
}

/** Where the private repository of a repository's folder is under `objectsDir`. */
export function privateDirectory(root: string, objectsDir: string): string {
  return join(objectsDir, createHash('sha256').update(root).digest('hex').slice(0, 16));
}

async function fill(draft: PrivateRepository, located: Repository, signal: AbortSignal): Promise<void> {
  const { directory } = draft;
  for (const folder of ['objects', 'refs', 'info'])
    await mkdir(join(directory, folder), { recursive: true, mode: 0o700 });
  await writeFile(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
  await writeFile(join(directory, 'config'), await configuration(located, signal));
  const info = (name: string) => join(directory, 'info', name);
  const attributes = await userInfo(located, 'attributes');
  await writeFile(info('exclude'), await userInfo(located, 'exclude'));
  await writeFile(info('attributes'), attributes);
  await seedIndex(draft, located, signal);
  await writeFile(info('attributes'), Buffer.concat([attributes, Buffer.from(ATTRIBUTES)]));
}

/** A file of the user's `info` folder; empty when absent. */
function userInfo(located: Repository, name: string): Promise<Buffer> {
  return readFile(join(located.commonDir, 'info', name)).catch(() => Buffer.alloc(0));
}

async function configuration(located: Repository, signal: AbortSignal): Promise<string> {
  const ask = { cwd: located.root, env: {}, input: Buffer.alloc(0), signal, maxBytes: 1024 * 1024 };
  const core = new Map<string, string>();
  const settings = await gitOrNull({ ...ask, args: ['config', '-z', '--get-regexp', TAKEN_OVER] });
  for (const record of settings?.toString('utf8').split('\0') ?? []) {
    const [key, value] = record.split('\n', 2);
    if (key?.startsWith('core.') && value !== undefined && /^\w+$/.test(value)) core.set(key.slice(5), value);
  }
  const excludes = await gitOrNull({
    ...ask,
    args: ['config', '--global', '-z', '--type=path', '--get', 'core.excludesFile'],
  }).catch(() => null);
  if (excludes !== null) core.set('excludesFile', quoted(excludes.toString('utf8').replace(/\0.*$/s, '')));
  const version = located.objectFormat === 'sha1' ? 0 : 1;
  return [
    '[core]',
    `repositoryformatversion = ${version}`,
    ...[...core].map(([key, value]) => `${key} = ${value}`),
    ...(version === 1 ? ['[extensions]', `objectFormat = ${located.objectFormat}`] : []),
    '',
  ].join('\n');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
