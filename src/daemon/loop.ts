import type { Logger } from 'pino';
import { CoxError, failure } from '../core/errors.ts';
import type { Evidence } from '../core/evidence/evidence.ts';
import type { Action } from '../core/policy/action.ts';
import { decide } from '../core/policy/decide.ts';
import type { Input, Reply } from '../core/policy/input.ts';
import { isStillWanted } from '../core/policy/needs.ts';
import type { Policy } from '../core/policy/policy.ts';
import { attentionSince } from '../core/session/attention.ts';
import type { WorkResult } from '../core/session/fact.ts';
import type { RunEnd, Session, SessionSpec } from '../core/session/session.ts';
import { hasEnded } from '../core/session/session.ts';
import { removeSession } from '../store/expire.ts';
import type { QueuedAction, Store, StoredSession } from '../store/store.ts';
import { Alarm } from './alarm.ts';
import { keptView } from './kept-view.ts';

/** How long the removal of a session deletes facts at once, milliseconds: enough for some 10,000 of them. */
const REMOVE_BUDGET_MS = 20;

/** Carries out one kind of action; see core/driver.ts for the contract. */
export type Reactors = {
  [Type in Action['type']]: (session: Session, action: Action & { type: Type }) => Promise<WorkResult>;
};

export type LoopPorts = {
  store: Store;
  /** Name of this daemon's run: the owner of its leases. */
  owner: string;
  now(): number;
  log: Logger;
};

/**
 * The loop: input → decide → one transaction → reactors, whose results come back as input. One input at a time,
 * each committed before the next; what a reactor is told to do is on disk before it acts.
 */
export class Loop {
  readonly #ports: LoopPorts;
  readonly #live = new Map<string, StoredSession>();
  readonly #listeners = new Set<() => void>();
  readonly #endListeners = new Set<(id: string, end: RunEnd) => void>();
  readonly #alarm: Alarm;
  #reactors: Reactors | null = null;

