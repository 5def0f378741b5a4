import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../src/core/policy/policy.ts';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import { type Ruling, ruleOn } from '../../../src/core/policy/rules.ts';
import type { Ask, Request } from '../../../src/core/session/request.ts';
import { approval, origin, rule, SPEC } from './fixture.ts';

const SESSION = { id: 'session', label: 'Yes, for this session', prefix: null };
const DECLINE = { id: 'decline', label: 'No', prefix: null };
const ACCEPT = { id: 'accept', label: 'Yes', prefix: null };

function requestOf(ask: Ask): Request {
  return {
    id: 'r1',
    run: 1,
    origin: origin(),
    ask,
    openedAt: 1,
    ruled: null,
    undone: 0,
    state: { type: 'open' },
  };
}

function rulingOn(rules: Partial<Rule>[], ask: Ask): Ruling {
  const policy = { rules: rules.map((given, index) => rule({ name: `rule-${index + 1}`, ...given })) };
  return ruleOn(policy, SPEC, requestOf(ask));
}

/** The ruling in short: the rule and the answer, or `ask`. */
function ruled(rules: Partial<Rule>[], ask: Ask): string {
  const ruling = rulingOn(rules, ask);
  if (ruling.type === 'ask') return 'ask';
  return `${ruling.rule} ${ruling.answer.type === 'choice' ? ruling.answer.id : ruling.answer.text}`;
}

const of = (...commands: string[][]) => approval({ commands });

type Row = [say: string, rules: Partial<Rule>[], ask: Ask, ruling: string];
const approves = (given: Partial<Rule>): Partial<Rule> => ({ do: 'approve', ...given });
const GIT_LOOK: Partial<Rule> = approves({ command: ['git', ['status', 'log', 'diff']], match: 'prefix' });

describe('commands', () => {
  test.each<Row>([
    ['exactly', [approves({ command: ['git', 'status'] })], of(['git', 'status']), 'rule-1 accept'],
    ['exact takes no more words', [approves({ command: ['git'] })], of(['git', 'status']), 'ask'],
    ['exact takes no fewer', [approves({ command: ['git', 'status'] })], of(['git']), 'ask'],
    ['prefix takes more words', [GIT_LOOK], of(['git', 'log', '-p']), 'rule-1 accept'],
    ['prefix takes no fewer', [GIT_LOOK], of(['git']), 'ask'],
    ['alternatives', [GIT_LOOK], of(['git', 'diff']), 'rule-1 accept'],
    ['none of the alternatives', [GIT_LOOK], of(['git', 'push']), 'ask'],
    ['a prefix of words, not of letters', [GIT_LOOK], of(['git', 'statuses']), 'ask'],
    ['no path in front', [GIT_LOOK], of(['./git', 'log']), 'ask'],
    ['a flag in between', [GIT_LOOK], of(['git', '-C', 'x', 'log']), 'ask'],
    ['letter case counts', [GIT_LOOK], of(['Git', 'log']), 'ask'],
    ['every command of the line', [GIT_LOOK], of(['git', 'log'], ['git', 'diff']), 'rule-1 accept'],
    ['not if one does not match', [GIT_LOOK], of(['git', 'log'], ['rm', 'x']), 'ask'],
    ['never what was not parsed', [GIT_LOOK], approval({ commands: null }), 'ask'],
    ['nor with no command at all', [approves({})], approval({ commands: null }), 'ask'],
    ['never an empty line', [GIT_LOOK], of(), 'ask'],
    ['another need', [approves({ need: 'patch' })], of(['git', 'log']), 'ask'],
  ])('%s', (_, rules, ask, ruling) => {
    expect(ruled(rules, ask)).toBe(ruling);
  });
});

