import { RpcRefused } from './app-server/connection.ts';
import type { TurnError } from './generated/v2/TurnError.ts';

/**
 * The one place where Codex's own texts are looked at: refusals that it tells apart by text only. Each is
 * measured on 0.169.0 and stands in a test against the real binary.
 */

/** `thread/resume` of a thread that the server has never stored. */
export function isMissingThread(error: unknown): boolean {
  return error instanceof RpcRefused && error.code === -32600 && error.message.includes('no rollout found');
}

/** `thread/turns/list` of a thread that has had no turn yet; the words depend on how the thread is stored. */
export function isThreadWithoutTurns(error: unknown): boolean {
  if (!(error instanceof RpcRefused)) return false;
  return (
    (error.code === -32601 && error.message.includes('list_turns is not supported')) ||
    (error.code === -32600 && error.message.includes('is not materialized yet'))
  );
}

/** A retry after an HTTP 500: its code is that of a lost connection, without a status. */
export function isOverload(error: TurnError): boolean {
  return `${error.message} ${error.additionalDetails ?? ''}`.includes('experiencing high demand');
}
