import { realpathSync } from 'node:fs';
import type { Evidence, EvidenceBody } from '../../core/evidence/evidence.ts';
import { type Answer, type Ask, type Origin, originKey } from '../../core/session/request.ts';
import type { RequestId } from '../generated/RequestId.ts';
import type { ItemStartedNotification } from '../generated/v2/ItemStartedNotification.ts';
import { writableOperands } from '../writable.ts';
import { type AskContext, mapAsk } from './ask.ts';
import { Connection, type Incoming } from './connection.ts';
import { mapNotification } from './map-notification.ts';
import { replyTo } from './reply.ts';
import { isServerAlive, ServerEnded, type ServerRecord } from './server.ts';

/** A thread that is followed for a session. */
export type FollowedThread = { session: string; writableRoots: string[]; path: string };

/** What a link tells and asks of its owner. */
export type LinkPorts = {
  say(session: string, evidence: Evidence): void;
  requestId(): string;
  now(): number;
  log(event: string, details: Record<string, unknown>): void;
  /** The connection is gone; every followed thread has lost its source. */
  closed(why: string): void;
};

type OpenRequest = { rpcId: RequestId; origin: Origin; ask: Ask; params: unknown; answered: boolean };

type Thread = FollowedThread & {
  patches: Map<string, { path: string; kind: string }[]>;
  lastProgressAt: number;
};

/** Deltas say that a turn moves; once in this time is enough to know it, milliseconds. */
const PROGRESS_EVERY_MS = 5_000;
/** A server listens about 350 ms after its start (0.169); far longer means that it never will. */
const LISTEN_DEADLINE_MS = 20_000;
const CONNECT_PAUSE_MS = { first: 10, longest: 200 } as const;

/**
 * A connection to one app-server: turns what it says into evidence for the sessions whose threads are followed,
 * keeps its open requests, and answers them.
 */
export class Link {
  readonly record: ServerRecord;
  readonly #ports: LinkPorts;
  readonly #threads = new Map<string, Thread>();
  readonly #requests = new Map<string, OpenRequest>();
  readonly #waiters = new Set<(method: string, params: unknown) => void>();
  #connection: Connection | null = null;

  private constructor(record: ServerRecord, ports: LinkPorts) {
    this.record = record;
    this.#ports = ports;
  }

  /** Connects to a server that may still be starting. Rejects where it died or does not listen in time. */
  static async open(record: ServerRecord, version: string, ports: LinkPorts): Promise<Link> {
    const link = new Link(record, ports);
    link.#connection = await connectWhenListening(record, version, link.#incoming());
    return link;
  }

