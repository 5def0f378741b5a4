import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { VERBS } from '../../src/cli/verbs.ts';
import { isMeasured } from './documents.ts';
import { LiveCommand } from './live.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open({ questions: true });
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

const GATE = 'example';

/** The words of a command line, as a shell splits it: quotes kept together, `~` the home. */
function words(line: string): string[] {
  const found = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return found.map((word) => word.replaceAll(/^["']|["']$/g, '').replace(/^~(?=\/|$)/, world.env.HOME ?? ''));
}

/** What must be there for an example: a session in this state, made by this prompt. */
const STATES = {
  nothing: () => null,
  ended: () => play('plain'),
  works: () => play('work-gated', { gate: GATE, path: 'example.txt' }),
  // Each has a command of its own: a yes for ever is not to answer the next.
  asks: () => escalate(join(world.outside, String(performance.now()))),
  wonders: () => play('question'),
} as const;
type State = keyof typeof STATES;

function escalate(file: string): string {
  return play('escalate', { command: `touch ${file}`, prefix: ['touch', file] });
}

/** Verbs whose example needs something to be there; a verb that is not named here runs with `fix` ended. */
const NEEDS: Readonly<Record<string, State>> = {
  run: 'nothing',
  ls: 'asks',
  send: 'works',
  interrupt: 'works',
  stop: 'works',
  kill: 'works',
  inbox: 'asks',
  approve: 'asks',
  deny: 'asks',
  policy: 'asks',
  answer: 'wonders',
};

/** Verbs that serve until they are told to end. */
const SERVERS = ['lab'];

/** Examples that name another session than `fix`. */
const NAME = /\bdocs\b/;

/** Leaves one session, called as the example calls it, in the state that it needs. */
async function prepare(state: State, name: string): Promise<void> {
  const client = await world.client();
  for (const { id, endedAt, runs } of (await client.sessions(true)).items) {
    if (endedAt === null) await client.end(id, { mode: 'kill', graceMs: 0 });
    await world.facts(id, (facts) => isMeasured(facts, runs.length));
    await client.remove(id);
  }
  rmSync(join(world.work, 'lab-plain.txt'), { force: true });
  const prompt = STATES[state]();
  if (prompt === null) return;
  const { id } = await world.run(prompt, '--name', name);
  if (state === 'ended') await world.facts(id, (facts) => isMeasured(facts));
  else if (state === 'works') await atGate(id);
  else await world.request(id);
}

async function atGate(id: string): Promise<void> {
  const thread = await world.thread(id);
  await world.lab.waitForRequest((request) => request.thread === thread && request.state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
}

function verbOf(usage: string): string {
  return usage.split(' ')[0] ?? usage;
}

test.each(VERBS.map((entry) => [verbOf(entry.usage), entry] as const))(
  'the example of %s runs, and prints something',
  async (verb, { example }) => {
    expect(example).toMatch(new RegExp(`^cox ${verb}( |$)`));
    await prepare(NEEDS[verb] ?? 'ended', NAME.test(example) ? 'docs' : 'fix');
    const args = words(example).slice(1);
    if (SERVERS.includes(verb)) {
      const command = new LiveCommand(world, args);
      onTestFinished(async () => {
        await command.end('SIGKILL');
      });
      await command.shows('\n');
      expect(await command.end('SIGTERM')).toBe(0);
      return;
    }
    const { code, stdout, stderr } = await world.cox(args);
    expect([example, code, stderr]).toEqual([example, 0, '']);
    expect(stdout).toMatch(/\S/);
  },
);

describe('help', () => {
  test.each(VERBS.map((entry) => [verbOf(entry.usage), entry] as const))(
    'of %s has its usage, its options and its example',
    async (verb, { usage, about, example }) => {
      const [long, help] = await Promise.all([world.cox([verb, '--help']), world.cox(['help', verb])]);
      expect([long.code, long.stderr, help.code, help.stdout]).toEqual([0, '', 0, long.stdout]);
      expect(long.stdout).toMatch(/^Usage: cox /);
      const said = long.stdout.replaceAll(/\s+/g, ' ');
      for (const words of [about, `Example: ${example}`, ...usage.split(' ').slice(1)]) {
        expect(said).toContain(words.replaceAll(/\s+/g, ' '));
      }
    },
  );

  test('of cox lists every verb under its group', async () => {
    const { code, stdout, stderr } = await world.cox(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect((await world.cox([])).stdout).toBe(stdout);
    for (const { usage, alias, about, group } of VERBS) {
      expect(stdout).toContain(`\n${group}:\n`);
      const name = alias === undefined ? verbOf(usage) : `${verbOf(usage)}|${alias}`;
      const [listed] = stdout.split('\n').filter((line) => line.startsWith(`  ${name} `));
      expect([usage, listed]).toEqual([usage, expect.any(String)]);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(about);
    }
  });

  test('of cox tells a story of commands that are there, with flags that they take', async () => {
    const { stdout } = await world.cox(['--help']);
    const lines = stdout.split('\n').filter((line) => line.startsWith('  cox '));
    expect(lines.length).toBeGreaterThan(5);
    const commands = lines.map((line) => words(line.trim().split(/ {2,}/)[0] ?? ''));
    for (const [, verb = '', ...rest] of commands) {
      const entry = VERBS.find(({ usage }) => verbOf(usage) === verb);
      expect([verb, entry?.usage]).toEqual([verb, expect.any(String)]);
      const program = await createProgram(VERBS, entry, { rest: [], done: () => undefined });
      const command = program.commands.find((one) => one.name() === verb);
      command?.action(() => undefined);
      // What it does not take, it throws.
      await program.parseAsync([verb, ...rest], { from: 'user' });
    }
    // And every exit code that the catalogue has is explained.
    const codes = stdout.slice(stdout.indexOf('Exit codes:')).matchAll(/\b(\d+) [a-z]/g);
    expect([...codes].map(([, code]) => Number(code))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 124, 130]);
  });
});
