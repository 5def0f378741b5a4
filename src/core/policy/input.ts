import type { Failure } from '../errors.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Fact, WorkResult } from '../session/fact.ts';
import type { Answer, Answerer } from '../session/request.ts';
import type { Session, SessionSpec } from '../session/session.ts';
import type { Action } from './action.ts';

/** What a person or a program asks for. Its acknowledgement means: the intent is committed. */
export type Command =
  | { type: 'create'; spec: SessionSpec; prompt: string }
  | { type: 'answer'; requestId: string; answer: Answer; by: Answerer }
  | { type: 'end'; mode: 'stop' | 'kill'; by: Answerer; graceMs: number }
  | { type: 'seen' };

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
