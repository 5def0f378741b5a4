import type { FactBody } from './fact.ts';
import type { Context, Run, Session } from './session.ts';

/** A run that begins; `context` is null for a thread of its own. */
export function openRun(
  n: number,
  prompt: string,
  thread: string | null,
  context: Context | null,
  tokensBefore: number,
  at: number,
): Run {
  return {
    n,
    prompt,
    thread,
    dropped: 0,
    context,
    handedOver: false,
    turns: [],
    over: [],
    lastTurn: null,
    interrupted: null,
    interrupts: 0,
    tokensBefore,
    openedAt: at,
    end: null,
    endedAt: null,
  };
}

/** The id under which Codex is given the prompt of the newest run. */
export function promptId({ spec, run }: Pick<Session, 'spec' | 'run'>): string {
  return `${spec.id}.${run.n}`;
}

/** The session with its newest run changed. */
export function withRun(session: Session, change: Partial<Run>): Session {
  return { ...session, run: { ...session.run, ...change } };
}

/** The run after a turn ended: an older one is over, only the newest says how the run stands. */
export function turnOver(
  run: Run,
  { turn, outcome, detail, reason }: FactBody & { type: 'turn-ended' },
): Run {
  const over = run.over.includes(turn) ? run.over : [...run.over, turn];
  if (run.turns.at(-1) !== turn) return { ...run, over };
  const ours = outcome === 'interrupted' ? run.interrupted : null;
  const { by, survivors } = ours ?? { by: null, survivors: [] };
  return { ...run, over, lastTurn: { outcome, detail, reason: reason ?? null, by, survivors } };
}

/** Whether the thread that a run takes up is to be compared with what is known of it. */
export function contextOf(thread: string | null, verify: boolean | undefined): Context | null {
  if (thread === null || verify === undefined) return null;
  return verify ? { type: 'unchecked' } : { type: 'trusted' };
}

/** The run with one more turn, which is the newest. */
export function withTurn(run: Run, turn: string): Run {
  return run.turns.includes(turn) ? run : { ...run, turns: [...run.turns, turn], lastTurn: null };
}
