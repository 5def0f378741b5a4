import { answerUndone, requestClosed, settle, withRequest } from './apply-request.ts';
import { contextOf, openRun, promptId, turnOver, withRun, withTurn } from './apply-run.ts';
import { lookDueAlso, workOfSession, workRequested, workReturned } from './apply-work.ts';
import type { Fact } from './fact.ts';
import type { Item } from './item.ts';
import type { Intervention, Message, Session, SessionSpec } from './session.ts';

/** The session that begins with its first fact. */
export function begin(spec: SessionSpec, prompt: string, at: number): Session {
  return {
    spec,
    createdAt: at,
    awaits: spec.after ?? [],
    run: openRun(1, prompt, null, null, 0, at),
    pastRuns: [],
    server: null,
    writableRoots: [],
    serverGone: null,
    report: null,
    items: {},
    activity: null,
    requests: [],
    messages: [],
    trouble: null,
    blocked: 0,
    endRequested: null,
    work: {},
    lookedAt: at,
    lookDue: null,
    lastMessage: null,
    said: false,
    tokens: { input: 0, cached: 0, output: 0, total: 0 },
    base: { type: 'pending' },
    changes: null,
    interventions: [],
    lastProgressAt: at,
    seen: false,
    attachedAt: null,
    archived: false,
    status: {
      phase: 'starting',
      since: at,
      because: [{ source: 'user', fact: 'the session was asked for', at }],
      confidence: 'certain',
    },
  };
}

/**
 * The session after one more fact. Total and pure; the session passed in is not changed.
 * `session-created` is the first fact of a session and of no other place: it is ignored later.
 */
