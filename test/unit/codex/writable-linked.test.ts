import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writableOperands } from '../../../src/codex/writable.ts';

/** `tree` is a linked worktree of `user`, `tree/deep` a folder in it; `apart` has its git directory in `store`. */
let place: string;
const at = (path: string): string => join(place, path);

beforeAll(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'cox-linked-')));
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', [...identity, ...args], { cwd: at(cwd), stdio: 'ignore' });
  git('.', 'init', '-q', 'user');
  git('user', 'commit', '-q', '--allow-empty', '-m', 'one');
  git('user', 'worktree', 'add', '-q', at('tree'));
  git('.', 'clone', '-q', '--separate-git-dir', at('store'), at('user'), 'apart');
  mkdirSync(at('tree/deep'));
});
afterAll(() => rmSync(place, { recursive: true }));

const flagged = (cwd: string, ...roots: string[]): string[] =>
  writableOperands([['git', 'status']], at(cwd), roots.map(at), '/usr/bin:/bin')
    .map((what) => what.replaceAll(`${place}/`, ''))
    .filter((what) => !what.startsWith('what '));

test.each<[string, string[], string[]]>([
  // Codex protects the `.git` file of the session's own folder as it does the folder.
  ['tree', ['tree'], []],
  ['tree/deep', ['tree'], []],
  // The session's own folder is below it: what is above cannot be written.
  ['tree/deep', ['tree/deep'], []],
  ['tree', ['tree', 'scratch'], []],
  // The configuration that git obeys there is the repository's.
  ['tree', ['tree', 'user'], ['user/.git/worktrees/tree', 'user/.git']],
  ['tree', ['tree', 'user/.git'], ['user/.git/worktrees/tree', 'user/.git']],
  ['tree/deep', ['tree/deep', 'user'], ['user/.git/worktrees/tree', 'user/.git']],
  ['tree', ['scratch', 'tree'], ['tree/.git']],
  ['apart', ['apart'], []],
  ['apart', ['apart', 'store'], ['store']],
  ['user', ['user'], []],
])('git in %s where %j can be written: %j', (cwd, roots, expected) => {
  expect(flagged(cwd, ...roots)).toEqual(expected);
});
