import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRecord } from '../../../src/worktree/tree-record.ts';
import { trees } from './tree-fixture.ts';

const ID = 'k7m2qd';

test('a worktree on a new branch at HEAD; the checkout it was asked for from is as it was', async () => {
  const { place, root, git, write, commit, make, checkout, left } = trees();
  write('a', 'a\n');
  write('deep/b', 'b\n');
  commit();
  write('a', 'changed\n');
  write('staged', 's\n');
  git('add', 'staged');
  write('untracked', 'u\n');
  const before = checkout();
  const head = git('rev-parse', 'HEAD');
  const made = await make({ name: 'fix' });
  const path = join(place.directory, ID);
  expect(made).toEqual({
    path,
    branch: 'cox/fix',
    base: head,
    repository: join(root, '.git'),
    cwd: path,
    uncommitted: 3,
  });
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('a\n');
  expect([existsSync(join(path, 'deep/b')), existsSync(join(path, 'staged'))]).toEqual([true, false]);
  expect(git('-C', path, 'symbolic-ref', 'HEAD')).toBe('refs/heads/cox/fix');
  expect(git('-C', path, 'status', '--porcelain')).toBe('');
  expect(checkout()).toEqual(before);
  expect(left()).toEqual({
    branches: ['cox/fix', git('branch', '--show-current')],
    worktrees: [`worktree ${path}`],
    place: [ID, `${ID}.json`],
  });
  expect(readRecord(place, ID)).toEqual({
    repository: join(root, '.git'),
    branch: 'cox/fix',
    made: true,
    base: head,
    gitDir: join(root, '.git/worktrees', ID),
  });
  expect(statSync(join(place.directory, `${ID}.json`)).mode & 0o777).toBe(0o600);
});

test('its files are as open as git makes them, though all that we write is closed to others', async () => {
  const { write, root, commit, make } = trees();
  write('a', 'a\n');
  write('run.sh', '#!/bin/sh\n');
  chmodSync(join(root, 'run.sh'), 0o755);
  commit();
  const before = process.umask(0o077);
  onTestFinished(() => void process.umask(before));
  const { path } = await make();
  const modes = ['a', 'run.sh'].map((name) => statSync(join(path, name)).mode & 0o777);
  expect([...modes, statSync(join(root, '.git/refs/heads/cox')).mode & 0o777]).toEqual([0o644, 0o755, 0o755]);
  expect(process.umask()).toBe(0o077);
});

describe('the branch', () => {
  test.each<[string, string | null, string[], string]>([
    ['the name', 'fix', [], 'cox/fix'],
    ['the id where there is no name', null, [], `cox/${ID}`],
    ['the next name that is free', 'fix', ['cox/fix', 'cox/fix-2'], 'cox/fix-3'],
    ['not beside one that needs the name for a folder', 'fix', ['cox/fix/more'], 'cox/fix-2'],
    ['the id where the name cannot be a branch', 'a..b', [], `cox/${ID}`],
    ['the id, and the next one', 'x.lock', [`cox/${ID}`], `cox/${ID}-2`],
  ])('a new one is called by %s', async (_what, name, there, expected) => {
    const { git, write, commit, make } = trees();
    write('a', 'a\n');
    commit();
    for (const branch of there) git('branch', branch);
    expect((await make({ name })).branch).toBe(expected);
  });

  test('several at once for one name: each its own', async () => {
    const { write, commit, make, left } = trees();
    write('a', 'a\n');
    commit();
    const ids = ['b2b2b2', 'c3c3c3', 'd4d4d4', 'f5f5f5'];
    const made = await Promise.all(ids.map((id) => make({ id, name: 'fix' })));
    const names = ['cox/fix', 'cox/fix-2', 'cox/fix-3', 'cox/fix-4'];
    expect(made.map(({ branch }) => branch).sort()).toEqual(names);
    expect(left().branches).toEqual(expect.arrayContaining(names));
    expect(left().worktrees).toHaveLength(4);
  });

  test('a named one that is not there yet begins at HEAD, or at base: a branch, a tag, a commit', async () => {
    const { git, write, commit, make } = trees();
    write('a', '1\n');
    commit();
    const first = git('rev-parse', 'HEAD');
    git('tag', '-a', 'v1', '-m', 'one');
    write('a', '2\n');
    commit();
    const second = git('rev-parse', 'HEAD');
    git('branch', 'older', first);
    const bases = [null, 'older', 'v1', 'HEAD~1', first.slice(0, 10)];
    const made = [];
    for (const [at, base] of bases.entries()) {
      made.push(await make({ id: `bbbbb${at}`, branch: `topic/${at}`, base }));
    }
    expect(made.map(({ branch, base }) => [branch, base])).toEqual([
      ['topic/0', second],
      ['topic/1', first],
      ['topic/2', first],
      ['topic/3', first],
      ['topic/4', first],
    ]);
    expect(readFileSync(join(made[1]?.path ?? '', 'a'), 'utf8')).toBe('1\n');
  });

  test('one that is there is worked on at its tip, and is not ours', async () => {
    const { git, place, write, commit, make } = trees();
    write('a', '1\n');
    commit();
    git('branch', 'theirs');
    // Of two of one name, the branch is meant.
    git('tag', 'theirs', 'HEAD');
    write('a', '2\n');
    commit();
    git('branch', '-f', 'theirs');
    const { path, branch, base } = await make({ branch: 'theirs' });
    expect([branch, base]).toEqual(['theirs', git('rev-parse', 'HEAD')]);
    expect(git('-C', path, 'symbolic-ref', 'HEAD')).toBe('refs/heads/theirs');
    expect(git('-C', path, 'status', '--porcelain')).toBe('');
    expect(readRecord(place, ID)?.made).toBe(false);
  });

  test('a new one follows no other, whatever the repository is set up to do', async () => {
    const { git, gitIn, folder, root, write, commit, make, checkout } = trees();
    write('a', 'a\n');
    commit();
    const clone = join(folder, 'clone');
    gitIn(folder, 'clone', '-q', root, clone);
    gitIn(clone, 'config', 'branch.autoSetupMerge', 'always');
    const config = readFileSync(join(clone, '.git/config'), 'utf8');
    const main = git('branch', '--show-current');
    const before = checkout();
    await make({ cwd: clone, base: `origin/${main}` });
    expect(readFileSync(join(clone, '.git/config'), 'utf8')).toBe(config);
    expect(checkout()).toEqual(before);
  });
});

