import type { Evidence, EvidenceBody, TurnError } from '../evidence/evidence.ts';
import { promptId } from '../session/apply-run.ts';
import type { Item } from '../session/item.ts';
import { type Closing, originKey } from '../session/request.ts';
import { hasEnded, knowsTurn, type Run, type RunEnd, type Session, type Work } from '../session/session.ts';
import type { Source } from '../session/status.ts';
import { BUDGET, closeRequests, endRun } from './ending.ts';
import type { Growing } from './fold.ts';
import { answerKey, turnKey } from './needs.ts';

/**
 * Turns one piece of evidence into facts. Evidence may be doubled, late or out of order: what is known is not
 * added again, and the end of a run is absorbing.
 */
export function absorb(growing: Growing, evidence: Evidence): void {
  const { body, source } = evidence;
  if (isOfAnotherThread(growing.session, body)) return;
  switch (body.type) {
    case 'thread-opened':
      return threadOpened(growing, source, body);
    case 'thread-status':
      return threadStatus(growing, source, body.state, body.waiting);
    case 'turn-started':
      admitTurn(growing, source, body.turn);
      return;
    case 'item-started':
      if (admitTurn(growing, source, body.turn) && !hasEnded(growing.session)) {
        growing.add(source, { type: 'activity', turn: body.turn, line: body.line });
      }
      return;
    case 'item-completed':
      if (!admitTurn(growing, source, body.turn)) return;
      if (growing.session.items[body.turn]?.includes(body.item.id)) return;
      return itemCompleted(growing, source, body.turn, attributed(body.item, growing.session));
    case 'progress':
      if (admitTurn(growing, source, body.turn) && !hasEnded(growing.session))
        growing.add(source, { type: 'progress' });
      return;
    case 'request-opened':
      return requestOpened(growing, source, body);
    case 'request-resolved':
      return requestResolved(growing, source, body);
    case 'retrying':
      if (!admitTurn(growing, source, body.turn) || hasEnded(growing.session)) return;
      growing.add(source, { type: 'trouble', cause: body.cause, message: body.message, until: body.until });
      return;
    case 'tokens':
      if (growing.session.tokens.total !== body.tokens.total)
        growing.add(source, { type: 'tokens', tokens: body.tokens });
      return;
    case 'turn-ended':
      return turnEnded(growing, source, body.turn, body.outcome, body.error);
    case 'server-gone':
      // Said again by every look that fails: known.
      if (growing.session.serverGone !== null) return;
      if (hasEnded(growing.session) || growing.session.server !== body.server) return;
      growing.add(source, { type: 'server-gone', server: body.server, detail: body.detail });
      growing.add(source, { type: 'look-due', why: body.detail });
      return;
    case 'observed':
      return observed(growing, source, body);
    case 'message-refused': {
      const pending = growing.session.messages.find(({ id }) => id === body.message);
      if (pending?.how === 'steer')
        growing.add(source, { type: 'message-held', id: body.message, why: body.why });
      return;
    }
    case 'message-taken':
      if (!admitTurn(growing, source, body.turn)) return;
      return messageTaken(growing, source, body.message, body.turn);
    case 'thread-missing':
      return threadMissing(growing, source, body.thread, body.detail);
    case 'work-gone':
      return workGone(growing, source, body.run, body.survivors);
    case 'base':
      if (growing.session.base.type === 'pending') growing.add(source, { type: 'base', base: body.base });
      return;
    case 'changes':
      growing.add(source, { type: 'changes', changes: body.changes, list: body.list, now: body.now });
      return;
    case 'predecessor-ended':
      return predecessorEnded(growing, source, body.session, body.end);
    case 'gap':
      if (!hasEnded(growing.session)) growing.add(source, { type: 'look-due', why: body.why });
      return;
    case 'unrecognised':
      growing.add(source, { type: 'note', text: `not understood: ${body.name}` });
      return;
    default:
      return body satisfies never;
  }
}

function isOfAnotherThread(session: Session, body: EvidenceBody): boolean {
  if (body.type === 'thread-opened') return false;
  const thread = 'thread' in body ? body.thread : body.type === 'request-opened' ? body.origin.thread : null;
  return thread !== null && thread !== session.run.thread;
}

function threadOpened(
  growing: Growing,
  source: Source,
  body: EvidenceBody & { type: 'thread-opened' },
): void {
  if (growing.session.run.thread !== null || hasEnded(growing.session)) return;
  const { thread, server, rollout, model, writableRoots } = body;
  growing.add(source, { type: 'thread-bound', thread, server, rollout, model, writableRoots });
}

/** Versions before 0.139 do not give the id of an instruction back: then its words tell that it is ours. */
function attributed(item: Item, { spec, run }: Session): Item {
  if (item.kind !== 'user' || item.message !== undefined || item.text !== run.prompt) return item;
  return { ...item, message: promptId({ spec, run }) };
}

