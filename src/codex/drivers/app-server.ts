import type { Driver } from '../../core/driver.ts';
import type { Evidence } from '../../core/evidence/evidence.ts';
import type { Action } from '../../core/policy/action.ts';
import { promptId } from '../../core/session/apply-run.ts';
import type { WorkResult } from '../../core/session/fact.ts';
import { type EndMode, hasEnded, type Session } from '../../core/session/session.ts';
import type { FailReason } from '../../core/session/status.ts';
import { OutcomeUnknown, RpcRefused } from '../app-server/connection.ts';
import { endThread } from '../app-server/end-thread.ts';
import type { Link } from '../app-server/link.ts';
import { observe } from '../app-server/observe.ts';
import { isServerAlive, ServerEnded } from '../app-server/server.ts';
import { Servers, type ServersPorts } from '../app-server/servers.ts';
import type { UserInput } from '../generated/v2/UserInput.ts';
import { isMissingThread } from '../known-messages.ts';
import { threadSettings, writableRoots } from '../launch/thread-settings.ts';

export type AppServerPorts = ServersPorts & {
  say(session: string, evidence: Evidence): void;
};

/** First pause before an action that failed is tried again, milliseconds; doubles up to the longest. */
const RETRY_MS = { first: 1_000, longest: 60_000 } as const;

/** Runs sessions as threads of app-servers: one server for each launch identity. See core/driver.ts. */
export class AppServerDriver implements Driver {
  readonly #ports: AppServerPorts;
  readonly servers: Servers;

  constructor(ports: AppServerPorts) {
    this.#ports = ports;
    this.servers = new Servers(ports);
  }

