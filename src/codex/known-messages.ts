import { RpcRefused } from './app-server/connection.ts';

/**
 * The one place where Codex's own texts are looked at: refusals that it tells apart by text only. Each is
 * measured on 0.169.0 and stands in a test against the real binary.
 */

/** `thread/resume` of a thread that the server has never stored. */
export function isMissingThread(error: unknown): boolean {
  return error instanceof RpcRefused && error.code === -32600 && error.message.includes('no rollout found');
}

/** `thread/turns/list` of a thread that has had no turn yet. */
export function isThreadWithoutTurns(error: unknown): boolean {
  return (
    error instanceof RpcRefused &&
    error.code === -32601 &&
    error.message.includes('list_turns is not supported')
  );
}
