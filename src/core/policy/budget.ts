import { hasEnded, type Session } from '../session/session.ts';

/** Why a run has used up what it may, in words; null while it has not, or where nothing bounds it. */
export function overBudget({ spec, run, tokens }: Session, now: number): string | null {
  const { budget } = spec;
  if (budget === undefined) return null;
  const used = tokens.total - run.tokensBefore;
  if (budget.tokens !== null && used >= budget.tokens) {
    return `${used} of ${budget.tokens} tokens are used up`;
  }
  if (budget.timeMs !== null && run.openedAt + budget.timeMs <= now) {
    return `the time of ${Math.round(budget.timeMs / 1_000)} s is used up`;
  }
  return null;
}

/** When the time of the newest run is used up, milliseconds since the epoch; null where nothing bounds it. */
export function budgetEndsAt(session: Session): number | null {
  const timeMs = session.spec.budget?.timeMs ?? null;
  const isBound = timeMs !== null && session.awaits.length === 0;
  if (!isBound || hasEnded(session) || session.endRequested !== null) return null;
  return session.run.openedAt + timeMs;
}