  get connection(): Connection {
    if (this.#connection === null) throw new Error('the link is not open');
    return this.#connection;
  }

  isFollowing(thread: string): boolean {
    return this.#threads.has(thread);
  }

  /** From now on, what the server says of this thread is evidence for the session. */
  follow(thread: string, followed: FollowedThread): void {
    if (this.#threads.has(thread)) return;
    this.#threads.set(thread, { ...followed, patches: new Map(), lastProgressAt: 0 });
  }

  forget(thread: string): void {
    this.#threads.delete(thread);
  }

  /** Every thread that is followed, with its session. */
  followed(): { thread: string; session: string }[] {
    return [...this.#threads].map(([thread, { session }]) => ({ thread, session }));
  }

  /** The sessions that follow a thread of this server. */
  sessions(): string[] {
    return [...new Set([...this.#threads.values()].map(({ session }) => session))];
  }

  /** Origin keys of the requests that the server has open for a thread. */
  pending(thread: string): string[] {
    return [...this.#requests.values()]
      .filter(({ origin, answered }) => origin.thread === thread && !answered)
      .map(({ origin }) => originKey(origin));
  }

  /**
   * Answers one request, at most once. `gone`: the server no longer has it open; `misfit`: the answer cannot be
   * put in the words of this request; `unsent`: the connection is closed.
   */
  answer(origin: Origin, answer: Answer): 'sent' | 'gone' | 'misfit' | 'unsent' {
    const request = this.#requests.get(origin.rpcId);
    if (request === undefined || request.answered || originKey(request.origin) !== originKey(origin))
      return 'gone';
    const reply = replyTo(request.ask, request.params, answer);
    if (reply === null) return 'misfit';
    if (!this.connection.reply(request.rpcId, reply)) return 'unsent';
    request.answered = true;
    return 'sent';
  }

  /** Resolves with true at the next notification that fits, with false when the deadline passes first. */
  waitFor(fits: (method: string, params: unknown) => boolean, deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (found: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(found);
      };
      const waiter = (method: string, params: unknown): void => {
        if (fits(method, params)) done(true);
      };
      const timer = setTimeout(() => done(false), deadlineMs);
      this.#waiters.add(waiter);
    });
  }

  close(): void {
    this.#connection?.close();
  }

  #incoming(): Incoming {
    return {
      notification: (method, params) => this.#notified(method, params),
      request: (id, method, params) => this.#asked(id, method, params),
      closed: (why) => this.#ports.closed(why),
    };
  }

  #notified(method: string, params: unknown): void {
    if (method === 'item/started') this.#rememberPatch(params as ItemStartedNotification);
    const mapped = mapNotification(
      method,
      params,
      this.record.instance,
      (rpcId) => this.#requests.get(rpcId)?.answered === true,
    );
    if (mapped.thread === null) {
      for (const body of mapped.evidence) this.#ports.log('codex.unrecognised', { ...body });
    } else {
      for (const body of mapped.evidence) this.#tell(mapped.thread, body);
    }
    for (const waiter of [...this.#waiters]) waiter(method, params);
  }

  #tell(threadId: string, body: EvidenceBody): void {
    if (body.type === 'request-resolved') this.#requests.delete(body.rpcId);
    const thread = this.#threads.get(threadId);
    if (thread === undefined) return;
    if (body.type === 'turn-ended') thread.patches.clear();
    const at = this.#ports.now();
    if (body.type === 'progress') {
      if (at - thread.lastProgressAt < PROGRESS_EVERY_MS) return;
      thread.lastProgressAt = at;
    }
    if (body.type === 'unrecognised') this.#ports.log('codex.unrecognised', { ...body, thread: threadId });
    this.#ports.say(thread.session, { source: 'app-server', at, body });
  }

  #asked(rpcId: RequestId, method: string, params: unknown): void {
    const asked = mapAsk(method, params, this.#askContext());
    const thread = asked === null ? undefined : this.#threads.get(asked.thread);
    if (asked === null) {
      // Codex waits for an answer to each of its requests; one that we cannot give is refused at once.
      this.#ports.log('codex.request-refused', { method });
      this.connection.refuse(rpcId, `Coxswain does not serve ${method}`);
      return;
    }
    // A thread that nobody here follows is another client's, and so is its request.
    if (thread === undefined) {
      this.#ports.log('codex.request-of-another-thread', { method, thread: asked.thread });
      return;
    }
    const key = JSON.stringify(rpcId);
    const { ask, turn, item, startedAt } = asked;
    const origin: Origin = {
      server: this.record.instance,
      rpcId: key,
      method,
      thread: asked.thread,
      turn,
      item,
      startedAt,
    };
    this.#requests.set(key, { rpcId, origin, ask, params, answered: false });
    this.#tell(asked.thread, { type: 'request-opened', id: this.#ports.requestId(), origin, ask });
  }

  #askContext(): AskContext {
    return {
      filesOf: (thread, item) => this.#threads.get(thread)?.patches.get(item) ?? [],
      writableOf: (commands, cwd, thread) => {
        const followed = this.#threads.get(thread);
        return followed === undefined
          ? ['what a thread that is not followed can write']
          : writableOperands(commands, cwd, followed.writableRoots, followed.path);
      },
      realPath: (path) => {
        try {
          return realpathSync(path);
        } catch {
          return path;
        }
      },
    };
  }

  #rememberPatch({ threadId, item }: ItemStartedNotification): void {
    if (item.type !== 'fileChange') return;
    this.#threads.get(threadId)?.patches.set(
      item.id,
      item.changes.map(({ path, kind }) => ({ path, kind: kind.type })),
    );
  }
}

async function connectWhenListening(
  record: ServerRecord,
  version: string,
  incoming: Incoming,
): Promise<Connection> {
  const deadline = Date.now() + LISTEN_DEADLINE_MS;
  let pause: number = CONNECT_PAUSE_MS.first;
  for (;;) {
    try {
      return await Connection.open(record.socket, version, LISTEN_DEADLINE_MS, incoming);
    } catch (error) {
      if (!isServerAlive(record)) throw new ServerEnded(record);
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, CONNECT_PAUSE_MS.longest);
  }
}
