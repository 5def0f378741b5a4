import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DaemonView, SessionView } from '../../src/client/index.ts';
import { identify, isAlive } from '../../src/machine/identity.ts';
import { signalIdentity } from '../../src/machine/signal.ts';
import { isMeasured, refused, told } from './documents.ts';
import { LiveCommand } from './live.ts';
import { processesWith } from './processes.ts';
import { git, repository, runIn, settled } from './repositories.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

const at = (folder: string, ...args: string[]): string => git(world, folder, ...args).trim();

/** A repository with a name and an address to commit by. */
function user(name: string): string {
  const folder = repository(world, name);
  at(folder, 'config', 'user.name', 'Test');
  at(folder, 'config', 'user.email', 'test@example.org');
  return folder;
}

/** What the user sees of their checkout. */
const checkout = (folder: string) => ({
  head: [at(folder, 'symbolic-ref', 'HEAD'), at(folder, 'rev-parse', 'HEAD')],
  status: at(folder, '--no-optional-locks', 'status', '--porcelain'),
  index: readFileSync(join(folder, '.git/index')).toString('base64'),
  config: readFileSync(join(folder, '.git/config'), 'utf8'),
  files: readdirSync(folder),
});

/** All that there is because of worktrees. */
const left = (folder: string) => ({
  branches: at(folder, 'for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n'),
  worktrees:
    at(folder, 'worktree', 'list', '--porcelain')
      .match(/^worktree .*$/gm)
      ?.slice(1) ?? [],
});

const treeOf = (view: SessionView) => {
  if (view.worktree === null) throw new Error(`${view.id} has no worktree`);
  return view.worktree;
};

const atGate = (gate: string) =>
  world.lab.waitForRequest((request) => request.gate === gate && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });

describe('two sessions of one repository at once, each in a worktree of its own', () => {
  const ids: string[] = [];
  let folder: string;
  let before: ReturnType<typeof checkout>;
  let head: string;

  beforeAll(async () => {
    folder = user('shared');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      writeFileSync(join(folder, '.git/hooks', hook), `#!/bin/sh\ntouch ${join(world.root, 'hooked')}\n`);
      chmodSync(join(folder, '.git/hooks', hook), 0o755);
    }
    writeFileSync(join(folder, 'README.md'), 'Changed by the user.\n');
    writeFileSync(join(folder, 'mine.txt'), 'Not committed.\n');
    head = at(folder, 'rev-parse', 'HEAD');
    before = checkout(folder);
    for (const name of ['left', 'right']) {
      const prompt = play('work-gated', {
        gate: name,
        path: `${name}.txt`,
        command: `ls > ${name}-saw.txt; cat README.md >> ${name}-saw.txt`,
      });
      // The word after the flag is the prompt.
      const ran = await world.cox(['run', '-C', folder, '--name', name, '--worktree', prompt]);
      expect([ran.code, ran.stderr]).toEqual([
        0,
        '2 files are uncommitted in your checkout, and so not in the worktree.\n',
      ]);
      ids.push(ran.stdout.trim());
    }
    await Promise.all([atGate('left'), atGate('right')]);
    for (const gate of ['left', 'right']) world.lab.release(gate);
    for (const id of ids) expect((await settled(world, id)).phase).toBe('done');
  });

  test('each sees its own changes only, in what show, report and diff say', async () => {
    for (const [at, name] of ['left', 'right'].entries()) {
      const id = ids[at] ?? '';
      const path = join(world.places.worktreesDirectory, id);
      const view = await world.show(name);
      expect(view).toMatchObject({
        id,
        cwd: path,
        worktree: { path, branch: `cox/${name}`, base: head, uncommitted: 2 },
        changes: { files: 2 },
      });
      const report = await told(world, 'report', ['report', id]);
      expect(report.changes?.list.map((file) => file.path)).toEqual([`${name}-saw.txt`, `${name}.txt`]);
      const { root, patch } = await told(world, 'diff', ['diff', id]);
      expect(root).toBe(path);
      expect(patch.match(/^\+\+\+ .*$/gm)).toEqual([`+++ b/${name}-saw.txt`, `+++ b/${name}.txt`]);
      // Neither the other's work nor what the user has not committed.
      const saw = readFileSync(join(path, `${name}-saw.txt`), 'utf8');
      expect(saw).toBe(`README.md\n${name}-saw.txt\nA repository for tests.\n`);
      expect((await world.cox(['show', id])).stdout).toContain(
        `\nworktree ${path}, branch cox/${name} from ${head.slice(0, 12)}\n`,
      );
    }
    expect(statSync(world.places.worktreesDirectory).mode & 0o777).toBe(0o700);
  });

  test('the checkout of the user is as it was, and no hook of theirs was run', () => {
    expect(checkout(folder)).toEqual(before);
    expect(existsSync(join(world.root, 'hooked'))).toBe(false);
    expect(left(folder).branches).toEqual(['cox/left', 'cox/right', 'main']);
  });

  test('a next run goes on in the same one', async () => {
    await told(world, 'send', ['resume', 'left', play('plain', { path: 'more.txt' })]);
    await world.ended('left');
    await world.facts(ids[0] ?? '', (facts) => isMeasured(facts, 2));
    const report = await told(world, 'report', ['report', 'left']);
    expect(report.changes?.list.map((file) => file.path)).toEqual(['left-saw.txt', 'left.txt', 'more.txt']);
    expect(existsSync(join(world.places.worktreesDirectory, ids[1] ?? '', 'more.txt'))).toBe(false);
  });
});

