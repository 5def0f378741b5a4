import { failure } from '../errors.ts';
import { fuse, LOOK_BOUND_MS, samePhase } from '../evidence/fuse.ts';
import type { WorkResult } from '../session/fact.ts';
import { type Answer, type Ask, answerFits, choiceOf } from '../session/request.ts';
import { END_MODES, hasEnded, openRequests, type Session } from '../session/session.ts';
import { absorb } from './absorb.ts';
import { overBudget } from './budget.ts';
import { BUDGET, endIfForgotten, endIfOver, endRun } from './ending.ts';
import { Growing } from './fold.ts';
import type { Command, Decision, Input, Reply, Request } from './input.ts';
import { givenUp, isOpening, LOOK_EVERY_MS, MAX_ATTEMPTS, needs, wakeAt } from './needs.ts';
import type { Policy } from './policy.ts';
import { ruleOn } from './rules.ts';
import { send } from './send.ts';

const ACCEPTED: Reply = { ok: true };

/** Answers by policy are advisory while nothing proves that the session cannot give them itself (S4). */
const ADVISORY = 'advisory: whether the sandbox shuts the session out of its own approvals is not proven';

/**
 * What is true of a session after an input, what to do, and when to look again.
 *
 * Pure: no clock, no ids, no effects. `now` is in milliseconds since the epoch. The facts, in order, are what
 * the store keeps; `apply` folds them into the same session again. A refused command adds no facts.
 */
export function decide(session: Session | null, input: Input, policy: Policy, now: number): Decision {
  const born = session === null ? birth(input, now) : { growing: Growing.of(session, now), reply: ACCEPTED };
  if (born === null) return { session: null, facts: [], actions: [], wakeAt: null, reply: unknownSession() };
  const { growing } = born;
  const reply = session === null ? born.reply : take(growing, input);
  if (!reply.ok) return { session, facts: [], actions: [], wakeAt: wakeAt(growing.session, now), reply };
  endIfForgotten(growing);
  endIfOver(growing);
  endIfSpent(growing);
  endIfNothingBegan(growing);
  failIfGivenUp(growing);
  answerByPolicy(growing, policy);
  const actions = ask(growing);
  const status = fuse(growing.session, now);
  if (!samePhase(growing.session.status, status) || session === null) {
    growing.add('coxswain', { type: 'status', status });
  }
  return {
    session: growing.session,
    facts: growing.facts,
    actions,
    wakeAt: wakeAt(growing.session, now),
    reply,
  };
}

function birth(input: Input, now: number): { growing: Growing; reply: Reply } | null {
  if (input.type !== 'command' || input.command.type !== 'create') return null;
  const { spec, prompt } = input.command;
  return { growing: Growing.fromBirth({ type: 'session-created', spec, prompt }, now), reply: ACCEPTED };
}

function unknownSession(): Reply {
  return { ok: false, failure: failure('not-found', 'There is no such session.') };
}

function take(growing: Growing, input: Input): Reply {
  switch (input.type) {
    case 'command':
      return obey(growing, input.command);
    case 'evidence':
      absorb(growing, input.evidence);
      return ACCEPTED;
    case 'outcome':
      returned(growing, input.key, input.result);
      return ACCEPTED;
    case 'tick':
      return ACCEPTED;
    default:
      return input satisfies never;
  }
}

function obey(growing: Growing, command: Command): Reply {
  switch (command.type) {
    case 'create':
      return {
        ok: false,
        failure: failure('conflict', `The session ${growing.session.spec.id} exists already.`),
      };
    case 'answer':
      return answer(growing, command.requestId, command.answer, command.by);
    case 'end':
      requestEnd(growing, command);
      return ACCEPTED;
    case 'send':
      return send(growing, command);
    case 'swept': {
      const { mode, by, survivors } = command;
      if (hasEnded(growing.session)) growing.add('user', { type: 'swept', mode, by, survivors });
      return ACCEPTED;
    }
    case 'archive':
      return archive(growing);
    case 'attach':
      growing.add('user', { type: 'attached' });
      return ACCEPTED;
    case 'seen':
      if (!growing.session.seen && hasEnded(growing.session)) growing.add('user', { type: 'seen' });
      return ACCEPTED;
    default:
      return command satisfies never;
  }
}

