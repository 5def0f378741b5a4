import { defineScenario, type Escalation, type ScenarioSource, type Step } from '../src/lab/index.ts';
import { play } from '../test/e2e/scenarios.ts';

/** The command of every play: as short as a command can be. */
const COMMAND = 'true';

/** What the model does in the bench. */
export const plays: readonly ScenarioSource[] = [
  defineScenario('bench-say', 'one sentence', { text: 'Done.' }, ({ text }) => [{ type: 'message', text }]),
  defineScenario(
    'bench-work',
    'commands between two gates; each asks to leave the sandbox where told',
    { commands: 10, asks: false, first: '', last: '' },
    ({ commands, asks, first, last }) => {
      const escalated: Escalation = { justification: 'May I?' };
      const command: Step = { type: 'tool', command: COMMAND, ...(asks ? { escalated } : {}) };
      return [
        { ...command, ...gate(first) },
        ...Array.from({ length: commands - 1 }, () => command),
        { type: 'message', text: 'Done.', ...gate(last) },
      ];
    },
  ),
];

function gate(name: string): { gate?: string } {
  return name === '' ? {} : { gate: name };
}

/** A prompt whose turn is one sentence. */
export function saying(): string {
  return play('bench-say');
}

/** Work of a turn: so many commands, held before the first and before the end by the gates that are named. */
export type Work = { commands: number; asks?: boolean; first?: string; last?: string };

export function working(work: Work): string {
  return play('bench-work', work);
}

/** The policy that answers what these plays ask. */
export const POLICY = `version = 1

[[rule]]
name = "bench"
need = "approval"
command = ["${COMMAND}"]
do = "approve"
`;
