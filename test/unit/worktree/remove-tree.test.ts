import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { privateDirectory } from '../../../src/worktree/private-repository.ts';
import { removeTree, treeState } from '../../../src/worktree/remove-tree.ts';
import { snapshot } from '../../../src/worktree/snapshot.ts';
import { readRecord, treesIn, writeRecord } from '../../../src/worktree/tree-record.ts';
import { DEADLINE_MS } from './repository-fixture.ts';
import { trees } from './tree-fixture.ts';

const ID = 'k7m2qd';

/** A repository with one commit, and a worktree of it. */
async function ready() {
  const user = trees();
  user.write('a', 'a\n');
  user.write('.gitignore', 'ignored/\n');
  user.commit();
  const before = user.left();
  const made = await user.make({ name: 'fix' });
  const put = (name: string, content = 'x\n'): void => {
    mkdirSync(join(made.path, name, '..'), { recursive: true });
    writeFileSync(join(made.path, name), content);
  };
  return { ...user, before, made, put, inside: (...args: string[]) => user.gitIn(made.path, ...args) };
}

describe('one without work goes whole', () => {
  test('with what is ignored, its snapshots, its record, and the branch that nothing was committed to', async () => {
    const { place, objectsDir, made, put, before, left, checkout } = await ready();
    const user = checkout();
    put('ignored/deep/file');
    await snapshot({ cwd: made.path, objectsDir, deadlineMs: DEADLINE_MS });
    expect(existsSync(privateDirectory(made.path, objectsDir))).toBe(true);
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'clean' });
    expect(existsSync(privateDirectory(made.path, objectsDir))).toBe(false);
    expect(left()).toEqual(before);
    expect(checkout()).toEqual(user);
    // Once more changes nothing.
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'gone' });
  });

  test('the branch stays with its commits', async () => {
    const { place, put, inside, git, left } = await ready();
    put('new');
    inside('add', 'new');
    inside('commit', '-q', '-m', 'new');
    const tip = inside('rev-parse', 'HEAD');
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'clean' });
    expect(git('rev-parse', 'cox/fix')).toBe(tip);
    expect(left()).toMatchObject({ worktrees: [], place: [] });
  });

  test('a branch that was there before stays, and one that somebody has checked out by now', async () => {
    const { place, make, git, branches, root, left } = await ready();
    git('branch', 'theirs');
    await make({ id: 'bbbbbb', branch: 'theirs' });
    expect(await removeTree(place, 'bbbbbb', true)).toEqual({ kind: 'clean' });
    git('-C', join(place.directory, ID), 'checkout', '-q', '--detach');
    git('-C', root, 'checkout', '-q', 'cox/fix');
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'clean' });
    expect(branches()).toEqual(expect.arrayContaining(['theirs', 'cox/fix']));
    expect(left()).toMatchObject({ worktrees: [], place: [] });
  });

  test('one that the user has removed: what is left of it', async () => {
    const { place, git, made, before, left, put } = await ready();
    put('dirty');
    git('worktree', 'remove', '--force', made.path);
    expect(await treeState(place, ID, true)).toEqual({ kind: 'gone' });
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'gone' });
    expect(left()).toEqual(before);
  });

  test('one whose folder was deleted by hand: its entry in the repository goes, those of others stay', async () => {
    const { folder, place, git, made, left } = await ready();
    git('worktree', 'add', '-q', '-b', 'other', join(folder, 'other'));
    for (const path of [made.path, join(folder, 'other')]) rmSync(path, { recursive: true });
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'gone' });
    expect(left()).toMatchObject({ worktrees: [`worktree ${join(folder, 'other')}`], place: [] });
  });
});

describe('one with work stays, and it is said what it is', () => {
  type Made = Awaited<ReturnType<typeof ready>>;
  test.each<[string, (made: Made) => void, string, string[]]>([
    ['a new file', ({ put }) => put('new file'), '1 file is not committed', ['new file']],
    ['a changed file', ({ put }) => put('a', 'b\n'), '1 file is not committed', ['a']],
    ['a file that is gone', ({ made }) => rmSync(join(made.path, 'a')), '1 file is not committed', ['a']],
    [
      'something staged',
      ({ put, inside }) => {
        put('new');
        put('a', 'b\n');
        inside('add', '-A');
      },
      '2 files are not committed',
      ['a', 'new'],
    ],
    [
      'a repository in it',
      ({ put, inside }) => {
        inside('init', '-q', 'nested');
        put('nested/n');
      },
      '1 file is not committed',
      ['nested/'],
    ],
    [
      'commits that no branch has',
      ({ inside }) => {
        inside('checkout', '-q', '--detach');
        inside('commit', '-q', '--allow-empty', '-m', 'on no branch');
      },
      'it has commits that no branch has',
      [],
    ],
    [
      'a repository that was put into the place of its own',
      ({ made, inside }) => {
        rmSync(join(made.path, '.git'));
        inside('init', '-q');
        inside('add', '-A');
        inside('commit', '-q', '-m', 'theirs');
      },
      'its .git is not the one it was made with',
      [],
    ],
  ])('%s', async (_what, work, why, paths) => {
    const made = await ready();
    work(made);
    const before = made.left();
    const expected = { kind: 'work', why, paths };
    expect(await treeState(made.place, ID, true)).toEqual(expected);
    expect(await removeTree(made.place, ID, true)).toEqual(expected);
    expect([made.left(), existsSync(made.made.path)]).toEqual([before, true]);
    expect(before.branches).toContain('cox/fix');
  });

  test('where its repository is gone', async () => {
    const { place, root, made } = await ready();
    rmSync(join(root, '.git'), { recursive: true });
    expect(await removeTree(place, ID, true)).toEqual({
      kind: 'work',
      why: `its repository is gone: ${join(root, '.git/worktrees', ID)}`,
      paths: [],
    });
    rmSync(made.path, { recursive: true });
    expect(await removeTree(place, ID, true)).toEqual({ kind: 'gone' });
    expect(treesIn(place)).toEqual([]);
  });
});

