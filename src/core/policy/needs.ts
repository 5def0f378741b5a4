import { CONTRADICTION_BOUND_MS, contradictedSince, LOOK_BOUND_MS } from '../evidence/fuse.ts';
import { endKey } from '../session/apply-work.ts';
import { activeTurn, hasEnded, openRequests, type Run, type Session, type Work } from '../session/session.ts';
import type { Action } from './action.ts';
import { budgetEndsAt } from './budget.ts';

/** How often a thread is compared with what Codex itself knows while nothing else falls due, milliseconds. */
export const LOOK_EVERY_MS = 60_000;

/** Tries of one action before its run is given up. Looks and ends are tried for ever. */
export const MAX_ATTEMPTS = 4;

export type Need = { key: string; action: Action };

/**
 * What a session needs done now. Level-triggered: it follows from the state alone, so the order in which
 * evidence came does not matter, and what is no longer wanted is simply not in the list any more.
 */
export function needs(session: Session, now: number): Need[] {
  return wanted(session, now).filter(({ key, action }) => mayAsk(session, action, session.work[key], now));
}

/** True where the action is still wanted: the precondition that is checked again at the moment of acting. */
export function isStillWanted(session: Session, key: string, now: number): boolean {
  return wanted(session, now).some((need) => need.key === key);
}

function wanted(session: Session, now: number): Need[] {
  const { run, endRequested } = session;
  if (hasEnded(session)) {
    return session.base.type === 'git'
      ? [{ key: measureKey(run.n), action: { type: 'measure', run: run.n } }]
      : [];
  }
  if (endRequested !== null) {
    // While the thread is being opened or the prompt handed over, what must be ended is not known yet.
    if (run.thread === null || isHandingOver(session)) return [];
    const { mode, graceMs } = endRequested;
    const action: Action = {
      type: 'end-work',
      run: run.n,
      thread: run.thread,
      turn: run.turns.at(-1) ?? null,
      mode,
      graceMs,
    };
    return [{ key: endKey(run, mode), action }];
  }
  if (session.awaits.length > 0) return [];
  const list: Need[] = [];
  if (session.base.type === 'pending') list.push({ key: 'snapshot', action: { type: 'snapshot' } });
  if (run.thread === null)
    return [...list, { key: openKey(run), action: { type: 'open-thread', run: run.n } }];
  if (isLookDue(session, now)) list.push({ key: 'look', action: { type: 'look', thread: run.thread } });
  if (session.lookDue !== null) return list;
  const instruction = nextInstruction(session, run.thread);
  if (instruction !== null) list.push(instruction);
  for (const { id, origin, state, undone } of session.requests) {
    if (state.type !== 'answering') continue;
    list.push({
      key: answerKey(id, undone),
      action: { type: 'answer', requestId: id, origin, answer: state.answer },
    });
  }
  // Whoever is asked wants to see what the session has changed so far.
  if (openRequests(session).length > 0 && session.base.type === 'git') {
    list.push({
      key: `measure.${run.n}.${session.requests.length}`,
      action: { type: 'measure', run: run.n },
    });
  }
  return list;
}

/** The one instruction that is to be handed over next: the run's prompt, then what was sent later, in order. */
function nextInstruction(session: Session, thread: string): Need | null {
  const { run, base, messages, spec } = session;
  // Nothing is said to a thread before it is known to be the one that was meant.
  if (base.type === 'pending' || run.context?.type === 'unchecked') return null;
  const turn = activeTurn(session);
  if (!run.handedOver) {
    // Somebody else's turn comes to its end first.
    if (turn !== null) return null;
    const images = run.n === 1 && spec.images !== undefined ? { images: spec.images } : {};
    return {
      key: turnKey(run.n),
      action: { type: 'start-turn', run: run.n, thread, text: run.prompt, ...images },
    };
  }
  const next = turn === null ? messages[0] : messages.find(({ how }) => how === 'steer');
  if (next === undefined) return null;
  const { id, text } = next;
  return {
    key: messageKey(id),
    action:
      turn === null
        ? { type: 'start-turn', run: run.n, thread, text, message: id }
        : { type: 'steer', thread, turn, text, message: id },
  };
}

