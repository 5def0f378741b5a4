import type { Closing, Request } from './request.ts';
import type { Intervention, Session } from './session.ts';

/** The session with one request changed. */
export function withRequest(session: Session, id: string, change: (request: Request) => Request): Session {
  return {
    ...session,
    requests: session.requests.map((request) => (request.id === id ? change(request) : request)),
  };
}

/** The session after an answer that could not be delivered: its request is open again. */
export function answerUndone(session: Session, id: string): Session {
  const reopened = withRequest(session, id, (request) => ({
    ...request,
    undone: request.undone + 1,
    state: { type: 'open' },
  }));
  return { ...reopened, interventions: settle(reopened.interventions, id, 'undone') };
}

/** The interventions after what was done about a request or an instruction came to its end. */
export function settle(
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

/** The session after a request was settled; what was done about it is settled with it. */
export function requestClosed(
  session: Session,
  id: string,
  how: Closing,
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
  const refused = session.interventions.some(
    ({ requestId, kind, outcome }) => requestId === id && kind === 'deny' && outcome === 'committed',
  );
  return {
    ...closed,
    blocked: session.blocked + (refused && how === 'answered' ? 1 : 0),
    interventions: settle(closed.interventions, id, how === 'answered' ? 'accepted' : 'stale'),
  };
}
