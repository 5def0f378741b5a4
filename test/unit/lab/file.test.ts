import { expect, test } from 'vitest';
import { parseScenarioFile, readScenarioFile } from '../../../src/lab/file.ts';

const withSteps = (steps: readonly unknown[]) => JSON.stringify({ scenarios: { s: { steps } } });
const read = (text: string) => parseScenarioFile(text, 'f.json');

test('a file gives its scenarios and its default', () => {
  const steps = [
    { type: 'reasoning', text: 'hm hm', everyMs: 5 },
    { type: 'tool', command: 'ls', escalated: { justification: 'why', prefix_rule: ['ls'] }, gate: 'g' },
    {
      type: 'tools',
      calls: [
        { type: 'patch', path: 'a', content: 'b' },
        { type: 'message', text: 'c' },
      ],
    },
    { type: 'mcp', server: 'lab', tool: 'echo', arguments: { text: 'a' } },
    { type: 'repeat', call: { type: 'tool', command: 'ls' }, times: 3, gate: 'g' },
    { type: 'stall', where: 'mid-stream', keepAliveMs: 10, times: 'always', delayMs: 1 },
    { type: 'reset', where: 'before-headers' },
    { type: 'failed', code: 'server_error', times: 2 },
    { type: 'incomplete', reason: 'content_filter', text: 'half' },
    { type: 'call', tool: 'update_plan' },
    { type: 'code', source: 'text(1)' },
    { type: 'http', status: 429, headers: { 'retry-after': '1' }, body: { a: 1 }, times: 'always' },
  ];
  expect(read(JSON.stringify({ default: 's', scenarios: { s: { steps } } }))).toEqual({
    scenarios: [{ name: 's', steps }],
    defaultScenario: 's',
  });
});

test.each([
  ['{', 'f.json: is no JSON'],
  ['{}', 'f.json: scenarios: '],
  ['{"scenarios":{"a b":{"steps":[{"type":"empty"}]}}}', 'a name is made of letters'],
  [withSteps([]), 'f.json: scenarios.s.steps: '],
  [
    withSteps([{ type: 'tol' }]),
    'scenarios.s.steps[0].type: unknown step type "tol"; allowed: message, tool,',
  ],
  [withSteps([{ type: 'tool' }]), 'f.json: scenarios.s.steps[0].command: '],
  [withSteps([{ type: 'empty', time: 1 }]), 'scenarios.s.steps[0]: Unrecognized key: "time"'],
  [withSteps([{ type: 'cut', times: 0 }]), 'steps[0].times: must be a whole number from 1 on, or "always"'],
  [
    withSteps([{ type: 'patch', path: 'a' }]),
    'steps[0]: a patch takes either "patch", or "path" and "content"',
  ],
  [withSteps([{ type: 'patch', patch: 'x' }]), 'must start with "*** Begin Patch"'],
  [
    withSteps([{ type: 'tools', calls: [{ type: 'http' }] }]),
    'steps[0].calls[0].type: unknown step type "http"; allowed: message, tool, patch, ask, mcp, call, code',
  ],
  [withSteps([{ type: 'stall' }]), 'f.json: scenarios.s.steps[0].where: '],
  [
    withSteps([{ type: 'stall', where: 'begin' }]),
    'steps[0].where: Invalid option: expected one of "after-headers"',
  ],
  [withSteps([{ type: 'stall', where: 'mid-stream', keepAliveMs: 0 }]), 'steps[0].keepAliveMs: '],
  [withSteps([{ type: 'repeat', call: { type: 'tool' } }]), 'steps[0].call.command: '],
  [
    withSteps([{ type: 'repeat', call: { type: 'message', text: 'a' } }]),
    'steps[0].call: a message cannot be repeated',
  ],
  [withSteps([{ type: 'mcp', server: 'lab', tool: 'echo', arguments: [] }]), 'steps[0].arguments: '],
  [withSteps([{ type: 'failed' }]), 'f.json: scenarios.s.steps[0].code: '],
])('%s', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test('each mistake has a line of its own', () => {
  const lines = () => read(withSteps([{ type: 'reset', where: 'x' }, { type: 'nope' }, { type: 'code' }]));
  expect(lines).toThrow(/^f\.json: scenarios\.s\.steps\[0\].*\nf\.json: .*\[1\].*\nf\.json: .*\[2\].*$/);
});

test('a file that cannot be read is named', async () => {
  await expect(readScenarioFile('/nowhere/x.json')).rejects.toThrow('/nowhere/x.json: cannot be read');
});