/** What a run cannot go on without and that was given up; null where nothing was. */
export function givenUp(session: Session): (Work['state'] & { type: 'given-up' }) | null {
  const { run, work } = session;
  const key = run.thread === null ? openKey(run) : nextInstruction(session, run.thread)?.key;
  const state = key === undefined ? undefined : work[key]?.state;
  return state?.type === 'given-up' ? state : null;
}

/** True while an instruction is on its way: what it begins is not known yet. */
function isHandingOver({ work, run, messages }: Session): boolean {
  return isInFlight(work[turnKey(run.n)]) || messages.some(({ id }) => isInFlight(work[messageKey(id)]));
}

function isLookDue(session: Session, now: number): boolean {
  return session.lookDue !== null || session.lookedAt + LOOK_EVERY_MS <= now;
}

function mayAsk(session: Session, action: Action, work: Work | undefined, now: number): boolean {
  if (work === undefined) return true;
  switch (work.state.type) {
    case 'in-flight':
    case 'given-up':
      return false;
    case 'waiting':
      return work.state.retryAt <= now;
    case 'finished':
      return mayRepeat(session, action, work, now);
    default:
      return work.state satisfies never;
  }
}

/** It was done and is wanted all the same. */
function mayRepeat(session: Session, action: Action, work: Work, now: number): boolean {
  switch (action.type) {
    case 'look':
      return true;
    case 'measure':
      return false;
    case 'start-turn':
    case 'steer':
    case 'answer':
      // Only a look that came after it can tell that it did not take.
      return session.lookedAt > work.requestedAt;
    case 'open-thread':
    case 'end-work':
    case 'snapshot':
      return work.requestedAt + LOOK_EVERY_MS <= now;
    default:
      return action satisfies never;
  }
}

/** Key of the action that opens a thread for a run; a thread that was forgotten is followed by another. */
function openKey({ n, dropped }: Run): string {
  return dropped === 0 ? `open.${n}` : `open.${n}.${dropped}`;
}

/** Key of the action that measures what a run has changed, after its end. */
export function measureKey(run: number): string {
  return `measure.${run}`;
}

/** Key of the action that hands the prompt of a run over. */
export function turnKey(run: number): string {
  return `turn.${run}`;
}

/** Key of the action that hands an instruction over. */
function messageKey(id: string): string {
  return `message.${id}`;
}

/** Key of the action that delivers an answer; an answer that was undone is followed by another action. */
export function answerKey(requestId: string, undone: number): string {
  return `answer.${requestId}.${undone}`;
}

/** True where an action is under way whose end decides what else there is to end. */
export function isOpening(session: Session): boolean {
  return isInFlight(session.work[openKey(session.run)]);
}

function isInFlight(work: Work | undefined): boolean {
  return work?.state.type === 'in-flight';
}

/**
 * When to look again at the latest, milliseconds since the epoch. Null where nothing can fall due: the run
 * has ended. A run that is open always has a time, so that no silence lasts for ever.
 */
export function wakeAt(session: Session, now: number): number | null {
  const times: number[] = [];
  for (const { key } of wanted(session, now)) {
    const state = session.work[key]?.state;
    if (state?.type === 'waiting') times.push(Math.max(state.retryAt, now + 1));
  }
  if (hasEnded(session)) return times.length === 0 ? null : Math.min(...times);
  // What waits for another session has nothing to look at: its time only keeps it from being forgotten.
  const looks = session.awaits.length > 0 ? now + LOOK_EVERY_MS : session.lookedAt + LOOK_EVERY_MS;
  times.push(Math.max(looks, now + 1_000));
  const spent = budgetEndsAt(session);
  if (spent !== null) times.push(Math.max(spent, now + 1));
  const { report, lookDue } = session;
  if (lookDue !== null && lookDue.at + LOOK_BOUND_MS > now) times.push(lookDue.at + LOOK_BOUND_MS);
  const doubtful = report === null ? null : contradictedSince(session, report) + CONTRADICTION_BOUND_MS;
  if (doubtful !== null && doubtful > now) times.push(doubtful);
  return Math.min(...times);
}
