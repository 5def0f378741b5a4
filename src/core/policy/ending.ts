import type { Closing } from '../session/request.ts';
import { activeTurn, type RunEnd, type Session, type TurnEnd } from '../session/session.ts';
import type { Doubt, Source } from '../session/status.ts';
import type { Growing } from './fold.ts';

/** Who ends a run that has used up what it may. */
export const BUDGET = 'budget';

/**
 * Ends a run whose newest turn is over where nothing is left to be said to it. What was queued begins the next turn
 * of the same run; a turn that failed, or that somebody else interrupted, ends it all the same.
 */
export function endIfOver(growing: Growing): void {
  const { session } = growing;
  const { run, endRequested, messages } = session;
  // An end that was asked for ends the run with its own proof (`work-gone`).
  if (run.end !== null || endRequested !== null || !run.handedOver || run.lastTurn === null) return;
  const { outcome, by } = run.lastTurn;
  const goesOn = outcome === 'completed' || by !== null;
  if (activeTurn(session) !== null || (goesOn && messages.length > 0)) return;
  endRun(growing, 'app-server', endOf(session, run.lastTurn));
}

function endOf(session: Session, { outcome, reason, detail, by, survivors }: TurnEnd): RunEnd {
  switch (outcome) {
    case 'completed':
      return { type: 'done', doubts: doubtsOf(session) };
    case 'failed':
      return { type: 'failed', reason: reason ?? 'model-error', detail: detail ?? 'the turn failed' };
    case 'interrupted':
      if (by !== null) return { type: 'stopped', by, survivors, proven: true, mode: 'interrupt' };
      return session.serverGone === null
        ? { type: 'stopped', by: 'elsewhere', survivors: [], proven: false }
        : { type: 'failed', reason: 'crashed', detail: `the turn was cut: ${session.serverGone.detail}` };
    default:
      return outcome satisfies never;
  }
}

function doubtsOf(session: Session): Doubt[] {
  const doubts: Doubt[] = [];
  if (!session.said) doubts.push('empty-completion');
  if (session.blocked > 0) doubts.push('blocked-work');
  return doubts;
}

/** A thread that came back without turns that are known of it is not the one that was meant: nothing is said to it. */
export function endIfForgotten(growing: Growing): void {
  const { run, endRequested } = growing.session;
  // An end that was asked for goes on to its own proof.
  if (run.end !== null || endRequested !== null || run.context?.type !== 'checked') return;
  const { missing, known } = run.context;
  if (missing === 0) return;
  const detail = `the thread came back without ${missing} of its ${known} turns; nothing was sent`;
  endRun(growing, 'app-server', { type: 'lost', detail });
}

/** Ends the newest run; what it still asked is withdrawn with it. */
export function endRun(growing: Growing, source: Source, end: RunEnd): void {
  closeRequests(growing, source, 'withdrawn', 'its run has ended');
  for (const { id, text } of growing.session.messages) {
    growing.add(source, { type: 'message-dropped', id, text, why: `its run has ended: ${end.type}` });
  }
  growing.add(source, { type: 'run-ended', end });
}

/** Settles what is still open of a session's requests, without an answer. */
export function closeRequests(growing: Growing, source: Source, how: Closing, why: string): void {
  for (const request of growing.session.requests) {
    if (request.state.type === 'closed') continue;
    growing.add(source, { type: 'request-closed', requestId: request.id, how, why });
  }
}
