import { always } from './builtin-parts.ts';
import { defineScenario, type ScenarioSource } from './scenario.ts';

const PATCH = `*** Begin Patch
*** Update File: lab-not-there.txt
@@
-a line that is not there
+a line that was there
*** End Patch
`;

/** Scenarios in which the model goes in circles, or ends wrongly. */
export const loopScenarios: readonly ScenarioSource[] = [
  defineScenario(
    'repeat-call',
    'the same command again and again',
    { command: 'ls', times: always, text: 'Done: that was enough.' },
    ({ command, times, text }) => [
      { type: 'repeat', call: { type: 'tool', command }, times },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'failing-patches',
    'a patch that does not apply, again and again',
    { patch: PATCH, times: 10, text: 'Done: the patches failed.' },
    ({ patch, times, text }) => [
      { type: 'repeat', call: { type: 'patch', patch }, times },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'compaction',
    'a command, then a context so full that Codex compacts it once, then the end',
    { tokens: 1_000_000, command: 'ls', text: 'Done: the context was compacted.' },
    ({ tokens, command, text }) => [
      { type: 'usage', input: tokens, output: 10 },
      { type: 'tool', command },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'compaction-loop',
    'the same command again and again, with a context so full that Codex compacts it each time',
    { tokens: 1_000_000, command: 'ls', times: always, text: 'Done: the context was compacted.' },
    ({ tokens, command, times, text }) => [
      { type: 'usage', input: tokens, output: 10 },
      { type: 'repeat', call: { type: 'tool', command }, times },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'early-done',
    'says that all is done, and has done nothing',
    { text: 'Done: I implemented the feature, and all tests pass.' },
    ({ text }) => [{ type: 'message', text }],
  ),
  defineScenario(
    'final-question',
    'ends with a question to the person, as plain text',
    { text: 'I found two ways to do this. Should I change the schema, or only the query?' },
    ({ text }) => [{ type: 'message', text }],
  ),
];
