import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findByEnvironment } from '../../../src/machine/environment-scan.ts';
import { inventory } from './repository-fixture.ts';
import { trees } from './tree-fixture.ts';

describe('what is refused, with nothing left behind', () => {
  test('before anything is touched', async () => {
    const { folder, root, git, gitIn, write, commit, refusal, left } = trees();
    write('a', 'a\n');
    commit();
    git('branch', 'there');
    const main = git('branch', '--show-current');
    const elsewhere = join(folder, 'elsewhere');
    git('worktree', 'add', '-q', '-b', 'taken', elsewhere);
    const plain = join(folder, 'plain');
    mkdirSync(plain);
    const bare = join(folder, 'bare.git');
    gitIn(folder, 'init', '-q', '--bare', bare);
    const empty = join(folder, 'empty');
    gitIn(folder, 'init', '-q', empty);
    const before = [inventory(join(root, '.git')), left()];
    const told = async (request: Parameters<typeof refusal>[0]) => {
      const { code, message, hint, details } = await refusal(request);
      return [code, details.reason, message, hint];
    };
    expect(await told({ cwd: plain })).toEqual([
      'worktree-refused',
      'not-a-repository',
      `${plain} is not in a git repository.`,
      expect.stringContaining('-C'),
    ]);
    expect(await told({ cwd: bare })).toEqual([
      'worktree-refused',
      'not-a-repository',
      `${bare} is a bare repository: it has no checkout.`,
      expect.stringContaining('-C'),
    ]);
    expect(await told({ cwd: empty })).toEqual([
      'worktree-refused',
      'no-commit',
      `${empty} has no commit yet.`,
      expect.stringContaining('Commit'),
    ]);
    for (const base of ['nowhere', '-q', '--all', 'HEAD~9', 'HEAD:a', 'a b', '@{-9}']) {
      const [code, reason, message, hint] = await told({ base });
      expect([code, reason, message], base).toEqual([
        'worktree-refused',
        'unknown-base',
        `${base} is no commit in ${root}.`,
      ]);
      expect(hint).toContain('fetched');
    }
    for (const branch of ['a b', '-x', 'x..y', 'HEAD', '@{-1}', '-', 'x.lock', '/x', 'x/', 'refs\\x', '~']) {
      expect((await told({ branch })).slice(0, 2), branch).toEqual(['worktree-refused', 'branch-name']);
    }
    expect(await told({ branch: 'taken' })).toEqual([
      'worktree-refused',
      'checked-out',
      `The branch taken is checked out in ${elsewhere}; one branch has one checkout.`,
      expect.stringContaining(`-C ${elsewhere}`),
    ]);
    expect((await refusal({ branch: main })).details).toEqual({
      reason: 'checked-out',
      branch: main,
      path: root,
    });
    expect((await told({ branch: 'there', base: 'HEAD' })).slice(0, 2)).toEqual([
      'worktree-refused',
      'branch-exists',
    ]);
    expect([inventory(join(root, '.git')), left()]).toEqual(before);
  });

  test('a branch whose checkout was deleted by hand', async () => {
    const { folder, git, write, commit, make, refusal } = trees();
    write('a', 'a\n');
    commit();
    const gone = join(folder, 'gone');
    git('worktree', 'add', '-q', '-b', 'taken', gone);
    rmSync(gone, { recursive: true });
    const { details, hint } = await refusal({ branch: 'taken' });
    expect([details.path, hint]).toEqual([gone, expect.stringContaining('git worktree prune')]);
    git('worktree', 'prune');
    expect((await make({ branch: 'taken' })).branch).toBe('taken');
  });

  test('where git is not installed', async () => {
    const { write, commit, refusal } = trees();
    write('a', 'a\n');
    commit();
    const before = process.env.PATH;
    onTestFinished(() => {
      process.env.PATH = before;
    });
    process.env.PATH = '/nowhere';
    const { code, message } = await refusal({});
    expect([code, message]).toEqual(['worktree-failed', 'The worktree was not made: git is not installed.']);
  });

  test('a branch beside which it cannot be', async () => {
    const { git, write, commit, refusal, left } = trees();
    write('a', 'a\n');
    commit();
    git('branch', 'cox');
    git('branch', 'deep/er');
    const before = left();
    for (const branch of [null, 'cox/x', 'deep']) {
      const { code, details } = await refusal({ branch });
      expect([code, details.reason], String(branch)).toEqual(['worktree-refused', 'branch-in-the-way']);
    }
    expect(left()).toEqual(before);
  });

  test('a folder that its commit does not have, or has as a link', async () => {
    const { folder, root, write, commit, refusal, left } = trees();
    write('a', 'a\n');
    symlinkSync(folder, join(root, 'was-a-link'));
    commit();
    mkdirSync(join(root, 'new'));
    rmSync(join(root, 'was-a-link'));
    mkdirSync(join(root, 'was-a-link'));
    const before = left();
    for (const name of ['new', 'was-a-link']) {
      const { code, message, details } = await refusal({ cwd: join(root, name) });
      expect([code, details.reason], name).toEqual(['worktree-refused', 'folder-missing']);
      expect(message).toContain(name);
    }
    expect(left()).toEqual(before);
  });

  test('git that fails, or takes too long, half way through', async () => {
    const { folder, git, write, commit, refusal, left } = trees();
    write('a', 'a\n');
    write('b.bin', 'b\n');
    commit();
    git('config', 'filter.f.smudge', 'false');
    git('config', 'filter.f.clean', 'cat');
    git('config', 'filter.f.required', 'true');
    write('.gitattributes', '*.bin filter=f\n');
    commit();
    const before = left();
    const failed = await refusal({});
    expect([failed.code, failed.message]).toEqual(['worktree-failed', expect.stringContaining('filter')]);
    expect(left()).toEqual(before);
    // Nothing of git, and of what it has started, goes on.
    git('config', 'filter.f.smudge', 'touch "$HELD"; sleep 20');
    const mark = { name: 'HELD', value: join(folder, 'held') };
    const late = await refusal({ branch: 'slow', deadlineMs: 4_000 }, { [mark.name]: mark.value });
    expect([late.code, late.details.reason]).toEqual(['worktree-failed', 'deadline']);
    const isOver = (): void => expect(findByEnvironment([mark]).found).toEqual([]);
    await vi.waitFor(isOver, { timeout: 5_000, interval: 20 });
    expect(left()).toEqual(before);
  });
});