describe('the first rule that matches wins', () => {
  const DENY: Partial<Rule> = { command: ['git', 'push'], match: 'prefix', do: 'deny', message: 'Not you.' };
  const ANY_GIT = approves({ command: ['git'], match: 'prefix' });
  test.each<Row>([
    ['a deny before an approve', [DENY, ANY_GIT], of(['git', 'push', '-f']), 'rule-1 decline'],
    ['an approve before a deny', [ANY_GIT, DENY], of(['git', 'push']), 'rule-1 accept'],
    ['ask before an approve', [{ command: ['git', 'push'], do: 'ask' }, ANY_GIT], of(['git', 'push']), 'ask'],
    ['what the first does not match', [DENY, ANY_GIT], of(['git', 'log']), 'rule-2 accept'],
    ['a deny of a line that was not parsed asks', [DENY, ANY_GIT], approval({ commands: null }), 'ask'],
    [
      'ask where one command of the line is to be asked about',
      [{ command: ['git', 'push'], do: 'ask' }, ANY_GIT],
      of(['git', 'log'], ['git', 'push']),
      'ask',
    ],
    ['a deny of what no command of the line is', [DENY], of(['git', 'log'], ['ls']), 'ask'],
    ['a deny of an empty line', [DENY], of(), 'ask'],
    [
      'a deny of the first of many',
      [DENY, ANY_GIT],
      of(['git', 'push'], ['git', 'log'], ['ls']),
      'rule-1 decline',
    ],
    [
      'a deny of the last behind what no rule knows',
      [DENY],
      of(['ls'], ['rm', 'x'], ['git', 'push']),
      'rule-1 decline',
    ],
    [
      'a deny hidden among what is approved',
      [DENY, ANY_GIT],
      of(['git', 'log'], ['git', 'push']),
      'rule-1 decline',
    ],
  ])('%s', (_, rules, ask, ruling) => {
    expect(ruled(rules, ask)).toBe(ruling);
  });

  test('a deny carries its message', () => {
    expect(rulingOn([DENY], of(['git', 'push']))).toMatchObject({
      answer: { type: 'choice', id: 'decline', message: 'Not you.' },
    });
  });

  test('no rules, no answer', () => {
    expect(ruleOn(DEFAULT_POLICY, SPEC, requestOf(approval()))).toEqual({
      type: 'ask',
      why: 'no rule matches',
    });
  });
});

describe('where it runs', () => {
  const INSIDE = approves({ command: ['git', 'status'], cwd: 'inside' });
  test.each([
    ['/srv/project', 'rule-1 accept'],
    ['/srv/project/deep/down', 'rule-1 accept'],
    ['/srv/project-other', 'ask'],
    ['/srv', 'ask'],
    ['/', 'ask'],
  ])('%s', (cwd, ruling) => {
    expect(ruled([INSIDE], approval({ cwd }))).toBe(ruling);
  });

  test('a rule says so where only the folder stood in the way', () => {
    expect(rulingOn([INSIDE], approval({ cwd: '/srv' }))).toEqual({
      type: 'ask',
      why: "rule-1: it runs outside the session's folder, in /srv",
    });
  });
});

describe('patches', () => {
  const patch = (grantRoot: string | null): Ask => ({
    need: 'patch',
    question: 'Change it?',
    files: [{ path: '/srv/other/a.ts', kind: 'update' }],
    grantRoot,
    choices: [ACCEPT, SESSION, DECLINE],
  });
  const patches = (given: Partial<Rule>): Partial<Rule> => ({ need: 'patch', ...given });
  const APPROVE = patches({ do: 'approve' });
  const FOR_SESSION = patches({ do: 'approve-for-session' });
  const DENY = patches({ do: 'deny' });
  test.each<Row>([
    ['approved', [APPROVE], patch(null), 'rule-1 accept'],
    ['approved for the session', [FOR_SESSION], patch(null), 'rule-1 session'],
    ['denied', [DENY], patch(null), 'rule-1 decline'],
    ['never approved with a folder that becomes writable', [APPROVE], patch('/srv/other'), 'ask'],
    ['nor for the session', [FOR_SESSION], patch('/srv/other'), 'ask'],
    ['nor with the session’s own folder', [APPROVE], patch('/srv/project'), 'ask'],
    ['nor with no name of a folder', [APPROVE], patch(''), 'ask'],
    ['but denied with one', [APPROVE, DENY], patch('/srv/other'), 'rule-2 decline'],
  ])('%s', (_, rules, ask, ruling) => {
    expect(ruled(rules, ask)).toBe(ruling);
  });

  test('the rule that nearly matched says why', () => {
    expect(rulingOn([APPROVE], patch('/etc'))).toEqual({
      type: 'ask',
      why: 'rule-1: it asks for write access to /etc',
    });
  });
});

