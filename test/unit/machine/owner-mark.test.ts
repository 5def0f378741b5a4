import { expect, test } from 'vitest';
import { findByEnvironment, holdsEntries } from '../../../src/machine/environment-scan.ts';
import { findOwned, markEntries, ownerEnvironment } from '../../../src/machine/owner-mark.ts';
import { freshOwner, startFixture } from './fixture.ts';

test('a mark is a set of environment variables, the owner first', () => {
  expect(ownerEnvironment({ owner: 'o', run: 'r', server: 's' })).toEqual({
    COX_OWNER: 'o',
    COX_SERVER: 's',
    COX_RUN: 'r',
  });
  expect(markEntries({ owner: 'o', session: 'x' }).map(({ name }) => name)).toEqual([
    'COX_OWNER',
    'COX_SESSION',
  ]);
});

test.each(['', 'a\0b'])('a mark of %j is refused', (owner) => {
  expect(() => ownerEnvironment({ owner })).toThrow(RangeError);
  expect(() => findOwned(owner)).toThrow(RangeError);
});

test('no entries at all would match every process and is refused', () => {
  expect(() => findByEnvironment([])).toThrow(RangeError);
  expect(() => findByEnvironment([{ name: 'A=B', value: 'c' }])).toThrow(RangeError);
});

test('entries match whole and exactly', () => {
  const block = 'XCOX_OWNER=a\0COX_OWNER=ab\0NOTE=COX_OWNER=a\0LINES=1\n2\0';
  expect(holdsEntries(block, [{ name: 'COX_OWNER', value: 'a' }])).toBe(false);
  expect(holdsEntries(block, [{ name: 'COX_OWNER', value: 'ab' }])).toBe(true);
  expect(holdsEntries(block, [{ name: 'LINES', value: '1\n2' }])).toBe(true);
  expect(
    holdsEntries(block, [
      { name: 'COX_OWNER', value: 'ab' },
      { name: 'LINES', value: '1' },
    ]),
  ).toBe(false);
});

test.runIf(process.platform === 'linux')(
  'owned processes are found by mark, narrowed by a further entry',
  async () => {
    const owner = freshOwner();
    const thread = { name: 'CODEX_THREAD_ID', value: `${owner}-thread` };
    const plain = startFixture('linger.mjs', [], { owner });
    const withThread = startFixture('linger.mjs', [], { owner, env: { [thread.name]: thread.value } });
    const other = startFixture('linger.mjs', [], { owner: `${owner}0` });
    await Promise.all([plain.line(), withThread.line(), other.line()]);
    const byPid = (identities: readonly { pid: number }[]) => identities.toSorted((a, b) => a.pid - b.pid);
    expect(byPid(findOwned(owner).found)).toEqual(byPid([plain.identity, withThread.identity]));
    expect(findOwned(owner, thread).found).toEqual([withThread.identity]);
    expect(findByEnvironment([thread]).found).toEqual([withThread.identity]);
  },
);
