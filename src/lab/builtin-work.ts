import { defineScenario, type ScenarioSource } from './scenario.ts';
import type { Escalation, ToolCall } from './step.ts';

/** Scenarios in which the model works, asks or waits. */
export const workScenarios: readonly ScenarioSource[] = [
  defineScenario(
    'plain',
    'reads with a command, adds a file to the workspace, says so',
    { read: 'ls', path: 'lab-plain.txt', content: 'Made by the lab.\n', text: 'Done: the file is there.' },
    ({ read, path, content, text }) => [
      { type: 'tool', command: read },
      { type: 'patch', path, content },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'escalate',
    'one command that asks to run outside of the sandbox',
    {
      command: 'touch /var/tmp/lab-escalate',
      justification: 'May I write outside of the workspace?',
      prefix: [''],
      text: 'Done: the command was handled.',
    },
    ({ command, justification, prefix, text }) => [
      { type: 'tool', command, escalated: escalation(justification, prefix) },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'patch-outside',
    'a patch outside of the workspace, which needs approval',
    {
      path: '/var/tmp/lab-patch-outside.txt',
      content: 'Made by the lab.\n',
      text: 'Done: the patch was handled.',
    },
    ({ path, content, text }) => [
      { type: 'patch', path, content },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'two-approvals',
    'two commands in one response, both ask to run outside of the sandbox',
    {
      commands: ['touch /var/tmp/lab-first', 'touch /var/tmp/lab-second'],
      justification: 'May I write outside of the workspace?',
      text: 'Done: both commands were handled.',
    },
    ({ commands, justification, text }) => [
      { type: 'tools', calls: commands.map((command) => escalatedCall(command, justification)) },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'question',
    'asks the person one question',
    {
      question: 'Which database should I use?',
      labels: ['Postgres', 'SQLite'],
      text: 'Done: the answer was taken.',
    },
    ({ question, labels, text }) => [
      {
        type: 'ask',
        questions: [
          {
            id: 'choice',
            header: 'Choice',
            question,
            options: labels.map((label) => ({ label, description: `Take ${label}.` })),
          },
        ],
      },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'work-gated',
    'a command, then nothing until the gate is released, then a patch',
    {
      gate: 'work',
      command: 'ls',
      path: 'lab-gated.txt',
      content: 'Made by the lab.\n',
      text: 'Done: the gate was released.',
    },
    ({ gate, command, path, content, text }) => [
      { type: 'tool', command },
      { type: 'patch', path, content, gate },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'sleep',
    'a command that runs for some seconds while the turn waits for it',
    { seconds: 60, text: 'Done: slept.' },
    ({ seconds, text }) => [
      { type: 'tool', command: `sleep ${seconds}`, timeoutMs: 30_000 },
      { type: 'poll', timeoutMs: 300_000 },
      { type: 'message', text },
    ],
  ),
];

function escalatedCall(command: string, justification: string): ToolCall {
  return { type: 'tool', command, escalated: { justification } };
}

function escalation(justification: string, prefix: readonly string[]): Escalation {
  const rule = prefix.filter((word) => word !== '');
  return rule.length === 0 ? { justification } : { justification, prefix_rule: rule };
}
