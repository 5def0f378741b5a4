import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { Clock } from '../../../src/machine/clock.ts';
import type { ProcessIdentity } from '../../../src/machine/identity.ts';
import { identify, isAlive } from '../../../src/machine/identity.ts';
import { endTree } from '../../../src/machine/kill.ts';
import { findOwned, markEntries } from '../../../src/machine/owner-mark.ts';
import { isRunning } from '../../../src/machine/process-record.ts';
import { signalIdentity } from '../../../src/machine/signal.ts';
import { descendantsOf, readProcessTable } from '../../../src/machine/tree.ts';
import { fixturePath, freshOwner, startCommand, startFixture } from './fixture.ts';

const patient = { graceMs: 8_000, deadlineMs: 10_000 };
const hasty = { graceMs: 100, deadlineMs: 10_000 };
const pids = (processes: readonly { pid: number }[]) =>
  processes.map(({ pid }) => pid).toSorted((a, b) => a - b);

function identityOfPid(text: string): ProcessIdentity {
  const identity = identify(Number(text));
  if (identity === null) throw new Error(`no process ${text}`);
  return identity;
}

test('a process that obeys gets SIGTERM only, its children with it', async () => {
  const script = '"$0" "$1" & echo child; wait';
  const parent = startCommand('/bin/sh', ['-c', script, process.execPath, fixturePath('linger.mjs')]);
  expect([await parent.line(), await parent.line()].toSorted()).toEqual(['child', 'ready']);
  const exit = once(parent.child, 'exit');
  const children = descendantsOf(readProcessTable(), parent.identity);
  const result = await endTree({ roots: [parent.identity], ...patient });
  expect({ ...result, ended: pids(result.ended) }).toEqual({
    ended: pids([parent.identity, ...children]),
    survivors: [],
    proof: 'empty',
    unreadable: 0,
  });
  expect(await exit).toEqual([null, 'SIGTERM']);
});

test('a process that ignores SIGTERM is killed after the grace', async () => {
  const { child, identity, line } = startFixture('ignore-sigterm.mjs');
  await line();
  const exit = once(child, 'exit');
  const result = await endTree({ roots: [identity], ...hasty });
  expect(result).toMatchObject({ ended: [identity], proof: 'empty' });
  expect(await exit).toEqual([null, 'SIGKILL']);
});

test('a stopped process is woken so that it can take SIGTERM', async () => {
  const { child, identity, line } = startFixture('linger.mjs');
  await line();
  const exit = once(child, 'exit');
  expect(signalIdentity(identity, 'SIGSTOP')).toBe('sent');
  const result = await endTree({ roots: [identity], ...patient });
  expect(result.proof).toBe('empty');
  expect(await exit).toEqual([null, 'SIGTERM']);
});

test.runIf(process.platform === 'linux')(
  'a double-forked grandchild in another session is found by mark',
  async () => {
    const owner = freshOwner();
    const { identity, line } = startFixture('double-fork.mjs', [], { owner });
    const grandchild = identityOfPid(await line());
    await line();
    const descendants = descendantsOf(readProcessTable(), identity).map(({ pid }) => pid);
    expect(descendants).not.toContain(grandchild.pid);
    const result = await endTree({ roots: [identity], alsoOwned: [markEntries({ owner })], ...patient });
    expect(result).toMatchObject({ proof: 'empty', survivors: [] });
    expect(pids(result.ended)).toEqual(pids([identity, grandchild]));
    expect(findOwned(owner).found).toEqual([]);
  },
);

test.runIf(process.platform === 'linux')('roots that are gone leave the marks to be swept', async () => {
  const owner = freshOwner();
  const { child, identity, line } = startFixture('double-fork.mjs', [], { owner });
  const grandchild = identityOfPid(await line());
  await line();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const result = await endTree({ roots: [identity], alsoOwned: [markEntries({ owner })], ...patient });
  expect(result).toMatchObject({ ended: [grandchild], proof: 'empty' });
});

test.runIf(process.platform === 'linux').each(['marked', 'unmarked'])(
  'a child forked on SIGTERM by a parent that then exits is ended too (%s)',
  async (kind) => {
    const owner = freshOwner();
    const { identity, line } = startFixture('fork-on-sigterm.mjs', [kind], { owner, detached: true });
    await line();
    const alsoOwned = kind === 'marked' ? [markEntries({ owner })] : [];
    const result = await endTree({ roots: [identity], alsoOwned, graceMs: 500, deadlineMs: 10_000 });
    expect(result).toMatchObject({ proof: 'empty', survivors: [] });
    expect(result.ended).toHaveLength(2);
    const running = [...readProcessTable().byPid.values()].filter(isRunning);
    expect(running.filter(({ session }) => session === identity.pid)).toEqual([]);
  },
);

test('a pid that belongs to another process by now is never signalled', async () => {
  const { child, identity, line } = startFixture('linger.mjs');
  await line();
  const reused = { ...identity, startTime: '1' };
  const otherBoot = { ...identity, bootId: 'another' };
  expect(signalIdentity(reused, 'SIGKILL')).toBe('gone');
  expect(signalIdentity(otherBoot, 'SIGKILL')).toBe('gone');
  const result = await endTree({ roots: [reused, otherBoot], graceMs: 0, deadlineMs: 1_000 });
  expect(result).toEqual({ ended: [], survivors: [], proof: 'empty', unreadable: 0 });
  expect(isAlive(identity)).toBe(true);
  expect(child.signalCode).toBeNull();
});

test('pid 1 and the caller are not signalled', async () => {
  const first = identify(1);
  const me = identify(process.pid);
  expect(first && signalIdentity(first, 'SIGCONT')).toBe('not-permitted');
  expect(me && signalIdentity(me, 'SIGCONT')).toBe('not-permitted');
  const roots = [first, me].filter((identity) => identity !== null);
  const result = await endTree({ roots, graceMs: 0, deadlineMs: 1_000 });
  expect(result).toMatchObject({ ended: [], proof: 'empty' });
});

test('an ancestor of the caller is reported, not signalled', async () => {
  const script = '"$0" "$1"; echo still here';
  const parent = startCommand('/bin/sh', ['-c', script, process.execPath, fixturePath('end-parent.ts')]);
  const result = JSON.parse(await parent.line()) as unknown;
  expect(result).toMatchObject({ ended: [], survivors: [{ identity: parent.identity }], proof: 'survivors' });
  expect(await parent.line()).toBe('still here');
});

test('what outlives the deadline is reported with its command', async () => {
  const { identity, line } = startFixture('ignore-sigterm.mjs');
  await line();
  let now = 0;
  const clock: Clock = {
    now: () => now,
    wait: () => {
      now = 1_000;
      return Promise.resolve();
    },
  };
  const result = await endTree({ roots: [identity], graceMs: 500, deadlineMs: 1_000, clock });
  const command = `${process.execPath} ${fixturePath('ignore-sigterm.mjs')}`;
  expect(result).toEqual({
    ended: [],
    survivors: [{ identity, command }],
    proof: 'survivors',
    unreadable: 0,
  });
});

test('empty marks and a deadline within the grace are refused before anything is signalled', async () => {
  const { identity, line } = startFixture('linger.mjs');
  await line();
  const roots = [identity];
  await expect(endTree({ roots, alsoOwned: [[]], ...hasty })).rejects.toThrow(RangeError);
  await expect(endTree({ roots, graceMs: 100, deadlineMs: 100 })).rejects.toThrow(RangeError);
  await vi.waitFor(() => expect(isAlive(identity)).toBe(true));
});
