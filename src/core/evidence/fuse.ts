import {
  activeTurn,
  openRequests,
  type RunEnd,
  type Session,
  type ThreadReport,
} from '../session/session.ts';
import type { Because, Phase, Status } from '../session/status.ts';

/**
 * How long the thread's own status may contradict what else is known before the verdict is `unknown`,
 * milliseconds. Codex 0.169 announces `waitingOnApproval` a few milliseconds before the request itself.
 */
export const CONTRADICTION_BOUND_MS = 3_000;

/** How long a look may be due before what was known last is no longer taken for true, milliseconds. */
export const LOOK_BOUND_MS = 15_000;

type Verdict = { phase: Phase; because: Because[]; confidence: 'certain' | 'likely' | null };

/**
 * What is true of a session at `now`, from all that is known of it, and why. The first table row that holds
 * decides; sources that contradict each other longer than the bound give `unknown` with both named.
 */
export function fuse(session: Session, now: number): Status {
  const verdict =
    ended(session) ??
    unreachable(session) ??
    contradicted(session, now) ??
    waiting(session) ??
    overdue(session, now) ??
    throttled(session) ??
    atWork(session);
  const unchanged = samePhase(session.status, verdict.phase);
  return {
    ...verdict.phase,
    since: unchanged ? session.status.since : now,
    because: verdict.because,
    confidence: verdict.confidence,
  };
}

/** True where both say the same phase with the same data. */
export function samePhase(left: Phase, right: Phase): boolean {
  return phaseKey(left) === phaseKey(right);
}

function phaseKey(phase: Phase): string {
  switch (phase.phase) {
    case 'queued':
      return `queued ${phase.after.join(' ')}`;
    case 'starting':
    case 'working':
      return phase.phase;
    case 'waiting':
      return `waiting ${phase.need} ${phase.requestId}`;
    case 'throttled':
      return `throttled ${phase.cause} ${phase.until ?? '-'}`;
    case 'done':
      return `done ${phase.doubts.join(',')}`;
    case 'failed':
      return `failed ${phase.reason} ${phase.detail}`;
    case 'stopped':
      return `stopped ${phase.survivors.join(',')}`;
    case 'lost':
      return `lost ${phase.detail}`;
    case 'unknown':
      return `unknown ${phase.why}`;
    default:
      return phase satisfies never;
  }
}

function ended(session: Session): Verdict | null {
  const { end, endedAt } = session.run;
  if (end === null) return null;
  const at = endedAt ?? session.createdAt;
  switch (end.type) {
    case 'done': {
      // Only a measurement that came after the end can tell that nothing changed.
      const unchanged = session.changes !== null && session.changes.at >= at && session.changes.files === 0;
      const doubts = unchanged ? [...new Set([...end.doubts, 'no-changes' as const])] : end.doubts;
      return certain({ phase: 'done', doubts }, [
        { source: 'app-server', fact: 'turn/completed with status completed', at },
      ]);
    }
    case 'failed':
      return certain({ phase: 'failed', reason: end.reason, detail: end.detail }, [
        { source: 'app-server', fact: end.detail, at },
      ]);
    case 'stopped':
      return certain({ phase: 'stopped', survivors: end.survivors }, [
        { source: end.proven ? 'machine' : 'app-server', fact: stopFact(end), at },
      ]);
    case 'lost':
      return {
        phase: { phase: 'lost', detail: end.detail },
        because: [{ source: 'app-server', fact: end.detail, at }],
        confidence: 'certain',
      };
    default:
      return end satisfies never;
  }
}

function stopFact({ by, survivors, proven }: RunEnd & { type: 'stopped' }): string {
  if (by.startsWith('after:'))
    return `${by.slice('after:'.length)}, which it was to come after, did not end well`;
  if (survivors.length > 0) return `ended for ${by}, but these still run: ${survivors.join(', ')}`;
  return proven
    ? `ended for ${by}; nothing of it runs`
    : `the turn was interrupted from ${by}; commands that it started may still run`;
}

function unreachable(session: Session): Verdict | null {
  const { serverGone, run } = session;
  // Before the prompt is with Codex nothing can have been missed: another server is started.
  if (serverGone === null || (run.context !== null && !run.handedOver)) return null;
  return unknown(session, `the app-server is out of reach: ${serverGone.detail}`, serverGone.at);
}

function overdue(session: Session, now: number): Verdict | null {
  const { lookDue } = session;
  if (lookDue === null || lookDue.at + LOOK_BOUND_MS > now) return null;
  return unknown(session, `what Codex knows could not be compared since: ${lookDue.why}`, lookDue.at);
}

