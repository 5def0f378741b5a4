import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { InitializeParams } from '../generated/InitializeParams.ts';
import type { InitializeResponse } from '../generated/InitializeResponse.ts';
import type { RequestId } from '../generated/RequestId.ts';
import type { GetAccountParams } from '../generated/v2/GetAccountParams.ts';
import type { GetAccountResponse } from '../generated/v2/GetAccountResponse.ts';
import type { ModelListParams } from '../generated/v2/ModelListParams.ts';
import type { ModelListResponse } from '../generated/v2/ModelListResponse.ts';
import type { ThreadBackgroundTerminalsCleanParams } from '../generated/v2/ThreadBackgroundTerminalsCleanParams.ts';
import type { ThreadBackgroundTerminalsCleanResponse } from '../generated/v2/ThreadBackgroundTerminalsCleanResponse.ts';
import type { ThreadItemsListParams } from '../generated/v2/ThreadItemsListParams.ts';
import type { ThreadItemsListResponse } from '../generated/v2/ThreadItemsListResponse.ts';
import type { ThreadLoadedListParams } from '../generated/v2/ThreadLoadedListParams.ts';
import type { ThreadLoadedListResponse } from '../generated/v2/ThreadLoadedListResponse.ts';
import type { ThreadReadParams } from '../generated/v2/ThreadReadParams.ts';
import type { ThreadReadResponse } from '../generated/v2/ThreadReadResponse.ts';
import type { ThreadResumeParams } from '../generated/v2/ThreadResumeParams.ts';
import type { ThreadResumeResponse } from '../generated/v2/ThreadResumeResponse.ts';
import type { ThreadStartParams } from '../generated/v2/ThreadStartParams.ts';
import type { ThreadStartResponse } from '../generated/v2/ThreadStartResponse.ts';
import type { ThreadTurnsListParams } from '../generated/v2/ThreadTurnsListParams.ts';
import type { ThreadTurnsListResponse } from '../generated/v2/ThreadTurnsListResponse.ts';
import type { ThreadUnsubscribeParams } from '../generated/v2/ThreadUnsubscribeParams.ts';
import type { ThreadUnsubscribeResponse } from '../generated/v2/ThreadUnsubscribeResponse.ts';
import type { TurnInterruptParams } from '../generated/v2/TurnInterruptParams.ts';
import type { TurnInterruptResponse } from '../generated/v2/TurnInterruptResponse.ts';
import type { TurnStartParams } from '../generated/v2/TurnStartParams.ts';
import type { TurnStartResponse } from '../generated/v2/TurnStartResponse.ts';
import type { TurnSteerParams } from '../generated/v2/TurnSteerParams.ts';
import type { TurnSteerResponse } from '../generated/v2/TurnSteerResponse.ts';

/** The methods that we call, with the shapes of the binary that the bindings were generated from. */
export type Calls = {
  initialize: { params: InitializeParams; result: InitializeResponse };
  'account/read': { params: GetAccountParams; result: GetAccountResponse };
  'model/list': { params: ModelListParams; result: ModelListResponse };
  'thread/start': { params: ThreadStartParams; result: ThreadStartResponse };
  'thread/resume': { params: ThreadResumeParams; result: ThreadResumeResponse };
  'thread/read': { params: ThreadReadParams; result: ThreadReadResponse };
  'thread/turns/list': { params: ThreadTurnsListParams; result: ThreadTurnsListResponse };
  'thread/items/list': { params: ThreadItemsListParams; result: ThreadItemsListResponse };
  'thread/loaded/list': { params: ThreadLoadedListParams; result: ThreadLoadedListResponse };
  'thread/unsubscribe': { params: ThreadUnsubscribeParams; result: ThreadUnsubscribeResponse };
  'thread/backgroundTerminals/clean': {
    params: ThreadBackgroundTerminalsCleanParams;
    result: ThreadBackgroundTerminalsCleanResponse;
  };
  'turn/start': { params: TurnStartParams; result: TurnStartResponse };
  'turn/steer': { params: TurnSteerParams; result: TurnSteerResponse };
  'turn/interrupt': { params: TurnInterruptParams; result: TurnInterruptResponse };
};

