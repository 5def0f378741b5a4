import { CoxError, failure } from '../core/errors.ts';
import type {
  AnswerBody,
  EndBody,
  PolicyTestBody,
  ResumeBody,
  RunBody,
  SendBody,
} from '../protocol/commands.ts';
import type { AttachView, DiffView } from '../protocol/diff-view.ts';
import type { PolicyView } from '../protocol/policy-view.ts';
import type { ReportView } from '../protocol/report-view.ts';
import type {
  AnswerView,
  DaemonView,
  ErrorView,
  EventPage,
  EventView,
  Inbox,
  RemovedView,
  SendView,
  SessionList,
  SessionView,
} from '../protocol/view.ts';
import type { Transport, TransportResponse } from './transport.ts';

/** Every call is answered in milliseconds; a daemon that takes this long is stopped or broken. */
const CALL_DEADLINE_MS = 30_000;

/** A worktree of a large repository takes its time to check out and to remove; the daemon gives up before this. */
const GIT_DEADLINE_MS = 420_000;

/**
 * The typed client of a daemon. Every method rejects with CoxError: the daemon's own refusal, or
 * `daemon-unreachable` where nobody answers.
 */
export class Client {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Rejects where no answer comes within the deadline, milliseconds. */
  daemon(deadlineMs?: number): Promise<DaemonView> {
    return this.#json('GET', '/v1/daemon', undefined, {}, deadlineMs);
  }

  /** Asks the daemon to end; sessions and their app-servers go on, idle app-servers end with it. */
  stopDaemon(): Promise<DaemonView> {
    return this.#json('POST', '/v1/daemon/stop', {});
  }

  /** Starts a session. Sent again with the same command id, it answers as the first time and starts nothing. */
  run(body: RunBody, commandId: string): Promise<SessionView> {
    const deadlineMs = body.worktree === undefined ? CALL_DEADLINE_MS : GIT_DEADLINE_MS;
    return this.#json('POST', '/v1/sessions', body, { 'idempotency-key': commandId }, deadlineMs);
  }

  /** Sessions, those that need you first; with `all`, also those that ended and were seen. */
  sessions(all: boolean): Promise<SessionList> {
    return this.#json('GET', `/v1/sessions?all=${all ? 1 : 0}`);
  }

  /** `seen` marks the end of the session as read. */
  session(target: string, seen: boolean): Promise<SessionView> {
    return this.#json('GET', `/v1/sessions/${named(target)}?seen=${seen ? 1 : 0}`);
  }

  inbox(): Promise<Inbox> {
    return this.#json('GET', '/v1/inbox');
  }

  answer(target: string, body: AnswerBody): Promise<AnswerView> {
    return this.#json('POST', `/v1/requests/${named(target)}/answer`, body);
  }

  /** Asks for the end of a session; the acknowledgement means that the intent is committed. */
  end(target: string, body: EndBody): Promise<SessionView> {
    return this.#json('POST', `/v1/sessions/${named(target)}/end`, body);
  }

  /** An instruction for a session; sent again with the same command id, it is taken once. */
  send(target: string, body: SendBody, commandId: string): Promise<SendView> {
    return this.#of(target, 'send', body, commandId);
  }

  /** Opens the next run of a session that has ended. */
  resume(target: string, body: ResumeBody, commandId: string): Promise<SendView> {
    return this.#of(target, 'resume', body, commandId);
  }

  /** Puts an ended session aside: out of the lists, kept for ever. */
  archive(target: string): Promise<SessionView> {
    return this.#of(target, 'archive', {});
  }

  /** Deletes an ended session with all that is known of it. */
  remove(target: string): Promise<RemovedView> {
    const path = `/v1/sessions/${encodeURIComponent(target)}/remove`;
    return this.#json('POST', path, {}, {}, GIT_DEADLINE_MS);
  }

  report(target: string): Promise<ReportView> {
    return this.#of(target, 'report');
  }

  diff(target: string): Promise<DiffView> {
    return this.#of(target, 'diff');
  }

