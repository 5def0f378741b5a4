import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DaemonView } from '../../src/client/index.ts';
import { identify, isAlive } from '../../src/machine/identity.ts';
import { signalIdentity } from '../../src/machine/signal.ts';
import { LiveCommand } from './live.ts';
import { processesWith } from './processes.ts';
import { git, repository, runIn, settled } from './repositories.ts';
import { play } from './scenarios.ts';
import { checkoutOf, gitOf, treeOf, userRepository } from './worktrees.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

const at = (folder: string, ...args: string[]): string => gitOf(world)(folder, ...args);
const user = (name: string): string => userRepository(world, name);
const checkout = (folder: string) => checkoutOf(world, folder);

describe('git in a session whose worktree belongs to a repository that it cannot write', () => {
  /** Steps that ask to run outside of the sandbox. */
  const asking = (commands: string[]) => play('approvals', { commands });

  test('a commit is refused inside the sandbox, asked for outside, and lands on the branch alone', async () => {
    const folder = user('commits');
    const before = checkout(folder);
    const commands = ['echo more > new.txt; git add new.txt', 'git commit --allow-empty -m inside'];
    const tried = await runIn(
      world,
      folder,
      play('commands', { commands }),
      '--worktree=tried',
      '-a',
      'never',
    );
    await settled(world, tried.id);
    expect(at(folder, 'rev-parse', 'tried')).toBe(treeOf(tried).base);
    expect(existsSync(join(treeOf(tried).path, 'new.txt'))).toBe(true);
    expect(at(treeOf(tried).path, 'diff', '--cached', '--name-only')).toBe('');

    const { id } = await runIn(
      world,
      folder,
      asking(['git commit --allow-empty -m asked']),
      '--worktree=asked',
    );
    const request = await world.request(id);
    expect([request.kind, request.command]).toEqual(['approval', 'git commit --allow-empty -m asked']);
    expect((await world.cox(['approve', id])).code).toBe(0);
    expect((await settled(world, id)).phase).toBe('done');
    expect(at(folder, 'log', '-1', '--format=%s', 'asked')).toBe('asked');
    expect(checkout(folder)).toEqual(before);
    // Its commit stays where it belongs.
    expect((await world.cox(['rm', id])).code).toBe(0);
    expect(at(folder, 'log', '-1', '--format=%s', 'asked')).toBe('asked');
  });

  test('a rule for git in the folder answers, without the session having a say in what git runs', async () => {
    const folder = user('ruled');
    const policy = join(world.root, 'git.toml');
    const rule = ['need = "approval"', 'match = "prefix"', 'cwd = "inside"', 'do = "approve"'];
    writeFileSync(
      policy,
      `version = 1\n[[rule]]\nname = "git"\ncommand = ["git", ["add", "commit", "status"]]\n${rule.join('\n')}\n`,
    );
    const commands = ['git add -A', 'git commit --allow-empty -m ruled'];
    const { id } = await runIn(world, folder, asking(commands), '--worktree=ruled', '--policy', policy);
    const view = await settled(world, id);
    expect(view.interventions.map(({ kind, by }) => [kind, by])).toEqual([
      ['approve', 'policy:git'],
      ['approve', 'policy:git'],
    ]);
    expect(at(folder, 'log', '-1', '--format=%s', 'ruled')).toBe('ruled');

    // A repository whose configuration the session can write is another matter: here, in its temporary directory.
    const open = join(world.env.TMPDIR ?? '', 'open');
    at(world.root, 'clone', '-q', folder, open);
    const steps = [
      { type: 'tool', command: `git config --file ${open}/.git/config core.fsmonitor ./evil` },
      { type: 'tool', command: 'git status', escalated: { justification: 'May I?' } },
      { type: 'message', text: 'Done.' },
    ];
    const trap = await runIn(world, open, play('script', { steps }), '--worktree', '--policy', policy);
    const request = await world.request(trap.id);
    expect(at(open, 'config', 'core.fsmonitor')).toBe('./evil');
    expect([request.command, (await world.show(trap.id)).interventions]).toEqual(['git status', []]);
    expect((await world.cox(['deny', trap.id])).code).toBe(0);
    await settled(world, trap.id);
    rmSync(open, { recursive: true });
  });

  test('it cannot put a repository of its own into the place of its .git', async () => {
    const folder = user('kept');
    const commands = [
      'mv .git .git-before',
      'unlink .git',
      'echo "gitdir: ./evil" > .git',
      'ln -sfn evil .git',
    ];
    const view = await runIn(world, folder, play('commands', { commands }), '--worktree', '-a', 'never');
    await settled(world, view.id);
    const { path } = treeOf(view);
    expect(readFileSync(join(path, '.git'), 'utf8')).toBe(`gitdir: ${folder}/.git/worktrees/${view.id}\n`);
    expect(existsSync(join(path, '.git-before'))).toBe(false);
    expect((await world.cox(['rm', view.id])).code).toBe(0);
  });
});

test('the daemon is killed while a worktree is made: the next one leaves nothing of it', async () => {
  const alone = await World.open();
  onTestFinished(() => alone.close());
  await alone.ask('daemon', 'start');
  const folder = repository(alone, 'cut-off');
  const held = join(alone.root, 'held');
  const gate = join(alone.root, 'gate');
  execFileSync('mkfifo', [gate]);
  git(alone, folder, 'config', 'filter.held.clean', 'cat');
  git(alone, folder, 'config', 'filter.held.smudge', `touch ${held}; cat ${gate}`);
  writeFileSync(join(folder, '.gitattributes'), '*.held filter=held\n');
  writeFileSync(join(folder, 'a.held'), 'x\n');
  git(alone, folder, 'add', '-A');
  git(alone, folder, 'commit', '-q', '-m', 'Held');
  const trees = (): string[] => readdirSync(alone.places.worktreesDirectory);
  const branches = (): string => git(alone, folder, 'branch', '--list', 'cox/*');

  const running = new LiveCommand(alone, ['run', '-C', folder, '--worktree', play('plain')]);
  await vi.waitFor(() => expect(existsSync(held)).toBe(true), { timeout: PATIENCE_MS, interval: 20 });
  const { pid } = await alone.ask<DaemonView>('daemon', 'status');
  const daemon = identify(Number(pid));
  if (daemon === null) throw new Error('no daemon runs');
  expect(signalIdentity(daemon, 'SIGKILL')).toBe('sent');
  expect(await running.ended).toBe(7);
  await vi.waitFor(() => expect(isAlive(daemon)).toBe(false), { timeout: PATIENCE_MS, interval: 10 });
  expect([trees().length, branches().includes('cox/')]).toEqual([2, true]);
  // git itself goes on, without anybody who would hear of it.
  const marked = (): string[] => processesWith('COX_OWNER', alone.owner() ?? '');
  expect(marked().length).toBeGreaterThan(0);

  expect((await alone.ask<{ items: unknown[] }>('ls', '--all')).items).toEqual([]);
  await vi.waitFor(() => expect(trees()).toEqual([]), { timeout: PATIENCE_MS, interval: 20 });
  expect([branches(), marked()]).toEqual(['', []]);
  expect(git(alone, folder, 'worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
});
