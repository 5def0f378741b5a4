import type { Answer, Origin } from '../session/request.ts';
import type { EndMode } from '../session/session.ts';

/**
 * What the core asks the world to do. Each carries the precondition it rests on; the reactor checks it again
 * at the moment of acting, and a stale action becomes a fact, not an act.
 */
export type Action =
  /** Make sure of an app-server for the session's launch identity and start a thread on it. */
  | { type: 'open-thread'; run: number }
  /**
   * Begin a turn with the run's prompt, or with a later instruction (`message`). Precondition: the run has no turn
   * yet, or none that runs.
   */
  | { type: 'start-turn'; run: number; thread: string; text: string; message?: string; images?: string[] }
  /** Put an instruction into the turn that runs. Precondition: that very turn runs. */
  | { type: 'steer'; thread: string; turn: string; text: string; message: string }
  /** Answer one request. Precondition: the server instance still has that request open. */
  | { type: 'answer'; requestId: string; origin: Origin; answer: Answer }
  /** Compare with what Codex itself knows of the thread: subscribe, read turns, items, pending requests. */
  | { type: 'look'; thread: string }
  /** End all that runs for the thread, with proof. Precondition: an end was asked for. */
  | {
      type: 'end-work';
      run: number;
      thread: string;
      turn: string | null;
      mode: EndMode;
      graceMs: number;
    }
  /** Take the state of the folder before anything works in it. */
  | { type: 'snapshot' }
  /** Measure what changed in the folder since the session began. */
  | { type: 'measure'; run: number };
