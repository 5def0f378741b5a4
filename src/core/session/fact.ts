import type { Action } from '../policy/action.ts';
import type { Item } from './item.ts';
import type { Answer, Answerer, Closing, Request } from './request.ts';
import type {
  Base,
  ChangedFile,
  Changes,
  EndMode,
  Intervention,
  Measured,
  Message,
  RunEnd,
  SessionSpec,
  ThreadReport,
  Tokens,
} from './session.ts';
import type { FailReason, Source, Status, ThrottleCause } from './status.ts';

/** How an action came back. `unknown`: it may or may not have taken effect, so look before trying again. */
export type WorkResult =
  | { type: 'done' }
  | { type: 'stale'; why: string }
  /** Not done, and worth another try at `retryAt`; `reason` is why the run failed if no try succeeds. */
  | { type: 'retry'; why: string; retryAt: number; reason: FailReason }
  | { type: 'given-up'; why: string; reason: FailReason }
  | { type: 'unknown'; why: string };

/** What can become true of a session. Facts are only ever added; a session is the fold of its facts. */
export type FactBody =
  | { type: 'session-created'; spec: SessionSpec; prompt: string }
  | {
      type: 'run-opened';
      n: number;
      prompt: string;
      thread: string | null;
      why: string;
      /** Whether the thread's history is to be compared with what is known; absent for a thread that is live. */
      verify?: boolean;
    }
  /** The session goes on with another launch: its Codex was replaced. */
  | { type: 'relaunched'; identity: string; codexVersion: string }
  /** An instruction for a session that has not ended. `first`: before all others. */
  | { type: 'message-accepted'; message: Message; first: boolean }
  /** It cannot go into the turn that runs, and waits for its end. */
  | { type: 'message-held'; id: string; why: string }
  | { type: 'message-taken'; id: string; turn: string }
  | { type: 'message-dropped'; id: string; text: string; why: string }
  /** What Codex has of the thread's earlier turns, beside what is known of them. */
  | { type: 'context-checked'; known: number; found: number; missing: string[] }
  /** The turn was ended as asked for, and the run goes on with its next instruction. */
  | { type: 'interrupted'; survivors: string[] }
  | { type: 'work-requested'; key: string; action: Action }
  | { type: 'work-returned'; key: string; result: WorkResult }
  | {
      type: 'thread-bound';
      thread: string;
      server: string;
      rollout: string | null;
      model: string | null;
      writableRoots: string[];
    }
  /** Codex has lost the thread before anything was said in it: another one is opened for the run. */
  | { type: 'thread-dropped'; thread: string; why: string }
  | { type: 'thread-reported'; report: ThreadReport }
  | { type: 'observed'; server: string; thread: string }
  /** `foreign`: begun elsewhere, before the prompt of the run was handed over. */
  | { type: 'turn-started'; turn: string; foreign?: true }
  | { type: 'activity'; turn: string; line: string }
  | { type: 'item'; turn: string; item: Item }
  | { type: 'progress' }
  | { type: 'request-opened'; request: Request }
  | {
      type: 'answer-committed';
      requestId: string;
      answer: Answer;
      by: Answerer;
      why: string;
      intervention: Intervention['kind'];
    }
  /** The policy leaves the request to a person, and why. */
  | { type: 'request-ruled'; requestId: string; why: string }
  /** The answer could not be delivered, and Codex still waits for one. */
  | { type: 'answer-undone'; requestId: string; why: string }
  | { type: 'request-closed'; requestId: string; how: Closing; why: string | null }
  | { type: 'trouble'; cause: ThrottleCause; message: string; until: number | null }
  | { type: 'tokens'; tokens: Tokens }
  | {
      type: 'turn-ended';
      turn: string;
      outcome: 'completed' | 'interrupted' | 'failed';
      detail: string | null;
      reason?: FailReason;
    }
  | { type: 'server-gone'; server: string; detail: string }
  | { type: 'look-due'; why: string }
  | { type: 'end-requested'; mode: EndMode; by: Answerer; graceMs: number; why?: string }
  /** A session that this one waits for has ended well. */
  | { type: 'predecessor-done'; session: string }
  | { type: 'run-ended'; end: RunEnd }
  | { type: 'base'; base: Base }
  | { type: 'changes'; changes: Changes; list?: ChangedFile[]; now?: Measured }
  | { type: 'note'; text: string }
  | { type: 'swept'; mode: EndMode; by: Answerer; survivors: string[] }
  | { type: 'seen' }
  | { type: 'archived' }
  /** Somebody joins the thread with a terminal of Codex's own. */
  | { type: 'attached' }
  | { type: 'status'; status: Status };

/** A fact as it is kept: what became true, when we learned it (milliseconds since the epoch), from whom. */
export type Fact = { at: number; source: Source; body: FactBody };
