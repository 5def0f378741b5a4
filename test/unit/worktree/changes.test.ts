import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patch } from '../../../src/worktree/patch.ts';
import { snapshot } from '../../../src/worktree/snapshot.ts';
import { DEADLINE_MS, fixture } from './repository-fixture.ts';

const TEN_LINES = Array.from({ length: 10 }, (_, at) => `line ${at}\n`).join('');

test('new, modified, deleted, renamed, binary, type-changed', async () => {
  const { root, write, commit, take, since } = fixture();
  for (const name of ['modified', 'deleted', 'old', 'kind']) write(name, `${name}\n${TEN_LINES}`);
  write('binary', Buffer.from([0, 1, 2]));
  write('.gitignore', 'ignored\n');
  commit();
  const base = await take();
  write('new', 'one\ntwo\n');
  write('modified', `else\n${TEN_LINES}more\n`);
  rmSync(join(root, 'deleted'));
  renameSync(join(root, 'old'), join(root, 'renamed'));
  write('binary', Buffer.from([0, 1, 3]));
  write('ignored', 'x\n');
  rmSync(join(root, 'kind'));
  symlinkSync('/etc/passwd', join(root, 'kind'));
  const found = await since(base);
  expect(found).toEqual({
    kind: 'changes',
    files: [
      { path: 'binary', status: 'modified', added: null, removed: null },
      { path: 'deleted', status: 'deleted', added: 0, removed: 11 },
      { path: 'kind', status: 'type-changed', added: 1, removed: 11 },
      { path: 'modified', status: 'modified', added: 2, removed: 1 },
      { path: 'new', status: 'added', added: 2, removed: 0 },
      { path: 'renamed', status: 'renamed', from: 'old', added: 0, removed: 0 },
    ],
    added: 5,
    removed: 23,
    headMoved: null,
    truncated: false,
    now: found.now,
  });
});

test('nothing done is nothing changed, also where the tree was dirty before', async () => {
  const { write, commit, take, since } = fixture();
  write('a', 'a\n');
  commit();
  write('a', 'dirty\n');
  write('untracked', 'u\n');
  const base = await take();
  expect((await since(base)).files).toEqual([]);
  write('untracked', 'v\n');
  expect((await since(base)).files).toEqual([
    { path: 'untracked', status: 'modified', added: 1, removed: 1 },
  ]);
});

test('a commit made meanwhile still counts, and HEAD has moved', async () => {
  const { git, write, commit, take, since } = fixture();
  write('a', 'a\n');
  commit();
  const base = await take();
  write('b', 'b\n');
  commit();
  const { files, headMoved } = await since(base);
  expect(files).toEqual([{ path: 'b', status: 'added', added: 1, removed: 0 }]);
  expect(headMoved).toEqual({ from: base.head, to: git('rev-parse', 'HEAD') });
});

test('a repository without a commit, without an index, asked from a folder below', async () => {
  const { root, git, write, take, since } = fixture();
  git('init', '-q');
  write('deep/er/a', 'a\n');
  const base = await take(join(root, 'deep/er'));
  expect(base).toMatchObject({ root, head: null });
  write('b', 'b\n');
  write('deep/er/a', 'c\n');
  expect((await since(base)).files.map(({ path }) => path)).toEqual(['b', 'deep/er/a']);
});

test('a linked worktree', async () => {
  const { folder, git, write, commit, take, since } = fixture();
  write('a', 'a\n');
  commit();
  const linked = join(folder, 'linked');
  git('worktree', 'add', '-q', linked);
  const base = await take(linked);
  expect(base.root).toBe(linked);
  rmSync(join(linked, 'a'));
  expect((await since(base)).files).toEqual([{ path: 'a', status: 'deleted', added: 0, removed: 1 }]);
});

test('names with spaces, quotes, line breaks, tabs, colons and umlauts', async () => {
  const { write, commit, take, since } = fixture();
  const names = [' a b', '"q"', '-dash', ':colon', 'new\nline', 'tab\tbed', 'ümlaut/ß'];
  write('first', '1\n');
  commit();
  const base = await take();
  for (const name of names) write(name, 'x\n');
  expect((await since(base)).files.map(({ path }) => path)).toEqual(names);
});

test('files become folders, folders become files or symbolic links', async () => {
  const { root, folder, write, commit, take, since } = fixture();
  write('file', 'f\n');
  write('folder/a', 'a\n');
  write('moved/b', 'b\n');
  commit();
  const base = await take();
  rmSync(join(root, 'file'));
  write('file/inside', 'i\n');
  rmSync(join(root, 'folder'), { recursive: true });
  write('folder', 'now a file\n');
  renameSync(join(root, 'moved'), join(folder, 'moved'));
  symlinkSync(join(folder, 'moved'), join(root, 'moved'));
  const found = (await since(base)).files.map(({ path, status }) => `${status} ${path}`);
  expect(found.sort()).toEqual([
    'added file/inside',
    'added folder',
    'added moved',
    'deleted file',
    'deleted folder/a',
    'deleted moved/b',
  ]);
});

test('what git was told to overlook is seen', async () => {
  const { git, write, commit, take, since } = fixture();
  for (const name of ['assumed', 'skipped', 'late']) write(name, 'before\n');
  commit();
  git('update-index', '--assume-unchanged', 'assumed');
  git('update-index', '--skip-worktree', 'skipped');
  const base = await take();
  git('update-index', '--assume-unchanged', 'late');
  for (const name of ['assumed', 'skipped', 'late']) write(name, 'after!\n');
  expect((await since(base)).files.map(({ path }) => path)).toEqual(['assumed', 'late', 'skipped']);
});

