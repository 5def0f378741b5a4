import type { Action } from '../policy/action.ts';
import type { Answerer, Request } from './request.ts';
import type { Doubt, FailReason, Status, ThrottleCause } from './status.ts';

export const SANDBOXES = ['read-only', 'workspace-write', 'danger-full-access'] as const;
export type Sandbox = (typeof SANDBOXES)[number];

export const APPROVALS = ['on-request', 'never'] as const;
export type ApprovalMode = (typeof APPROVALS)[number];

/** What a session was asked to be; fixed at its creation. */
export type SessionSpec = {
  id: string;
  name: string | null;
  labels: Record<string, string>;
  /** Real path of the folder it works in. */
  cwd: string;
  /** Key of the launch identity: sessions of one key share one app-server, others never do. */
  identity: string;
  model: string | null;
  sandbox: Sandbox;
  approval: ApprovalMode;
  /** Version of the Codex binary at creation. */
  codexVersion: string;
  /** Configuration overrides for Codex, as they were given after `--`. */
  overrides: string[];
  /** Absolute paths of images that go with the first prompt; absent where there are none. */
  images?: string[];
  /** Ids of sessions that must have ended well before this one begins; absent where there are none. */
  after?: string[];
  /** What a run may use up before it is ended; absent where nothing bounds it. */
  budget?: Budget;
  /** The git worktree that was made for it; absent where it works in the folder that was named. */
  worktree?: Worktree;
};

/** A git worktree of a session's own. Its `cwd` is in it. */
export type Worktree = {
  /** Real path of its folder. */
  path: string;
  /** The branch that was checked out there; without `refs/heads/`. */
  branch: string;
  /** Id of the commit it began at. */
  base: string;
  /** The git directory that it is a worktree of. */
  repository: string;
  /** How many files the checkout it was asked for from held uncommitted then: they are not in it. */
  uncommitted: number;
};

/** Tokens of all kinds as Codex counts them, and milliseconds since the run was opened; null is no bound. */
export type Budget = { tokens: number | null; timeMs: number | null };

/** How hard a turn is ended: the turn alone, gracefully, or at once. Each is stronger than the one before. */
export const END_MODES = ['interrupt', 'stop', 'kill'] as const;
export type EndMode = (typeof END_MODES)[number];

/**
 * An instruction that was given while the session was at work and has not reached Codex yet. `steer` goes into
 * the turn that runs, `queue` into a turn of its own after it; without a running turn both begin one.
 */
export type Message = { id: string; text: string; how: 'steer' | 'queue'; by: Answerer; at: number };

/**
 * Whether a thread that is taken up again still has its turns. `unchecked` until Codex was asked; `trusted` where
 * the caller did not want to know; null for a thread that the run itself began.
 */
export type Context =
  | { type: 'unchecked' }
  | { type: 'trusted' }
  | { type: 'checked'; known: number; found: number; missing: number };

/** The state of the folder before the session began: what its changes are measured against. */
export type Base =
  | { type: 'pending' }
  | { type: 'none'; why: string }
  | { type: 'git'; root: string; head: string | null; tree: string; skipped: string[] };

/** How a run ended. Absorbing: nothing that comes later changes it. */
export type RunEnd =
  | { type: 'done'; doubts: Doubt[] }
  /** `survivors` where it was ended from here and something is left. */
  | { type: 'failed'; reason: FailReason; detail: string; survivors?: string[] }
  /** `proven` where it was looked for processes that are left; `mode` where the end was asked for here. */
  | { type: 'stopped'; by: Answerer; survivors: string[]; proven: boolean; mode?: EndMode }
  | { type: 'lost'; detail: string };

/** How a turn ended; `by` and what survived, where it was interrupted from here. */
export type TurnEnd = {
  outcome: 'completed' | 'interrupted' | 'failed';
  reason: FailReason | null;
  detail: string | null;
  by: Answerer | null;
  survivors: string[];
};

export type Run = {
  n: number;
  prompt: string;
  thread: string | null;
  /** Threads that Codex forgot before anything was said in them. */
  dropped: number;
  context: Context | null;
  /** Whether Codex has the prompt; a turn that was begun elsewhere may come before it. */
  handedOver: boolean;
  /** Ids of the turns that belong to this run, in the order they were learned, and of those that are over. */
  turns: string[];
  over: string[];
  /** How the newest turn ended; null while it runs. */
  lastTurn: TurnEnd | null;
  /** Tokens of the thread when the run was opened. */
  tokensBefore: number;
  /**
   * Who interrupted the run from here before all of its turns were known, and what survived: the turn that a look
   * still finds interrupted is the one that was meant. Null where nothing was missed.
   */
  interrupted: { by: Answerer; survivors: string[] } | null;
  /** Turns that were interrupted from here while the run went on. */
  interrupts: number;
  openedAt: number;
  end: RunEnd | null;
  endedAt: number | null;
};