describe('what the session can write', () => {
  const RUN = approves({ command: ['npm', 'test'] });
  const WRITABLE = approval({ commands: [['npm', 'test']], writable: ['/srv/project/package.json'] });
  test.each<Row>([
    ['is not approved', [RUN], WRITABLE, 'ask'],
    ['unless the rule allows it', [{ ...RUN, writable: 'allow' }], WRITABLE, 'rule-1 accept'],
    ['is denied all the same', [{ ...RUN, do: 'deny' }], WRITABLE, 'rule-1 decline'],
    ['a later rule may allow it', [RUN, { ...RUN, writable: 'allow' }], WRITABLE, 'rule-2 accept'],
  ])('%s', (_, rules, ask, ruling) => {
    expect(ruled(rules, ask)).toBe(ruling);
  });

  test('the rule that nearly matched says why', () => {
    expect(rulingOn([RUN], WRITABLE)).toMatchObject({
      type: 'ask',
      why: expect.stringContaining('the session can write /srv/project/package.json'),
    });
  });
});

describe('what Codex offers', () => {
  const FOR_SESSION: Partial<Rule> = { command: ['git', 'status'], do: 'approve-for-session' };
  test.each<Row>([
    ['for the session', [FOR_SESSION], approval({ choices: [ACCEPT, SESSION, DECLINE] }), 'rule-1 session'],
    ['not where it is not offered', [FOR_SESSION], approval(), 'ask'],
    ['a deny where there is none', [{ do: 'deny' }], approval({ choices: [ACCEPT] }), 'ask'],
  ])('%s', (_, rules, ask, ruling) => {
    expect(ruled(rules, ask)).toBe(ruling);
  });
});

describe('questions', () => {
  const question = (text: string, header = 'Setup'): Ask => ({
    need: 'question',
    question: text,
    questions: [{ id: 'q', header, text, options: ['Postgres', 'SQLite'], secret: false }],
    choices: [
      { id: 'option-1', label: 'Postgres', prefix: null },
      { id: 'option-2', label: 'SQLite', prefix: null },
    ],
  });
  const answers = (given: Partial<Rule>): Partial<Rule> => ({ need: 'question', do: 'answer', ...given });
  test.each<Row>([
    [
      'an option',
      [answers({ pattern: '(?i)database', option: 2 })],
      question('Which DATABASE?'),
      'rule-1 option-2',
    ],
    [
      'letter case counts without (?i)',
      [answers({ pattern: 'database', option: 2 })],
      question('DATABASE?'),
      'ask',
    ],
    [
      'the header counts',
      [answers({ pattern: '^Setup$', option: 1 })],
      question('Which?'),
      'rule-1 option-1',
    ],
    ['no match', [answers({ pattern: 'cache', option: 1 })], question('Which database?'), 'ask'],
    ['a text', [answers({ text: 'the second' })], question('Which?'), 'rule-1 the second'],
    ['an option that is not there', [answers({ option: 3 })], question('Which?'), 'ask'],
    ['an answer without words', [answers({})], question('Which?'), 'ask'],
    ['a deny where nothing can be declined', [{ need: 'question', do: 'deny' }], question('Which?'), 'ask'],
    ['a pattern never matches a command', [approves({ pattern: 'git' })], approval(), 'ask'],
  ])('%s', (_, rules, ask, ruling) => {
    expect(ruled(rules, ask)).toBe(ruling);
  });

  test('no rule reaches what no rule is for', () => {
    for (const need of ['permissions', 'network', 'elicitation', 'mcp-approval'] as const) {
      const ask: Ask = { need, question: 'May I?', choices: [ACCEPT, DECLINE] };
      expect(ruled([approves({}), approves({ need: 'patch' }), answers({ text: 'y' })], ask)).toBe('ask');
    }
  });
});
