import { describe, expect, test } from 'vitest';
import { CoxError } from '../../../src/core/errors.ts';
import type { Rule } from '../../../src/core/policy/policy.ts';
import { readPolicy } from '../../../src/daemon/policy-text.ts';

const FILE = '/etc/policy.toml';

/** What is said against a text. */
function refusal(text: string): { line: unknown; message: string; details: Record<string, unknown> } {
  try {
    readPolicy(FILE, text);
  } catch (error) {
    if (!(error instanceof CoxError)) throw error;
    const { code, message, details } = error.failure;
    expect([code, message.split(':').slice(0, 2), details.path]).toEqual([
      'policy-invalid',
      [FILE, String(details.line)],
      FILE,
    ]);
    return { line: details.line, message: message.slice(`${FILE}:${details.line}: `.length), details };
  }
  throw new Error('it was taken');
}

/** One rule as a file, its first line being line 3 of it. */
const ruleFile = (...lines: string[]): string => ['version = 1', '[[rule]]', ...lines, ''].join('\n');

const NOTHING: Omit<Rule, 'name' | 'need' | 'do'> = {
  command: null,
  match: 'exact',
  cwd: null,
  writable: null,
  pattern: null,
  message: null,
  option: null,
  text: null,
};

describe('a policy that is taken', () => {
  test('of every kind of rule', () => {
    const text = `# What this session may do
version = 1

[[rule]]
name = "look around"
need = "approval"
command = ["git", ["status", "log"], 'diff']
match = "prefix"
cwd = "inside"
writable = "allow"
do = "approve"

[[ rule ]]
need = "approval"
command = [
  "git",
  [ "push", "fetch" ],
]
do = "approve-for-session"

[[rule]]
need = "approval"
do = "deny"
message = """
Not you.
"""

[[rule]]
need = "patch"
do = "approve"

[[rule]]
need = "question"
pattern = "(?i)data(base)?"
do = "answer"
option = 2

[[rule]]
need = "question"
do = "answer"
text = "the second"

[[rule]]
need = "question"
do = "ask"
`;
    expect(readPolicy(FILE, text).rules).toEqual([
      {
        ...NOTHING,
        name: 'look around',
        need: 'approval',
        command: ['git', ['status', 'log'], 'diff'],
        match: 'prefix',
        cwd: 'inside',
        writable: 'allow',
        do: 'approve',
      },
      {
        ...NOTHING,
        name: 'rule-2',
        need: 'approval',
        command: ['git', ['push', 'fetch']],
        do: 'approve-for-session',
      },
      { ...NOTHING, name: 'rule-3', need: 'approval', do: 'deny', message: 'Not you.\n' },
      { ...NOTHING, name: 'rule-4', need: 'patch', do: 'approve' },
      { ...NOTHING, name: 'rule-5', need: 'question', pattern: '(?i)data(base)?', do: 'answer', option: 2 },
      { ...NOTHING, name: 'rule-6', need: 'question', do: 'answer', text: 'the second' },
      { ...NOTHING, name: 'rule-7', need: 'question', do: 'ask' },
    ]);
  });

  test.each([
    ['without rules', 'version = 1\n'],
    ['with an empty list of rules', 'version = 1\nrule = []\n'],
    ['with line ends of Windows', 'version = 1\r\n'],
  ])('%s', (_, text) => {
    expect(readPolicy(FILE, text)).toEqual({ rules: [] });
  });
});

describe('what is not TOML', () => {
  test.each([
    ['a key without a value', 'version = 1\n\nname =\n', 3],
    ['an open string', 'version = 1\n[[rule]]\nneed = "approval\n', 3],
    ['a key that is there twice', 'version = 1\nversion = 1\n', 2],
    ['a table that is there twice', 'version = 1\n[a]\n[b]\n[a]\n', 4],
    ['a number that is too long', 'version = 1\nx = 99999999999999999999\n', 2],
    ['words', 'version = 1\nallow everything\n', 2],
  ])('%s', (_, text, line) => {
    const { line: named, message } = refusal(text);
    expect([named, message.includes('\n')]).toEqual([line, false]);
  });
});

