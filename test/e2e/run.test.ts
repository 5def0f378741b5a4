import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventView, SessionView } from '../../src/client/index.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.open({ questions: true });
});
afterAll(() => world.close());

const outside = (name: string): string => join(world.outside, name);
const settled = { ok: true, schemaVersion: 1 };

test('run returns at once with an id, cold and warm, while Codex goes on', async () => {
  const prompt = (gate: string): string => play('work-gated', { gate, path: `${gate}.txt` });
  const cold = await world.cox(['run', '-C', world.work, '--name', 'a', '--json', prompt('cold')]);
  const warm = await world.cox(['run', '-C', world.work, '--name', 'b', '--json', prompt('warm')]);
  console.info(
    `run to id: ${Math.round(cold.ms)} ms with the daemon's start, ${Math.round(warm.ms)} ms warm`,
  );
  expect([cold.code, warm.code]).toEqual([0, 0]);
  const [first, second] = [cold, warm].map((ran) => viewSchemas.session.parse(ran.json()) as SessionView);
  expect(first).toMatchObject({ name: 'a', phase: 'starting', cwd: world.work, endedAt: null });
  expect(warm.ms).toBeLessThan(1_000);
  // The daemon's start is not bounded by a requirement; this only catches a wait for Codex.
  expect(cold.ms).toBeLessThan(5_000);

  for (const [session, gate] of [
    [first, 'cold'],
    [second, 'warm'],
  ] as const) {
    const held = await world.lab.waitForRequest(
      (request) => request.gate === gate && request.state === 'held',
      {
        deadlineMs: PATIENCE_MS,
      },
    );
    const shown = viewSchemas.session.parse(
      (await world.cox(['show', gate === 'cold' ? 'a' : 'b', '--json'])).json(),
    );
    expect(shown).toMatchObject({ id: session?.id, phase: 'working', thread: held.thread, endedAt: null });
    world.lab.release(gate);
    expect(await world.ended(session?.id ?? '')).toMatchObject({
      phase: 'done',
      confidence: 'certain',
      result: { verdict: 'unverified', reason: null },
      lastMessage: 'Done: the gate was released.',
    });
    expect(existsSync(join(world.work, `${gate}.txt`))).toBe(true);
  }
  const { code, json } = await world.cox(['wait', 'a', 'b', '--json']);
  expect([code, viewSchemas['session-list'].safeParse(json()).error]).toEqual([0, undefined]);
});

test('an approval is in the inbox within a second of being asked for; yes runs the command, once', async () => {
  const file = outside('approved');
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
  const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'request-opened'));
  const listed = await world.cox(['inbox', '--json']);
  const seenAt = Date.now();
  const { items } = viewSchemas.inbox.parse(listed.json());
  const entry = items.find(({ session }) => session === id);
  const opened = requestOf(facts);
  console.info(
    `asked to fact: ${opened.at - opened.startedAt} ms, to the printed inbox: ${seenAt - opened.startedAt} ms`,
  );
  expect(seenAt - opened.startedAt).toBeLessThan(1_000);
  expect(entry).toMatchObject({
    kind: 'approval',
    requestId: opened.id,
    question: 'May I write outside of the workspace?',
    command: `touch ${file}`,
    commands: [['touch', file]],
    cwd: world.work,
    files: [],
  });
  expect(entry?.options.map(({ n, id: choice }) => [n, choice])).toEqual([
    [1, 'accept'],
    [2, 'prefix'],
    [3, 'decline'],
  ]);
  expect(await world.show(id)).toMatchObject({
    phase: 'waiting',
    attention: true,
    need: { requestId: opened.id },
  });
  expect((await world.cox(['wait', id])).code).toBe(8);
  expect(existsSync(file)).toBe(false);

  const yes = await world.cox(['approve', opened.id, '--json']);
  expect([yes.code, yes.json()]).toEqual([
    0,
    { ...settled, requestId: opened.id, session: id, answer: 'accept' },
  ]);
  const again = await world.cox(['deny', opened.id, '--json']);
  expect(again.code).toBe(6);
  expect(viewSchemas.error.parse(again.json()).error.code).toBe('conflict');
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    result: { doubts: expect.not.arrayContaining(['blocked-work']) },
    interventions: [{ kind: 'approve', by: 'user', outcome: 'accepted' }],
  });
  expect(existsSync(file)).toBe(true);
});

test('no does not run the command, and Codex goes on', async () => {
  const file = outside('denied');
  const { id } = await world.run(play('escalate', { command: `touch ${file}` }));
  const { requestId } = await world.request(id);
  expect((await world.cox(['deny', requestId, '-m', 'Not here.'])).code).toBe(0);
  expect(await world.ended(id)).toMatchObject({
    phase: 'done',
    lastMessage: 'Done: the command was handled.',
    result: { doubts: expect.arrayContaining(['blocked-work']) },
    interventions: [{ kind: 'deny', by: 'user', outcome: 'accepted' }],
  });
  expect(existsSync(file)).toBe(false);
  expect((await world.cox(['approve', requestId])).code).toBe(6);
});

test('two requests of one turn are two entries, each answered alone', async () => {
  const files = [outside('first'), outside('second')];
  const { id } = await world.run(play('two-approvals', { commands: files.map((file) => `touch ${file}`) }));
  const entries = await world.requests(id, 2);
  expect(entries.map(({ command }) => command).sort()).toEqual(files.map((file) => `touch ${file}`));
  expect(new Set(entries.map(({ requestId }) => requestId)).size).toBe(2);
  const ambiguous = await world.cox(['approve', id, '--json']);
  expect([ambiguous.code, viewSchemas.error.parse(ambiguous.json()).error.code]).toEqual([3, 'ambiguous']);
  for (const { requestId, command } of entries) {
    const verb = command?.endsWith('second') === true ? 'approve' : 'deny';
    expect((await world.cox([verb, requestId])).code).toBe(0);
  }
  expect((await world.ended(id)).phase).toBe('done');
  expect(files.map((file) => existsSync(file))).toEqual([false, true]);
});

