import { defineScenario, type ScenarioSource, type Step } from '../../src/lab/index.ts';

/** Plays that only these tests need. */
export const scenarios: readonly ScenarioSource[] = [
  defineScenario(
    'command',
    'one command that the turn waits for',
    { command: 'true', gate: 'none', text: 'Done: the command has ended.' },
    ({ command, gate, text }) => [
      { type: 'tool', command, timeoutMs: 30_000, ...(gate === 'none' ? {} : { gate }) },
      { type: 'poll', timeoutMs: 300_000 },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'steps',
    'one command behind each gate',
    { gates: ['one', 'two'], text: 'Done: all gates were released.' },
    ({ gates, text }) => [
      { type: 'tool', command: 'ls' },
      ...gates.map((gate): Step => ({ type: 'tool', command: `echo ${gate}`, gate })),
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'commands',
    'one command after another, in the sandbox',
    { commands: ['true'], text: 'Done: everything was run.' },
    ({ commands, text }) => [
      ...commands.map((command): Step => ({ type: 'tool', command })),
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'approvals',
    'one command after another, each of them asked for',
    { commands: ['true'], text: 'Done: everything was asked for.' },
    ({ commands, text }) => [
      ...commands.map(
        (command): Step => ({
          type: 'tool',
          command,
          escalated: { justification: 'May I write outside of the workspace?' },
        }),
      ),
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'script',
    'the steps that the test gives',
    { steps: [{ type: 'message', text: 'Done.' }] as Step[] },
    ({ steps }) => steps,
  ),
  defineScenario('talks', 'so many messages in one response', { count: 250 }, ({ count }) => [
    {
      type: 'tools',
      calls: Array.from({ length: count }, (_, n) => ({ type: 'message', text: `Word ${n}.` })),
    },
  ]),
  defineScenario(
    'fails-gated',
    'a command, silence until the gate, then a used-up quota',
    { gate: 'fail' },
    ({ gate }) => [
      { type: 'tool', command: 'ls' },
      {
        type: 'failed',
        code: 'insufficient_quota',
        message: 'You exceeded your current quota.',
        times: 'always',
        gate,
      },
    ],
  ),
];

/** A prompt that plays a scenario with these parameters. */
export function play(name: string, parameters: Readonly<Record<string, unknown>> = {}): string {
  return `#lab:${name}${JSON.stringify(parameters)} please`;
}
