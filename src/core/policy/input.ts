import type { Failure } from '../errors.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Fact, WorkResult } from '../session/fact.ts';
import type { Answer, Answerer } from '../session/request.ts';
import type { EndMode, Session, SessionSpec } from '../session/session.ts';
import type { Action } from './action.ts';

/** What a person or a program asks for. Its acknowledgement means: the intent is committed. */
export type Command =
  | { type: 'create'; spec: SessionSpec; prompt: string }
  | { type: 'answer'; requestId: string; answer: Answer; by: Answerer }
  | { type: 'end'; mode: EndMode; by: Answerer; graceMs: number }
  /**
   * An instruction. To a session at work: into the running turn, after it, or instead of it. To one that has
   * ended: the prompt of a new run on the same thread; `verify` compares the thread's history first.
   */
  | {
      type: 'send';
      id: string;
      text: string;
      how: SendMode;
      by: Answerer;
      verify: boolean;
      /** The launch to go on with, where the one of the session cannot be used any more. */
      relaunch: { identity: string; codexVersion: string } | null;
    }
  /** What a session that has ended left running was ended, but for the survivors. */
  | { type: 'swept'; mode: EndMode; by: Answerer; survivors: string[] }
  | { type: 'archive' }
  | { type: 'attach' }
  | { type: 'seen' };

export const SEND_MODES = ['steer', 'queue', 'interrupt'] as const;
export type SendMode = (typeof SEND_MODES)[number];

/** Everything that can move a session. */
export type Input =
  | { type: 'command'; command: Command }
  | { type: 'evidence'; evidence: Evidence }
  | { type: 'outcome'; key: string; result: WorkResult }
  | { type: 'tick' };

export type Reply = { ok: true } | { ok: false; failure: Failure };

/** An action to carry out; `cause` is the index in `facts` of the fact that asked for it. */
export type Request = { key: string; action: Action; cause: number };

export type Decision = {
  /** The session after the facts; null where there is none. */
  session: Session | null;
  facts: Fact[];
  actions: Request[];
  /** When to look again at the latest, milliseconds since the epoch; null only where nothing can fall due. */
  wakeAt: number | null;
  reply: Reply;
};
