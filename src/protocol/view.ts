import type { ErrorCode, Failure } from '../core/errors.ts';
import { fuse } from '../core/evidence/fuse.ts';
import { measureKey } from '../core/policy/needs.ts';
import { needsAttention } from '../core/session/attention.ts';
import type { Ask, Request } from '../core/session/request.ts';
import type { Changes, RunEnd, Session, Tokens, Work, Worktree } from '../core/session/session.ts';
import type { Confidence, Doubt, PhaseName, Source } from '../core/session/status.ts';

/** The version of every shape below. It changes only where a reader of the old shape would be wrong. */
const SCHEMA_VERSION = 1;

export type OptionView = { n: number; id: string; label: string; prefix?: string[] };

/** What a session waits for; `n` of an option is what `cox answer --option N` takes. */
export type NeedView = {
  kind: Ask['need'];
  requestId: string;
  question: string;
  command: string | null;
  /** argv of every simple command; null where the line is more than plain words, and for other needs. */
  commands: string[][] | null;
  cwd: string | null;
  /** Files of a patch; empty for other needs. */
  files: { path: string; kind: string }[];
  options: OptionView[];
  since: string;
};

export type ResultView = {
  verdict: 'verified' | 'unverified' | 'failed' | 'stopped';
  /** A reason of the vocabulary for `failed`; null otherwise. */
  reason: string | null;
  /** For people. */
  detail: string | null;
  doubts: Doubt[];
  gates: never[];
  /** Whether its changes have been measured, or cannot be: then the doubts are final. */
  complete: boolean;
};

/** The git worktree that was made for a session; `base` is a commit. */
export type WorktreeView = {
  path: string;
  branch: string;
  base: string;
  /** How many files the checkout it was asked for from held uncommitted then: they are not in it. */
  uncommitted: number;
};

/** One session, as `cox show --json` prints it. Times are ISO 8601, UTC, with milliseconds. */
export type SessionView = {
  schemaVersion: 1;
  id: string;
  name: string | null;
  labels: Record<string, string>;
  phase: PhaseName;
  attention: boolean;
  need: NeedView | null;
  cause: string | null;
  until: string | null;
  confidence: Confidence | null;
  because: { source: Source; fact: string; at: string }[];
  driver: 'app-server';
  command: string[];
  cwd: string;
  worktree: WorktreeView | null;
  thread: string | null;
  turn: string | null;
  pid: null;
  runs: { n: number; thread: string | null; startedAt: string; endedAt: string | null; end: string | null }[];
  startedAt: string;
  phaseSince: string;
  lastProgressAt: string;
  endedAt: string | null;
  exitCode: null;
  lastMessage: string | null;
  tokens: Tokens;
  changes: Changes | null;
  interventions: { at: string; kind: string; by: string; why: string; outcome: string }[];
  /** Instructions that have not reached Codex yet, in the order in which they are to. */
  queue: { id: string; text: string; how: string; at: string }[];
  archived: boolean;
  result: ResultView | null;
};

/** One entry of `cox inbox --json`: a need with the session that has it. */
export type InboxEntry = NeedView & { session: string; name: string | null };

/** Facts of one session, oldest first; `before` of the next call for those that came earlier, null at the first. */
export type EventPage = { schemaVersion: 1; items: EventView[]; before: number | null };

/** What `send` and `resume` acknowledge: the instruction is kept; whether Codex has it is in the session. */
export type SendView = {
  schemaVersion: 1;
  ok: true;
  session: string;
  message: string;
  run: number;
  /** Where it goes: into the running turn, after it, instead of it, or into a new run. */
  how: 'steer' | 'queue' | 'interrupt' | 'run';
  /** A request that the session waits with, and that the text does not answer; null where there is none. */
  waitsFor: string | null;
};

/** What `kill --all` did where no daemon can be had: processes, each as its pid and command. */
export type SweptView = { schemaVersion: 1; ok: true; ended: string[]; survivors: string[] };

/** What `rm` acknowledges. */
export type RemovedView = { schemaVersion: 1; ok: true; session: string };

export type SessionList = { schemaVersion: 1; items: SessionView[] };
export type Inbox = { schemaVersion: 1; items: InboxEntry[] };

/** What `approve`, `deny` and `answer` acknowledge: the intent is committed; its outcome is in the session. */
export type AnswerView = { schemaVersion: 1; ok: true; requestId: string; session: string; answer: string };

export type ErrorView = {
  schemaVersion: 1;
  ok: false;
  error: {
    code: ErrorCode;
    message: string;
    hint: string;
    retryable: boolean;
    details: Record<string, unknown>;
  };
};

export type DaemonView = {
  schemaVersion: 1;
  running: boolean;
  pid: number | null;
  version: string | null;
  startedAt: string | null;
  socket: string;
  stateDirectory: string;
  log: string;
  /** Why config.toml is not in use, and the settings of before are; null where all is well. */
  problem: string | null;
  openSessions: number;
  appServers: { instance: string; pid: number; sessions: number }[];
};