test('nothing that the session has put there runs when its worktree is looked at and removed', async () => {
  const { folder, place, git, gitIn, root, write, commit, make, left } = trees();
  const inner = join(folder, 'inner');
  gitIn(folder, 'init', '-q', inner);
  gitIn(inner, 'commit', '-q', '--allow-empty', '-m', 'inner');
  write('a', 'a\n');
  commit();
  git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'sub');
  commit();
  const marker = join(folder, 'marker');
  const evil = join(folder, 'evil.sh');
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${marker}\ncat\n`);
  chmodSync(evil, 0o755);
  const { path } = await make();
  const infect = (gitDir: string): void => {
    for (const key of ['core.fsmonitor', 'filter.evil.clean', 'filter.evil.smudge', 'core.pager'])
      gitIn(folder, 'config', '--file', join(gitDir, 'config'), key, evil);
  };
  // The empty folder of the submodule becomes a repository of the session.
  gitIn(join(path, 'sub'), 'init', '-q');
  infect(join(path, 'sub/.git'));
  writeFileSync(join(path, 'sub/.gitattributes'), '* filter=evil\n');
  writeFileSync(join(path, 'sub/file'), 'x\n');
  expect(await removeTree(place, ID, true)).toEqual({
    kind: 'work',
    why: 'it has submodules that are checked out',
    paths: ['sub'],
  });
  // In place of the worktree's own.
  const pointer = readFileSync(join(path, '.git'), 'utf8');
  rmSync(join(path, '.git'));
  gitIn(path, 'init', '-q');
  infect(join(path, '.git'));
  writeFileSync(join(path, '.gitattributes'), '* filter=evil\n');
  expect(await treeState(place, ID, true)).toMatchObject({ kind: 'work' });
  expect(existsSync(marker)).toBe(false);
  // The trap works: plain git falls into it.
  gitIn(path, 'status');
  expect(existsSync(marker)).toBe(true);
  for (const name of ['.git', '.gitattributes', 'sub', '../../marker'])
    rmSync(join(path, name), { recursive: true });
  writeFileSync(join(path, '.git'), pointer);
  mkdirSync(join(path, 'sub'));
  // Where the session can write the repository itself, its filters do not count.
  infect(join(root, '.git'));
  mkdirSync(join(root, '.git/info'), { recursive: true });
  writeFileSync(join(root, '.git/info/attributes'), '* filter=evil\n');
  writeFileSync(join(path, 'a'), 'b\n');
  const changed = { kind: 'work', why: '1 file is not committed', paths: ['a'] };
  expect(await treeState(place, ID, false)).toEqual(changed);
  expect(existsSync(marker)).toBe(false);
  // The trap works: with filters, it runs.
  await treeState(place, ID, true);
  expect(existsSync(marker)).toBe(true);
  rmSync(marker);
  writeFileSync(join(path, 'a'), 'a\n');
  expect(await removeTree(place, ID, false)).toEqual({ kind: 'clean' });
  expect(existsSync(marker)).toBe(false);
  expect(left()).toMatchObject({ worktrees: [], place: [] });
  expect(existsSync(join(root, 'sub/.git'))).toBe(true);
});

describe('what a crash leaves is found, and goes', () => {
  test.each<[string, (made: Awaited<ReturnType<typeof ready>>) => void]>([
    [
      'before the branch was made',
      ({ git, made }) => {
        git('worktree', 'remove', made.path);
        git('branch', '-q', '-D', made.branch);
      },
    ],
    ['before the folder was made', ({ git, made }) => void git('worktree', 'remove', made.path)],
    [
      'in the middle of the checkout',
      ({ git, made, inside }) => {
        git('worktree', 'lock', '--reason', 'initializing', made.path);
        rmSync(join(inside('rev-parse', '--absolute-git-dir'), 'index'));
        rmSync(join(made.path, 'a'));
      },
    ],
    ['before its .git was written', ({ made }) => rmSync(join(made.path, '.git'))],
    ['just before it was whole', () => undefined],
  ])('%s', async (_when, crash) => {
    const made = await ready();
    const record = readRecord(made.place, ID);
    if (record === null) throw new Error('there is no record');
    crash(made);
    writeRecord(made.place, ID, { ...record, gitDir: null });
    expect(treesIn(made.place)).toEqual([ID]);
    await removeTree(made.place, ID, true);
    expect(made.left()).toEqual(made.before);
  });

  test('a branch that somebody else has committed to meanwhile stays', async () => {
    const made = await ready();
    const record = readRecord(made.place, ID);
    if (record === null) throw new Error('there is no record');
    made.inside('commit', '-q', '--allow-empty', '-m', 'meanwhile');
    writeRecord(made.place, ID, { ...record, gitDir: null });
    await removeTree(made.place, ID, true);
    expect(made.left()).toEqual({ ...made.before, branches: ['cox/fix', ...made.before.branches] });
  });
});
