import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionView } from '../../src/client/index.ts';
import { Connection } from '../../src/codex/app-server/connection.ts';
import type { Step } from '../../src/lab/index.ts';
import { isMeasured, isSettled, refused, told } from './documents.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd, env: { ...world.env }, encoding: 'utf8' });

/** A repository of its own, so that one test does not see what another has changed. */
function repository(name: string): string {
  const folder = join(world.root, name);
  git(world.root, 'clone', '-q', world.work, folder);
  return folder;
}

function run(folder: string, prompt: string, ...flags: string[]): Promise<SessionView> {
  return world.ask<SessionView>('run', '-C', folder, ...flags, prompt);
}

/** A session that has ended and whose folder was measured since. */
async function settled(id: string): Promise<SessionView> {
  await world.ended(id);
  await world.facts(id, isSettled);
  return world.show(id);
}

async function markdown(id: string): Promise<string> {
  const ran = await world.cox(['report', id]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return ran.stdout;
}

describe('the report of a session that did a bit of everything', () => {
  const outside = (name: string): string => join(world.outside, name);
  const asking = (name: string): Step => ({
    type: 'tool',
    command: `touch ${outside(name)}`,
    escalated: { justification: 'May I write outside of the workspace?' },
  });
  const PATCH = [
    '*** Begin Patch',
    '*** Update File: README.md',
    '@@',
    '-A repository for tests.',
    '+A repository',
    '+for tests.',
    '*** Add File: docs/new.txt',
    '+one',
    '+two',
    '+three',
    '*** End Patch',
    '',
  ].join('\n');
  let id: string;
  let thread: string;
  beforeAll(async () => {
    const folder = repository('everything');
    // What was there before the session is not the session's.
    writeFileSync(join(folder, 'older.txt'), 'uncommitted\n');
    const policy = join(world.root, 'report.toml');
    const rule = `name = "touching"\nneed = "approval"\ncommand = ["touch", "${outside('by-policy')}"]\ndo = "approve"\n`;
    writeFileSync(policy, `version = 1\n[[rule]]\n${rule}`);
    const steps: Step[] = [
      { type: 'tool', command: 'cat README.md' },
      { type: 'tool', command: 'sh -c "exit 3"' },
      { type: 'patch', patch: PATCH },
      asking('by-policy'),
      asking('by-user'),
      asking('elsewhere'),
      asking('refused'),
      { type: 'message', text: 'Done: a bit of everything.' },
    ];
    id = (await run(folder, play('script', { steps }), '--name', 'everything', '--policy', policy)).id;
    thread = await world.thread(id);
    const next = async (name: string): Promise<string> => {
      const facts = await world.facts(id, (seen) =>
        seen.some(
          ({ type, fact }) => type === 'request-opened' && JSON.stringify(fact).includes(`/${name}"`),
        ),
      );
      const request = facts.findLast(({ type }) => type === 'request-opened')?.fact.request;
      return (request as { id: string }).id;
    };
    expect((await world.cox(['approve', await next('by-user')])).code).toBe(0);
    await next('elsewhere');
    await approveElsewhere();
    expect((await world.cox(['deny', await next('refused'), '-m', 'Not on this machine.'])).code).toBe(0);
    await settled(id);
  });

  /** Says yes to what waits, as a terminal on the same thread would. */
  async function approveElsewhere(): Promise<void> {
    const [server] = world.servers();
    let asked: (id: string | number) => void;
    const request = new Promise<string | number>((resolve) => {
      asked = resolve;
    });
    const incoming = {
      notification: () => undefined,
      request: (rpc: string | number) => asked(rpc),
      closed: () => undefined,
    };
    const connection = await Connection.open(server?.socket ?? '', '0', PATIENCE_MS, incoming);
    await connection.call('thread/resume', { threadId: thread, excludeTurns: true });
    connection.reply(await request, { decision: 'accept' });
    await world.facts(id, (seen) => seen.filter(({ type }) => type === 'request-closed').length >= 3);
    connection.close();
  }

  test('as a document', async () => {
    const report = await told(world, 'report', ['report', 'everything']);
    expect(report.session).toEqual(await world.show(id));
    expect(report.session).toMatchObject({
      phase: 'done',
      result: { verdict: 'unverified', doubts: ['blocked-work'] },
      lastMessage: 'Done: a bit of everything.',
    });
    expect(report.changes).toMatchObject({
      files: 2,
      added: 5,
      removed: 1,
      list: [
        { path: 'README.md', kind: 'modified', from: null, added: 2, removed: 1 },
        { path: 'docs/new.txt', kind: 'added', from: null, added: 3, removed: 0 },
      ],
    });
    expect(report.unmeasured).toBeNull();
    expect(
      report.commands.map(({ command, state, exitCode, run: n }) => [command, state, exitCode, n]),
    ).toEqual([
      ['cat README.md', 'completed', 0, 1],
      ['sh -c "exit 3"', 'failed', 3, 1],
      [`touch ${outside('by-policy')}`, 'completed', 0, 1],
      [`touch ${outside('by-user')}`, 'completed', 0, 1],
      [`touch ${outside('elsewhere')}`, 'completed', 0, 1],
      [`touch ${outside('refused')}`, 'declined', null, 1],
    ]);
    expect(
      report.requests.map(({ command, how, answer, by, why }) => [command, how, answer, by, why]),
    ).toEqual([
      [
        `touch ${outside('by-policy')}`,
        'answered',
        'accept',
        'policy:touching',
        expect.stringContaining('advisory'),
      ],
      [`touch ${outside('by-user')}`, 'answered', 'accept', 'user', 'Yes, once'],
      [`touch ${outside('elsewhere')}`, 'elsewhere', null, null, expect.stringContaining('another client')],
      [
        `touch ${outside('refused')}`,
        'answered',
        'decline',
        'user',
        expect.stringContaining('Not on this machine.'),
      ],
    ]);
    expect(report.requests.every(({ waitedMs }) => waitedMs !== null && waitedMs >= 0)).toBe(true);
    expect(['by-policy', 'by-user', 'elsewhere', 'refused'].map((name) => existsSync(outside(name)))).toEqual(
      [true, true, true, false],
    );
    expect(report.instructions).toMatchObject([{ by: 'user', outcome: 'taken' }]);
    // The whole time is in some phase, the waiting in its own.
    const times = Object.fromEntries(report.phases.map(({ phase, ms }) => [phase, ms]));
    expect(Object.keys(times).sort()).toEqual(['starting', 'waiting', 'working']);
    expect(report.phases.reduce((sum, { ms }) => sum + ms, 0)).toBe(report.durationMs);
    // The lab reports 100 tokens in and 10 out for each of its answers.
    const answers = world.lab.requestsOf(thread).length;
    expect(report.session.tokens).toEqual({
      input: 100 * answers,
      cached: 0,
      output: 10 * answers,
      total: 110 * answers,
    });
    expect([report.sandbox, report.approval, report.codexVersion]).toEqual([
      'workspace-write',
      'on-request',
      expect.stringMatching(/^\d+\.\d+\.\d+/),
    ]);
    const format = await world.cox(['report', id, '--format', 'json']);
    expect(format.json()).toEqual(report);
  });

  test('as Markdown', async () => {
    const text = await markdown(id);
    for (const line of [
      `# everything (${id}): done, unverified, doubts: blocked-work`,
      '## Asked for',
      '> Done: a bit of everything.',
      '- modified `README.md` (+2 -1)',
      '- added `docs/new.txt` (+3 -0)',
      '## Commands (6)',
      '## Requests (4)',
      '- waiting: ',
    ])
      expect(text).toContain(`\n${line}`.replace(/^\n# /, '# '));
    expect(text).toMatch(/`sh -c "exit 3"`: exit 3/);
    expect(text).toMatch(/by-policy`: answered accept by policy:touching \(/);
    expect(text).toMatch(/by-user`: answered accept by user \(/);
    expect(text).toMatch(/elsewhere`: elsewhere \(/);
    expect(text).toMatch(/refused`: answered decline by user \(.*Not on this machine\.\)/);
    expect(text).toMatch(/2 files, \+5 -1, measured /);
  });

  test('the diff is a patch that makes the same files of the commit before, and no others', async () => {
    const ran = await world.cox(['diff', id]);
    const document = await told(world, 'diff', ['diff', id]);
    expect([ran.code, ran.stderr, document.patch]).toEqual([0, '', ran.stdout]);
    expect(document).toMatchObject({ session: id, root: join(world.root, 'everything'), truncated: false });
    const copy = repository('applied');
    writeFileSync(join(world.root, 'session.patch'), document.patch);
    git(copy, 'apply', join(world.root, 'session.patch'));
    for (const file of ['README.md', 'docs/new.txt']) {
      expect(readFileSync(join(copy, file), 'utf8')).toBe(
        readFileSync(join(world.root, 'everything', file), 'utf8'),
      );
    }
    expect(git(copy, 'status', '--porcelain', '-uall').trim().split('\n')).toHaveLength(2);
    // The session's repository itself is as it was.
    expect(git(join(world.root, 'everything'), 'stash', 'list')).toBe('');
    expect(git(join(world.root, 'everything'), 'diff', '--cached')).toBe('');
  });
});

test('of a session that is still at work: what is known so far', async () => {
  const folder = repository('open');
  const { id } = await run(
    folder,
    play('work-gated', { gate: 'open', path: 'late.txt', command: 'echo early > early.txt' }),
  );
  await world.lab.waitForRequest(({ gate, state }) => gate === 'open' && state === 'held', {
    deadlineMs: PATIENCE_MS,
  });
  const report = await told(world, 'report', ['report', id]);
  expect(report).toMatchObject({
    session: { phase: 'working', endedAt: null, result: null },
    changes: null,
    unmeasured: 'not measured yet',
    commands: [{ command: 'echo early > early.txt', exitCode: 0 }],
    runs: [{ n: 1, endedAt: null }],
  });
  expect(report.durationMs).toBeGreaterThanOrEqual(report.phases.reduce((sum, { ms }) => sum + ms, 0));
  const text = await markdown(id);
  expect(text).toContain(`# ${id}: working\n`);
  expect(text).toContain('Not known: not measured yet.');
  const now = await told(world, 'diff', ['diff', id]);
  expect(now.patch).toContain('+++ b/early.txt');
  expect(now.patch).not.toContain('late.txt');
  world.lab.release('open');
  await settled(id);
  expect((await told(world, 'diff', ['diff', id])).patch).toContain('+++ b/late.txt');
});

test('the diff of a session that has ended stays what it was, whatever the folder becomes', async () => {
  const folder = repository('later');
  const { id } = await run(folder, play('plain', { path: 'kept.txt' }));
  await settled(id);
  const before = await told(world, 'diff', ['diff', id]);
  const report = await told(world, 'report', ['report', id]);
  expect(before.patch).toContain('+++ b/kept.txt');
  writeFileSync(join(folder, 'kept.txt'), 'Somebody else has been here.\n');
  writeFileSync(join(folder, 'README.md'), 'And here.\n');
  git(folder, 'add', '.');
  git(folder, '-c', 'user.name=Test', '-c', 'user.email=test@example.org', 'commit', '-q', '-m', 'Later');
  git(folder, 'gc', '-q', '--prune=now');
  expect(await told(world, 'diff', ['diff', id])).toEqual(before);
  expect((await world.cox(['daemon', 'restart'])).code).toBe(0);
  expect(await told(world, 'diff', ['diff', id])).toEqual(before);
  expect((await told(world, 'report', ['report', id])).changes).toEqual(report.changes);
});

test('nothing was changed: said so, and the document is empty', async () => {
  const { id } = await run(repository('nothing'), play('early-done'));
  await settled(id);
  const ran = await world.cox(['diff', id]);
  expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, '', 'Nothing has changed.\n']);
  expect(await told(world, 'diff', ['diff', id])).toMatchObject({ patch: '', truncated: false });
  expect(await markdown(id)).toMatch(/doubts: no-changes\n[\s\S]*\n## Changed\n\nNothing, measured /);
});

test('in a folder that is no repository: the report says why nothing was measured, the diff is refused', async () => {
  const folder = join(world.root, 'plain-folder');
  mkdirSync(folder);
  const { id } = await run(folder, play('plain', { path: 'made.txt' }));
  await world.ended(id);
  expect(existsSync(join(folder, 'made.txt'))).toBe(true);
  const report = await told(world, 'report', ['report', id]);
  expect([report.changes, report.unmeasured]).toEqual([null, expect.stringContaining('not-a-repository')]);
  expect(await markdown(id)).toMatch(/## Changed\n\nNot known: not-a-repository/);
  const { message, hint } = await refused(world, 'no-baseline', ['diff', id]);
  expect(message).toContain('not-a-repository');
  expect(hint).toContain('git');
});

test('a report spans runs: what each was told, what its thread came back with', async () => {
  const { id } = await run(repository('spans'), play('plain', { path: 'first.txt' }));
  await world.ended(id);
  await told(world, 'send', ['resume', id, play('plain', { path: 'second.txt', read: 'pwd' })]);
  await world.ended(id);
  await world.facts(id, (facts) => isMeasured(facts, 2));
  const report = await told(world, 'report', ['report', id]);
  expect(report.runs).toMatchObject([
    { n: 1, context: null },
    { n: 2, context: { known: 1, found: 1 } },
  ]);
  expect(report.instructions.map(({ text, outcome }) => [text.includes('second.txt'), outcome])).toEqual([
    [false, 'taken'],
    [true, 'taken'],
  ]);
  expect(report.commands.map(({ command, run: n }) => [command, n])).toEqual([
    ['ls', 1],
    ['pwd', 2],
  ]);
  expect(report.changes?.list.map(({ path }) => path)).toEqual(['first.txt', 'second.txt']);
  expect(await markdown(id)).toContain('came back with 1 of 1 turns');
});

test('what report and diff refuse', async () => {
  expect((await refused(world, 'usage', ['report', '@last', '--format', 'pdf'])).message).toContain(
    'md, json',
  );
  for (const verb of ['report', 'diff']) {
    await refused(world, 'usage', [verb]);
    await refused(world, 'usage', [verb, '@last', 'more']);
    await refused(world, 'not-found', [verb, 'nobody']);
  }
});
