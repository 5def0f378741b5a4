import type { IncomingHttpHeaders } from 'node:http';

/** Who asks: read from the headers and the body of one request. */
export interface Caller {
  /** Codex' thread id; `unknown` when the request names none. */
  readonly thread: string;
  readonly turn: string | null;
  /** What the request is for: `turn` for a model call of a turn; null where the version does not say. */
  readonly kind: string | null;
  /** Codex' version, from the user agent. */
  readonly version: string | null;
  readonly model: string | null;
}

/**
 * Measured on Codex 0.169.0: the thread is in `client_metadata.thread_id`, in the header `thread-id` and in
 * `prompt_cache_key`; the turn in `client_metadata.turn_id` and in the JSON of `x-codex-turn-metadata`, which
 * also has `request_kind`. 0.98.0 sends the header `session_id` and `prompt_cache_key`, 0.47.0 also
 * `conversation_id`; neither names the turn.
 */
export function callerOf(headers: IncomingHttpHeaders, body: Readonly<Record<string, unknown>>): Caller {
  const metadata = recordOf(body.client_metadata);
  const turnMetadata = {
    ...parsed(metadata['x-codex-turn-metadata']),
    ...parsed(headers['x-codex-turn-metadata']),
  };
  const thread = firstText(
    metadata.thread_id,
    headers['thread-id'],
    headers.conversation_id,
    headers.session_id,
    headers['session-id'],
    body.prompt_cache_key,
    headers['x-client-request-id'],
  );
  return {
    thread: thread ?? 'unknown',
    turn: firstText(metadata.turn_id, turnMetadata.turn_id),
    kind: firstText(turnMetadata.request_kind),
    version: versionIn(headers['user-agent']),
    model: firstText(body.model),
  };
}

/** The headers as they may be kept and shown: what could be a credential is replaced. */
export function redacted(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const secret = /authorization|cookie|api-key|token|secret/i.test(name);
    kept[name] = secret ? '[redacted]' : Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}

function versionIn(userAgent: string | undefined): string | null {
  return /\/(\d+\.\d+\.\d+)/.exec(userAgent ?? '')?.[1] ?? null;
}

function firstText(...values: readonly unknown[]): string | null {
  for (const value of values) if (typeof value === 'string' && value !== '') return value;
  return null;
}

function parsed(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'string') return {};
  try {
    return recordOf(JSON.parse(value));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