/** Codex refused: nothing was done. */
export class RpcRefused extends Error {
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message}`);
    this.name = 'RpcRefused';
    this.code = code;
  }
}

/** No answer came: the connection closed or the deadline passed. What was asked may have been done. */
export class OutcomeUnknown extends Error {
  constructor(method: string, why: string) {
    super(`${method}: ${why}`);
    this.name = 'OutcomeUnknown';
  }
}

/** A message of the server. Handlers run in the order of arrival, before the next message is read. */
export type Incoming = {
  notification(method: string, params: unknown): void;
  request(id: RequestId, method: string, params: unknown): void;
  closed(why: string): void;
};

/** Codex answers a call in milliseconds; `thread/start` waits for MCP servers, which have 30 s themselves. */
const CALL_DEADLINE_MS = 60_000;
/** A thread's history comes in one message; the largest seen was 40 MB. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

type Pending = {
  method: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
};

/**
 * JSON-RPC over the WebSocket that an app-server listens for on its unix socket (Codex 0.169: `GET /` with
 * Upgrade; messages carry no `jsonrpc` member). Knows messages, not threads.
 */
export class Connection {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Connects and initializes. Rejects where nobody listens or the handshake does not end in time. */
  static async open(
    path: string,
    version: string,
    deadlineMs: number,
    incoming: Incoming,
  ): Promise<Connection> {
    const socket = new WebSocket('ws://localhost/', {
      createConnection: () => connect(path),
      perMessageDeflate: false,
      handshakeTimeout: deadlineMs,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const connection = new Connection(socket);
    socket.on('message', (data) => connection.#receive(String(data), incoming));
    socket.on('error', () => socket.terminate());
    let initialized = false;
    socket.on('close', (code) => {
      const why = `the connection to the app-server closed (${code})`;
      connection.#rejectAll(why);
      // A handshake that fails rejects; nobody has the connection yet.
      if (initialized) incoming.closed(why);
    });
    await connection.call('initialize', {
      clientInfo: { name: 'coxswain', title: 'Coxswain', version },
      capabilities: { experimentalApi: true, requestAttestation: false },
    });
    connection.#send({ method: 'initialized' });
    initialized = true;
    return connection;
  }

  /** Rejects with RpcRefused (nothing was done) or OutcomeUnknown (it may have been done). */
  call<Method extends keyof Calls>(
    method: Method,
    params: Calls[Method]['params'],
  ): Promise<Calls[Method]['result']> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) {
        reject(new OutcomeUnknown(method, 'the connection is closed'));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new OutcomeUnknown(method, `no answer within ${CALL_DEADLINE_MS / 1000} s`));
      }, CALL_DEADLINE_MS);
      timer.unref();
      this.#pending.set(id, { method, resolve: resolve as (result: unknown) => void, reject, timer });
      this.#send({ id, method, params });
    });
  }

  /** Answers a request of the server; false where the connection is closed and nothing was sent. */
  reply(id: RequestId, result: unknown): boolean {
    return this.#send({ id, result });
  }

  /** Refuses a request of the server that we do not serve. */
  refuse(id: RequestId, message: string): boolean {
    // -32601 is JSON-RPC's "method not found".
    return this.#send({ id, error: { code: -32601, message } });
  }

  close(): void {
    this.#socket.close();
  }

  #send(message: object): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #receive(text: string, incoming: Incoming): void {
    const message = JSON.parse(text) as {
      id?: RequestId;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { code: number; message: string };
    };
    if (message.method !== undefined) {
      if (message.id === undefined) incoming.notification(message.method, message.params);
      else incoming.request(message.id, message.method, message.params);
      return;
    }
    const pending = this.#pending.get(Number(message.id));
    if (pending === undefined) return;
    this.#pending.delete(Number(message.id));
    clearTimeout(pending.timer);
    if (message.error === undefined) pending.resolve(message.result);
    else pending.reject(new RpcRefused(pending.method, message.error.code, message.error.message));
  }

  #rejectAll(why: string): void {
    for (const { method, reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new OutcomeUnknown(method, why));
    }
    this.#pending.clear();
  }
}
