import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { identify, isAlive, sameProcess, self } from '../../../src/machine/identity.ts';
import { isRunning, parseProcStat, parsePsRows } from '../../../src/machine/process-record.ts';
import { commandLine, readProcessTable } from '../../../src/machine/tree.ts';
import { fixturePath, startCommand, startFixture } from './fixture.ts';

const statLine = (name: string, state: string, threads: number) =>
  `4821 (${name}) ${state} 77 4821 4820 0 -1 4194304 100 0 0 0 3 1 0 0 20 0 ${threads} 0 987654 22000000 500 18446744073709551615`;

test('stat fields count from the last parenthesis of the name', () => {
  expect(parseProcStat(statLine('a) R 1 (b c', 'S', 2))).toEqual({
    pid: 4821,
    parentPid: 77,
    processGroup: 4821,
    session: 4820,
    state: 'S',
    threads: 2,
    name: 'a) R 1 (b c',
    startTime: '987654',
  });
  expect(parseProcStat('')).toBeNull();
  expect(parseProcStat('12 (x) S')).toBeNull();
});

test('a zombie leader is running only while other threads of it are', () => {
  const zombie = parseProcStat(statLine('x', 'Z', 1));
  const leaderless = parseProcStat(statLine('x', 'Z', 3));
  expect(zombie && isRunning(zombie)).toBe(false);
  expect(leaderless && isRunning(leaderless)).toBe(true);
});

test('rows of ps are read with names that hold spaces', () => {
  const text = '  501   1  501 Ss   Mon Nov  3 01:56:34 2026 /Applications/A B.app/x y\nnoise\n';
  expect(parsePsRows(text)).toEqual([
    {
      pid: 501,
      parentPid: 1,
      processGroup: 501,
      session: 0,
      state: 'S',
      threads: 1,
      name: '/Applications/A B.app/x y',
      startTime: 'Mon Nov  3 01:56:34 2026',
    },
  ]);
});

test('a process has one identity for its life, and none after it', async () => {
  const { child, identity, line } = startFixture('linger.mjs');
  await line();
  expect(identify(identity.pid)).toEqual(identity);
  expect(isAlive(identity)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(identity)).toBe(false);
  expect(identify(identity.pid)).toBeNull();
});

test('another start time or another boot is another process', () => {
  const me = self();
  expect(isAlive(me)).toBe(true);
  expect(isAlive({ ...me, startTime: '1' })).toBe(false);
  expect(isAlive({ ...me, bootId: 'another' })).toBe(false);
  expect(sameProcess(me, { ...me })).toBe(true);
  expect(sameProcess(me, { ...me, startTime: '1' })).toBe(false);
});

test.runIf(process.platform === 'linux')('a zombie has an identity and is not alive', async () => {
  const script = `true & exec "$0" "$1"`;
  const parent = startCommand('/bin/sh', ['-c', script, process.execPath, fixturePath('linger.mjs')]);
  await parent.line();
  const zombie = await vi.waitFor(() => {
    const child = readProcessTable()
      .childrenOf.get(parent.identity.pid)
      ?.find(({ state }) => state === 'Z');
    return expect.assert.exists(child) ?? child;
  });
  const identity = identify(zombie?.pid ?? 0);
  expect(identity).not.toBeNull();
  expect(identity && isAlive(identity)).toBe(false);
  expect(identity && commandLine(identity)).toEqual([`[${zombie?.name}]`]);
});

test('nothing has an identity where there is no process', () => {
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 30]) expect(identify(pid)).toBeNull();
});