/** A stronger end overrules a weaker one; a run that has ended stays as it ended. */
function requestEnd(growing: Growing, { mode, by, graceMs }: Command & { type: 'end' }): void {
  const { endRequested } = growing.session;
  const stronger = endRequested === null || END_MODES.indexOf(mode) > END_MODES.indexOf(endRequested.mode);
  if (hasEnded(growing.session) || !stronger) return;
  growing.add('user', { type: 'end-requested', mode, by, graceMs });
}

function archive(growing: Growing): Reply {
  const { session } = growing;
  if (!hasEnded(session)) {
    const message = `The session ${session.spec.id} has not ended; only what has ended is put aside.`;
    return { ok: false, failure: failure('conflict', message, {}, 'End it first: cox stop.') };
  }
  if (!session.archived) growing.add('user', { type: 'archived' });
  return ACCEPTED;
}

function answer(growing: Growing, requestId: string, given: Answer, by: string): Reply {
  const request = growing.session.requests.find(({ id }) => id === requestId);
  if (request === undefined)
    return { ok: false, failure: failure('not-found', `There is no request ${requestId}.`) };
  if (request.state.type !== 'open') {
    const { state } = request;
    const settled =
      state.type === 'answering'
        ? `answered by ${state.by}`
        : `${state.how}${state.why ? ` (${state.why})` : ''}`;
    return {
      ok: false,
      failure: failure('conflict', `The request ${requestId} is settled already: ${settled}.`, {
        requestId,
        state: state.type,
      }),
    };
  }
  if (growing.session.endRequested !== null) {
    const { mode, by } = growing.session.endRequested;
    const message = `The session is being ended (${mode} by ${by}); nothing more is answered.`;
    return { ok: false, failure: failure('conflict', message, { requestId }) };
  }
  if (!answerFits(request.ask, given)) {
    const offered = request.ask.choices.map(({ label }, index) => `${index + 1} ${label}`);
    return {
      ok: false,
      failure: failure(
        'choice-invalid',
        `The request ${requestId} (${request.ask.need}) does not offer that answer. It offers: ${offered.join(', ')}.`,
        {
          requestId,
          offered: request.ask.choices.map(({ id }) => id),
        },
        `Choose by number: cox answer ${requestId} --option N${request.ask.need === 'question' ? ', or answer with a text' : ''}.`,
      ),
    };
  }
  const why = withMessage(choiceOf(request.ask, given)?.label ?? 'free text', given);
  growing.add('user', {
    type: 'answer-committed',
    requestId,
    answer: given,
    by,
    why,
    intervention: kindOf(request.ask, given),
  });
  return ACCEPTED;
}

/** Codex takes no words with a refusal (0.169), so they are kept where people look. */
function withMessage(why: string, given: Answer): string {
  return given.type === 'choice' && given.message !== null ? `${why}: ${given.message}` : why;
}

function kindOf(ask: Ask, given: Answer): 'approve' | 'deny' | 'answer' {
  if (ask.need === 'question' || given.type === 'text')
    return given.type === 'choice' && given.id === 'decline' ? 'deny' : 'answer';
  return given.id === 'decline' ? 'deny' : 'approve';
}

function returned(growing: Growing, key: string, result: WorkResult): void {
  const work = growing.session.work[key];
  if (work === undefined || work.state.type !== 'in-flight') return;
  const tireless = work.action.type === 'look' || work.action.type === 'end-work';
  const final = lastWord(result, tireless, work.attempts, growing.now);
  growing.add('coxswain', { type: 'work-returned', key, result: final });
  if (final.type !== 'given-up') return;
  if (work.action.type === 'snapshot') {
    // Also where the run has ended meanwhile: the next one is not to wait for it.
    growing.add('coxswain', { type: 'base', base: { type: 'none', why: final.why } });
    return;
  }
  if (hasEnded(growing.session)) return;
  switch (work.action.type) {
    case 'answer':
      return undo(growing, work.action.requestId, final.why);
    case 'open-thread':
    case 'start-turn':
    case 'steer':
    case 'look':
    case 'end-work':
    case 'measure':
      return;
    default:
      return work.action satisfies never;
  }
}