export function apply(session: Session, fact: Fact): Session {
  const { body, at } = fact;
  switch (body.type) {
    case 'session-created':
      return session;
    case 'run-opened':
      return {
        ...session,
        run: {
          ...openRun(
            body.n,
            body.prompt,
            body.thread,
            contextOf(body.thread, body.verify),
            session.tokens.total,
            at,
          ),
          // A run that somebody began elsewhere has no prompt of ours.
          handedOver: body.prompt === '',
        },
        pastRuns: [...session.pastRuns, session.run],
        items: {},
        activity: null,
        trouble: null,
        blocked: 0,
        said: false,
        endRequested: null,
        awaits: [],
        // What was due or wrong in the run before says nothing of this one.
        lookDue: null,
        serverGone: null,
        // What is under way for the session, not for the run, goes on.
        work: workOfSession(session.work),
        report: null,
        lastProgressAt: at,
        seen: false,
        archived: false,
        status: {
          phase: 'starting',
          since: at,
          because: [{ source: fact.source, fact: body.why, at }],
          confidence: 'certain',
        },
      };
    case 'relaunched':
      return {
        ...session,
        spec: { ...session.spec, identity: body.identity, codexVersion: body.codexVersion },
      };
    case 'message-accepted':
      return {
        ...session,
        messages: body.first ? [body.message, ...session.messages] : [...session.messages, body.message],
        interventions: [...session.interventions, sent(body.message, body.first, at)],
      };
    case 'message-held':
      return {
        ...session,
        messages: session.messages.map((message) =>
          message.id === body.id ? { ...message, how: 'queue' } : message,
        ),
      };
    case 'message-taken': {
      const settled = messageSettled(session, body.id, 'accepted');
      return body.id === promptId(session) ? withRun(settled, { handedOver: true }) : settled;
    }
    case 'message-dropped':
      return messageSettled(session, body.id, 'undone');
    case 'context-checked': {
      const { known, found, missing } = body;
      return {
        ...session,
        run: { ...session.run, context: { type: 'checked', known, found, missing: missing.length } },
      };
    }
    case 'interrupted': {
      const { run, endRequested } = session;
      const turn = run.turns.at(-1);
      const by = endRequested?.by ?? null;
      return {
        ...session,
        run: {
          ...run,
          over: turn === undefined || run.over.includes(turn) ? run.over : [...run.over, turn],
          lastTurn: { outcome: 'interrupted', reason: null, detail: null, by, survivors: body.survivors },
          interrupted: session.lookDue === null || by === null ? null : { by, survivors: body.survivors },
          interrupts: run.interrupts + 1,
        },
        endRequested: null,
        activity: null,
        interventions: settleEnds(session.interventions, body.survivors.length === 0),
      };
    }
    case 'work-requested':
      return workRequested(session, body.key, body.action, at);
    case 'work-returned':
      return workReturned(session, body.key, body.result, at);
    case 'thread-bound':
      return {
        ...session,
        writableRoots: body.writableRoots,
        run: { ...session.run, thread: body.thread },
        server: body.server,
        serverGone: null,
      };
    case 'thread-dropped':
      return {
        ...session,
        run: { ...session.run, thread: null, context: null, dropped: session.run.dropped + 1 },
        server: null,
        serverGone: null,
        report: null,
        lookDue: null,
      };
    case 'thread-reported':
      return { ...session, report: body.report };
    case 'observed':
      return {
        ...session,
        server: body.server,
        serverGone: null,
        lookedAt: at,
        lookDue: session.lookDue?.covered === true ? null : session.lookDue,
        run: session.lookDue?.covered === false ? session.run : { ...session.run, interrupted: null },
      };
    case 'turn-started':
      return {
        ...session,
        run: {
          ...withTurn(session.run, body.turn),
          handedOver: session.run.handedOver || body.foreign !== true,
        },
        activity: null,
        // What was said of the thread before this turn says nothing of it.
        report: session.report?.state === 'active' ? session.report : null,
        lastProgressAt: at,
      };
    case 'activity':
      return { ...session, activity: body.line, lastProgressAt: at, trouble: null };
    case 'item':
      return itemApplied(session, body.turn, body.item, at);
    case 'progress':
      return { ...session, lastProgressAt: at, trouble: null };
    case 'request-opened':
      return { ...session, requests: [...session.requests, body.request], trouble: null };
    case 'answer-committed':
      return {
        ...withRequest(session, body.requestId, (request) => ({
          ...request,
          state: { type: 'answering', answer: body.answer, by: body.by, at },
        })),
        // What was refused is not what the turn does now.
        activity: body.intervention === 'deny' ? null : session.activity,
        interventions: [
          ...session.interventions,
          {
            at,
            kind: body.intervention,
            by: body.by,
            why: body.why,
            requestId: body.requestId,
            outcome: 'committed',
          },
        ],
      };
    case 'request-ruled':
      return withRequest(session, body.requestId, (request) => ({ ...request, ruled: body.why }));
    case 'answer-undone':
      return answerUndone(session, body.requestId);
    case 'request-closed':
      return requestClosed(session, body.requestId, body.how, body.why, at);
    case 'trouble':
      return {
        ...session,
        trouble: {
          cause: body.cause,
          message: body.message,
          since: session.trouble?.since ?? at,
          until: body.until,
        },
      };
    case 'tokens':
      return { ...session, tokens: body.tokens, lastProgressAt: at, trouble: null };
    case 'turn-ended':
      return {
        ...session,
        run: turnOver(withTurn(session.run, body.turn), body),
        activity: null,
        trouble: null,
      };
    case 'server-gone':
      return { ...session, serverGone: { at, detail: body.detail } };
    case 'look-due':
      return { ...session, lookDue: lookDueAlso(session, body.why, at) };
    case 'end-requested':
      return {
        ...session,
        endRequested: { mode: body.mode, by: body.by, at, graceMs: body.graceMs, why: body.why ?? null },
        interventions: [
          ...session.interventions,
          {
            at,
            kind: body.mode,
            by: body.by,
            why: body.why ?? 'asked for',
            requestId: null,
            outcome: 'committed',
          },
        ],
      };
    case 'predecessor-done': {
      const awaits = session.awaits.filter((id) => id !== body.session);
      // The time of a run is that in which it could have begun.
      return awaits.length > 0 ? { ...session, awaits } : withRun({ ...session, awaits }, { openedAt: at });
    }
    case 'run-ended':
      return {
        ...session,
        run: { ...session.run, end: body.end, endedAt: at },
        activity: null,
        trouble: null,
        interventions: settleEnds(
          session.interventions,
          (body.end.type === 'stopped' && body.end.proven && body.end.survivors.length === 0) ||
            (body.end.type === 'failed' &&
              body.end.reason === 'budget' &&
              (body.end.survivors ?? []).length === 0),
        ),
      };
    case 'base':
      return { ...session, base: body.base };
    case 'changes':
      return { ...session, changes: { ...body.changes, at, now: body.now ?? null } };
    case 'note':
      return session;
    case 'swept':
      return {
        ...session,
        interventions: [
          ...session.interventions,
          {
            at,
            kind: body.mode,
            by: body.by,
            why: 'what it left running',
            requestId: null,
            outcome: body.survivors.length === 0 ? 'accepted' : 'undone',
          },
        ],
      };
    case 'attached':
      return { ...session, attachedAt: at };
    case 'archived':
      return { ...session, archived: true };
    case 'seen':
      return { ...session, seen: true };
    case 'status':
      return { ...session, status: body.status };
    default:
      return body satisfies never;
  }
}

function sent({ id, how, by }: Message, first: boolean, at: number): Intervention {
  return { at, kind: 'send', by, why: first ? 'interrupt' : how, requestId: id, outcome: 'committed' };
}

function messageSettled(session: Session, id: string, outcome: Intervention['outcome']): Session {
  return {
    ...session,
    messages: session.messages.filter((message) => message.id !== id),
    interventions: settle(session.interventions, id, outcome),
  };
}

/** Ends that were asked for, and what came of them. */
function settleEnds(interventions: Intervention[], met: boolean): Intervention[] {
  return interventions.map((intervention) =>
    intervention.requestId === null && intervention.outcome === 'committed'
      ? { ...intervention, outcome: met ? 'accepted' : 'undone' }
      : intervention,
  );
}

function itemApplied(session: Session, turn: string, item: Item, at: number): Session {
  const ids = session.items[turn] ?? [];
  const refused = (item.kind === 'command' || item.kind === 'patch') && item.state === 'declined';
  return {
    ...session,
    items: { ...session.items, [turn]: [...ids, item.id] },
    activity: null,
    trouble: null,
    said: session.said || item.kind === 'message',
    lastMessage: item.kind === 'message' ? item.text : session.lastMessage,
    blocked: session.blocked + (refused ? 1 : 0),
    lastProgressAt: at,
  };
}
