import type { EvidenceBody } from '../../core/evidence/evidence.ts';
import { itemLine } from '../../core/session/item.ts';
import { SERVER_NOTIFICATION_METHODS } from '../generated/methods.ts';
import type { ErrorNotification } from '../generated/v2/ErrorNotification.ts';
import type { ItemCompletedNotification } from '../generated/v2/ItemCompletedNotification.ts';
import type { ItemStartedNotification } from '../generated/v2/ItemStartedNotification.ts';
import type { ServerRequestResolvedNotification } from '../generated/v2/ServerRequestResolvedNotification.ts';
import type { ThreadClosedNotification } from '../generated/v2/ThreadClosedNotification.ts';
import type { ThreadStatus } from '../generated/v2/ThreadStatus.ts';
import type { ThreadStatusChangedNotification } from '../generated/v2/ThreadStatusChangedNotification.ts';
import type { ThreadTokenUsageUpdatedNotification } from '../generated/v2/ThreadTokenUsageUpdatedNotification.ts';
import type { Turn } from '../generated/v2/Turn.ts';
import type { TurnCompletedNotification } from '../generated/v2/TurnCompletedNotification.ts';
import type { TurnStartedNotification } from '../generated/v2/TurnStartedNotification.ts';
import { mapTurnError, throttleCause } from './map-error.ts';
import { isOver, mapItem } from './map-item.ts';

/** Width of the line that says what a turn does now. */
const LINE_WIDTH = 160;

/** Deltas: they say that something moves, and are many; the connection passes them on thinned. */
const PROGRESS = new Set([
  'item/agentMessage/delta',
  'item/plan/delta',
  'item/commandExecution/outputDelta',
  'item/fileChange/outputDelta',
  'item/fileChange/patchUpdated',
  'item/mcpToolCall/progress',
  'item/reasoning/summaryTextDelta',
  'item/reasoning/summaryPartAdded',
  'item/reasoning/textDelta',
]);

const KNOWN: ReadonlySet<string> = new Set(SERVER_NOTIFICATION_METHODS);

export type Mapped = { thread: string | null; evidence: EvidenceBody[] };

/**
 * A notification of Codex as evidence. Pure. `instance` is our name of the server; `isOurs` tells whether a
 * request was answered by this connection. A method that the bindings do not know becomes evidence by name.
 */
export function mapNotification(
  method: string,
  params: unknown,
  instance: string,
  isOurs: (rpcId: string) => boolean,
): Mapped {
  switch (method) {
    case 'thread/status/changed': {
      const { threadId, status } = params as ThreadStatusChangedNotification;
      return one(threadId, { type: 'thread-status', thread: threadId, ...mapThreadStatus(status) });
    }
    case 'thread/closed': {
      const { threadId } = params as ThreadClosedNotification;
      return one(threadId, { type: 'thread-status', thread: threadId, state: 'not-loaded', waiting: false });
    }
    case 'turn/started': {
      const { threadId, turn } = params as TurnStartedNotification;
      return one(threadId, { type: 'turn-started', thread: threadId, turn: turn.id });
    }
    case 'turn/completed': {
      const { threadId, turn } = params as TurnCompletedNotification;
      return { thread: threadId, evidence: mapTurn(threadId, turn) };
    }
    case 'item/started': {
      const { threadId, turnId, item } = params as ItemStartedNotification;
      const line = beginningOf(item);
      return one(threadId, { type: 'item-started', thread: threadId, turn: turnId, line });
    }
    case 'item/completed': {
      const { threadId, turnId, item } = params as ItemCompletedNotification;
      return one(threadId, { type: 'item-completed', thread: threadId, turn: turnId, item: mapItem(item) });
    }
    case 'thread/tokenUsage/updated': {
      const { threadId, tokenUsage } = params as ThreadTokenUsageUpdatedNotification;
      const { inputTokens, cachedInputTokens, outputTokens, totalTokens } = tokenUsage.total;
      const tokens = {
        input: inputTokens,
        cached: cachedInputTokens,
        output: outputTokens,
        total: totalTokens,
      };
      return one(threadId, { type: 'tokens', thread: threadId, tokens });
    }
    case 'error':
      return mapRetry(params as ErrorNotification);
    case 'serverRequest/resolved': {
      const { threadId, requestId } = params as ServerRequestResolvedNotification;
      const rpcId = JSON.stringify(requestId);
      return one(threadId, {
        type: 'request-resolved',
        server: instance,
        rpcId,
        thread: threadId,
        ours: isOurs(rpcId),
      });
    }
    default:
      return mapOther(method, params);
  }
}

/** What an item that begins says of the turn: it is not over, and a message has no text yet. */
function beginningOf(item: ItemStartedNotification['item']): string {
  if (item.type === 'agentMessage') return 'writes a message';
  return itemLine(mapItem(item), LINE_WIDTH).replace(' (completed)', '');
}

/** What a turn that was read or has ended says: its items that are over, then its end. */
export function mapTurn(thread: string, turn: Turn): EvidenceBody[] {
  const items: EvidenceBody[] = turn.items
    .filter(isOver)
    .map((item) => ({ type: 'item-completed', thread, turn: turn.id, item: mapItem(item) }));
  const begun: EvidenceBody = { type: 'turn-started', thread, turn: turn.id };
  if (turn.status === 'inProgress') return [begun, ...items];
  const error = turn.error === null ? null : mapTurnError(turn.error);
  return [begun, ...items, { type: 'turn-ended', thread, turn: turn.id, outcome: turn.status, error }];
}

export function mapThreadStatus(status: ThreadStatus): {
  state: 'active' | 'idle' | 'error' | 'not-loaded';
  waiting: boolean;
} {
  switch (status.type) {
    case 'active':
      return { state: 'active', waiting: status.activeFlags.length > 0 };
    case 'idle':
      return { state: 'idle', waiting: false };
    case 'systemError':
      return { state: 'error', waiting: false };
    case 'notLoaded':
      return { state: 'not-loaded', waiting: false };
    default:
      return status satisfies never;
  }
}

function mapRetry({ threadId, turnId, error, willRetry }: ErrorNotification): Mapped {
  // An error without a retry is followed by the turn's end, which carries it.
  if (!willRetry) return { thread: threadId, evidence: [] };
  const cause = throttleCause(error);
  const { message } = mapTurnError(error);
  if (cause === null) {
    return one(threadId, {
      type: 'item-started',
      thread: threadId,
      turn: turnId,
      line: `tries again: ${message}`,
    });
  }
  return one(threadId, { type: 'retrying', thread: threadId, turn: turnId, cause, message, until: null });
}

function mapOther(method: string, params: unknown): Mapped {
  const { threadId, turnId } = (params ?? {}) as { threadId?: unknown; turnId?: unknown };
  const thread = typeof threadId === 'string' ? threadId : null;
  if (PROGRESS.has(method) && thread !== null && typeof turnId === 'string') {
    return one(thread, { type: 'progress', thread, turn: turnId });
  }
  return { thread, evidence: KNOWN.has(method) ? [] : [{ type: 'unrecognised', name: method }] };
}

function one(thread: string, evidence: EvidenceBody): Mapped {
  return { thread, evidence: [evidence] };
}
