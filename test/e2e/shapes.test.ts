import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERBS } from '../../src/cli/verbs.ts';
import { ERROR_CATALOGUE, type ErrorCode } from '../../src/core/errors.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { isMeasured, refused, told } from './documents.ts';
import { play } from './scenarios.ts';
import { PATIENCE_MS, World } from './world.ts';

type Name = keyof typeof viewSchemas;
type Words = readonly string[];

/** What a verb prints with `--json`, by the published shape, and one call that it refuses. */
type Shape = { good: readonly (readonly [Name, Words])[]; bad: readonly [ErrorCode, Words] };

/**
 * Every verb. Sessions are called by what they do: `ended…` have ended, `works…` wait behind a gate, `asks…` for an
 * approval, `wonders` about a question.
 */
const SHAPES: Readonly<Record<string, Shape>> = {
  run: {
    good: [['session', ['run', 'Say hello.']]],
    bad: ['directory-missing', ['run', '-C', 'nowhere', 'x']],
  },
  ls: { good: [['session-list', ['ls', '-a']]], bad: ['usage', ['ls', '--phase', 'asleep']] },
  show: { good: [['session', ['show', 'works']]], bad: ['not-found', ['show', 'nobody']] },
  wait: { good: [['session-list', ['wait', 'ended']]], bad: ['usage', ['wait', 'ended', '--for', 'godot']] },
  logs: {
    good: [
      ['log', ['logs', 'ended']],
      ['events', ['logs', 'ended', '--events']],
    ],
    bad: ['usage', ['logs', 'ended', '--raw']],
  },
  send: { good: [['send', ['send', 'works', 'More.']]], bad: ['usage', ['send', 'works']] },
  attach: { good: [['attach', ['attach', 'ended', '--print']]], bad: ['usage', ['attach', 'ended']] },
  resume: {
    good: [['send', ['resume', 'ended-2', 'More.']]],
    bad: ['conflict', ['resume', 'works', 'More.']],
  },
  interrupt: {
    good: [
      ['session', ['interrupt', 'works-1']],
      ['ended', ['interrupt', 'works-1', 'ended']],
    ],
    bad: ['usage', ['interrupt']],
  },
  stop: {
    good: [
      ['session', ['stop', 'works-2']],
      ['ended', ['stop', 'works-2', 'ended']],
    ],
    bad: ['usage', ['stop', 'works', '--grace', 'long']],
  },
  kill: {
    good: [
      ['session', ['kill', 'works-3']],
      ['ended', ['kill', 'works-3', 'ended']],
    ],
    bad: ['not-found', ['kill', 'works', 'nobody']],
  },
  inbox: { good: [['inbox', ['inbox']]], bad: ['usage', ['inbox', 'asks-1']] },
  approve: {
    good: [['answer', ['approve', 'asks-1']]],
    bad: ['choice-invalid', ['approve', 'asks-2', '--for', 'session']],
  },
  deny: { good: [['answer', ['deny', 'asks-2', '-m', 'No.']]], bad: ['not-found', ['deny', 'ended']] },
  answer: { good: [['answer', ['answer', 'wonders', 'Tabs.']]], bad: ['usage', ['answer', 'asks-3']] },
  policy: {
    good: [
      ['policy', ['policy', 'explain', 'ended']],
      ['policy', ['policy', 'test', 'policy.toml', 'git status']],
    ],
    bad: ['policy-invalid', ['policy', 'test', 'nowhere.toml']],
  },
  report: { good: [['report', ['report', 'ended']]], bad: ['usage', ['report', 'ended', '--format', 'pdf']] },
  diff: { good: [['diff', ['diff', 'ended']]], bad: ['not-found', ['diff', 'nobody']] },
  events: { good: [['events', ['events', 'ended']]], bad: ['usage', ['events']] },
  archive: {
    good: [
      ['session', ['archive', 'ended-3']],
      ['session-list', ['archive', 'ended-3', 'ended-4']],
    ],
    bad: ['conflict', ['archive', 'works']],
  },
  rm: {
    good: [
      ['removed', ['rm', 'ended-4']],
      ['removed-list', ['rm', 'ended-3', 'ended-5']],
    ],
    bad: ['conflict', ['rm', 'works']],
  },
  daemon: {
    good: ['status', 'start', 'restart', 'stop'].map((word) => ['daemon', ['daemon', word]]),
    bad: ['usage', ['daemon', 'reload']],
  },
  // It serves: its document and its refusals are in lab-serve.test.ts.
  lab: { good: [], bad: ['usage', ['lab', 'play']] },
  doctor: { good: [['doctor', ['doctor']]], bad: ['usage', ['doctor', 'who']] },
  config: {
    good: [
      ['config-path', ['config', 'path']],
      ['config-explain', ['config', 'explain']],
      ['config-schema', ['config', 'schema']],
    ],
    bad: ['usage', ['config', 'explain', 'nothing']],
  },
  completion: { good: [], bad: ['usage', ['completion', 'klingon']] },
  demo: { good: [], bad: ['usage', ['demo', 'faster']] },
};

