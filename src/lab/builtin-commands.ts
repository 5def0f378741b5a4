import { defineScenario, type ScenarioSource } from './scenario.ts';
import type { Step } from './step.ts';

/** Codex takes a command for a running one after this time, milliseconds; 250 is the least for 0.169.0 (measured). */
const YIELD_MS = 250;

/** Scenarios in which a command does not end by itself, or not soon. */
export const commandScenarios: readonly ScenarioSource[] = [
  defineScenario(
    'terminal-wait',
    'a command that waits for a line on its terminal; the model asks for more output until it ends',
    { command: 'printf "Password: "; read -r answer; echo "Hello, $answer"', pollMs: 30_000 },
    ({ command, pollMs }) => polled(command, pollMs, { tty: true }),
  ),
  defineScenario(
    'spin',
    'a command that uses a whole processor for ever',
    { command: 'while :; do :; done', pollMs: 30_000 },
    ({ command, pollMs }) => polled(command, pollMs),
  ),
  defineScenario(
    'print-forever',
    'a command that prints for ever',
    { command: 'while :; do date; sleep 1; done', pollMs: 30_000 },
    ({ command, pollMs }) => polled(command, pollMs),
  ),
  defineScenario(
    'slow-download',
    'a slow download from the lab itself; the sandbox must have network',
    { bytesPerSecond: 4000, seconds: 600, output: '/dev/null', pollMs: 30_000 },
    ({ bytesPerSecond, seconds, output, pollMs }) => {
      const address = `$LAB_URL/lab/slow?bytesPerSecond=${bytesPerSecond}&seconds=${seconds}`;
      return polled(`curl -sS -o '${output}' '${address}'`, pollMs);
    },
  ),
  defineScenario(
    'left-running',
    'a command that is left running when the model says it is done',
    { command: 'sleep 600', text: 'Done: the server is up.' },
    ({ command, text }) => [
      { type: 'tool', command, timeoutMs: YIELD_MS },
      { type: 'message', text },
    ],
  ),
];

function polled(command: string, pollMs: number, how: { readonly tty?: boolean } = {}): Step[] {
  return [
    { type: 'tool', command, timeoutMs: YIELD_MS, ...how },
    { type: 'poll', timeoutMs: pollMs },
    { type: 'message', text: 'Done: the command has ended.' },
  ];
}
