import { execFileSync, spawnSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../../src/codex/command-line.ts';

/** What POSIX shells take as one word, whatever is in it. */
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
/** As Codex puts it. */
const wrapped = (line: string, shell = '/bin/bash') => `${shell} -lc ${quoted(line)}`;

type Row = [line: string, commands: string[][] | null];

/** Lines that people write and rules are for: nothing but plain words. The real bash is asked as well. */
const PLAIN: Row[] = [
  ['git status', [['git', 'status']]],
  ['  git \t status  ', [['git', 'status']]],
  [
    'git log; git diff',
    [
      ['git', 'log'],
      ['git', 'diff'],
    ],
  ],
  ['git log;', [['git', 'log']]],
  [
    'git log\ngit diff',
    [
      ['git', 'log'],
      ['git', 'diff'],
    ],
  ],
  [
    'git log && git diff || git status',
    [
      ['git', 'log'],
      ['git', 'diff'],
      ['git', 'status'],
    ],
  ],
  ['git log | cat', [['git', 'log'], ['cat']]],
  ['git log |& cat', [['git', 'log'], ['cat']]],
  ['git log # all of it', [['git', 'log']]],
  ['echo a#b', [['echo', 'a#b']]],
  [`echo 'a  b' "c  d" e\\ f`, [['echo', 'a  b', 'c  d', 'e f']]],
  [`echo a"b"'c'd`, [['echo', 'abcd']]],
  [`echo '' ""`, [['echo', '', '']]],
  [`echo "it's" 'say "x"'`, [['echo', "it's", 'say "x"']]],
  [`echo 'it'\\''s'`, [['echo', "it's"]]],
  ['echo "a\\$b \\` \\" \\\\"', [['echo', 'a$b ` " \\']]],
  ['echo "a\nb"', [['echo', 'a\nb']]],
  ['echo \\* "*" \'?\' \\~ "~"', [['echo', '*', '*', '?', '~', '~']]],
  ['echo a=b:c {}', [['echo', 'a=b:c', '{}']]],
  ['echo a!b "a!b"', [['echo', 'a!b', 'a!b']]],
  ['[ -f x ]', [['[', '-f', 'x', ']']]],
  ['echo ünïcödé 日本 \u{1f600}', [['echo', 'ünïcödé', '日本', '\u{1f600}']]],
  ['echo a\u00a0b a\u2028b a\u3000b', [['echo', 'a\u00a0b', 'a\u2028b', 'a\u3000b']]],
  ['eval ls', [['eval', 'ls']]],
  ['./build.sh -x', [['./build.sh', '-x']]],
];

/** Lines in which the shell does more than to run plain words. */
const MORE: [what: string, line: string][] = [
  ['a variable', 'echo $x'],
  ['a variable in quotes', 'echo "$x"'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
  ['a variable in braces', 'echo a"${x:-y}"'],
  ['a positional', 'echo $1'],
  ['a special variable', 'echo $? $$ $!'],
  ['a command substitution', 'echo $(x)'],
  ['one in quotes', 'echo "a $(x) b"'],
  ['backticks', 'echo `x`'],
  ['backticks in quotes', 'echo "`x`"'],
  ['arithmetic', 'echo $((1+1))'],
  ['a command as a variable', '$x status'],
  ['translated text', 'echo $"x"'],
  ['output to a file', 'git log > x'],
  ['output to a file, first', '>x git log'],
  ['output added', 'git log >> x'],
  ['errors elsewhere', 'git log 2>&1'],
  ['both elsewhere', 'git log &> x'],
  ['input', 'git apply < x'],
  ['a here-document', 'cat <<EOF\nhi\nEOF'],
  ['a quoted here-document', `cat <<'EOF'\nhi\nEOF`],
  ['a here-string', 'cat <<< x'],
  ['a process as a file', 'diff <(ls) x'],
  ['a star', 'ls *.ts'],
  ['a question mark', 'ls a?'],
  ['a set', 'ls [ab]'],
  ['a set in the command', '[ab]c x'],
  ['extended globs', 'ls @(a|b) !(c)'],
  ['a tilde', 'ls ~'],
  ['a tilde with a name', 'ls ~root/x'],
  ['a tilde in what looks like an assignment', 'ls a=~'],
  ['one behind a colon there', 'ls a=b:~/c'],
  ['a substitution behind a line that goes on', `git log $\\\n['$(touch x)' # ]`],
  ['a variable behind a line that goes on', 'echo $\\\nHOME'],
  ['one in quotes behind a line that goes on', 'echo "$\\\nHOME"'],
  ['old arithmetic', "echo $['$(touch x)']"],
  ['braces', 'echo {a,b}'],
  ['braces behind a bracket', 'echo [{},}'],
  ['braces with a range', 'echo x{1..3}'],
  ['an assignment', 'A=1'],
  ['an assignment before a command', 'GIT_PAGER=x git log'],
  ['an array element', 'a[0]=1'],
  ['a declaration', 'export A=~'],
  ['background', 'git log &'],
  ['background in between', 'a & b'],
  ['background behind and', 'a && b &'],
  ['a subshell', '(git log)'],
  ['a group', '{ git log; }'],
  ['a negation', '! git log'],
  ['time', 'time git log'],
  ['time in a pipe', 'time git log | cat'],
  ['a condition', 'if true; then ls; fi'],
  ['a loop', 'for x in a b; do ls; done'],
  ['an endless loop', 'while :; do ls; done'],
  ['a choice', 'case x in x) ls;; esac'],
  ['a menu', 'select x in a; do ls; done'],
  ['a function', 'ls() { rm; }; ls'],
  ['a function by its word', 'function ls { rm; }; ls'],
  ['a test', '[[ a == b ]]'],
  ['arithmetic as a command', '((x=1))'],
  ['a coprocess', 'coproc ls'],
  ['an open single quote', "echo 'a"],
  ['an open double quote', 'echo "a'],
  ['an open substitution', 'echo $(ls'],
  ['an open here-document with a substitution', 'cat <<EOF\n$(x)'],
  ['a lonely operator', '&& ls'],
  ['two semicolons', 'ls ;; rm'],
  ['a comment only', '# nothing'],
  ['nothing', ''],
  ['blanks', ' \n\t '],
];

describe('plain words', () => {
  test.each(PLAIN)('%j', (line, commands) => {
    expect([readCommandLine(wrapped(line)), readCommandLine(line).commands]).toEqual([
      { line, commands },
      commands,
    ]);
  });

  test.each(PLAIN.filter(([, commands]) => commands?.length === 1))('the real bash agrees on %j', (line) => {
    const [argv = []] = readCommandLine(wrapped(line)).commands ?? [];
    // The first word becomes a function that shows what it was given.
    const [name = '', ...words] = argv;
    const show = `function ${name} { printf '%s\\0' "$@"; }\n`;
    const isName = /^[a-z]+$/.test(name) && name !== 'eval';
    const script = isName ? `${show}${line}` : `set -- ${line}\nprintf '%s\\0' "$@"`;
    const out = execFileSync('/bin/bash', ['--norc', '-c', script], {
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(out.split('\0').slice(0, -1)).toEqual(isName ? words : argv);
  });
});

describe('more than plain words', () => {
  test.each(MORE)('%s', (_, line) => {
    expect([readCommandLine(wrapped(line)), readCommandLine(line).commands]).toEqual([
      { line, commands: null },
      null,
    ]);
  });

  test.each(['ls =ls', 'ls ~', 'ls <1-3>', 'ls x(.)'])('zsh: %s', (line) => {
    expect(readCommandLine(wrapped(line, '/bin/zsh')).commands).toBeNull();
  });

  test('what is plain for bash need not be for sh', () => {
    // dash knows no $'…': it takes the dollar as a dollar, and runs another program.
    expect(readCommandLine(wrapped(`$'git' status`, '/bin/sh')).commands).toBeNull();
  });

  test('a NUL', () => {
    // No program can be given one: what would run is something else.
    expect(readCommandLine(wrapped('ls a\0b')).commands).toBeNull();
  });
});

describe('the wrapper', () => {
  const FOLDERS = ['/bin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
  const SHELLS = FOLDERS.flatMap((folder) => ['bash', 'sh', 'zsh'].map((name) => `${folder}/${name}`));
  test.each(SHELLS)('%s is unwrapped', (shell) => {
    expect(['-c', '-lc'].map((flag) => readCommandLine(`${shell} ${flag} 'git status'`))).toEqual(
      Array(2).fill({ line: 'git status', commands: [['git', 'status']] }),
    );
  });

  test.each([
    'bash',
    'sh',
    './bash',
    '/srv/project/bash',
    '/bin/../srv/bash',
    '/tmp/bin/bash',
    'bin/bash',
    '/bin/bash2',
    '/bin/dash',
    'x/sh',
    '../../bin/zsh',
  ])('%s is a program like any other, since its name proves nothing', (shell) => {
    const command = `${shell} -lc 'git status'`;
    expect(readCommandLine(command)).toEqual({ line: command, commands: [[shell, '-lc', 'git status']] });
  });

  test.each([
    [`/bin/bash -c 'git status' x`, [['/bin/bash', '-c', 'git status', 'x']]],
    [`/bin/bash -x 'git status'`, [['/bin/bash', '-x', 'git status']]],
    [`/bin/bash script.sh`, [['/bin/bash', 'script.sh']]],
    [
      `/bin/bash -lc 'ls' ; rm x`,
      [
        ['/bin/bash', '-lc', 'ls'],
        ['rm', 'x'],
      ],
    ],
    [`/bin/bash -lc "ls $x"`, null],
    [`env /bin/bash -lc ls`, [['env', '/bin/bash', '-lc', 'ls']]],
    [`git status`, [['git', 'status']]],
  ])('%s stays as it is', (command, commands) => {
    expect(readCommandLine(command)).toEqual({ line: command, commands });
  });

  test('only one layer is taken off', () => {
    const inner = `/bin/bash -lc 'git status'`;
    expect(readCommandLine(wrapped(inner))).toEqual({
      line: inner,
      commands: [['/bin/bash', '-lc', 'git status']],
    });
  });
});

test('any words come back as they were', () => {
  const word = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0'));
  const nasty = fc.string({ unit: fc.constantFrom(...'\'"\\$`*?[]{}~!#&|;<>() \t\n=a-'), maxLength: 12 });
  const argv = fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(argv, fc.constantFrom('/bin/bash', '/bin/zsh', '/bin/sh'), (words, shell) => {
      const line = words.map(quoted).join(' ');
      expect(readCommandLine(wrapped(line, shell))).toEqual({ line, commands: [words] });
    }),
    { numRuns: 2_000 },
  );
});

/** What bash gives to `show` for each line behind it, as JSON text; null where bash refuses the line. */
function shownByBash(lines: readonly string[]): (string[] | null)[] {
  const end = '\0end of a line\0';
  const script = `show() { printf '%s\\0' "$#" "$@"; }
for line; do set --; eval "show $line"; printf '\\0end of a line\\0'; done`;
  const { stdout } = spawnSync('/bin/bash', ['--norc', '-c', script, '', ...lines], {
    cwd: '/',
    encoding: 'utf8',
    env: { HOME: '/h', LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout
    .split(end)
    .slice(0, lines.length)
    .map((out) => (out === '' ? null : out.split('\0').slice(1, -1)));
}

const PIECES = ` |'|"|\\|$|[|]|(|)|{|}|,|#|!|~|=|:|*|?|@|..|\\\n|\n|\t|\r|$'|a|b|1|-|^|%|é|\u00a0|'$(echo x)'|${'$'}{x}`;

test('of any line of shell characters we say what bash does with it, or nothing', () => {
  const anyLine = fc
    .array(fc.constantFrom(...PIECES.split('|')), { maxLength: 10, size: 'max' })
    .map((pieces) => pieces.join(''));
  const read = fc.sample(anyLine, { numRuns: 15_000, seed: 7 }).flatMap((line) => {
    const commands = readCommandLine(wrapped(`show ${line}`)).commands;
    return commands?.length === 1 ? [{ line, words: commands[0]?.slice(1) }] : [];
  });
  const shown = shownByBash(read.map(({ line }) => line));
  const different = read.flatMap(({ line, words }, index) => {
    const bash = shown[index];
    // What bash refuses does no harm.
    return bash === null || isDeepStrictEqual(bash, words) ? [] : [{ line, words, bash }];
  });
  expect(read.length).toBeGreaterThan(2_000);
  expect(different.sort((left, right) => left.line.length - right.line.length).slice(0, 10)).toEqual([]);
});

test.each([
  ['parentheses', '('.repeat(50_000)],
  ['substitutions', `echo ${'$('.repeat(50_000)}`],
  ['braces', '{ '.repeat(50_000)],
  ['conditions', 'if '.repeat(50_000)],
  ['quotes', `"'`.repeat(50_000)],
])('a line of many %s is refused in good time', (_, line) => {
  expect(readCommandLine(wrapped(line)).commands).toBeNull();
});

test('a long line of plain words is read', () => {
  const words = Array.from({ length: 20_000 }, (_, index) => `w${index}`);
  expect(readCommandLine(wrapped(words.join(' '))).commands).toEqual([words]);
});
