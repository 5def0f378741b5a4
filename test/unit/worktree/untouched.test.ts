import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patch } from '../../../src/worktree/patch.ts';
import { snapshot } from '../../../src/worktree/snapshot.ts';
import { DEADLINE_MS, fixture, inventory } from './repository-fixture.ts';

test("the user's .git is not touched: no file, no content, no time", async () => {
  const { root, git, objectsDir, write, commit, take, since } = fixture();
  write('a', 'a\n');
  write('deep/b', 'b\n');
  commit();
  git('gc', '-q');
  write('a', 'b\n'); // the content of an object that exists already
  write('new', 'n\n');
  const before = inventory(join(root, '.git'));
  const base = await take();
  const { now } = await since(base);
  await patch({ from: base, to: now, objectsDir, maxBytes: 1000, deadlineMs: DEADLINE_MS });
  expect(inventory(join(root, '.git'))).toEqual(before);
});

test('nothing that the repository configures is run', async () => {
  const { folder, root, objectsDir, write, commit, take, since } = fixture();
  const marker = join(folder, 'marker');
  const evil = join(folder, 'evil.sh');
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${marker}\ncat\n`);
  chmodSync(evil, 0o755);
  write('a.txt', 'a\n');
  commit();
  const base = await take();

  const infect = (gitDir: string) => {
    const settings: Record<string, string> = {
      'core.fsmonitor': evil,
      'core.hooksPath': join(folder, 'hooks'),
      'core.pager': evil,
      'core.sshCommand': evil,
      'core.editor': evil,
      'core.gitProxy': evil,
      'core.alternateRefsCommand': evil,
      'credential.helper': evil,
      'diff.external': evil,
      'diff.evil.textconv': evil,
      'diff.evil.command': evil,
      'filter.evil.clean': evil,
      'filter.evil.smudge': evil,
      'filter.evil.process': evil,
      'filter.evil.required': 'true',
      'merge.evil.driver': evil,
      'remote.origin.url': `ext::${evil}`,
      'remote.origin.promisor': 'true',
      'remote.origin.partialclonefilter': 'blob:none',
      'remote.origin.uploadpack': evil,
      'alias.rev-parse': `!${evil}`,
      'protocol.ext.allow': 'always',
    };
    for (const [key, value] of Object.entries(settings))
      execFileSync('git', ['config', '--file', join(gitDir, 'config'), key, value]);
  };
  mkdirSync(join(folder, 'hooks'));
  for (const hook of ['post-index-change', 'reference-transaction', 'pre-commit', 'post-checkout']) {
    for (const place of [join(folder, 'hooks'), join(root, '.git/hooks')]) {
      writeFileSync(join(place, hook), `#!/bin/sh\ntouch ${marker}\n`);
      chmodSync(join(place, hook), 0o755);
    }
  }
  execFileSync('git', ['init', '-q', join(root, 'nested')]);
  const commitNested = [
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@example.org',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'n',
  ];
  execFileSync('git', commitNested, { cwd: join(root, 'nested') });
  infect(join(root, 'nested/.git'));
  infect(join(root, '.git'));
  write('.gitattributes', '* filter=evil diff=evil merge=evil working-tree-encoding=no-such\n');
  write('.git/info/attributes', '* filter=evil diff=evil -text\n');
  write('a.txt', 'b\n');
  write('nested/file', 'changed\n');

  for (const round of ['first', 'second']) {
    const found = await since(base);
    expect(
      found.files.map(({ path, added }) => [path, added]),
      round,
    ).toEqual([
      ['.gitattributes', 1],
      ['a.txt', 1],
      ['nested', 1],
    ]);
    await patch({ from: base, to: found.now, objectsDir, maxBytes: 10_000, deadlineMs: DEADLINE_MS });
  }
  // The same settings in place before anything of ours exists: the index is seeded under them.
  const late = await take();
  const fresh = join(folder, 'ours-fresh');
  const seeded = await snapshot({ cwd: root, objectsDir: fresh, deadlineMs: DEADLINE_MS });
  expect(seeded).toEqual(late);
  expect(existsSync(marker)).toBe(false);
  // The trap works: plain git falls into it.
  spawnSync('git', ['status'], { cwd: root, env: { PATH: process.env.PATH ?? '', HOME: folder } });
  expect(existsSync(marker)).toBe(true);
});

test('a file whose filter changed it in the index is compared as it is on disk', async () => {
  const { git, write, commit, take, since } = fixture();
  git('init', '-q');
  git('config', 'filter.up.clean', 'tr a-z A-Z');
  write('.gitattributes', '*.up filter=up\n');
  write('x.up', 'lower\n');
  commit();
  const base = await take();
  write('x.up', 'lower\n');
  expect((await since(base)).files).toEqual([]);
});
