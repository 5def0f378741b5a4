import type { Session } from './session.ts';

/** How long a verdict may stay `unknown` before somebody should look, milliseconds. */
const UNKNOWN_BOUND_MS = 60_000;

/** Since when somebody should look at a session, milliseconds since the epoch; null where nobody needs to. */
export function attentionSince(session: Session): number | null {
  const { status } = session;
  if (session.archived) return null;
  switch (status.phase) {
    case 'waiting':
    case 'failed':
    case 'lost':
    case 'done':
      return status.phase !== 'waiting' && session.seen ? null : status.since;
    case 'unknown':
      return status.since + UNKNOWN_BOUND_MS;
    case 'stopped':
      return status.survivors.length > 0 && !session.seen ? status.since : null;
    case 'queued':
    case 'starting':
    case 'working':
    case 'throttled':
      return null;
    default:
      return status satisfies never;
  }
}

/** True where somebody should look now. */
export function needsAttention(session: Session, now: number): boolean {
  const since = attentionSince(session);
  return since !== null && since <= now;
}
