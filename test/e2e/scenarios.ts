import { defineScenario, type ScenarioSource } from '../../src/lab/index.ts';

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
    'look-then-ask',
    'a command, held by a gate, that asks to run outside of the sandbox',
    { command: 'true', gate: 'ask', justification: 'May I write outside of the workspace?' },
    ({ command, gate, justification }) => [
      { type: 'tool', command: 'ls' },
      { type: 'tool', command, escalated: { justification }, gate },
      { type: 'message', text: 'Done: the command was handled.' },
    ],
  ),
];

/** A prompt that plays a scenario with these parameters. */
export function play(name: string, parameters: Readonly<Record<string, unknown>> = {}): string {
  return `#lab:${name}${JSON.stringify(parameters)} please`;
}
