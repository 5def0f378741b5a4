import { describe, expect, test } from 'vitest';
import { summaryText } from '../../../src/lab/compaction.ts';
import { historyOf, playOf } from '../../../src/lab/history.ts';
import type { Scenario } from '../../../src/lab/scenario.ts';
import { callIdOf, selectStep } from '../../../src/lab/select.ts';
import type { Step } from '../../../src/lab/step.ts';

const user = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const said = (text: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});
const called = (position: number, index = 0) => ({
  type: 'function_call',
  call_id: callIdOf(7, position, index),
});
const output = (text = 'ok') => ({ type: 'function_call_output', call_id: 'any', output: text });

function select(steps: readonly Step[], input: readonly unknown[], tried: Record<number, number> = {}) {
  const scenario: Scenario = { name: 'it', steps };
  const attempts = new Map(Object.entries(tried).map(([position, count]) => [Number(position), count]));
  const choice = selectStep(scenario, playOf(historyOf(input)).since, attempts);
  return [choice.position, choice.attempt, choice.step.type];
}

const work: readonly Step[] = [
  { type: 'tool', command: 'a' },
  {
    type: 'tools',
    calls: [
      { type: 'tool', command: 'b' },
      { type: 'tool', command: 'c' },
    ],
  },
  { type: 'message', text: 'end' },
];

describe('position from history', () => {
  test('follows the answered steps, whatever the order of calls and outputs', () => {
    const go = user('#lab:it');
    expect([
      select(work, [go]),
      select(work, [go, called(0), output()]),
      select(work, [go, called(0), output(), called(1, 0), called(1, 1), output(), output()]),
      select(work, [go, called(0), output(), called(1, 0), output(), called(1, 1), output()]),
      select(work, [go, called(0), output(), called(1, 0), called(1, 1), output(), output(), said('end')]),
    ]).toEqual([
      [0, 1, 'tool'],
      [1, 1, 'tools'],
      [2, 1, 'message'],
      [2, 1, 'message'],
      [3, 1, 'message'],
    ]);
  });

  test('starts again at a new mark, goes on after a prompt without one', () => {
    const before = [user('#lab:it'), called(0), output()];
    expect(select(work, [...before, user('#lab:it again')])).toEqual([0, 1, 'tool']);
    expect(select(work, [...before, user('continue')])).toEqual([1, 1, 'tools']);
  });

  test('messages between steps count as steps', () => {
    const steps: Step[] = [{ type: 'message', text: 'one' }, ...work];
    expect(select(steps, [user('#lab:it'), said('one'), user('on')])).toEqual([1, 1, 'tool']);
  });

  test('a compaction keeps the position in its summary', () => {
    const input = [user('#lab:it'), user(`Another language model …\n${summaryText(1)}`)];
    expect(select(work, input)).toEqual([1, 1, 'tools']);
    expect(select(work, [...input, called(1), output()])).toEqual([2, 1, 'message']);
  });

  test('a compaction by the provider keeps it in its item', () => {
    const input = [user('#lab:it'), { type: 'compaction', encrypted_content: summaryText(1) }];
    expect(select(work, input)).toEqual([1, 1, 'tools']);
    expect(historyOf([...input, { type: 'compaction_trigger' }]).at(-1)).toEqual({
      kind: 'compaction',
      remote: true,
    });
  });

  test('context of the user role is no prompt', () => {
    const input = [
      user('# AGENTS.md instructions for /w'),
      user('<environment_context>\n</environment_context>'),
    ];
    expect(playOf(historyOf([...input, user('hello')]))).toEqual({ prompt: 'hello', ordinal: 1, since: [] });
    expect(playOf(historyOf(input)).prompt).toBeNull();
  });
});

describe('steps that leave no trace', () => {
  const steps: readonly Step[] = [
    { type: 'tool', command: 'a' },
    { type: 'http', status: 500, times: 2 },
    { type: 'cut' },
    { type: 'message', text: 'end' },
  ];
  const after = [user('#lab:it'), called(0), output()];

  test('move on by their attempts', () => {
    expect([
      select(steps, after),
      select(steps, after, { 1: 1 }),
      select(steps, after, { 1: 2 }),
      select(steps, after, { 1: 2, 2: 1 }),
    ]).toEqual([
      [1, 1, 'http'],
      [1, 2, 'http'],
      [2, 1, 'cut'],
      [3, 1, 'message'],
    ]);
  });

  test('"always" never moves on', () => {
    const refuse: Step[] = [{ type: 'http', status: 401, times: 'always' }];
    expect(select(refuse, [user('#lab:it')], { 0: 999 })).toEqual([0, 1000, 'http']);
  });

  test('raw events count as an answer only when they hold an item', () => {
    const item = { type: 'response.output_item.done', item: { type: 'message', role: 'assistant' } };
    const end: Step = { type: 'message', text: 'end' };
    const full: Step[] = [{ type: 'raw', events: [item] }, end];
    const bare: Step[] = [{ type: 'raw', events: [{ type: 'response.failed' }] }, end];
    expect(select(full, [user('#lab:it'), said('x'), user('on')], { 0: 1 })).toEqual([1, 1, 'message']);
    expect(select(full, [user('#lab:it')], { 0: 1 })).toEqual([0, 2, 'raw']);
    expect(select(bare, [user('#lab:it')], { 0: 1 })).toEqual([1, 1, 'message']);
  });
});

test('poll asks until the command has ended, and is skipped when none runs', () => {
  const steps: Step[] = [
    { type: 'tool', command: 'sleep 9' },
    { type: 'poll' },
    { type: 'message', text: 'end' },
  ];
  const start = [user('#lab:it'), called(0)];
  const running = output('Process running with session ID 41');
  expect([
    select(steps, [...start, running]),
    select(steps, [...start, running, called(1), running]),
    select(steps, [...start, running, called(1), output('Process exited with code 0')]),
    select(steps, [...start, output('Process exited with code 0')]),
  ]).toEqual([
    [1, 1, 'poll'],
    [1, 1, 'poll'],
    [2, 1, 'message'],
    [2, 1, 'message'],
  ]);
});

describe('repeat', () => {
  const steps: readonly Step[] = [
    { type: 'repeat', call: { type: 'tool', command: 'a' }, times: 3 },
    { type: 'message', text: 'end' },
  ];
  const once = [user('#lab:it'), called(0), output()];

  test('goes on until so many requests have got it', () => {
    expect([
      select(steps, [user('#lab:it')]),
      select(steps, once, { 0: 1 }),
      select(steps, [...once, called(0), output()], { 0: 2 }),
      select(steps, [...once, called(0), output(), called(0), output()], { 0: 3 }),
    ]).toEqual([
      [0, 1, 'repeat'],
      [0, 2, 'repeat'],
      [0, 3, 'repeat'],
      [1, 1, 'message'],
    ]);
  });

  test('is not begun again by a compaction', () => {
    const compacted = [user('#lab:it'), user(`Another language model …\n${summaryText(0)}`)];
    expect(select(steps, compacted, { 0: 2 })).toEqual([0, 3, 'repeat']);
    expect(select(steps, compacted, { 0: 3 })).toEqual([1, 1, 'message']);
  });
});

test('reasoning and usage go before the next answer', () => {
  const steps: Step[] = [
    { type: 'reasoning', text: 'hm' },
    { type: 'usage', input: 5, output: 6 },
    { type: 'message', text: 'end' },
  ];
  const choice = selectStep({ name: 'it', steps }, [], new Map());
  expect([choice.position, choice.reasoning, choice.usage]).toEqual([2, [steps[0]], steps[1]]);
});
