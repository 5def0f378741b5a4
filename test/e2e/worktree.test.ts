import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMeasured, refused, told } from './documents.ts';
import { runIn, settled } from './repositories.ts';
import { play } from './scenarios.ts';
import { checkoutOf, gitOf, leftIn, treeOf, userRepository } from './worktrees.ts';
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
const left = (folder: string) => leftIn(world, folder);

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
