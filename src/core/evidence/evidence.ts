import type { Item } from '../session/item.ts';
import type { Ask, Origin } from '../session/request.ts';
import type { Base, ChangedFile, Changes, Measured, RunEnd, Tokens } from '../session/session.ts';
import type { FailReason, Source, ThrottleCause } from '../session/status.ts';

/** Why a turn failed, in our words; `message` is Codex's own text, for people only. */
export type TurnError = { reason: FailReason; message: string };

/**
 * What a source says about one session. Pure mappers at the edge make it from outside protocols.
 * Evidence may come twice, late, or in another order than it happened.
 */
export type EvidenceBody =
  | {
      type: 'thread-opened';
      thread: string;
      server: string;
      rollout: string | null;
      model: string | null;
      /** Real paths of the folders that the sandbox lets the session write. */
      writableRoots: string[];
    }
  | {
      type: 'thread-status';
      thread: string;
      state: 'active' | 'idle' | 'error' | 'not-loaded';
      waiting: boolean;
    }
  | { type: 'turn-started'; thread: string; turn: string }
  | { type: 'item-started'; thread: string; turn: string; line: string }
  | { type: 'item-completed'; thread: string; turn: string; item: Item }
  | { type: 'progress'; thread: string; turn: string }
  /** `id` is the request id to use if this request is new; minted at the edge, since core makes no ids. */
  | { type: 'request-opened'; id: string; origin: Origin; ask: Ask }
  /** The request is settled; `ours` where the reply that settled it was sent by this daemon. */
  | { type: 'request-resolved'; server: string; rpcId: string; thread: string; ours: boolean }
  | {
      type: 'retrying';
      thread: string;
      turn: string;
      cause: ThrottleCause;
      message: string;
      until: number | null;
    }
  | { type: 'tokens'; thread: string; tokens: Tokens }
  | {
      type: 'turn-ended';
      thread: string;
      turn: string;
      outcome: 'completed' | 'interrupted' | 'failed';
      error: TurnError | null;
    }
  /** The server instance is gone or cannot be reached; `detail` says how that is known. */
  | { type: 'server-gone'; server: string; detail: string }
  /**
   * A complete comparison with Codex itself is over. What it found came before this as ordinary evidence;
   * `pending` are the origin keys of every request that Codex still has open for the thread.
   */
  | {
      type: 'observed';
      server: string;
      thread: string;
      state: 'active' | 'idle' | 'error' | 'not-loaded';
      waiting: boolean;
      turns: string[];
      /** Every turn of the thread, also of earlier runs; null where only the newest was looked at. */
      history: string[] | null;
      pending: string[];
    }
  /** The turn takes no instructions, or is not the one that runs. */
  | { type: 'message-refused'; thread: string; message: string; why: string }
  /** An instruction of ours has reached a turn. */
  | { type: 'message-taken'; thread: string; turn: string; message: string }
  /** Codex does not know the thread any more. */
  | { type: 'thread-missing'; thread: string; detail: string }
  /** Nothing of the thread runs any more, or these survive. */
  | { type: 'work-gone'; run: number; survivors: string[] }
  | { type: 'base'; base: Base }
  | { type: 'changes'; changes: Changes; list: ChangedFile[]; now: Measured }
  /** A session that this one waits for has ended. */
  | { type: 'predecessor-ended'; session: string; end: RunEnd['type'] }
  /** Something may have been missed: a restart of ours, a dropped connection. */
  | { type: 'gap'; why: string }
  /** Said by a source in words that we do not know; kept by name. */
  | { type: 'unrecognised'; name: string };

export type Evidence = { source: Source; at: number; body: EvidenceBody };
