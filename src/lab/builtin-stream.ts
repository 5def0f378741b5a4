import { recovered } from './builtin-parts.ts';
import { defineScenario, type ScenarioSource } from './scenario.ts';

/** Scenarios in which the answer's stream or connection fails, falls silent, or is slow. */
export const streamScenarios: readonly ScenarioSource[] = [
  defineScenario('no-headers', 'the request is accepted and never answered', { times: 1 }, ({ times }) => [
    { type: 'no-headers', times },
    recovered(),
  ]),
  defineScenario(
    'stall-after-headers',
    'the stream opens and stays silent, without any event',
    { times: 1 },
    ({ times }) => [{ type: 'stall', where: 'after-headers', times }, recovered()],
  ),
  defineScenario(
    'stall-mid-stream',
    'the stream falls silent in mid-answer',
    { text: 'This answer stops in the mid', times: 1 },
    ({ text, times }) => [{ type: 'stall', where: 'mid-stream', text, times }, recovered()],
  ),
  defineScenario(
    'keep-alive',
    'the stream falls silent but for comments, which are no events',
    { everyMs: 1000, times: 1 },
    ({ everyMs, times }) => [
      { type: 'stall', where: 'mid-stream', keepAliveMs: everyMs, times },
      recovered(),
    ],
  ),
  defineScenario('cut', 'the stream breaks in mid-answer, then work goes on', { times: 2 }, ({ times }) => [
    { type: 'cut', times },
    recovered(),
  ]),
  defineScenario(
    'reset',
    'the connection is reset in mid-answer, then work goes on',
    { times: 2 },
    ({ times }) => [{ type: 'reset', where: 'mid-stream', times }, recovered()],
  ),
  defineScenario(
    'reset-before-headers',
    'the connection is reset instead of an answer, then work goes on',
    { times: 2 },
    ({ times }) => [{ type: 'reset', where: 'before-headers', times }, recovered()],
  ),
  defineScenario(
    'slow-chunks',
    'an answer that comes word by word',
    { chunks: 60, everyMs: 500 },
    ({ chunks, everyMs }) => [{ type: 'message', text: words('slowly', chunks), everyMs }],
  ),
  defineScenario(
    'slow-thinking',
    'thoughts that come word by word for long, then a command and the end',
    { chunks: 600, everyMs: 1000, command: 'ls', text: 'Done: thought long.' },
    ({ chunks, everyMs, command, text }) => [
      { type: 'reasoning', text: words('hm', chunks), everyMs },
      { type: 'tool', command },
      { type: 'message', text },
    ],
  ),
  defineScenario('empty', 'a completed response without any output', { times: 1 }, ({ times }) => [
    { type: 'empty', times },
    recovered(),
  ]),
];

function words(word: string, count: number): string {
  return Array.from({ length: count }, () => word).join(' ');
}