  'open-thread' = (session: Session, action: Action & { type: 'open-thread' }): Promise<WorkResult> =>
    this.#guarded(session, action, async () => {
      const link = await this.servers.linkFor(session.spec.identity);
      const { thread, model, sandbox } = await link.connection.call(
        'thread/start',
        threadSettings(session.spec),
      );
      // Asked after the thread was started, which tells a broken configuration from a missing login.
      const login = await link.connection.call('account/read', {});
      if (login.requiresOpenaiAuth && login.account === null) {
        return {
          type: 'given-up',
          why: `Codex is not logged in: run \`${this.#ports.launchOf(session.spec.identity).binary.path} login\` for this CODEX_HOME`,
          reason: 'auth',
        };
      }
      const { environment } = this.#ports.launchOf(session.spec.identity);
      const roots = writableRoots(session.spec, sandbox, environment);
      this.#follow(link, session, thread.id, roots);
      this.#say(session, {
        type: 'thread-opened',
        thread: thread.id,
        server: link.record.instance,
        rollout: thread.path,
        model,
        writableRoots: roots,
      });
      return { type: 'done' };
    });

  'start-turn' = (session: Session, action: Action & { type: 'start-turn' }): Promise<WorkResult> =>
    this.#guarded(session, action, async () => {
      const link = await this.servers.linkFor(session.spec.identity);
      if (!link.isFollowing(action.thread))
        return { type: 'stale', why: 'the thread is not followed on this server yet' };
      const { thread, message } = action;
      const { turn } = await link.connection.call('turn/start', {
        threadId: thread,
        input: [
          ...(action.images ?? []).map((path) => ({ type: 'localImage' as const, path })),
          ...textInput(action.text),
        ],
        clientUserMessageId: message ?? promptId(session),
      });
      this.#say(session, { type: 'turn-started', thread, turn: turn.id });
      if (message !== undefined)
        this.#say(session, { type: 'message-taken', thread, turn: turn.id, message });
      return { type: 'done' };
    });

  steer = (session: Session, action: Action & { type: 'steer' }): Promise<WorkResult> =>
    this.#guarded(session, action, async () => {
      const link = await this.servers.linkFor(session.spec.identity);
      const { thread, turn, message } = action;
      if (!link.isFollowing(thread))
        return { type: 'stale', why: 'the thread is not followed on this server yet' };
      try {
        await link.connection.call('turn/steer', {
          threadId: thread,
          expectedTurnId: turn,
          input: textInput(action.text),
          clientUserMessageId: message,
        });
      } catch (error) {
        // The turn is over, or is of a kind that takes no instructions: then it waits for the next one.
        if (!(error instanceof RpcRefused)) throw error;
        const why = error.message;
        this.#say(session, { type: 'message-refused', thread, message, why });
        return { type: 'stale', why };
      }
      this.#say(session, { type: 'message-taken', thread, turn, message });
      return { type: 'done' };
    });

  answer = (session: Session, action: Action & { type: 'answer' }): Promise<WorkResult> =>
    this.#guarded(session, action, async () => {
      const link = await this.servers.linkFor(session.spec.identity);
      const outcome =
        link.record.instance === action.origin.server ? link.answer(action.origin, action.answer) : 'gone';
      switch (outcome) {
        case 'sent':
          return { type: 'done' };
        case 'gone':
          return { type: 'stale', why: 'Codex no longer has the request open' };
        case 'misfit':
          return { type: 'given-up', why: 'the answer does not fit the request', reason: 'config' };
        case 'unsent':
          return { type: 'unknown', why: 'the connection closed' };
        default:
          return outcome satisfies never;
      }
    });

  look = (session: Session, action: Action & { type: 'look' }): Promise<WorkResult> =>
    this.#guarded(session, action, async () => {
      const { server } = session;
      const record = server === null ? null : this.servers.record(server);
      if (server !== null && (record === null || !isServerAlive(record))) {
        this.#say(session, { type: 'server-gone', server, detail: 'its process has ended' });
      }
      const link = await this.servers.linkFor(session.spec.identity);
      const resume = !link.isFollowing(action.thread);
      this.#follow(link, session, action.thread, session.writableRoots);
      try {
        const said = await observe(link, session, action.thread, resume);
        for (const body of said.evidence) this.#say(session, body);
        return said.complete
          ? { type: 'done' }
          : this.#retry(session, action, 'Codex is still repeating its open requests', 'crashed');
      } catch (error) {
        if (resume) link.forget(action.thread);
        if (!isMissingThread(error)) throw error;
        this.#say(session, {
          type: 'thread-missing',
          thread: action.thread,
          detail: (error as Error).message,
        });
        return { type: 'done' };
      }
    });

  'end-work' = (session: Session, action: Action & { type: 'end-work' }): Promise<WorkResult> =>
    this.#guarded(session, action, async () => {
      const record = session.server === null ? null : this.servers.record(session.server);
      const link =
        record !== null && isServerAlive(record) ? await this.servers.linkFor(session.spec.identity) : null;
      const survivors = await endThread(link, action);
      if (survivors === 'turn-goes-on') {
        return this.#retry(session, action, 'the turn does not end', 'crashed');
      }
      // Only the turn was to end: the session goes on, and so does its subscription.
      if (action.mode !== 'interrupt') link?.forget(action.thread);
      this.#say(session, { type: 'work-gone', run: action.run, survivors });
      return { type: 'done' };
    });

  /**
   * Makes sure that a thread is loaded and followed, so that a terminal can join it, and says where; `upgrades` are
   * the models that Codex would ask to leave for another. Rejects where Codex does not have the thread any more or
   * the server cannot be reached.
   */
  async join(
    session: Session,
    thread: string,
  ): Promise<{ socket: string; upgrades: Record<string, string> }> {
    const link = await this.servers.linkFor(session.spec.identity);
    // One at work is followed already, or will be by its next look, which then reads all that was missed.
    if (!link.isFollowing(thread) && hasEnded(session)) {
      this.#follow(link, session, thread, session.writableRoots);
      try {
        await link.connection.call('thread/resume', {
          ...threadSettings(session.spec),
          threadId: thread,
          excludeTurns: true,
        });
      } catch (error) {
        link.forget(thread);
        throw error;
      }
    }
    const models = await link.connection.call('model/list', { includeHidden: true });
    const upgrades = models.data.flatMap(({ id, upgrade }) => (upgrade === null ? [] : [[id, upgrade]]));
    return { socket: link.record.socket, upgrades: Object.fromEntries(upgrades) };
  }

  /**
   * Ends what a session that has ended left running, and says what survived: commands of its thread that went on after
   * the turn.
   */
  async sweep(session: Session, mode: EndMode, graceMs: number): Promise<string[]> {
    const { run, server } = session;
    if (run.thread === null) return [];
    const record = server === null ? null : this.servers.record(server);
    const isServed = record !== null && isServerAlive(record);
    const link = isServed ? await this.servers.linkFor(session.spec.identity) : null;
    const action = { type: 'end-work', run: run.n, thread: run.thread, turn: null, mode, graceMs } as const;
    const survivors = await endThread(link, action);
    link?.forget(run.thread);
    return survivors === 'turn-goes-on' ? ['a turn that does not end'] : survivors;
  }

  #follow(link: Link, session: Session, thread: string, roots: string[]): void {
    const path = this.#ports.launchOf(session.spec.identity).environment.PATH ?? '';
    link.follow(thread, { session: session.spec.id, writableRoots: roots, path });
  }

  #say(session: Session, body: Evidence['body']): void {
    this.#ports.say(session.spec.id, { source: 'app-server', at: this.#ports.now(), body });
  }

  /** Puts what can go wrong between us and Codex into the words of the core. */
  async #guarded(session: Session, action: Action, work: () => Promise<WorkResult>): Promise<WorkResult> {
    try {
      return await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof OutcomeUnknown) return { type: 'unknown', why };
      // Codex said no to what we asked, in words of its protocol: asking again changes nothing.
      if (error instanceof RpcRefused) return { type: 'given-up', why, reason: 'config' };
      // A server that ends before it listens was told something that it cannot live with.
      return this.#retry(session, action, why, error instanceof ServerEnded ? 'config' : 'crashed');
    }
  }

  /** Another try, after a pause that doubles with each one. */
  #retry(session: Session, action: Action, why: string, reason: FailReason): WorkResult {
    const works = Object.values(session.work);
    const tries = works.find(
      (work) => work.action.type === action.type && work.state.type === 'in-flight',
    )?.attempts;
    const pause = Math.min(RETRY_MS.first * 2 ** ((tries ?? 1) - 1), RETRY_MS.longest);
    return { type: 'retry', why, retryAt: this.#ports.now() + pause, reason };
  }
}

function textInput(text: string): [UserInput] {
  return [{ type: 'text', text, text_elements: [] }];
}
