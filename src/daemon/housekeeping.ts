import type { Logger } from 'pino';
import type { ServerRecord } from '../codex/app-server/server.ts';
import type { Servers } from '../codex/app-server/servers.ts';
import { hasEnded } from '../core/session/session.ts';
import { liveServers, openSessionsOf } from '../store/launches.ts';
import type { Store } from '../store/store.ts';
import type { Loop } from './loop.ts';
import type { Retention } from './retention.ts';

/** How long nothing may use a thing before it is let go, milliseconds. */
export type IdleLimits = { threadMs: number; serverMs: number; daemonMs: number };

export type HousekeepingPorts = {
  store: Store;
  loop: Loop;
  servers: Servers;
  retention: Retention;
  limits: IdleLimits;
  now(): number;
  log: Logger;
  /** Whether somebody listens to a session alone, as a terminal that has joined it does. */
  isWatched(session: string): boolean;
  /** When a client last used the API; now while one listens to events. */
  lastUsedAt(): number;
  /** Ends the daemon: nobody needs it. */
  stop(): void;
};

/** How often it is looked at the least and the most, milliseconds. */
const PERIOD_MS = { shortest: 200, longest: 30_000 } as const;

/**
 * Lets go of what nobody uses: threads whose run has ended for a while, servers that have had no thread for a
 * while, the daemon itself where it has had no open run and no client for a while; and, with retention.ts, of what
 * is older than it is to be kept.
 */
export class Housekeeping {
  readonly #ports: HousekeepingPorts;
  /** Since when a server has had no thread, by instance. */
  readonly #idleSince = new Map<string, number>();
  /** When somebody was last seen to listen to a session. */
  readonly #watchedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #stopped = false;
  #idleDaemonSince: number;

  constructor(ports: HousekeepingPorts) {
    this.#ports = ports;
    this.#idleDaemonSince = ports.now();
  }

  start(): void {
    const { threadMs, serverMs, daemonMs } = this.#ports.limits;
    const least = Math.min(threadMs, serverMs, daemonMs) / 4;
    const period = Math.min(Math.max(least, PERIOD_MS.shortest), PERIOD_MS.longest);
    const next = (): void => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => void this.#round().finally(next), period);
    };
    next();
    this.#sweep();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
  }

  /** Removes a little of what is not to be kept, and comes again when there is more. */
  #sweep(): void {
    const { retention, now, log } = this.#ports;
    let next = now() + PERIOD_MS.longest;
    try {
      next = retention.sweep(now());
    } catch (error) {
      log.error({ err: error }, 'retention.threw');
    }
    this.#sweeper = setTimeout(() => this.#sweep(), Math.max(0, next - now()));
  }

  async #round(): Promise<void> {
    try {
      await this.#releaseThreads();
      await this.#endServers();
      this.#endDaemon();
    } catch (error) {
      this.#ports.log.error({ err: error }, 'housekeeping.threw');
    }
  }

  async #releaseThreads(): Promise<void> {
    const { loop, servers, limits, now, log, isWatched } = this.#ports;
    for (const { identity, thread, session: id } of await servers.followed()) {
      const isIdle = (): boolean => {
        const session = loop.session(id)?.session ?? null;
        if (isWatched(id)) this.#watchedAt.set(id, now());
        if (session === null) return true;
        const since = Math.max(lastTouched(session), this.#watchedAt.get(id) ?? 0);
        return hasEnded(session) && since + limits.threadMs <= now();
      };
      if (!isIdle() || !(await servers.release(identity, thread, isIdle))) continue;
      this.#watchedAt.delete(id);
      log.info({ session: id, thread }, 'thread.released');
    }
  }

  async #endServers(): Promise<void> {
    const { store, servers, limits, now, log } = this.#ports;
    const followed = await servers.followed();
    for (const { instance, identity, server } of liveServers<ServerRecord>(store)) {
      const isUsed =
        openSessionsOf(store, identity) > 0 ||
        followed.some((entry) => entry.identity === identity) ||
        (await servers.loaded(server)) > 0;
      if (isUsed) {
        this.#idleSince.delete(instance);
        continue;
      }
      const since = this.#idleSince.get(instance) ?? now();
      this.#idleSince.set(instance, since);
      // Asked again, since it took a moment to ask the server.
      if (since + limits.serverMs > now() || openSessionsOf(store, identity) > 0) continue;
      log.info({ instance }, 'app-server.idle');
      await servers.end(server);
      this.#idleSince.delete(instance);
    }
  }

  #endDaemon(): void {
    const { store, limits, now, lastUsedAt, log, stop } = this.#ports;
    if (store.countOpen() > 0) this.#idleDaemonSince = now();
    if (Math.max(this.#idleDaemonSince, lastUsedAt()) + limits.daemonMs > now()) return;
    log.info({}, 'daemon.idle');
    stop();
  }
}

/** The later of the end and of the last time that somebody joined with a terminal. */
function lastTouched({
  run,
  attachedAt,
}: {
  run: { endedAt: number | null };
  attachedAt: number | null;
}): number {
  return Math.max(run.endedAt ?? 0, attachedAt ?? 0);
}
