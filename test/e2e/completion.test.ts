import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { play } from './scenarios.ts';
import { World } from './world.ts';

const BIN = fileURLToPath(new URL('../../bin/cox', import.meta.url));

let world: World;
let env: Record<string, string>;
let session: string;
let request: string;
beforeAll(async () => {
  world = await World.open();
  const bin = join(world.root, 'bin');
  mkdirSync(bin);
  symlinkSync(BIN, join(bin, 'cox'));
  env = { ...world.env, PATH: [bin, dirname(process.execPath), world.env.PATH].join(':') };
});
afterAll(() => world.close());

const propose = async (...words: string[]): Promise<string[]> => {
  const ran = await world.cox(['completion', '--words', '--', ...words]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return ran.stdout.split('\n').slice(0, -1);
};
const values = async (...words: string[]): Promise<string[]> =>
  (await propose(...words)).map((line) => line.split('\t')[0] ?? '');

describe('what may follow', () => {
  test('verbs, with what they do; flags of cox only where one is begun', async () => {
    const all = await values('');
    expect(all).toEqual(expect.arrayContaining(['run', 'ls', 'config', 'completion', 'help']));
    expect(all.filter((one) => one.startsWith('-'))).toEqual([]);
    expect(await propose('conf')).toEqual([expect.stringMatching(/^config\t\w/)]);
    expect(await values('--v')).toEqual(['--version']);
    expect(await values('help', 'conf')).toEqual(['config']);
    expect(await values('nope', '')).toEqual([]);
  });

  test('flags, of a verb by its alias, too, and of a command of a verb', async () => {
    expect(await values('ls', '--ph')).toEqual(['--phase']);
    expect(await values('ps', '--ph')).toEqual(['--phase']);
    expect(await values('config', 'path', '--')).toEqual(['--json', '--help']);
    // Hidden: it is for scripts only.
    expect(await values('completion', '--')).toEqual(['--help']);
    expect(await values('config', 'e')).toEqual(['explain']);
  });

  test('values of a flag, behind a blank and behind =, in lists', async () => {
    expect(await values('ls', '--phase', 'wo')).toEqual(['working']);
    expect(await values('ls', '--phase=wo')).toEqual(['--phase=working']);
    expect(await values('run', '-s', 'r')).toEqual(['read-only']);
    expect(await values('wait', 'x', '--for', 'done,at')).toEqual(['done,attention']);
    expect(await values('wait', '--for=done,at')).toEqual(['--for=done,attention']);
    expect(await values('config', 'explain', 'ret')).toEqual(['retention.age', 'retention.size']);
    expect(await values('config', 'schema', 'doc')).toEqual(['doctor']);
    expect(await values('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('paths are the shell’s to complete; free text and what is behind -- is nobody’s', async () => {
    expect(await propose('run', '-C', '')).toEqual([':directories']);
    expect(await propose('run', '--policy=x')).toEqual([':files']);
    expect(await propose('run', '--name', '')).toEqual([]);
    expect(await propose('run', '')).toEqual([]);
    expect(await propose('run', '--', '')).toEqual([]);
  });

  test('sessions are asked of a daemon that runs; none is started', async () => {
    expect(await propose('show', '')).toEqual([]);
    expect(existsSync(world.coxHome)).toBe(false);
  });
});

test('the values are exactly those that the verbs take', async () => {
  for (const [line, flag] of [
    [['run', 'x', '--sandbox'], '-s'],
    [['run', 'x', '--approval'], '-a'],
    [['ls', '--phase'], '--phase'],
    [['ls', '--sort'], '--sort'],
    [['wait', 'x', '--for'], '--for'],
    [['approve', 'x', '--for'], '--for'],
    [['report', 'x', '--format'], '--format'],
  ] as const) {
    const { code, stderr } = await world.cox([...line, 'nonsense']);
    const taken = new RegExp(`${flag} takes one of (.*), not nonsense\\.`).exec(stderr)?.[1];
    expect([code, await values(...line, '')]).toEqual([2, taken?.split(', ')]);
  }
});

describe('with sessions', () => {
  beforeAll(async () => {
    const { id } = await world.run(
      play('escalate', { command: `touch ${world.outside}/x` }),
      '--name',
      'asks',
    );
    session = id;
    request = (await world.request(id)).requestId;
  });

  test('their names, or their ids once one is begun; requests', async () => {
    expect(await propose('show', 'as')).toEqual([expect.stringMatching(/^asks\twaiting /)]);
    expect(await values('show', session.slice(0, 3))).toEqual([session]);
    expect(await values('stop', '')).toEqual(['asks', '@last', '@needs']);
    expect(await propose('approve', '')).toEqual([
      expect.stringMatching(new RegExp(`^${request}\tasks: .*touch`)),
    ]);
  });

  test('bash completes them', () => {
    expect(inBash('cox show as')).toEqual(['asks']);
    expect(inBash('cox approve ')).toEqual([request]);
    expect(inBash('cox show @la')).toEqual(['last']);
  });
});

/** The words of a line as readline has them: it also splits at these. */
function readlineWords(line: string): string[] {
  const words = line.split(' ').flatMap((word) => word.split(/([=@:]+)/).filter((part) => part !== ''));
  return line.endsWith(' ') ? [...words, ''] : words;
}

/** What the script for bash replies, called as readline calls it. */
function inBash(line: string, directory = world.work): string[] {
  const words = readlineWords(line);
  // After a character that it splits at, readline replaces nothing yet.
  const current = /[=@:]$/.test(line) ? '' : (words.at(-1) ?? '');
  const script = `source <(cox completion bash)
COMP_LINE=$1 COMP_POINT=\${#1} COMP_CWORD=$(($# - 3))
COMP_WORDS=("\${@:3}")
_cox_completion cox "$2" ""
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const given = ['-c', script, 'bash', line, current, ...words];
  const told = execFileSync('bash', ['--norc', ...given], { cwd: directory, env, encoding: 'utf8' });
  return told.split('\n').filter((one) => one !== '');
}

describe('bash', () => {
  test.each([
    ['cox conf', ['config']],
    ['cox ls --phase wo', ['working']],
    ['cox ls --phase=wo', ['working']],
    ['cox ls --phase=', expect.arrayContaining(['waiting', 'working', 'stuck'])],
    ['cox wait --for=done,at', ['done,attention']],
    ['cox run -f READ', ['README.md']],
    ['cox run --file=READ', ['README.md']],
    ['cox run -C fold', ['folder with a blank']],
    ['cox run ', []],
  ])('%s', (line, replies) => {
    mkdirSync(join(world.work, 'folder with a blank'), { recursive: true });
    expect(inBash(line)).toEqual(replies);
  });

  test('runs nothing of what is written, and writes nowhere', () => {
    const precious = join(world.root, 'precious');
    writeFileSync(precious, 'x');
    expect(inBash(`cox ls > ${precious} `)).toEqual([]);
    expect(inBash(`cox show $(rm ${precious}) `)).toEqual([]);
    expect(existsSync(precious)).toBe(true);
  });
});

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

describe.skipIf(!has('zsh'))('zsh', () => {
  const inZsh = (...words: string[]): string[] => {
    // The parts of its completion system that the script calls, saying what they are called with.
    const script = `compdef() { : }
_files() { print -r -- files $* }
compset() { : }
_describe() { print -rl -- $candidates }
source <(cox completion zsh)
words=("$@"); CURRENT=$#; PREFIX=$words[-1]
_cox`;
    const told = execFileSync('zsh', ['-f', '-c', script, 'zsh', ...words], { env, encoding: 'utf8' });
    return told.split('\n').filter((one) => one !== '');
  };
  test.each([
    [['cox', 'ls', '--phase', 'wo'], ['working']],
    [['cox', 'ls', '--phase=wo'], ['--phase=working']],
    [['cox', 'run', '-C', ''], ['files -/']],
    [['cox', 'config', 'p'], [expect.stringMatching(/^path:where/)]],
  ])('%s', (words, replies) => {
    expect(inZsh(...words)).toEqual(replies);
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  test.each([
    ['cox ls --phase wo', ['working']],
    ['cox ls --phase=wo', ['--phase=working']],
    ['cox run --file=READ', ['--file=README.md']],
    ['cox config p', [expect.stringMatching(/^path\twhere/)]],
  ])('%s', (line, replies) => {
    const script = 'cox completion fish | source; complete -C $argv[1]';
    const given = ['--no-config', '-c', script, line];
    const told = execFileSync('fish', given, { env, cwd: world.work, encoding: 'utf8' });
    expect(told.split('\n').filter((one) => one !== '')).toEqual(replies);
  });
});

test.each([
  [['completion'], 'Name the shell: bash, zsh, fish.'],
  [['completion', 'powershell'], 'cox completion takes one of bash, zsh, fish, not powershell.'],
  [['completion', 'bash', '--', 'x'], 'takes nothing after --'],
  [['completion', 'bash', 'zsh'], 'too many arguments'],
  [['completion', 'bash', '--json'], '--json'],
])('bad input: cox %s', async (args, words) => {
  const told = await world.cox(args);
  expect(told.code).toBe(2);
  expect(told.stderr + told.stdout).toContain(words);
});

test('each script is one that its shell can read', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await world.cox(['completion', shell]);
    expect([code, stdout.includes('cox completion --words')]).toEqual([0, true]);
    if (!has(shell)) continue;
    const file = join(world.root, `cox.${shell}`);
    writeFileSync(file, stdout);
    expect(spawnSync(shell, [shell === 'fish' ? '--no-execute' : '-n', file]).status).toBe(0);
  }
});