/** An action that was asked for and has not come back, or came back and may be asked for again. */
export type Work = {
  action: Action;
  attempts: number;
  requestedAt: number;
  /** `waiting` until `retryAt`; `given-up` never again. */
  state:
    | { type: 'in-flight' }
    | { type: 'waiting'; retryAt: number; why: string }
    /** `done`, or it is not known whether it took effect, or it came too late. */
    | { type: 'finished'; how: 'done' | 'unknown' | 'stale' }
    | { type: 'given-up'; why: string; reason: FailReason };
};

export type Tokens = { input: number; cached: number; output: number; total: number };

export type Changes = { files: number; added: number; removed: number };

/**
 * One file that differs from the state before the session. `kind`: added, modified, deleted, renamed (from another
 * path) or type-changed. Lines are null for a binary file.
 */
export type ChangedFile = {
  path: string;
  kind: string;
  from: string | null;
  added: number | null;
  removed: number | null;
};

/** The folder as it was measured: what a diff is made against. */
export type Measured = { tree: string; head: string | null };

export const INTERVENTION_KINDS = ['approve', 'deny', 'answer', 'send', ...END_MODES] as const;

/** Something that was done to a session, by whom and why, and what came of it. */
export type Intervention = {
  at: number;
  kind: (typeof INTERVENTION_KINDS)[number];
  by: Answerer;
  why: string;
  /** The request it settles; null where it settles none. */
  requestId: string | null;
  /** `committed` until it is known whether it was `accepted`, came too late (`stale`) or was left `undone`. */
  outcome: 'committed' | 'accepted' | 'stale' | 'undone';
};

/** What Codex last said of the thread itself. */
export type ThreadReport = {
  at: number;
  state: 'active' | 'idle' | 'error' | 'not-loaded';
  waiting: boolean;
};

/** All that is known of one session: the fold of its facts. Plain data, safe to store as JSON. */
export type Session = {
  spec: SessionSpec;
  createdAt: number;
  /** The sessions that it still waits for before it begins. */
  awaits: string[];
  /** The newest run. */
  run: Run;
  pastRuns: Run[];
  /** The server instance that holds the thread; null before the first thread. */
  server: string | null;
  /** Real paths of the folders that the sandbox lets the session write. */
  writableRoots: string[];
  /** Set while the server that held the thread is known to be gone and nothing newer was observed. */
  serverGone: { at: number; detail: string } | null;
  report: ThreadReport | null;
  /** Ids of the items of the newest run that are facts already, per turn. */
  items: Record<string, string[]>;
  /** One line about what the turn is doing now. */
  activity: string | null;
  requests: Request[];
  /** Instructions that have not reached Codex yet, in the order in which they are to. */
  messages: Message[];
  trouble: { cause: ThrottleCause; message: string; since: number; until: number | null } | null;
  /** Blocked work in this run: refused approvals, rejected edits. */
  blocked: number;
  endRequested: { mode: EndMode; by: Answerer; at: number; graceMs: number; why: string | null } | null;
  work: Record<string, Work>;
  /** When the thread was last compared with what Codex itself knows. */
  lookedAt: number;
  /**
   * A comparison is due since `at`: something may have been missed. `covered` once a look was asked for after
   * it fell due; a look that began before does not answer it.
   */
  lookDue: { at: number; why: string; covered: boolean } | null;
  lastMessage: string | null;
  /** Whether the model said anything in the newest run. */
  said: boolean;
  tokens: Tokens;
  base: Base;
  /** The newest measurement, and when it came, milliseconds since the epoch. */
  changes: (Changes & { at: number; now: Measured | null }) | null;
  interventions: Intervention[];
  lastProgressAt: number;
  /** True once the end of the newest run was shown to someone. */
  seen: boolean;
  /** When somebody last joined the thread with a terminal; null where nobody did. */
  attachedAt: number | null;
  /** Put aside: nobody needs to look at it any more, and it is kept. */
  archived: boolean;
  status: Status;
};

/** The requests that wait for an answer, oldest first. */
export function openRequests(session: Session): Request[] {
  return session.requests.filter((request) => request.state.type === 'open');
}

/** True where the newest run has ended. */
export function hasEnded(session: Session): boolean {
  return session.run.end !== null;
}

/** The turn that runs, as far as is known; null where none does. */
export function activeTurn(session: Session): string | null {
  const { turns, over } = session.run;
  const newest = turns.at(-1) ?? null;
  return newest === null || over.includes(newest) ? null : newest;
}

/** Every turn id that any run of the session has had. */
export function knowsTurn(session: Session, turn: string): boolean {
  return [session.run, ...session.pastRuns].some((run) => run.turns.includes(turn));
}