  constructor(ports: LoopPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports.now, (session) => this.submit(session, { type: 'tick' }));
  }

  /** Sets what acts. Separate from the constructor, since reactors report back to the loop. */
  connect(reactors: Reactors): void {
    this.#reactors = reactors;
  }

  /** Brings a new session to life; the receipt makes the same command answer the same way once more. */
  create(spec: SessionSpec, prompt: string, policy: Policy, command: string | null): Reply {
    const input: Input = { type: 'command', command: { type: 'create', spec, prompt } };
    return this.#step(spec.id, null, policy, input, { returned: null, cause: null, command });
  }

  /**
   * Gives an input to a session and commits what follows. Input for a session that is not there is refused. The
   * receipt of a `command` makes it known as obeyed.
   */
  submit(id: string, input: Input, cause: number | null = null, command: string | null = null): Reply {
    const stored = this.session(id);
    const returned = input.type === 'outcome' ? input.key : null;
    const policy = stored?.policy ?? { rules: [] };
    return this.#step(id, stored, policy, input, { returned, cause, command });
  }

  /** Gives evidence to a session: what sources call. Evidence for a session that is not there is dropped. */
  readonly say = (session: string, evidence: Evidence): void => {
    this.submit(session, { type: 'evidence', evidence });
  };

  session(id: string): StoredSession | null {
    return this.#live.get(id) ?? this.#ports.store.session(id);
  }

  /** Sessions whose newest run is open, oldest first. */
  openSessions(): StoredSession[] {
    return this.#ports.store.openSessions().flatMap((id) => this.session(id) ?? []);
  }

  /** Calls back after every commit that added facts, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back after the end of every run, once it is committed. */
  onEnd(listener: (id: string, end: RunEnd) => void): void {
    this.#endListeners.add(listener);
  }

  /**
   * Takes up where the last daemon was cut off: actions it had under way are of unknown outcome, what it had
   * queued is done now, and every open session is compared with what Codex knows.
   */
  resume(): void {
    const { store, owner, log, now } = this.#ports;
    const orphans = store.orphanedLeases(owner);
    for (const { session, key, id } of orphans) {
      this.submit(
        session,
        { type: 'outcome', key, result: { type: 'unknown', why: 'the daemon was restarted' } },
        id,
      );
    }
    const live = store.live();
    for (const id of live) {
      const why = 'the daemon was restarted';
      this.submit(id, {
        type: 'evidence',
        evidence: { source: 'coxswain', at: now(), body: { type: 'gap', why } },
      });
      this.#dispatch(id);
    }
    log.info({ orphans: orphans.length, sessions: live.length }, 'loop.resumed');
  }

  /** Resolves once nothing is being done for a session any more, or the time is over. */
  async whenDone(id: string, deadlineMs: number): Promise<void> {
    const { store } = this.#ports;
    if (!store.isBusy(id)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      const unsubscribe = this.onCommit(() => {
        if (!store.isBusy(id)) done();
      });
    });
  }

  /**
   * Forgets a session that has ended, with all that is known of it.
   *
   * @throws CoxError `conflict` where it has not ended, or something is still being done for it.
   */
  remove(id: string): void {
    const { store, now } = this.#ports;
    if (removeSession(store, id, { now: now(), budgetMs: REMOVE_BUDGET_MS }) === 'busy') {
      const message = `The session ${id} is still at work, or its changes are being measured.`;
      throw new CoxError(failure('conflict', message, { id }, 'Try again in a moment, or end it: cox stop.'));
    }
    this.#live.delete(id);
    this.#alarm.set(id, null);
  }

  /** Nothing rings any more; what is open is kept so that the next daemon has nothing to replay. */
  stop(): void {
    this.#alarm.stop();
    for (const stored of this.#live.values()) this.#ports.store.keepSnapshot(stored);
  }

  #step(
    id: string,
    stored: StoredSession | null,
    policy: Policy,
    input: Input,
    context: { returned: string | null; cause: number | null; command: string | null },
  ): Reply {
    const { store, now, log } = this.#ports;
    const at = now();
    const decision = decide(stored?.session ?? null, input, policy, at);
    const session = decision.session;
    if (session === null || !decision.reply.ok) return decision.reply;
    const unchanged =
      decision.facts.length === 0 && context.returned === null && stored?.wakeAt === decision.wakeAt;
    const committed = unchanged
      ? null
      : store.commit({
          session,
          policy,
          facts: decision.facts,
          actions: decision.actions,
          wakeAt: decision.wakeAt,
          now: at,
          cause: context.cause,
          attentionSince: attentionSince(session),
          view: hasEnded(session) ? keptView(session, at) : null,
          slack: stored?.slack ?? null,
          returned: context.returned,
          receipt: context.command === null ? null : { command: context.command, reply: decision.reply },
        });
    const next: StoredSession = {
      session,
      policy,
      seq: committed?.seqs.at(-1) ?? stored?.seq ?? 0,
      wakeAt: decision.wakeAt,
      slack: committed?.slack ?? stored?.slack ?? 0,
    };
    if (hasEnded(session)) this.#live.delete(id);
    else this.#live.set(id, next);
    this.#alarm.set(id, decision.wakeAt);
    for (const { body } of decision.facts) {
      if (body.type === 'status') log.info({ session: id, ...body.status }, 'session.phase');
    }
    if (decision.facts.length > 0) for (const listener of this.#listeners) listener();
    if (decision.actions.length > 0) this.#dispatch(id);
    for (const { body } of decision.facts) {
      if (body.type === 'run-ended') for (const listener of this.#endListeners) listener(id, body.end);
    }
    return decision.reply;
  }

  #dispatch(id: string): void {
    const { store, owner, now } = this.#ports;
    for (const queued of store.lease(id, owner, now())) void this.#act(queued);
  }

  async #act(queued: QueuedAction): Promise<void> {
    const { log, now } = this.#ports;
    const { session: id, key, action } = queued;
    const session = this.session(id)?.session ?? null;
    if (session === null || this.#reactors === null) return;
    let result: WorkResult;
    if (!isStillWanted(session, key, now())) {
      result = { type: 'stale', why: 'it was no longer wanted when its turn came' };
    } else {
      log.debug({ session: id, key, cause: queued.cause }, 'action.begins');
      result = await this.#react(this.#reactors, session, action).catch((error: unknown): WorkResult => {
        log.error({ err: error, session: id, key }, 'action.threw');
        return { type: 'unknown', why: `a defect of Coxswain: ${String(error)}` };
      });
    }
    log.info({ session: id, key, ...result }, 'action.returned');
    this.submit(id, { type: 'outcome', key, result }, queued.cause);
  }

  #react(reactors: Reactors, session: Session, action: Action): Promise<WorkResult> {
    switch (action.type) {
      case 'open-thread':
        return reactors['open-thread'](session, action);
      case 'start-turn':
        return reactors['start-turn'](session, action);
      case 'steer':
        return reactors.steer(session, action);
      case 'answer':
        return reactors.answer(session, action);
      case 'look':
        return reactors.look(session, action);
      case 'end-work':
        return reactors['end-work'](session, action);
      case 'snapshot':
        return reactors.snapshot(session, action);
      case 'measure':
        return reactors.measure(session, action);
      default:
        return action satisfies never;
    }
  }
}
