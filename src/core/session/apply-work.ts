import type { Action } from '../policy/action.ts';
import type { WorkResult } from './fact.ts';
import type { EndMode, Run, Session, Work } from './session.ts';

/** Pause before an action without a known outcome is repeated, milliseconds. */
const REPEAT_AFTER_MS = 1_000;

/** The session after an action was asked for; a look that is asked for covers all that is due. */
export function workRequested(session: Session, key: string, action: Action, at: number): Session {
  const { lookDue } = session;
  const covered = key === 'look' && lookDue !== null ? { ...lookDue, covered: true } : lookDue;
  const attempts = attemptsAfter(session.work[key]);
  return withWork({ ...session, lookDue: covered }, key, {
    action,
    attempts,
    requestedAt: at,
    state: { type: 'in-flight' },
  });
}

function withWork(session: Session, key: string, work: Work): Session {
  return { ...session, work: { ...session.work, [key]: work } };
}

/** Attempts count consecutive tries: a finished action that is wanted again starts anew. */
function attemptsAfter(previous: Work | undefined): number {
  if (previous === undefined || previous.state.type === 'finished') return 1;
  return previous.attempts + 1;
}

/** The session after an action came back; see WorkResult. */
export function workReturned(session: Session, key: string, result: WorkResult, at: number): Session {
  const work = session.work[key];
  if (work === undefined) return session;
  switch (result.type) {
    case 'done':
      return withWork(session, key, { ...work, state: { type: 'finished', how: 'done' } });
    case 'stale':
    case 'unknown':
      if (!isDoneOnce(work.action)) {
        // Doing it twice does no harm.
        const retryAt = at + REPEAT_AFTER_MS;
        return withWork(session, key, { ...work, state: { type: 'waiting', retryAt, why: result.why } });
      }
      // It may be wanted again, but only after a look has told what is true now.
      return {
        ...withWork(session, key, { ...work, state: { type: 'finished', how: result.type } }),
        lookDue: lookDueAlso(session, result.why, at),
      };
    case 'retry':
      return withWork(session, key, {
        ...work,
        state: { type: 'waiting', retryAt: result.retryAt, why: result.why },
      });
    case 'given-up':
      return withWork(session, key, {
        ...work,
        state: { type: 'given-up', why: result.why, reason: result.reason },
      });
    default:
      return result satisfies never;
  }
}

/** Doing it a second time would do harm. */
function isDoneOnce({ type }: Action): boolean {
  return type === 'start-turn' || type === 'steer' || type === 'answer';
}

/** Key of the action that ends what a run has at work; a run may be interrupted several times. */
export function endKey({ n, interrupts }: Run, mode: EndMode): string {
  return mode === 'interrupt' && interrupts > 0 ? `end.${n}.${mode}.${interrupts}` : `end.${n}.${mode}`;
}

/** The oldest reason to look stays; whatever is new is not covered by a look that has begun. */
export function lookDueAlso(session: Session, why: string, at: number): Session['lookDue'] {
  return { ...(session.lookDue ?? { at, why }), covered: false };
}

/** What is under way for the session, not for one run of it. */
export function workOfSession(work: Session['work']): Session['work'] {
  return Object.fromEntries(Object.entries(work).filter(([key]) => key === 'look' || key === 'snapshot'));
}