/** Shapes that no verb prints with `--json` alone, and who does. */
const ELSEWHERE: readonly Name[] = [
  'error', // every refusal
  'event', // each line of events -f
  'lab', // lab serve: lab-serve.test.ts
  'swept', // kill --all where no daemon can be had: lifecycle.test.ts
];

let world: World;
beforeAll(async () => {
  world = await World.open({ questions: true });
  await world.ask('daemon', 'start');
  writeFileSync(join(world.work, 'policy.toml'), 'version = 1\n');
  const named = async (name: string, prompt: string): Promise<string> =>
    (await world.run(prompt, '--name', name)).id;
  const asks = (name: string): string => play('escalate', { command: `touch ${world.outside}/${name}` });
  const ended = await Promise.all(
    ['ended', 'ended-2', 'ended-3', 'ended-4', 'ended-5'].map((name) =>
      named(name, play('plain', { path: `${name}.txt` })),
    ),
  );
  await Promise.all(
    ['works', 'works-1', 'works-2', 'works-3'].map((name) => named(name, play('work-gated', { gate: name }))),
  );
  const open = await Promise.all([
    ...['asks-1', 'asks-2', 'asks-3'].map((name) => named(name, asks(name))),
    named('wonders', play('question')),
  ]);
  await Promise.all(ended.map((id) => world.facts(id, (facts) => isMeasured(facts))));
  await Promise.all(open.map((id) => world.requests(id)));
  for (const name of ['works', 'works-1', 'works-2', 'works-3'])
    await world.lab.waitForRequest(({ gate, state }) => gate === name && state === 'held', {
      deadlineMs: PATIENCE_MS,
    });
});
afterAll(() => world.close());

const verbs = VERBS.map(({ usage }) => usage.split(' ')[0] ?? usage);

test('every verb has its shapes here, and every published shape its verb', () => {
  expect(Object.keys(SHAPES).toSorted()).toEqual(verbs.toSorted());
  const printed = Object.values(SHAPES).flatMap(({ good }) => good.map(([name]) => name));
  expect([...new Set([...printed, ...ELSEWHERE])].toSorted()).toEqual(Object.keys(viewSchemas).toSorted());
});

test.each(VERBS.map((entry, index) => [verbs[index] ?? '', entry] as const))(
  '%s prints documents as they are published, and refuses with the error document',
  async (verb, { json }) => {
    const shape = SHAPES[verb];
    expect(shape).toBeDefined();
    for (const [name, words] of shape?.good ?? []) await told(world, name, words);
    const [code, words] = shape?.bad ?? ['internal', []];
    if (json !== false) {
      const { message, hint, retryable } = await refused(world, code, words);
      expect([message, hint]).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
      expect(retryable).toBe(ERROR_CATALOGUE[code].retryable);
    }
    const { code: exit, stdout, stderr } = await world.cox(words);
    expect([exit, stdout]).toEqual([ERROR_CATALOGUE[code].exit, '']);
    // What is wrong, and what to do next.
    expect(stderr).toMatch(/^cox: \S.*\n\S[\s\S]*\n$/);
  },
);