  /** How to join the thread of a session with Codex's own terminal interface. */
  attach(target: string): Promise<AttachView> {
    return this.#of(target, 'attach');
  }

  /** The newest facts of a session before a number, at most `limit` (1 to 1000), oldest first. */
  history(target: string, before: number | null, limit: number): Promise<EventPage> {
    const place = before === null ? '' : `&before=${before}`;
    return this.#of(target, `events?limit=${limit}${place}`);
  }

  /** What a policy would do, and why; nothing is done. */
  testPolicy(body: PolicyTestBody): Promise<PolicyView> {
    return this.#json('POST', '/v1/policy/test', body);
  }

  /** What a session's policy makes of its requests, rule by rule. */
  explainPolicy(target: string): Promise<PolicyView> {
    return this.#json('GET', `/v1/policy/explain/${named(target)}`);
  }

  #of<Result>(target: string, what: string, body?: unknown, commandId?: string): Promise<Result> {
    const path = `/v1/sessions/${named(target)}/${what}`;
    const headers = commandId === undefined ? {} : { 'idempotency-key': commandId };
    return this.#json(body === undefined ? 'GET' : 'POST', path, body, headers);
  }

  /**
   * Facts after a number (of one session, where it is named), then new ones as they come. Resolves once the stream is open, so that what happens from
   * then on is in it. The stream ends when the signal aborts, and throws `daemon-unreachable` when the daemon does.
   */
  async events(
    after: number | 'now',
    signal: AbortSignal,
    session?: string,
  ): Promise<AsyncGenerator<EventView>> {
    const filter = session === undefined ? '' : `&session=${encodeURIComponent(session)}`;
    const { createParser } = await import('eventsource-parser');
    const response = await this.#send('GET', `/v1/events?after=${after}${filter}`, undefined, {}, signal);
    if (response.status !== 200) throw await refusal(response);
    const ready: EventView[] = [];
    const parser = createParser({ onEvent: ({ data }) => ready.push(JSON.parse(data) as EventView) });
    return read();

    async function* read(): AsyncGenerator<EventView> {
      const decoder = new TextDecoder();
      try {
        for await (const chunk of response.chunks) {
          parser.feed(decoder.decode(chunk, { stream: true }));
          yield* ready.splice(0);
        }
      } catch (error) {
        if (signal.aborted) return;
        throw unreachable(error);
      }
      if (!signal.aborted) throw unreachable('the stream of events ended');
    }
  }

  async #json<Result>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    deadlineMs: number = CALL_DEADLINE_MS,
  ): Promise<Result> {
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const response = await this.#send(method, path, body, headers, deadline);
      if (response.status >= 400) throw await refusal(response);
      return JSON.parse(await textOf(response)) as Result;
    } catch (error) {
      // A daemon that is stopped, or hangs, takes connections and answers none.
      if (deadline.aborted) throw unreachable(`no answer within ${deadlineMs} ms`);
      throw error;
    }
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    headers: Record<string, string>,
    signal: AbortSignal | null,
  ): Promise<TransportResponse> {
    try {
      return await this.#transport({ method, path, body, headers, signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new CoxError(
        failure('daemon-unreachable', 'The daemon does not answer.', { cause: String(error) }),
      );
    }
  }
}

/** A target as a part of a path; what a path would understand otherwise names nothing. @throws CoxError `not-found` */
function named(target: string): string {
  if (target !== '' && target !== '.' && target !== '..') return encodeURIComponent(target);
  throw new CoxError(failure('not-found', `There is no session of the name "${target}".`, { target }));
}

function unreachable(cause: unknown): CoxError {
  return new CoxError(failure('daemon-unreachable', 'The daemon does not answer.', { cause: String(cause) }));
}

async function refusal(response: TransportResponse): Promise<CoxError> {
  const text = await textOf(response);
  try {
    const { error } = JSON.parse(text) as ErrorView;
    return new CoxError(error);
  } catch {
    return new CoxError(
      failure('daemon-unreachable', `The daemon answered ${response.status} in words that are not ours.`),
    );
  }
}

async function textOf(response: TransportResponse): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of response.chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}
