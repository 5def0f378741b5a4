import { expect, test } from 'vitest';
import { parseScenarioFile, readScenarioFile } from '../../../src/lab/file.ts';

const withSteps = (steps: readonly unknown[]) => JSON.stringify({ scenarios: { s: { steps } } });
const read = (text: string) => parseScenarioFile(text, 'f.json');

test('a file gives its scenarios and its default', () => {
  const steps = [
    { type: 'reasoning', text: 'hm' },
    { type: 'tool', command: 'ls', escalated: { justification: 'why', prefix_rule: ['ls'] }, gate: 'g' },
    {
      type: 'tools',
      calls: [
        { type: 'patch', path: 'a', content: 'b' },
        { type: 'message', text: 'c' },
      ],
    },
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
  [withSteps([{ type: 'tools', calls: [{ type: 'http' }] }]), 'allowed: message, tool, patch, ask'],
])('%s', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test('a file that cannot be read is named', async () => {
  await expect(readScenarioFile('/nowhere/x.json')).rejects.toThrow('/nowhere/x.json: cannot be read');
});