/** A fact as the event stream carries it; `seq` is the place to resume after. */
export type EventView = {
  schemaVersion: 1;
  seq: number;
  session: string;
  at: string;
  source: Source;
  type: string;
  fact: Record<string, unknown>;
};

/** The view of a session at `now` (milliseconds since the epoch). Pure. */
export function sessionView(session: Session, now: number): SessionView {
  const { spec, run } = session;
  const status = fuse(session, now);
  const waiting = session.requests.find(
    (request) => status.phase === 'waiting' && request.id === status.requestId,
  );
  return {
    schemaVersion: SCHEMA_VERSION,
    id: spec.id,
    name: spec.name,
    labels: spec.labels,
    phase: status.phase,
    attention: needsAttention(session, now),
    need: waiting === undefined ? null : needView(waiting),
    cause: status.phase === 'throttled' ? status.cause : null,
    until: status.phase === 'throttled' && status.until !== null ? iso(status.until) : null,
    confidence: status.confidence,
    because: status.because.map(({ source, fact, at }) => ({ source, fact, at: iso(at) })),
    driver: 'app-server',
    command: ['codex', ...spec.overrides, run.prompt],
    cwd: spec.cwd,
    worktree: worktreeView(session.spec.worktree),
    thread: run.thread,
    turn: run.turns.at(-1) ?? null,
    pid: null,
    runs: [...session.pastRuns, run].map(({ n, thread, openedAt, endedAt, end }) => ({
      n,
      thread,
      startedAt: iso(openedAt),
      endedAt: endedAt === null ? null : iso(endedAt),
      end: end?.type ?? null,
    })),
    startedAt: iso(session.createdAt),
    phaseSince: iso(status.since),
    lastProgressAt: iso(session.lastProgressAt),
    endedAt: run.endedAt === null ? null : iso(run.endedAt),
    exitCode: null,
    lastMessage: session.lastMessage,
    tokens: session.tokens,
    changes:
      session.changes === null
        ? null
        : { files: session.changes.files, added: session.changes.added, removed: session.changes.removed },
    interventions: session.interventions.map(({ at, kind, by, why, outcome }) => ({
      at: iso(at),
      kind,
      by,
      why,
      outcome,
    })),
    queue: session.messages.map(({ id, text, how, at }) => ({ id, text, how, at: iso(at) })),
    archived: session.archived,
    result:
      run.end === null
        ? null
        : {
            ...resultView(run.end, status.phase === 'done' ? status.doubts : []),
            complete: isMeasured(session.work[measureKey(run.n)]),
          },
  };
}

/** A request as people and programs see it. Pure. */
export function needView(request: Request): NeedView {
  const { ask } = request;
  return {
    kind: ask.need,
    requestId: request.id,
    question: ask.question,
    command: ask.need === 'approval' ? ask.command : null,
    commands: ask.need === 'approval' ? ask.commands : null,
    cwd: ask.need === 'approval' ? ask.cwd : null,
    files: ask.need === 'patch' ? ask.files : [],
    options: ask.choices.map(({ id, label, prefix }, index) => ({
      n: index + 1,
      id,
      label,
      ...(prefix === null ? {} : { prefix }),
    })),
    since: iso(request.openedAt),
  };
}

function worktreeView(worktree: Worktree | undefined): WorktreeView | null {
  if (worktree === undefined) return null;
  const { path, branch, base, uncommitted } = worktree;
  return { path, branch, base, uncommitted };
}

export function errorView(failure: Failure): ErrorView {
  const { code, message, hint, retryable, details } = failure;
  return { schemaVersion: SCHEMA_VERSION, ok: false, error: { code, message, hint, retryable, details } };
}

/** It was measured, or cannot be, or nothing was asked for. */
function isMeasured(work: Work | undefined): boolean {
  return work === undefined || work.state.type === 'finished' || work.state.type === 'given-up';
}

function resultView(end: RunEnd, doubts: Doubt[]): Omit<ResultView, 'complete'> {
  switch (end.type) {
    case 'done':
      return { verdict: 'unverified', reason: null, detail: null, doubts, gates: [] };
    case 'failed':
      return { verdict: 'failed', reason: end.reason, detail: end.detail, doubts: [], gates: [] };
    case 'stopped': {
      const detail = end.survivors.length === 0 ? null : `still running: ${end.survivors.join(', ')}`;
      return { verdict: 'stopped', reason: null, detail, doubts: [], gates: [] };
    }
    case 'lost':
      return { verdict: 'failed', reason: null, detail: end.detail, doubts: [], gates: [] };
    default:
      return end satisfies never;
  }
}

/** ISO 8601 in UTC with milliseconds. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}
