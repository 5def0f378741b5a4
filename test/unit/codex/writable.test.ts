import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writableOperands } from '../../../src/codex/writable.ts';

/**
 * `project` is the session's own folder, a git repository; `scratch` it can write as well. `out` and `bin` it
 * cannot write.
 */
let place: string;
const at = (path: string): string => (path.startsWith('/') ? join(place, path.slice(1)) : path);

beforeAll(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'cox-writable-')));
  for (const folder of [
    'project/.git',
    'project/sub',
    'project/tools',
    'project/vendored/.git',
    'scratch/clone/.git',
  ])
    mkdirSync(at(`/${folder}`), { recursive: true });
  for (const file of [
    'project/build.sh',
    'project/tools/tool',
    'project/worktree/.git',
    'scratch/notes',
    'bin/tool',
    'bin/git',
    'bin/cat',
    'project/tools/cat',
    'project/cat',
    'out/data',
    'out/repository/.git/config',
  ]) {
    mkdirSync(dirname(at(`/${file}`)), { recursive: true });
    writeFileSync(at(`/${file}`), '');
  }
  // A folder that git takes for a repository without a `.git`.
  mkdirSync(at('/project/bare/objects'), { recursive: true });
  mkdirSync(at('/project/bare/refs'));
  writeFileSync(at('/project/bare/HEAD'), 'ref: refs/heads/main\n');
  // One that says where its parts are.
  mkdirSync(at('/project/linked'));
  writeFileSync(at('/project/linked/HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(at('/project/linked/commondir'), '../bare\n');
  writeFileSync(at('/project/bare/config'), '[core]\nbare = false\nworktree = .\nfsmonitor = ./evil\n');
  symlinkSync(at('/project/build.sh'), at('/out/link-in'));
  symlinkSync(at('/out/data'), at('/project/link-out'));
  symlinkSync(at('/project'), at('/out/folder-in'));
});
afterAll(() => rmSync(place, { recursive: true }));