function itemCompleted(growing: Growing, source: Source, turn: string, item: Item): void {
  growing.add(source, { type: 'item', turn, item });
  if (item.kind === 'user') messageTaken(growing, source, item.message, turn);
}

/** Said by Codex's answer, by the item that it became, or by both. */
function messageTaken(growing: Growing, source: Source, id: string | undefined, turn: string): void {
  const { run, messages } = growing.session;
  const isPrompt = id === promptId(growing.session) && !run.handedOver;
  if (id === undefined || !(isPrompt || messages.some((message) => message.id === id))) return;
  growing.add(source, { type: 'message-taken', id, turn });
}

/** Codex stores a thread with its first turn; one that it forgot before has lost nothing. */
function threadMissing(growing: Growing, source: Source, thread: string, detail: string): void {
  const { run, work, endRequested } = growing.session;
  // An end that was asked for goes on to its own proof: a forgotten thread may have left processes behind.
  if (run.end !== null || endRequested !== null) return;
  const known = turnsOn(growing.session, growing.session.pastRuns);
  if (known.length === 0 && run.turns.length === 0 && work[turnKey(run.n)] === undefined) {
    closeRequests(growing, source, 'withdrawn', 'Codex forgot the thread that asked');
    return growing.add(source, { type: 'thread-dropped', thread, why: detail });
  }
  return endRun(growing, source, { type: 'lost', detail });
}

function threadStatus(
  growing: Growing,
  source: Source,
  state: 'active' | 'idle' | 'error' | 'not-loaded',
  waiting: boolean,
): void {
  const { report } = growing.session;
  if (report?.state === state && report.waiting === waiting) return;
  growing.add(source, { type: 'thread-reported', report: { at: growing.now, state, waiting } });
  if (state === 'not-loaded' && !hasEnded(growing.session)) {
    growing.add(source, { type: 'look-due', why: 'the app-server unloaded the thread' });
  }
}

/**
 * Makes sure that the turn is known; true where it belongs to the newest run. A new turn after the end of a
 * run was started by someone else on the same thread (an attached terminal): it is a run of its own.
 */
function admitTurn(growing: Growing, source: Source, turn: string): boolean {
  const { session } = growing;
  if (session.run.turns.includes(turn)) return true;
  if (knowsTurn(session, turn)) return false;
  const { end } = session.run;
  const staysEnded = isToStayEnded(session);
  if (end !== null) {
    growing.add(source, {
      type: 'run-opened',
      n: session.run.n + 1,
      prompt: '',
      thread: session.run.thread,
      why: 'a turn was started from elsewhere',
    });
    if (staysEnded) {
      const by = end.type === 'stopped' ? end.by : 'coxswain';
      growing.add(source, { type: 'end-requested', mode: 'kill', by, graceMs: 0 });
    }
  }
  // On a thread of the run's own nobody else does; on one that was taken up again, whoever was there before us may
  // have, until the prompt was asked to be handed over.
  const { run, work } = growing.session;
  const isForeign = run.context !== null && !run.handedOver && !mayBeDone(work[turnKey(run.n)]);
  growing.add(source, { type: 'turn-started', turn, ...(isForeign ? { foreign: true } : {}) });
  return true;
}

/** What was ended here is to stay so, unless somebody has joined the thread since: then the turn is theirs. */
function isToStayEnded({ run, attachedAt }: Session): boolean {
  const { end, endedAt } = run;
  if (end?.type !== 'stopped' || !end.proven || end.mode === 'interrupt') return false;
  return attachedAt === null || attachedAt < (endedAt ?? 0);
}

/** True while an action is under way, or has been and may have taken effect. */
function mayBeDone(work: Work | undefined): boolean {
  if (work?.state.type === 'finished') return work.state.how !== 'stale';
  return work?.state.type === 'in-flight';
}

function requestOpened(
  growing: Growing,
  source: Source,
  body: EvidenceBody & { type: 'request-opened' },
): void {
  const key = originKey(body.origin);
  if (growing.session.requests.some((request) => originKey(request.origin) === key)) return;
  // Codex cannot always tell the turn of an elicitation.
  if (body.origin.turn !== '' && !admitTurn(growing, source, body.origin.turn)) return;
  const request = {
    id: body.id,
    run: growing.session.run.n,
    origin: body.origin,
    ask: body.ask,
    openedAt: growing.now,
    ruled: null,
    undone: 0,
    state: { type: 'open' },
  } as const;
  growing.add(source, { type: 'request-opened', request });
  if (hasEnded(growing.session)) closeRequests(growing, source, 'withdrawn', 'its run has ended');
}