describe('an unknown key', () => {
  test.each([
    ['at the top', 'version = 1\n\nrulez = 3\n', 3, 'rulez', 'rule'],
    ['as a table', 'version = 1\n\n\n[[rules]]\nneed = "approval"\n', 4, 'rules', 'rule'],
    ['as a table that this version does not read', 'version = 1\n\n[budget]\nx = 1\n', 3, 'budget', null],
    ['instead of a known one', 'verzion = 1\n', 1, 'verzion', 'version'],
    ['in double quotes', 'version = 1\n"rulez" = 3\n', 2, 'rulez', 'rule'],
    ['in single quotes', "version = 1\n'rulez' = 3\n", 2, 'rulez', 'rule'],
    ['of the language', 'version = 1\n__proto__ = 1\n', 2, '__proto__', null],
    ['in a rule', ruleFile('need = "approval"', 'do = "ask"', 'comand = ["x"]'), 5, 'comand', 'command'],
    ['in a rule, instead of a known one', ruleFile('need = "approval"', 'doo = "ask"'), 4, 'doo', 'do'],
    [
      'in a rule, of the language',
      ruleFile('need = "approval"', 'constructor = 1', 'do = "ask"'),
      4,
      'constructor',
      null,
    ],
    [
      'in a rule, far from all',
      ruleFile('need = "patch"', 'do = "ask"', 'zzzzzzzz = 1'),
      5,
      'zzzzzzzz',
      null,
    ],
    ['of one letter', ruleFile('need = "patch"', 'do = "ask"', 'x = 1'), 5, 'x', null],
    [
      'in the third rule',
      `version = 1
[[rule]]
need = "patch"
do = "ask"
# [[rule]]
[[ rule ]]
need = "approval"
command = [
  "git",
]
do = "ask"
[[rule]] # the third
need = "patch"
do = "ask"

massage = "no"
`,
      16,
      'massage',
      'message',
    ],
    [
      'behind a text that looks like a rule',
      ruleFile(
        'need = "approval"',
        'do = "deny"',
        'message = """',
        '[[rule]]',
        'nme = 1',
        '"""',
        'nme = "x"',
      ),
      9,
      'nme',
      'name',
    ],
    [
      'in a rule on one line',
      'version = 1\n\nrule = [{ need = "patch", do = "ask", nme = "x" }]\n',
      3,
      'nme',
      'name',
    ],
  ])('%s', (_, text, line, key, nearest) => {
    const found = refusal(text);
    expect([found.line, found.details]).toEqual([line, { path: FILE, line, key, nearest }]);
  });

  test.each([
    ['rulez = 3', 'unknown key rulez; did you mean rule? Known here: version, rule.'],
    ['zzzzzzzz = 3', 'unknown key zzzzzzzz. Known here: version, rule.'],
  ])('is named with those that are known: %s', (text, message) => {
    expect(refusal(`version = 1\n${text}\n`).message).toBe(message);
  });
});

describe('a value of the wrong kind', () => {
  test.each([
    ['no version', '', 1, 'a policy begins with version = 1'],
    ['another version', '# mine\nversion = 2\n', 2, 'a policy begins with version = 1'],
    ['a version as text', '\nversion = "1"\n', 2, 'a policy begins with version = 1'],
    [
      'rules that are no list',
      'version = 1\n\nrule = 5\n',
      3,
      'a rule begins with [[rule]], in double brackets',
    ],
    [
      'one rule without its second bracket',
      'version = 1\n\n[rule]\nneed = "patch"\n',
      3,
      'a rule begins with [[rule]], in double brackets',
    ],
    ['a need that is none', ruleFile('do = "ask"', 'need = "network"'), 4, 'rule 1, need'],
    ['a rule without a need', ruleFile('do = "ask"'), 2, 'rule 1, need'],
    ['a rule that does nothing', ruleFile('need = "patch"'), 2, 'rule 1, do'],
    ['a deed that is none', ruleFile('need = "patch"', 'do = "allow"'), 4, 'rule 1, do'],
    ['a name that is empty', ruleFile('need = "patch"', 'name = ""', 'do = "ask"'), 4, 'rule 1, name'],
    [
      'a command as text',
      ruleFile('command = "git"', 'need = "approval"', 'do = "ask"'),
      3,
      'rule 1, command',
    ],
    ['an empty command', ruleFile('command = []', 'need = "approval"', 'do = "ask"'), 3, 'rule 1, command'],
    [
      'a number in a command',
      ruleFile('command = ["git", 5]', 'need = "approval"', 'do = "ask"'),
      3,
      'rule 1, command, word 2',
    ],
    [
      'no alternatives',
      ruleFile('command = ["git", []]', 'need = "approval"', 'do = "ask"'),
      3,
      'rule 1, command, word 2',
    ],
    [
      'alternatives of alternatives',
      ruleFile('command = [["a", ["b"]]]', 'need = "approval"', 'do = "ask"'),
      3,
      'rule 1, command, word 1',
    ],
    [
      'a match that is none',
      ruleFile('need = "approval"', 'match = "any"', 'do = "ask"'),
      4,
      'rule 1, match',
    ],
    ['a place that is none', ruleFile('need = "approval"', 'cwd = "/srv"', 'do = "ask"'), 4, 'rule 1, cwd'],
    [
      'writable said as yes',
      ruleFile('need = "approval"', 'writable = true', 'do = "ask"'),
      4,
      'rule 1, writable',
    ],
    [
      'a pattern as a list',
      ruleFile('need = "question"', 'pattern = ["x"]', 'do = "ask"'),
      4,
      'rule 1, pattern',
    ],
    ['option 0', ruleFile('need = "question"', 'do = "answer"', 'option = 0'), 5, 'rule 1, option'],
    ['option 1.5', ruleFile('need = "question"', 'do = "answer"', 'option = 1.5'), 5, 'rule 1, option'],
    ['a text that is none', ruleFile('need = "question"', 'do = "answer"', 'text = 1'), 5, 'rule 1, text'],
    [
      'a message that is none',
      ruleFile('need = "patch"', 'do = "deny"', 'message = 1'),
      5,
      'rule 1, message',
    ],
    [
      'in the second rule',
      `${ruleFile('need = "patch"', 'do = "ask"')}\n[[rule]]\nneed = "patch"\ndo = "aks"\n`,
      8,
      'rule 2, do',
    ],
  ])('%s', (_, text, line, place) => {
    const found = refusal(text);
    expect([found.line, found.message.split(': ')[0]]).toEqual([line, place]);
  });
});