test.each([
  ['approve', true],
  ['deny', false],
] as const)('a patch outside of the workspace: %s', async (verb, applied) => {
  const file = outside(`patch-${verb}.txt`);
  const { id } = await world.run(play('patch-outside', { path: file }));
  const entry = await world.request(id);
  expect(entry).toMatchObject({
    kind: 'patch',
    files: [{ path: file, kind: 'add' }],
    command: null,
    commands: null,
  });
  expect((await world.cox([verb, entry.requestId])).code).toBe(0);
  expect((await world.ended(id)).phase).toBe('done');
  expect(existsSync(file)).toBe(applied);
});

test.each([
  [['--option', '2'], 'SQLite'],
  [['MariaDB, please'], 'MariaDB, please'],
])('a question answered with %j reaches the model', async (words, said) => {
  const { id, thread } = await asked();
  const entry = await world.request(id);
  expect(entry).toMatchObject({ kind: 'question', question: 'Which database should I use?' });
  expect(entry.options.map(({ n, label }) => [n, label])).toEqual([
    [1, 'Postgres'],
    [2, 'SQLite'],
  ]);
  expect((await world.cox(['answer', entry.requestId, ...words])).code).toBe(0);
  expect(await world.ended(id)).toMatchObject({ phase: 'done', lastMessage: 'Done: the answer was taken.' });
  const last = world.lab.requestsOf(thread).at(-1);
  expect(outputs(last?.body)).toContain(said);
});

async function asked(): Promise<{ id: string; thread: string }> {
  const { id } = await world.run(play('question'));
  return { id, thread: await world.thread(id) };
}

describe('a policy', () => {
  const policy = (name: string, text: string): string => {
    const file = join(world.root, `${name}.toml`);
    writeFileSync(file, `version = 1\n${text}`);
    return file;
  };

  test('approves by rule, and says that this is advisory', async () => {
    const file = outside('by-rule');
    const rules = policy(
      'touch',
      `[[rule]]\nname = "touching"\nneed = "approval"\ncommand = ["touch", "${file}"]\ndo = "approve"\n`,
    );
    const { id } = await world.run(play('escalate', { command: `touch ${file}` }), '--policy', rules);
    expect((await world.ended(id)).interventions).toEqual([
      {
        at: expect.any(String),
        kind: 'approve',
        by: 'policy:touching',
        why: expect.stringContaining('advisory'),
        outcome: 'accepted',
      },
    ]);
    expect(existsSync(file)).toBe(true);
  });

  test('denies with its message', async () => {
    const file = outside('denied-by-rule');
    const rules = policy(
      'deny',
      `[[rule]]\nneed = "approval"\ncommand = ["touch"]\nmatch = "prefix"\ndo = "deny"\nmessage = "Nothing is touched here."\n`,
    );
    const { id } = await world.run(play('escalate', { command: `touch ${file}` }), '--policy', rules);
    expect(await world.ended(id)).toMatchObject({
      phase: 'done',
      interventions: [{ kind: 'deny', by: 'policy:rule-1', outcome: 'accepted' }],
    });
    expect(existsSync(file)).toBe(false);
    const facts = await world.facts(id, (seen) => seen.some(({ type }) => type === 'answer-committed'));
    expect(facts.at(-1)?.fact.answer).toMatchObject({ id: 'decline', message: 'Nothing is touched here.' });
  });

  test('asks where the command names a file that the session can write', async () => {
    const rules = policy(
      'cat',
      `[[rule]]\nneed = "approval"\ncommand = ["cat"]\nmatch = "prefix"\ndo = "approve"\n`,
    );
    const { id } = await world.run(play('escalate', { command: 'cat README.md' }), '--policy', rules);
    const { requestId } = await world.request(id);
    expect((await world.show(id)).interventions).toEqual([]);
    expect((await world.cox(['deny', requestId])).code).toBe(0);
    expect((await world.ended(id)).phase).toBe('done');
  });

  test('asks where the line is more than plain words, and where no rule matches', async () => {
    const file = outside('expanded');
    const rules = policy(
      'plain',
      `[[rule]]\nneed = "approval"\ncommand = ["touch"]\nmatch = "prefix"\ndo = "approve"\n`,
    );
    const { id } = await world.run(play('escalate', { command: `touch $(echo ${file})` }), '--policy', rules);
    const entry = await world.request(id);
    expect(entry.commands).toBeNull();
    expect((await world.cox(['deny', entry.requestId])).code).toBe(0);
    expect((await world.ended(id)).phase).toBe('done');
    expect(existsSync(file)).toBe(false);
  });
});

test("the user's config.toml is byte for byte what it was", () => {
  expect(readFileSync(join(world.codexHome, 'config.toml'), 'utf8')).toBe(world.config);
});

function requestOf(facts: readonly EventView[]): { id: string; at: number; startedAt: number } {
  const fact = facts.find(({ type }) => type === 'request-opened');
  const request = fact?.fact.request as { id: string; origin: { startedAt: number } };
  return { id: request.id, at: Date.parse(fact?.at ?? ''), startedAt: request.origin.startedAt };
}

/** What tools gave back to the model, as one text. */
function outputs(body: Readonly<Record<string, unknown>> | null | undefined): string {
  const input = (body?.input ?? []) as { type: string }[];
  return JSON.stringify(input.filter(({ type }) => type === 'function_call_output'));
}
