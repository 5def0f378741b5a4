import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { type Changes, changes } from '../../../src/worktree/changes.ts';
import { type GitSnapshot, snapshot } from '../../../src/worktree/snapshot.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Generous: the tests run many git commands side by side. */
export const DEADLINE_MS = 30_000;

/** A temporary folder with a user's files in `root` and our objects in `objectsDir`; removed after the test. */
export function fixture() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cox-worktree-')));
  made.push(folder);
  const root = join(folder, 'user');
  const objectsDir = join(folder, 'ours');
  mkdirSync(root);
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.org',
  };
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const commit = (): void => {
    git('init', '-q');
    git('add', '-A');
    git('commit', '-q', '-m', 'a commit');
  };
  const take = async (cwd = root): Promise<GitSnapshot> => {
    const taken = await snapshot({ cwd, objectsDir, deadlineMs: DEADLINE_MS });
    if (taken.kind === 'none') throw new Error(`${taken.reason}: ${taken.detail}`);
    return taken;
  };
  const since = async (base: GitSnapshot): Promise<Changes> => {
    const found = await changes({ base, objectsDir, deadlineMs: DEADLINE_MS });
    if (found.kind === 'none') throw new Error(`${found.reason}: ${found.detail}`);
    return found;
  };
  return { folder, root, objectsDir, git, write, commit, take, since };
}

/** Everything under a folder: names, types, sizes, times and contents. */
export function inventory(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const found = lstatSync(path, { bigint: true });
      const content = found.isFile() ? readFileSync(path).toString('base64') : '';
      return [name, found.mode, found.size, found.mtimeNs, found.ctimeNs, found.ino, content].join(' ');
    });
}
