import type { Launch } from '../launch/launch.ts';
import { Link, type LinkPorts } from './link.ts';
import {
  endServer,
  endStrays,
  isServerAlive,
  type ServerPlace,
  type ServerRecord,
  startServer,
} from './server.ts';

export type ServersPorts = Omit<LinkPorts, 'closed'> & {
  launchOf(identity: string): Launch;
  instanceId(): string;
  place: ServerPlace;
  version: string;
  /** Records outlive us: what was started must be found again by the next daemon. */
  keep(record: ServerRecord): void;
  ended(instance: string): void;
  records(): ServerRecord[];
};

/** The app-servers of this state directory: at most one that lives for each launch identity. */
export class Servers {
  readonly #ports: ServersPorts;
  readonly #links = new Map<string, Promise<Link>>();
  /** Servers that are being ended: nobody is sent to them any more. */
  readonly #ending = new Set<string>();

  constructor(ports: ServersPorts) {
    this.#ports = ports;
  }

  /** The record of a server that is not known to have ended. */
  record(instance: string): ServerRecord | null {
    return this.#ports.records().find((record) => record.instance === instance) ?? null;
  }

  /** Whether a server of this identity runs. */
  lives(identity: string): boolean {
    return this.#living(identity) !== null;
  }

  /** Threads that are followed, on every server that is linked. */
  async followed(): Promise<{ identity: string; thread: string; session: string }[]> {
    const lists = await Promise.all(
      [...this.#links].map(async ([identity, opening]) => {
        const link = await opening.catch(() => null);
        return (link?.followed() ?? []).map((entry) => ({ identity, ...entry }));
      }),
    );
    return lists.flat();
  }

  /**
   * Stops following a thread that nobody needs, asked again at the moment of acting: without another client, Codex
   * unloads it after about a minute (0.169). True where it was let go.
   */
  async release(identity: string, thread: string, isIdle: () => boolean): Promise<boolean> {
    const link = await this.#links.get(identity)?.catch(() => null);
    if (link === null || link === undefined || !link.isFollowing(thread) || !isIdle()) return false;
    link.forget(thread);
    await link.connection.call('thread/unsubscribe', { threadId: thread }).catch(() => undefined);
    return true;
  }

  /**
   * How many threads the server of a record has loaded, whoever uses them; 0 for one that cannot be asked: it is of
   * no use to anybody.
   */
  async loaded(record: ServerRecord): Promise<number> {
    if (!isServerAlive(record)) return 0;
    const link = await this.linkFor(record.identity).catch(() => null);
    if (link?.record.instance !== record.instance) return 0;
    const list = await link.connection.call('thread/loaded/list', {}).catch(() => null);
    return list?.data.length ?? 0;
  }

  /**
   * A link to the server of an identity: the one that is open, else to the one that lives, else to a new one.
   * Rejects where the server cannot be started or reached.
   */
  linkFor(identity: string): Promise<Link> {
    const known = this.#links.get(identity);
    if (known !== undefined) return known;
    const opening = this.#open(identity);
    this.#links.set(identity, opening);
    opening.catch(() => this.#links.delete(identity));
    return opening;
  }

  async #open(identity: string): Promise<Link> {
    const record = this.#living(identity) ?? (await this.#start(identity));
    const ports: LinkPorts = {
      say: this.#ports.say,
      requestId: this.#ports.requestId,
      now: this.#ports.now,
      log: this.#ports.log,
      closed: (why) => void this.#closed(identity, record.instance, why),
    };
    return Link.open(record, this.#ports.version, ports);
  }

  #living(identity: string): ServerRecord | null {
    for (const record of this.#ports.records()) {
      if (!isServerAlive(record)) this.#ports.ended(record.instance);
      else if (record.identity === identity && !this.#ending.has(record.instance)) return record;
    }
    return null;
  }

  async #start(identity: string): Promise<ServerRecord> {
    const record = await startServer(
      this.#ports.launchOf(identity),
      identity,
      this.#ports.instanceId(),
      this.#ports.place,
    );
    this.#ports.keep(record);
    this.#ports.log('app-server.started', {
      instance: record.instance,
      server: record.process.pid,
      log: record.log,
    });
    return record;
  }

  async #closed(identity: string, instance: string, why: string): Promise<void> {
    const link = await this.#links.get(identity)?.catch(() => null);
    // Another one may stand there by now, which is none of this connection's business.
    if (link === null || link === undefined || link.record.instance !== instance) return;
    this.#links.delete(identity);
    const { record } = link;
    const detail = isServerAlive(record) ? why : `its process (pid ${record.process.pid}) has ended`;
    this.#ports.log('app-server.link-closed', { instance: record.instance, detail });
    const at = this.#ports.now();
    for (const session of link.sessions()) {
      this.#ports.say(session, {
        source: 'machine',
        at,
        body: { type: 'server-gone', server: record.instance, detail },
      });
    }
  }

  /** Ends the server of a record with all that carries its mark; returns what survived. */
  async end(record: ServerRecord): Promise<string[]> {
    this.#ending.add(record.instance);
    const link = await this.#links.get(record.identity)?.catch(() => null);
    if (link?.record.instance === record.instance) {
      this.#links.delete(record.identity);
      link.close();
    }
    const { survivors } = await endServer(record, this.#ports.place.owner);
    this.#ending.delete(record.instance);
    if (survivors.length === 0) this.#ports.ended(record.instance);
    this.#ports.log('app-server.ended', { instance: record.instance, survivors: survivors.length });
    return survivors.map(({ identity, command }) => `pid ${identity.pid}: ${command}`);
  }

  /** Ends servers of ours that no record knows; returns how many processes that were. */
  async endStrays(): Promise<number> {
    const known = this.#ports.records().map(({ instance }) => instance);
    const { ended } = await endStrays(this.#ports.place.owner, known);
    return ended.length;
  }

  /** Lets go of every server without ending it. */
  async closeLinks(): Promise<void> {
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const opening of links) (await opening.catch(() => null))?.close();
  }
}