/** What is flagged for a line, with the place left out. `/x` in a line is a path of the place. */
function flagged(line: string, cwd: string, path = '/bin'): string[] {
  const words = line.split(' ').map((word) => word.replace(/(^|=|^-[a-z])\//, `$1${place}/`));
  const roots = [at('/project'), at('/scratch')];
  const folders = path.split(':').map(at).join(':');
  return writableOperands([words], at(cwd), roots, folders).map((what) => what.replaceAll(place, ''));
}

type Row = [line: string, cwd: string, flagged: string[]];

describe('files that are named', () => {
  test.each<Row>([
    ['cat build.sh', '/project', ['/project/build.sh']],
    ['cat ./build.sh', '/project', ['/project/build.sh']],
    ['cat ../build.sh', '/project/sub', ['/project/build.sh']],
    ['cat /project/build.sh', '/out', ['/project/build.sh']],
    ['cat ../project/build.sh', '/out', ['/project/build.sh']],
    ['cat --file=build.sh', '/project', ['/project/build.sh']],
    ['cat --file=/scratch/notes', '/out', ['/scratch/notes']],
    ['cat -f./build.sh', '/project', ['/project/build.sh']],
    ['cat -f/scratch/notes', '/out', ['/scratch/notes']],
    ['cat /scratch/notes build.sh', '/project', ['/scratch/notes', '/project/build.sh']],
    ['cat build.sh build.sh', '/project', ['/project/build.sh']],
    ['cat /out/link-in', '/out', ['/project/build.sh']],
    ['cat /out/folder-in/build.sh', '/out', ['/project/build.sh']],
    ['cat data', '/out', []],
    ['cat /out/data', '/project', []],
    ['cat -n', '/project', []],
    ['cat', '/project', []],
  ])('%s in %s', (line, cwd, expected) => {
    expect(flagged(line, cwd)).toEqual(expected);
  });

  test('a link of the session can be set to another file, wherever it leads now', () => {
    expect([flagged('cat link-out', '/project'), flagged('./link-out', '/project')]).toEqual([
      ['/project/link-out'],
      expect.arrayContaining(['/project/link-out']),
    ]);
  });

  test('of every command of the line', () => {
    const commands = [
      ['cat', '-n'],
      ['cat', 'build.sh'],
    ];
    expect(writableOperands(commands, at('/project'), [at('/project')], at('/bin'))).toEqual([
      at('/project/build.sh'),
    ]);
  });

  test('a folder whose name begins like a writable one is not in it', () => {
    expect(writableOperands([['cat', 'data']], at('/out'), [at('/ou')], at('/bin'))).toEqual([]);
  });

  test('where all can be written, all is flagged', () => {
    expect(writableOperands([['cat', 'data']], at('/out'), ['/'], at('/bin'))).toEqual([
      `${at('/bin')} on PATH`,
      at('/bin/cat'),
      at('/out/data'),
    ]);
  });

  test.each(['cat x', 'make', './build.sh', 'git status', 'git rebase x'])(
    'where nothing can be written, nothing is: %s',
    (line) => {
      expect(writableOperands([line.split(' ')], at('/project'), [], at('/bin'))).toEqual([]);
    },
  );
});

describe('programs', () => {
  test.each<Row>([
    ['./build.sh', '/project', ['what build.sh runs', '/project/build.sh']],
    ['tools/tool', '/project', ['what tool runs', '/project/tools/tool']],
    ['/project/tools/tool', '/out', ['what tool runs', '/project/tools/tool']],
    ['./cat x', '/project', ['what cat runs', '/project/cat']],
    // Not there yet: it may be by the time that the command runs.
    ['./ls', '/project', ['what ls runs']],
    ['./git status', '/project', ['what git runs']],
    ['/bin/cat x', '/project', []],
    ['/bin/tool', '/project', ['what tool runs']],
    ['tool', '/project', ['what tool runs']],
  ])('%s in %s', (line, cwd, expected) => {
    expect(flagged(line, cwd)).toEqual(expected);
  });

  test.each<[path: string, flagged: string[]]>([
    ['/bin', []],
    ['/out:/bin', []],
    ['/bin:/project/tools', []],
    ['/project/tools:/bin', ['/project/tools on PATH', '/project/tools/cat']],
    ['/project/sub:/bin', ['/project/sub on PATH']],
    ['/scratch/not-there:/bin', ['/scratch/not-there on PATH']],
    ['/out/folder-in/sub:/bin', ['/out/folder-in/sub on PATH']],
    ['/out/folder-in/not-there:/bin', ['/out/folder-in/not-there on PATH']],
    ['tools:/bin', ['PATH, which names tools']],
    ['.:/bin', ['PATH, which names .']],
    [':/bin', ['PATH, which names the current folder']],
    ['/bin:', []],
  ])('found on PATH %s', (path, expected) => {
    expect(flagged('cat', '/out', path)).toEqual(expected);
  });
});

describe('what is not known to run nothing', () => {
  const RUNNERS = [
    'npm test',
    'npx x',
    'make',
    'cargo test',
    'go build',
    'pytest',
    'docker compose',
    'tsc',
    'rake',
  ];
  const WRAPPERS = [
    'python3 x.py',
    'sh -c x',
    'bash x',
    'node x',
    'env x',
    'xargs x',
    'sudo x',
    'time x',
    'find x',
  ];
  const MORE = [
    'python3.12 x.py',
    'pip install .',
    'uv run x',
    'tsx x.ts',
    'awk x',
    'sed -n x',
    'nobody-knows-me',
  ];
  test.each([...RUNNERS, ...WRAPPERS, ...MORE, '/bin/npm test', '/bin/env x'])('%s', (line) => {
    const name = line.split(' ')[0]?.split('/').at(-1);
    for (const cwd of ['/project', '/project/sub', '/scratch', '/out'])
      expect(flagged(line, cwd)).toContain(`what ${name} runs`);
  });

  test.each<Row>([
    ['psql -f build.sh', '/project', ['what psql runs', '/project/build.sh']],
    ['psql --file=build.sh', '/project', ['what psql runs', '/project/build.sh']],
    ['psql -f/project/build.sh', '/out', ['what psql runs', '/project/build.sh']],
    ['psql -f /out/link-in', '/out', ['what psql runs', '/project/build.sh']],
    ['make -k test', '/project', ['what make runs']],
    ['make -C /project', '/out', ['what make runs']],
    ['python3 /project/new.py', '/out', ['what python3 runs']],
    ['psql -c nothing', '/out', ['what psql runs']],
  ])('names the files that are there besides: %s in %s', (line, cwd, expected) => {
    expect(flagged(line, cwd)).toEqual(expected);
  });

  test.each([
    'ls -l',
    'cat x',
    'grep -r x .',
    'rm x',
    'mkdir -p x',
    '[ -f x ]',
    'wc -l',
    'echo make',
    '/bin/ls',
  ])('%s is known to', (line) => {
    expect(flagged(line, '/project')).toEqual([]);
  });

  test('a name that only begins or ends like one that is known', () => {
    expect(['cats', 'tac', 'lsof', 'CAT'].map((line) => flagged(line, '/project'))).toEqual([
      ['what cats runs'],
      ['what tac runs'],
      ['what lsof runs'],
      ['what CAT runs'],
    ]);
  });
});

describe('git', () => {
  test.each<Row>([
    ['git status', '/project', []],
    ['git status', '/project/sub', []],
    ['/bin/git status', '/project', []],
    ['git diff --cached', '/project', []],
    ['git log --oneline --stat', '/project', []],
    ['git status', '/project/vendored', ['/project/vendored/.git']],
    ['git status', '/project/worktree', ['/project/worktree/.git']],
    ['git status', '/scratch/clone', ['/scratch/clone/.git']],
    ['/bin/git status', '/project/vendored', ['/project/vendored/.git']],
    ['git status', '/project/bare', ['/project/bare']],
    ['git status', '/project/bare/objects', ['/project/bare']],
    ['git status', '/out/repository', []],
    ['git status', '/out', []],
    ['git add build.sh', '/project', ['/project/build.sh']],
  ])('%s in %s', (line, cwd, expected) => {
    expect(flagged(line, cwd)).toEqual(expected);
  });

  test('the second writable folder is not protected by Codex as the session’s own is', () => {
    const roots = [at('/scratch'), at('/project')];
    expect(writableOperands([['git', 'status']], at('/project'), roots, at('/bin'))).toEqual([
      at('/project/.git'),
    ]);
  });

  test('a repository whose parts are elsewhere is the session’s, too (git fetch there runs its uploadpack)', () => {
    expect(flagged('git fetch', '/project/linked')).not.toEqual([]);
  });

  test.each([
    '-C vendored status',
    '-Cvendored status',
    '-c core.pager=x log',
    '-ccore.pager=x log',
    '--git-dir vendored/.git log',
    '--git-dir=vendored/.git log',
    '--git-di=vendored/.git log',
    '--work-tree=x log',
    '--exec-path=x log',
    '--config-env=a=b log',
    'clone --config core.pager=x a b',
    'diff --no-index a b',
    'diff --ext-diff',
    'fetch --upload-pack=./new origin',
    'fetch --upload-p=./new origin',
    'ls-remote --exec=./new origin',
    'push --receive-pack=./new origin',
    'archive --remote=. --exec=./new HEAD',
    'rebase --exec ./new HEAD~1',
    'rebase -x ./new HEAD~1',
    'bisect run ./new',
    'submodule foreach ./new',
    'difftool -x ./new',
    'grep -O./new x',
    'grep --open-files-in-pager=./new x',
    'log --output=./new',
    // Tried with git 2.39: clone -u and clone --template run it; the rest by their manuals.
    'clone -u ./new . x',
    'clone -u./new . x',
    'clone --template=./new . x',
    'init --template=./new x',
    'merge-index ./new -a',
    'send-email --smtp-server=./new x',
    'instaweb --httpd=./new',
  ])('git %s', (line) => {
    expect(['/project', '/out'].map((cwd) => flagged(`git ${line}`, cwd).length > 0)).toEqual([true, true]);
  });
});