function requestResolved(
  growing: Growing,
  source: Source,
  body: EvidenceBody & { type: 'request-resolved' },
): void {
  const request = growing.session.requests.find(
    ({ origin, state }) =>
      state.type !== 'closed' &&
      origin.server === body.server &&
      origin.rpcId === body.rpcId &&
      origin.thread === body.thread,
  );
  if (request === undefined) return;
  const answered = body.ours && request.state.type === 'answering';
  growing.add(source, {
    type: 'request-closed',
    requestId: request.id,
    how: answered ? 'answered' : 'elsewhere',
    why: answered ? null : 'settled by another client or by Codex itself',
  });
}

function turnEnded(
  growing: Growing,
  source: Source,
  turn: string,
  outcome: 'completed' | 'interrupted' | 'failed',
  error: TurnError | null,
): void {
  if (hasEnded(growing.session) && knowsTurn(growing.session, turn)) return;
  if (!admitTurn(growing, source, turn)) return;
  // Told again by a look: known.
  if (growing.session.run.over.includes(turn)) return;
  growing.add(source, {
    type: 'turn-ended',
    turn,
    outcome,
    detail: error?.message ?? null,
    ...(error === null ? {} : { reason: error.reason }),
  });
}

function observed(growing: Growing, source: Source, body: EvidenceBody & { type: 'observed' }): void {
  growing.add(source, { type: 'observed', server: body.server, thread: body.thread });
  threadStatus(growing, source, body.state, body.waiting);
  checkContext(growing, source, body.history);
  for (const request of growing.session.requests) {
    if (request.state.type === 'closed' || body.pending.includes(originKey(request.origin))) continue;
    const [how, why] = settlement(
      request.origin.server === body.server,
      growing.session.work[answerKey(request.id, request.undone)],
    );
    growing.add(source, { type: 'request-closed', requestId: request.id, how, why });
  }
}

/** Compares the history that Codex has of a thread that was taken up again with the turns that are known of it. */
function checkContext(growing: Growing, source: Source, history: string[] | null): void {
  const { run } = growing.session;
  if (run.context?.type !== 'unchecked' || history === null || hasEnded(growing.session)) return;
  const known = expectedTurns(growing.session);
  const missing = known.filter((turn) => !history.includes(turn));
  growing.add(source, {
    type: 'context-checked',
    known: known.length,
    found: known.length - missing.length,
    missing,
  });
}

/** The turns that runs before it had on the thread of the newest. */
function turnsOn({ run }: Session, pastRuns: readonly Run[]): string[] {
  return pastRuns.filter(({ thread }) => thread === run.thread).flatMap(({ turns }) => turns);
}

/**
 * The turns that a thread must still have. Whoever took it up without a comparison has put up with what was missing
 * then.
 */
function expectedTurns(session: Session): string[] {
  const trusted = session.pastRuns.findLastIndex(({ context }) => context?.type === 'trusted');
  return turnsOn(session, session.pastRuns.slice(Math.max(trusted, 0)));
}

/** How a request that Codex no longer has open was settled while nobody of ours was listening. */
function settlement(sameServer: boolean, delivery: Work | undefined): [Closing, string] {
  if (!sameServer) return ['withdrawn', 'the app-server that asked is gone'];
  const how = delivery?.state.type === 'finished' ? delivery.state.how : null;
  if (how === 'done') return ['answered', 'Codex no longer has it open'];
  return [
    'elsewhere',
    how === 'unknown'
      ? 'Codex no longer has it open; whether our answer or another settled it is not known'
      : 'Codex no longer has it open',
  ];
}

function workGone(growing: Growing, source: Source, run: number, survivors: string[]): void {
  const { session } = growing;
  if (session.run.n !== run || hasEnded(session) || session.endRequested === null) return;
  if (session.endRequested.mode === 'interrupt' && session.messages.length > 0) {
    closeRequests(growing, source, 'withdrawn', 'its turn was interrupted');
    growing.add(source, { type: 'interrupted', survivors });
    return;
  }
  const { by, mode, why } = session.endRequested;
  if (by === BUDGET) {
    const left = survivors.length === 0 ? '' : `; these still run: ${survivors.join(', ')}`;
    const detail = `${why ?? ''}${left}`;
    return endRun(growing, source, { type: 'failed', reason: 'budget', detail, survivors });
  }
  endRun(growing, source, { type: 'stopped', by, survivors, proven: true, mode });
}

/** What a session was to come after has no result to go on with: then it does not begin. */
function predecessorEnded(growing: Growing, source: Source, id: string, end: RunEnd['type']): void {
  const { session } = growing;
  if (hasEnded(session) || !session.awaits.includes(id)) return;
  if (end === 'done') growing.add(source, { type: 'predecessor-done', session: id });
  else endRun(growing, source, { type: 'stopped', by: `after:${id}`, survivors: [], proven: true });
}
