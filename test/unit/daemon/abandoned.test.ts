import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { removeAbandoned } from '../../../src/daemon/abandoned.ts';
import { treesIn } from '../../../src/worktree/tree-record.ts';
import { trees } from '../worktree/tree-fixture.ts';

test('worktrees of no session go where they hold no work; the log names those that stay', async () => {
  const { place, write, commit, make, left } = trees();
  write('a', 'a\n');
  commit();
  const before = left();
  await make({ id: 'clean1' });
  const dirty = await make({ id: 'dirty1' });
  writeFileSync(join(dirty.path, 'made.txt'), 'x\n');
  writeFileSync(join(place.directory, 'broken.json'), 'not JSON');
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  await removeAbandoned(place, treesIn(place), log);
  expect(lines.map(({ msg, session, paths }) => [msg, session, paths])).toEqual([
    ['worktree.not-removed', 'broken', undefined],
    ['worktree.removed', 'clean1', undefined],
    ['worktree.left', 'dirty1', ['made.txt']],
  ]);
  expect(existsSync(join(dirty.path, 'made.txt'))).toBe(true);
  expect(left()).toEqual({
    branches: ['cox/dirty1', ...before.branches],
    worktrees: [`worktree ${dirty.path}`],
    place: ['broken.json', 'dirty1', 'dirty1.json'],
  });
});