describe('where it is asked for from', () => {
  test('a folder below the root: the same one of the worktree', async () => {
    const { place, root, write, commit, make } = trees();
    write('deep/er/a', 'a\n');
    commit();
    const { path, cwd } = await make({ cwd: join(root, 'deep/er') });
    expect([path, cwd]).toEqual([join(place.directory, ID), join(place.directory, ID, 'deep/er')]);
  });

  test('the place of worktrees may be reached by a link: paths are real', async () => {
    const { folder, place, root, write, commit, make, left } = trees();
    write('sub/a', 'a\n');
    commit();
    const linked = join(folder, 'linked');
    symlinkSync(place.directory, linked);
    const { makeTree } = await import('../../../src/worktree/tree.ts');
    const request = { id: 'bbbbbb', name: null, cwd: join(root, 'sub'), branch: null, base: null };
    const made = await makeTree({ ...place, directory: linked }, { ...request, deadlineMs: 30_000 });
    expect(made.cwd).toBe(join(place.directory, 'bbbbbb/sub'));
    await make();
    expect(left().place).toHaveLength(4);
  });

  test('a linked worktree, a submodule, a repository whose git directory is elsewhere', async () => {
    const { folder, root, git, gitIn, write, commit, make } = trees();
    write('a', 'a\n');
    commit();
    const linked = join(folder, 'linked');
    git('worktree', 'add', '-q', '-b', 'side', linked);
    writeFileSync(join(linked, 'b'), 'b\n');
    gitIn(linked, 'add', 'b');
    gitIn(linked, 'commit', '-q', '-m', 'b');
    const fromLinked = await make({ id: 'bbbbb1', cwd: linked });
    // HEAD is that of the checkout which was named.
    expect([fromLinked.base, fromLinked.repository]).toEqual([
      gitIn(linked, 'rev-parse', 'HEAD'),
      join(root, '.git'),
    ]);
    const outer = join(folder, 'outer');
    gitIn(folder, 'init', '-q', outer);
    gitIn(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', root, 'inner');
    const fromSubmodule = await make({ id: 'bbbbb2', cwd: join(outer, 'inner') });
    expect(fromSubmodule.repository).toBe(join(outer, '.git/modules/inner'));
    const apart = join(folder, 'apart');
    gitIn(folder, 'clone', '-q', '--separate-git-dir', join(folder, 'elsewhere.git'), root, apart);
    const fromApart = await make({ id: 'bbbbb3', cwd: apart });
    expect(fromApart.repository).toBe(join(folder, 'elsewhere.git'));
    for (const { path } of [fromLinked, fromSubmodule, fromApart]) {
      expect(existsSync(join(path, 'a'))).toBe(true);
      expect(gitIn(path, 'status', '--porcelain')).toBe('');
    }
  });
});

test('hooks and monitors of the repository do not run; its filters and line endings count', async () => {
  const { folder, root, git, write, commit, make, gitIn } = trees();
  const marker = join(folder, 'marker');
  const evil = join(folder, 'evil.sh');
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${marker}\n`);
  chmodSync(evil, 0o755);
  git('init', '-q');
  git('config', 'filter.caps.smudge', 'tr a-z A-Z');
  git('config', 'filter.caps.clean', 'tr A-Z a-z');
  write('.gitattributes', '*.caps filter=caps\n*.crlf text eol=crlf\n');
  write('x.caps', 'LOUD\n');
  write('x.crlf', 'line\r\n');
  commit();
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-commit']) {
    writeFileSync(join(root, '.git/hooks', hook), `#!/bin/sh\ntouch ${marker}\n`);
    chmodSync(join(root, '.git/hooks', hook), 0o755);
  }
  for (const key of ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'core.editor', 'diff.external'])
    git('config', key, evil);
  git('config', 'submodule.recurse', 'true');
  const { path, uncommitted } = await make();
  expect(existsSync(marker)).toBe(false);
  expect(readFileSync(join(path, 'x.caps'), 'utf8')).toBe('LOUD\n');
  expect(readFileSync(join(path, 'x.crlf'), 'utf8')).toBe('line\r\n');
  expect(uncommitted).toBe(0);
  // The trap works: plain git falls into it.
  gitIn(root, 'checkout', '-q', '-b', 'other');
  expect(existsSync(marker)).toBe(true);
});
