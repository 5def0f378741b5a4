import type { Fact, WorkResult } from './fact.ts';
import type { Item } from './item.ts';
import type { Request } from './request.ts';
import type { Intervention, Run, Session, SessionSpec, Work } from './session.ts';

/** Pause before an action without a known outcome is repeated, milliseconds. */
const REPEAT_AFTER_MS = 1_000;

/** The session that begins with its first fact. */
export function begin(spec: SessionSpec, prompt: string, at: number): Session {
  return {
    spec,
    createdAt: at,
    run: openRun(1, prompt, null, at),
    pastRuns: [],
    server: null,
    serverGone: null,
    report: null,
    items: {},
    endedTurn: null,
    activity: null,
    requests: [],
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
        run: openRun(body.n, body.prompt, body.thread, at),
        pastRuns: [...session.pastRuns, session.run],
        items: {},
        activity: null,
        trouble: null,
        blocked: 0,
        said: false,
        endRequested: null,
        // What is under way for the session, not for the run, goes on.
        work: ofSession(session.work),
        report: null,
        lastProgressAt: at,
        seen: false,
        status: {
          phase: 'starting',
          since: at,
          because: [{ source: fact.source, fact: body.why, at }],
          confidence: 'certain',
        },
      };
    case 'work-requested': {
      const { lookDue } = session;
      const covered = body.key === 'look' && lookDue !== null ? { ...lookDue, covered: true } : lookDue;
      return withWork({ ...session, lookDue: covered }, body.key, {
        action: body.action,
        attempts: attemptsAfter(session.work[body.key]),
        requestedAt: at,
        state: { type: 'in-flight' },
      });
    }
    case 'work-returned':
      return workReturned(session, body.key, body.result, at);
    case 'thread-bound':
      return {
        ...session,
        run: { ...session.run, thread: body.thread },
        server: body.server,
        serverGone: null,
      };
    case 'thread-dropped':
      return {
        ...session,
        run: { ...session.run, thread: null },
        server: null,
        serverGone: null,
        report: null,
        lookDue: null,
        work: Object.fromEntries(
          Object.entries(session.work).filter(([key]) => key !== `open.${session.run.n}`),
        ),
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
      };
    case 'turn-started':
      return {
        ...session,
        run: withTurn(session.run, body.turn),
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
        blocked: session.blocked + (body.intervention === 'deny' ? 1 : 0),
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
        run: withTurn(session.run, body.turn),
        endedTurn: body.turn,
        activity: null,
        trouble: null,
      };
    case 'server-gone':
      return { ...session, serverGone: { at, detail: body.detail } };
    case 'look-due':
      return { ...session, lookDue: due(session, body.why, at) };
    case 'end-requested':
      return {
        ...session,
        endRequested: { mode: body.mode, by: body.by, at, graceMs: body.graceMs },
        interventions: [
          ...session.interventions,
          { at, kind: body.mode, by: body.by, why: 'asked for', requestId: null, outcome: 'committed' },
        ],
      };
    case 'run-ended':
      return {
        ...session,
        run: { ...session.run, end: body.end, endedAt: at },
        activity: null,
        trouble: null,
        interventions: session.interventions.map((intervention) =>
          intervention.requestId === null && intervention.outcome === 'committed'
            ? {
                ...intervention,
                outcome:
                  body.end.type === 'stopped' && body.end.survivors.length === 0 ? 'accepted' : 'undone',
              }
            : intervention,
        ),
      };
    case 'base':
      return { ...session, base: body.base };
    case 'changes':
      return { ...session, changes: { ...body.changes, at } };
    case 'note':
      return session;
    case 'seen':
      return { ...session, seen: true };
    case 'status':
      return { ...session, status: body.status };
    default:
      return body satisfies never;
  }
}

function openRun(n: number, prompt: string, thread: string | null, at: number): Run {
  return { n, prompt, thread, turns: [], openedAt: at, end: null, endedAt: null };
}

function withTurn(run: Run, turn: string): Run {
  return run.turns.includes(turn) ? run : { ...run, turns: [...run.turns, turn] };
}

function withWork(session: Session, key: string, work: Work): Session {
  return { ...session, work: { ...session.work, [key]: work } };
}

/** Attempts count consecutive tries: a finished action that is wanted again starts anew. */
function attemptsAfter(previous: Work | undefined): number {
  if (previous === undefined || previous.state.type === 'finished') return 1;
  return previous.attempts + 1;
}

function workReturned(session: Session, key: string, result: WorkResult, at: number): Session {
  const work = session.work[key];
  if (work === undefined) return session;
  switch (result.type) {
    case 'done':
      return withWork(session, key, { ...work, state: { type: 'finished' } });
    case 'stale':
    case 'unknown':
      if (work.action.type !== 'start-turn' && work.action.type !== 'answer') {
        // Doing it twice does no harm.
        const retryAt = at + REPEAT_AFTER_MS;
        return withWork(session, key, { ...work, state: { type: 'waiting', retryAt, why: result.why } });
      }
      // It may be wanted again, but only after a look has told what is true now.
      return {
        ...withWork(session, key, { ...work, state: { type: 'finished' } }),
        lookDue: due(session, result.why, at),
      };
    case 'retry':
      return withWork(session, key, {
        ...work,
        state: { type: 'waiting', retryAt: result.retryAt, why: result.why },
      });
    case 'given-up':
      return withWork(session, key, { ...work, state: { type: 'given-up', why: result.why } });
    default:
      return result satisfies never;
  }
}

function withRequest(session: Session, id: string, change: (request: Request) => Request): Session {
  return {
    ...session,
    requests: session.requests.map((request) => (request.id === id ? change(request) : request)),
  };
}

function answerUndone(session: Session, id: string): Session {
  const reopened = withRequest(session, id, (request) => ({
    ...request,
    undone: request.undone + 1,
    state: { type: 'open' },
  }));
  return { ...reopened, interventions: settle(reopened.interventions, id, 'undone') };
}

function settle(
  interventions: Intervention[],
  requestId: string,
  outcome: Intervention['outcome'],
): Intervention[] {
  return interventions.map((intervention) =>
    intervention.requestId === requestId && intervention.outcome === 'committed'
      ? { ...intervention, outcome }
      : intervention,
  );
}

/** The oldest reason to look stays; whatever is new is not covered by a look that has begun. */
function due(session: Session, why: string, at: number): Session['lookDue'] {
  return { ...(session.lookDue ?? { at, why }), covered: false };
}

function ofSession(work: Session['work']): Session['work'] {
  return Object.fromEntries(Object.entries(work).filter(([key]) => key === 'look' || key === 'snapshot'));
}

function requestClosed(
  session: Session,
  id: string,
  how: 'answered' | 'elsewhere' | 'withdrawn' | 'expired',
  why: string | null,
  at: number,
): Session {
  const closed = withRequest(session, id, (request) => ({
    ...request,
    state: {
      type: 'closed',
      how,
      at,
      answer: request.state.type === 'answering' ? request.state.answer : null,
      by: request.state.type === 'answering' ? request.state.by : null,
      why,
    },
  }));
  return {
    ...closed,
    interventions: settle(closed.interventions, id, how === 'answered' ? 'accepted' : 'stale'),
  };
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