test('a sparse index, then a split one', async () => {
  const { git, write, commit, take, since } = fixture();
  write('in/a', 'a\n');
  write('out/b', 'b\n');
  commit();
  git('sparse-checkout', 'set', '--cone', '--sparse-index', 'in');
  const sparse = await take();
  write('in/a', 'c\n');
  expect((await since(sparse)).files.map(({ path }) => path)).toEqual(['in/a']);
  git('sparse-checkout', 'disable');
  git('update-index', '--split-index');
  expect((await since(sparse)).files.map(({ path }) => path)).toEqual(['in/a', 'out/b']);
});

test('a conflict and an intended file', async () => {
  const { root, git, write, commit, take, since } = fixture();
  write('a', 'a\n');
  commit();
  git('checkout', '-q', '-b', 'side');
  write('a', 'side\n');
  commit();
  git('checkout', '-q', '-');
  write('a', 'main\n');
  commit();
  expect(() => git('merge', 'side')).toThrow();
  write('intended', 'i\n');
  git('add', '-N', 'intended');
  const base = await take();
  rmSync(join(root, 'a'));
  expect((await since(base)).files).toEqual([{ path: 'a', status: 'deleted', added: 0, removed: 5 }]);
});

test('nested repositories count by their commit; one without a commit is named as skipped', async () => {
  const { root, write, commit, take, since } = fixture();
  write('a', 'a\n');
  commit();
  const inside = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: join(root, 'nested'),
      encoding: 'utf8',
    });
  const base = await take();
  write('nested/n', 'n\n');
  inside('init', '-q');
  expect((await since(base)).now.skipped).toEqual(['nested']);
  inside('add', '-A');
  inside('commit', '-q', '-m', 'n');
  expect(await since(base)).toMatchObject({
    files: [{ path: 'nested', status: 'added' }],
    now: { skipped: [] },
  });
  const next = await take();
  inside('commit', '-q', '--allow-empty', '-m', 'm');
  expect((await since(next)).files).toEqual([{ path: 'nested', status: 'modified', added: 1, removed: 1 }]);
});

test('devices are not opened, huge files are not stored, unreadable ones are named', async () => {
  const { root, objectsDir, write, commit, take, since } = fixture();
  write('pipe', 'was a file\n');
  commit();
  const base = await take();
  rmSync(join(root, 'pipe'));
  execFileSync('mkfifo', [join(root, 'pipe'), join(root, 'new-pipe')]);
  write('huge', '');
  truncateSync(join(root, 'huge'), 40 * 1024 * 1024);
  const found = await since(base);
  expect(found.files).toEqual([
    { path: 'huge', status: 'added', added: null, removed: null },
    { path: 'pipe', status: 'deleted', added: 0, removed: 1 },
  ]);
  expect((await since(found.now)).files).toEqual([]);
  expect(Number(execFileSync('du', ['-sk', objectsDir], { encoding: 'utf8' }).split('\t')[0])).toBeLessThan(
    1024,
  );
  if (process.getuid?.() === 0) return; // root reads everything
  write('secret', 's\n');
  chmodSync(join(root, 'secret'), 0);
  expect((await since(base)).now.skipped).toEqual(['secret']);
});

test('calls at the same time do not disturb each other', async () => {
  const { write, commit, take, since } = fixture();
  write('a', 'a\n');
  commit();
  const [base, ...others] = await Promise.all([take(), take(), take()]);
  expect(others).toEqual([base, base]);
  write('a', 'b\n');
  const found = await Promise.all([since(base), since(base)]);
  expect(found.map(({ added, removed }) => [added, removed])).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

test('patch gives a unified diff, cut after a whole line', async () => {
  const { objectsDir, write, commit, take } = fixture();
  write('ä', 'a\n');
  commit();
  const from = await take();
  write('ä', 'b\n');
  const to = await take();
  const ask = { from, to, objectsDir, deadlineMs: DEADLINE_MS };
  const whole = await patch({ ...ask, maxBytes: 10_000 });
  expect(whole).toMatchObject({ kind: 'patch', truncated: false });
  expect('text' in whole && whole.text).toContain('--- a/ä\n+++ b/ä\n@@ -1 +1 @@\n-a\n+b\n');
  expect(await patch({ ...ask, maxBytes: 30 })).toEqual({
    kind: 'patch',
    text: 'diff --git a/ä b/ä\n[the diff goes on: cut at 30 bytes]\n',
    truncated: true,
  });
});

test('says why nothing can be said', async () => {
  const { folder, root, git, write, commit, objectsDir } = fixture();
  const reason = async (cwd: string, deadlineMs = DEADLINE_MS) => {
    const taken = await snapshot({ cwd, objectsDir, deadlineMs });
    return taken.kind === 'none' ? taken.reason : taken.kind;
  };
  expect(await reason(join(folder, 'absent'))).toBe('no-folder');
  mkdirSync(join(root, '.git'));
  expect(await reason(root)).toBe('not-a-repository');
  write('a', 'a\n');
  commit();
  expect(await reason(root, 1)).toBe('deadline');
  git('config', 'core.worktree', folder);
  expect(await reason(root)).toBe('elsewhere');
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  execFileSync('git', ['init', '-q', '--bare', bare]);
  expect(await reason(bare)).toBe('not-a-repository');
  git('config', '--unset', 'core.worktree');
  git('config', 'core.repositoryformatversion', '99');
  expect(await reason(root)).toBe('refused');
});
