import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Settings } from '../protocol/settings.ts';
import { expire } from '../store/expire.ts';
import { liveServers } from '../store/launches.ts';
import type { Store } from '../store/store.ts';
import { Renewal } from './kept-view.ts';

export type RetentionPorts = {
  store: Store;
  logsDirectory: string;
  limits: Settings['retention'];
  log: Logger;
};

/** How long one sweep keeps everything else waiting, milliseconds: no more than a person notices. */
const BUDGET_MS = 20;

/** The pause between two sweeps, milliseconds: a sixth of the time goes into them while there is work. */
const PAUSE_MS = { more: 100, done: 3_600_000 } as const;

/** The daemon writes about 2 MB of log a day with ten sessions at work; this is three weeks of it. */
const MOST_LOG_BYTES = 50 * 1024 * 1024;

const SERVER_LOG = /^app-server-(?<instance>.+)\.log$/;

/** Removes what is older than it is to be kept, or more than there is to be room for. */
export class Retention {
  readonly #ports: RetentionPorts;
  readonly #renewal: Renewal;

  constructor(ports: RetentionPorts) {
    this.#ports = ports;
    this.#renewal = new Renewal(ports.store);
  }

  /** Does a little of what there is to do, and returns when to come again, milliseconds since the epoch. */
  sweep(now: number): number {
    const { store, limits, log } = this.#ports;
    if (this.#renewal.some(now, BUDGET_MS)) return now + PAUSE_MS.more;
    const { sessions, facts, more } = expire(store, {
      ageMs: limits.ageMs,
      maxBytes: limits.sizeBytes,
      now,
      budgetMs: BUDGET_MS,
    });
    if (sessions.length > 0) log.info({ sessions, facts }, 'retention.removed');
    if (more) return now + PAUSE_MS.more;
    this.#removeServerLogs(now - limits.ageMs);
    return now + PAUSE_MS.done;
  }

  /** Logs of servers that have ended, last written before a time. */
  #removeServerLogs(before: number): void {
    const { store, logsDirectory, log } = this.#ports;
    const live = new Set(liveServers(store).map(({ instance }) => instance));
    for (const name of readdirSync(logsDirectory)) {
      const instance = SERVER_LOG.exec(name)?.groups?.instance;
      if (instance === undefined || live.has(instance)) continue;
      const path = join(logsDirectory, name);
      if (statSync(path).mtimeMs >= before) continue;
      rmSync(path, { force: true });
      log.info({ path }, 'retention.removed-log');
    }
  }
}

/**
 * Puts the daemon's log aside where it is over 50 MB, over the one that was put aside before. Before it is opened.
 */
export function rotateLog(path: string): void {
  if (existsSync(path) && statSync(path).size > MOST_LOG_BYTES) renameSync(path, `${path}.1`);
}