test('a branch by name: a new one from base, then the same one again once it is free', async () => {
  const folder = user('named');
  const first = at(folder, 'rev-parse', 'HEAD');
  at(folder, 'commit', '-q', '--allow-empty', '-m', 'Second');
  const flags = ['--worktree=topic/one', '--base', 'HEAD~1'];
  const made = await runIn(world, folder, play('plain'), ...flags);
  expect(treeOf(made)).toMatchObject({ branch: 'topic/one', base: first, uncommitted: 0 });
  await settled(world, made.id);
  const { details } = await refused(world, 'worktree-refused', [
    ...['run', '-C', folder, '--worktree=topic/one', play('plain')],
  ]);
  expect(details).toMatchObject({ reason: 'checked-out', path: treeOf(made).path });
  const { path } = treeOf(made);
  at(path, 'add', '-A');
  at(path, 'commit', '-q', '-m', 'Work');
  expect((await world.cox(['rm', made.id])).code).toBe(0);
  const next = await runIn(world, folder, play('plain', { path: 'again.txt' }), '--worktree=topic/one');
  expect(treeOf(next).base).toBe(at(folder, 'rev-parse', 'topic/one'));
  await settled(world, next.id);
  expect((await world.show(next.id)).changes).toMatchObject({ files: 1 });
});

test('from a folder below the root the session works in the same one of the worktree', async () => {
  const folder = user('below');
  mkdirSync(join(folder, 'packages/one'), { recursive: true });
  writeFileSync(join(folder, 'packages/one/file'), 'x\n');
  at(folder, 'add', '-A');
  at(folder, 'commit', '-q', '-m', 'A folder');
  const commands = ['pwd > here.txt', 'touch ../beside.txt'];
  const inside = join(folder, 'packages/one');
  const view = await runIn(world, inside, play('commands', { commands }), '--worktree', '-a', 'never');
  const { path } = treeOf(view);
  expect(view.cwd).toBe(join(path, 'packages/one'));
  await settled(world, view.id);
  expect(readFileSync(join(view.cwd, 'here.txt'), 'utf8')).toBe(`${view.cwd}\n`);
  expect(existsSync(join(path, 'packages/beside.txt'))).toBe(false);
  const { patch } = await told(world, 'diff', ['diff', view.id]);
  expect(patch).toContain('+++ b/packages/one/here.txt');
});