/** A run that cannot begin or go on has failed; one that is being ended anyway ends as was asked for. */
function failIfGivenUp(growing: Growing): void {
  const { session } = growing;
  if (hasEnded(session) || session.endRequested !== null) return;
  const state = givenUp(session);
  if (state !== null)
    endRun(growing, 'coxswain', { type: 'failed', reason: state.reason, detail: state.why });
}

/** An answer that cannot be delivered leaves its request open, for a person. */
function undo(growing: Growing, requestId: string, why: string): void {
  const request = growing.session.requests.find(({ id }) => id === requestId);
  if (request?.state.type === 'answering') growing.add('coxswain', { type: 'answer-undone', requestId, why });
}

/** Looks and ends are never given up, only tried less often; everything else after some tries. */
function lastWord(result: WorkResult, tireless: boolean, attempts: number, now: number): WorkResult {
  if (tireless) {
    return result.type === 'given-up' ? { ...result, type: 'retry', retryAt: now + LOOK_EVERY_MS } : result;
  }
  if (result.type === 'retry' && attempts >= MAX_ATTEMPTS) {
    return { type: 'given-up', why: result.why, reason: result.reason };
  }
  return result;
}

/** Between the polite and the final signal for what a budget ends, milliseconds. */
const SPENT_GRACE_MS = 5_000;

/** A run that has used up what it may is ended gracefully, and has failed. */
function endIfSpent(growing: Growing): void {
  const { session, now } = growing;
  if (hasEnded(session) || session.endRequested !== null || session.awaits.length > 0) return;
  // What happened while nobody looked comes first: it may have ended well.
  const { lookDue } = session;
  if (lookDue !== null && lookDue.at + LOOK_BOUND_MS > now) return;
  const why = overBudget(session, now);
  if (why === null) return;
  growing.add('policy', { type: 'end-requested', mode: 'stop', by: BUDGET, graceMs: SPENT_GRACE_MS, why });
}

/** An end that was asked for before there was a thread needs no proof: nothing ever ran. */
function endIfNothingBegan(growing: Growing): void {
  const { run, endRequested } = growing.session;
  if (run.end !== null || endRequested === null || run.thread !== null || isOpening(growing.session)) return;
  const { by, mode } = endRequested;
  if (mode === 'interrupt' && growing.session.messages.length > 0) {
    growing.add('coxswain', { type: 'interrupted', survivors: [] });
    return;
  }
  endRun(
    growing,
    'coxswain',
    by === BUDGET
      ? { type: 'failed', reason: 'budget', detail: endRequested.why ?? '' }
      : { type: 'stopped', by, survivors: [], proven: true, mode },
  );
}

function answerByPolicy(growing: Growing, policy: Policy): void {
  if (growing.session.endRequested !== null) return;
  for (const request of openRequests(growing.session)) {
    if (request.undone > 0) continue;
    const ruling = ruleOn(policy, growing.session.spec, request);
    if (ruling.type === 'ask') {
      if (policy.rules.length > 0 && request.ruled === null) {
        growing.add('policy', { type: 'request-ruled', requestId: request.id, why: ruling.why });
      }
      continue;
    }
    const kind = kindOf(request.ask, ruling.answer);
    growing.add('policy', {
      type: 'answer-committed',
      requestId: request.id,
      answer: ruling.answer,
      by: `policy:${ruling.rule}`,
      why: kind === 'approve' ? `${ruling.why} (${ADVISORY})` : withMessage(ruling.why, ruling.answer),
      intervention: kind,
    });
  }
}

function ask(growing: Growing): Request[] {
  return needs(growing.session, growing.now).map(({ key, action }) => {
    growing.add('coxswain', { type: 'work-requested', key, action });
    return { key, action, cause: growing.facts.length - 1 };
  });
}