/** Unknown, with what the last look ran into, which is what there is to mend. */
function unknown(session: Session, why: string, at: number): Verdict {
  const look = session.work.look;
  const because: Because[] = [{ source: 'machine', fact: why, at }];
  if (look?.state.type === 'waiting') {
    because.push({
      source: 'coxswain',
      fact: `the last look failed: ${look.state.why}`,
      at: look.requestedAt,
    });
  }
  return { phase: { phase: 'unknown', why }, because, confidence: null };
}

/**
 * Since when the thread's own report may contradict what else is known: since it was given, or since the last request
 * was settled, which it is told a moment later.
 */
export function contradictedSince(session: Session, report: ThreadReport): number {
  const settled = session.requests.map(({ state }) => (state.type === 'closed' ? state.at : 0));
  return Math.max(report.at, ...settled);
}

function contradicted(session: Session, now: number): Verdict | null {
  const { report } = session;
  if (report === null || contradictedSince(session, report) + CONTRADICTION_BOUND_MS > now) return null;
  const unanswered = session.requests.filter((request) => request.state.type !== 'closed');
  const latest = activeTurn(session) ?? undefined;
  const disagreement =
    report.waiting && unanswered.length === 0
      ? 'the thread says that it waits for an answer, but no request of it is known'
      : report.state === 'not-loaded' && latest !== undefined
        ? 'the thread is not loaded, but the end of its turn was never seen'
        : report.state === 'idle' && latest !== undefined && session.serverGone === null
          ? 'the thread is idle, but the end of its turn was never seen'
          : null;
  if (disagreement === null) return null;
  return {
    phase: { phase: 'unknown', why: disagreement },
    because: [
      {
        source: 'app-server',
        fact: `thread/status ${report.state}${report.waiting ? ' (waiting)' : ''}`,
        at: report.at,
      },
      { source: 'app-server', fact: `last progress of the turn`, at: session.lastProgressAt },
    ],
    confidence: null,
  };
}

function waiting(session: Session): Verdict | null {
  const oldest = openRequests(session)[0];
  if (oldest === undefined) return null;
  const { ask, id, origin, openedAt, ruled } = oldest;
  const because: Because[] = [
    { source: 'app-server', fact: `${origin.method} ${id}: ${ask.question}`, at: openedAt },
  ];
  if (ruled !== null) because.push({ source: 'policy', fact: ruled, at: openedAt });
  return certain({ phase: 'waiting', need: ask.need, requestId: id }, because);
}

function throttled(session: Session): Verdict | null {
  if (session.trouble === null) return null;
  const { cause, until, message, since } = session.trouble;
  return certain({ phase: 'throttled', cause, until }, [
    { source: 'app-server', fact: `Codex retries: ${message}`, at: since },
  ]);
}

function atWork(session: Session): Verdict {
  if (session.awaits.length > 0) {
    const fact = `comes after ${session.awaits.join(', ')}`;
    return certain({ phase: 'queued', after: session.awaits }, [
      { source: 'user', fact, at: session.createdAt },
    ]);
  }
  const turn = session.run.turns.at(-1);
  if (turn === undefined) {
    return certain({ phase: 'starting' }, [
      { source: 'coxswain', fact: startingFact(session), at: session.run.openedAt },
    ]);
  }
  const stopping = session.endRequested;
  const because: Because[] = [
    { source: 'app-server', fact: workingFact(session), at: session.lastProgressAt },
  ];
  if (stopping !== null)
    because.unshift({
      source: 'user',
      fact: `${stopping.mode} was asked for by ${stopping.by}`,
      at: stopping.at,
    });
  return certain({ phase: 'working' }, because);
}

function workingFact(session: Session): string {
  if (session.activity !== null) return session.activity;
  return activeTurn(session) === null && session.messages.length > 0
    ? 'the next instruction is being handed over'
    : 'the turn is in progress';
}

function startingFact(session: Session): string {
  const waitingWork = Object.values(session.work).find((work) => work.state.type === 'waiting');
  if (waitingWork?.state.type === 'waiting') return `tries again: ${waitingWork.state.why}`;
  if (session.run.context?.type === 'unchecked') return 'the history of the thread is being compared';
  return session.run.thread === null ? 'a thread is being opened' : 'the prompt is being handed over';
}

function certain(phase: Phase, because: Because[]): Verdict {
  return { phase, because, confidence: 'certain' };
}