describe('what run refuses, with nothing started and nothing left behind', () => {
  let folder: string;
  let plain: string;
  let bare: string;
  beforeAll(() => {
    folder = user('refusing');
    plain = join(world.root, 'plain');
    bare = join(world.root, 'bare.git');
    mkdirSync(plain);
    mkdirSync(join(folder, 'not-committed'));
    at(world.root, 'init', '-q', '--bare', bare);
  });

  test.each<[string, () => string[], string, string]>([
    ['no repository', () => ['-C', plain, '--worktree'], 'not-a-repository', 'is not in a git repository'],
    ['a bare one', () => ['-C', bare, '--worktree'], 'not-a-repository', 'is a bare repository'],
    ['an unknown base', () => ['-C', folder, '--worktree', '--base', 'nix'], 'unknown-base', 'nix is no'],
    ['a branch in use', () => ['-C', folder, '--worktree=main'], 'checked-out', 'is checked out in'],
    [
      'a base of what is there',
      () => ['-C', folder, '--worktree=main', '--base=HEAD'],
      'branch-exists',
      'main',
    ],
    ['no name of a branch', () => ['-C', folder, '--worktree=a b'], 'branch-name', 'a b'],
    [
      'a folder not in it',
      () => ['-C', join(folder, 'not-committed'), '--worktree'],
      'folder-missing',
      'not-com',
    ],
  ])('%s', async (_what, flags, reason, message) => {
    const before = [left(folder), (await world.ask<{ items: unknown[] }>('ls', '--all')).items.length];
    const trees = readdirSync(world.places.worktreesDirectory);
    const error = await refused(world, 'worktree-refused', ['run', ...flags(), play('plain')]);
    expect(error.details.reason).toBe(reason);
    expect(error.message).toContain(message);
    expect(error.hint.length).toBeGreaterThan(20);
    expect([left(folder), (await world.ask<{ items: unknown[] }>('ls', '--all')).items.length]).toEqual(
      before,
    );
    expect(readdirSync(world.places.worktreesDirectory)).toEqual(trees);
    const forPeople = await world.cox(['run', ...flags(), play('plain')]);
    expect([forPeople.code, forPeople.stdout, forPeople.stderr]).toEqual([
      2,
      '',
      `cox: ${error.message}\n${error.hint}\n`,
    ]);
  });

  test('--base without --worktree, and a flag that swallows nothing', async () => {
    const { message } = await refused(world, 'usage', ['run', '-C', folder, '--base', 'main', play('plain')]);
    expect(message).toContain('--worktree');
    expect((await refused(world, 'usage', ['run', '-C', folder, '--worktree'])).message).toContain('prompt');
  });

  test('a Codex that is not there: before any worktree is made', async () => {
    const trees = readdirSync(world.places.worktreesDirectory);
    const flags = ['--worktree', '--codex', join(world.root, 'no-codex')];
    await refused(world, 'codex-missing', ['run', '-C', folder, ...flags, play('plain')]);
    expect(readdirSync(world.places.worktreesDirectory)).toEqual(trees);
  });
});

test('the same command twice at once makes one session and one worktree', async () => {
  const folder = user('twice');
  const client = await world.client();
  const body = {
    ...{ prompt: play('plain'), cwd: folder, name: null, labels: {}, model: null, policy: null, codex: null },
    ...{ sandbox: 'workspace-write' as const, approval: 'on-request' as const, codexHome: null },
    ...{ environment: { ...world.env }, extra: {}, overrides: [] },
    worktree: { branch: null, base: null },
  };
  const [one, other] = await Promise.all([client.run(body, 'the-same'), client.run(body, 'the-same')]);
  expect(other.id).toBe(one.id);
  expect(left(folder)).toEqual({
    branches: [`cox/${one.id}`, 'main'],
    worktrees: [`worktree ${treeOf(one).path}`],
  });
  await settled(world, one.id);
});

describe('rm', () => {
  test('takes a worktree without work along, and a branch that nothing was committed to', async () => {
    const folder = user('clean');
    const before = [checkout(folder), left(folder)];
    const { id, worktree } = await runIn(world, folder, play('early-done'), '--worktree');
    await settled(world, id);
    expect(await told(world, 'removed', ['rm', id])).toEqual({ schemaVersion: 1, ok: true, session: id });
    expect(existsSync(worktree?.path ?? '')).toBe(false);
    expect([checkout(folder), left(folder)]).toEqual(before);
    expect(readdirSync(world.places.worktreesDirectory).filter((name) => name.startsWith(id))).toEqual([]);
  });

  test('is refused where there is work, says what, and how to keep or drop it', async () => {
    const folder = user('dirty');
    const { id, worktree } = await runIn(world, folder, play('plain', { path: 'made.txt' }), '--worktree');
    const view = await settled(world, id);
    const path = worktree?.path ?? '';
    const { message, hint, details } = await refused(world, 'conflict', ['rm', id]);
    expect(message).toBe(`The worktree of ${id} holds work, 1 file is not committed (made.txt).`);
    expect(details).toMatchObject({ id, path, branch: `cox/${id}`, paths: ['made.txt'] });
    expect(await world.show(id)).toEqual(view);
    expect(readFileSync(join(path, 'made.txt'), 'utf8')).toBe('Made by the lab.\n');
    // As the hint says.
    const drop = /Drop it: (git .* worktree remove .*?)\. Then/.exec(hint)?.[1] ?? 'false';
    execFileSync('sh', ['-c', drop], { env: { ...world.env } });
    expect((await world.cox(['rm', id])).stdout).toBe(`${id} removed\n`);
    expect(left(folder)).toEqual({ branches: ['main'], worktrees: [] });
  });
});

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