describe('a rule that makes no sense', () => {
  const APPROVAL = 'need = "approval"';
  const QUESTION = 'need = "question"';
  const GOES = (key: string) => `${key}: ${key} goes with need = "approval"`;
  test.each<[string, string[], number, message: string]>([
    [
      'an answer without words',
      [QUESTION, 'do = "answer"'],
      4,
      'do: do = "answer" takes exactly one of option and text',
    ],
    [
      'an answer of two kinds',
      [QUESTION, 'do = "answer"', 'option = 1', 'text = "a"'],
      4,
      'do: do = "answer" takes exactly one of option and text',
    ],
    [
      'an answer to an approval',
      ['do = "answer"', 'option = 1', APPROVAL],
      3,
      'do: do = "answer" goes with need = "question"',
    ],
    [
      'an answer to a patch',
      ['need = "patch"', 'do = "answer"', 'option = 1'],
      4,
      'do: do = "answer" goes with need = "question"',
    ],
    ['a question approved', [QUESTION, 'do = "approve"'], 4, 'do: a question is answered, not approved'],
    [
      'a question approved for the session',
      [QUESTION, 'do = "approve-for-session"'],
      4,
      'do: a question is answered, not approved',
    ],
    [
      'a question denied',
      [QUESTION, 'do = "deny"'],
      4,
      'do: Codex takes no refusal of a question: answer it, or leave it to a person with do = "ask"',
    ],
    [
      'everything approved',
      [APPROVAL, 'do = "approve"'],
      4,
      'do: approving needs a command to match: an approval of everything is not a rule',
    ],
    [
      'everything approved for the session',
      [APPROVAL, 'cwd = "inside"', 'do = "approve-for-session"'],
      5,
      'do: approving needs a command to match: an approval of everything is not a rule',
    ],
    [
      'a command of a patch',
      ['need = "patch"', 'command = ["git"]', 'do = "approve"'],
      4,
      'command: command goes with need = "approval"',
    ],
    [
      'a command of a question',
      [QUESTION, 'command = ["git"]', 'do = "ask"'],
      4,
      'command: command goes with need = "approval"',
    ],
    ['a place of a patch', ['need = "patch"', 'cwd = "inside"', 'do = "approve"'], 4, GOES('cwd')],
    ['a place of a question', [QUESTION, 'cwd = "inside"', 'do = "ask"'], 4, GOES('cwd')],
    ['writable of a patch', ['need = "patch"', 'writable = "allow"', 'do = "approve"'], 4, GOES('writable')],
    ['a match of a patch', ['need = "patch"', 'match = "prefix"', 'do = "approve"'], 4, GOES('match')],
    [
      'a pattern of an approval',
      [APPROVAL, 'pattern = "x"', 'do = "ask"'],
      4,
      'pattern: pattern goes with need = "question"',
    ],
    [
      'a pattern that is none',
      [QUESTION, 'pattern = "a("', 'do = "ask"'],
      4,
      'pattern: this is not a regular expression',
    ],
    [
      'a pattern that is none behind its flag',
      [QUESTION, 'pattern = "(?i)["', 'do = "ask"'],
      4,
      'pattern: this is not a regular expression',
    ],
  ])('%s', (_, lines, line, message) => {
    const found = refusal(ruleFile(...lines));
    expect([found.line, found.message]).toEqual([line, `rule 1, ${message}`]);
  });
});
