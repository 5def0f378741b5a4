import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Connection } from '../../src/codex/app-server/connection.ts';
import type { Step } from '../../src/lab/index.ts';
import { told } from './documents.ts';
import { git, repository, runIn, settled } from './repositories.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.ask('daemon', 'start');
});
afterAll(() => world.close());

async function markdown(id: string): Promise<string> {
  const ran = await world.cox(['report', id]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return ran.stdout;
}

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
/** A session that did a bit of everything. */
let id: string;
let thread: string;
beforeAll(async () => {
  const folder = repository(world, 'everything');
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
  id = (await runIn(world, folder, play('script', { steps }), '--name', 'everything', '--policy', policy)).id;
  thread = await world.thread(id);
  const next = async (name: string): Promise<string> => {
    const facts = await world.facts(id, (seen) =>
      seen.some(({ type, fact }) => type === 'request-opened' && JSON.stringify(fact).includes(`/${name}"`)),
    );
    const request = facts.findLast(({ type }) => type === 'request-opened')?.fact.request;
    return (request as { id: string }).id;
  };
  expect((await world.cox(['approve', await next('by-user')])).code).toBe(0);
  await next('elsewhere');
  await approveElsewhere();
  expect((await world.cox(['deny', await next('refused'), '-m', 'Not on this machine.'])).code).toBe(0);
  await settled(world, id);
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
  expect(report.requests.map(({ command, how, answer, by, why }) => [command, how, answer, by, why])).toEqual(
    [
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
    ],
  );
  expect(report.requests.every(({ waitedMs }) => waitedMs !== null && waitedMs >= 0)).toBe(true);
  expect(['by-policy', 'by-user', 'elsewhere', 'refused'].map((name) => existsSync(outside(name)))).toEqual([
    true,
    true,
    true,
    false,
  ]);
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
  expect(text).toMatch(/refused`: answered decline by user \(.*Not on this machine\.`?\)/);
  expect(text).toMatch(/2 files, \+5 -1, measured /);
});

test('the diff is a patch that makes the same files of the commit before, and no others', async () => {
  const ran = await world.cox(['diff', id]);
  const document = await told(world, 'diff', ['diff', id]);
  expect([ran.code, ran.stderr, document.patch]).toEqual([0, '', ran.stdout]);
  expect(document).toMatchObject({ session: id, root: join(world.root, 'everything'), truncated: false });
  const copy = repository(world, 'applied');
  writeFileSync(join(world.root, 'session.patch'), document.patch);
  git(world, copy, 'apply', join(world.root, 'session.patch'));
  for (const file of ['README.md', 'docs/new.txt']) {
    expect(readFileSync(join(copy, file), 'utf8')).toBe(
      readFileSync(join(world.root, 'everything', file), 'utf8'),
    );
  }
  expect(git(world, copy, 'status', '--porcelain', '-uall').trim().split('\n')).toHaveLength(2);
  // The session's repository itself is as it was.
  expect(git(world, join(world.root, 'everything'), 'stash', 'list')).toBe('');
  expect(git(world, join(world.root, 'everything'), 'diff', '--cached')).toBe('');
});
