import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type {
  Client,
  EventView,
  Inbox,
  InboxEntry,
  SessionList,
  SessionView,
} from '../../src/client/index.ts';
import { connectIfRunning, type Places, placesOf } from '../../src/client/index.ts';
import type { ServerRecord } from '../../src/codex/app-server/server.ts';
import { type Lab, type ScenarioSource, startLab } from '../../src/lab/index.ts';
import { signalIdentity } from '../../src/machine/signal.ts';
import { type CommandOptions, type Ran, runCox } from './command.ts';
import { identitiesWith, processesWith } from './processes.ts';
import { scenarios } from './scenarios.ts';

// Where no requirement bounds it, a busy machine is no failure. The bench opens worlds too, without vitest.
if (process.env.VITEST !== undefined) {
  const { vi } = await import('vitest');
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
}

/** How long anything may take that no requirement bounds; two cores may be busy with other work. */
export const PATIENCE_MS = 40_000;

const CODEX = fileURLToPath(new URL('../../node_modules/.bin/codex', import.meta.url));

/** Codex's sandbox puts folders into every folder that it lets commands write, and leaves them when it is killed. */
const NOTHING_IN_TMP = '\n[sandbox_workspace_write]\nexclude_slash_tmp = true\n';

export type WorldOptions = Omit<Parameters<Lab['config']>[0] & object, 'baseUrl'>;

/**
 * One Coxswain and one Codex of its own, in a folder of its own, with a scripted model. The folder lies outside of
 * the temporary directory, where Codex refuses its sandbox; its own temporary directory is inside.
 */
export class World {
  readonly root: string;
  readonly lab: Lab;
  readonly coxHome: string;
  readonly codexHome: string;
  /** A git repository: where sessions work. */
  readonly work: string;
  /** A folder that the sandbox does not let sessions write. */
  readonly outside: string;
  readonly env: Readonly<Record<string, string>>;
  readonly places: Places;
  /** The text of config.toml. */
  readonly config: string;

  private constructor(root: string, lab: Lab, options: WorldOptions) {
    this.root = root;
    this.lab = lab;
    this.coxHome = join(root, 'cox');
    this.codexHome = join(root, 'codex');
    this.work = join(root, 'work');
    this.outside = join(root, 'outside');
    const temporary = join(root, 'tmp');
    const home = join(root, 'home');
    for (const folder of [this.codexHome, this.work, this.outside, temporary, home]) mkdirSync(folder);
    this.config = lab.config(options) + NOTHING_IN_TMP;
    writeFileSync(join(this.codexHome, 'config.toml'), this.config);
    this.env = {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: home,
      TMPDIR: temporary,
      COX_HOME: this.coxHome,
      COX_CODEX: CODEX,
      CODEX_HOME: this.codexHome,
      // No git configuration of whoever runs the tests.
      GIT_CONFIG_NOSYSTEM: '1',
    };
    this.places = placesOf(this.env);
    this.#makeRepository();
  }

  /** `more`: scenarios beside those that every world has. */
  static async open(options: WorldOptions = {}, more: readonly ScenarioSource[] = []): Promise<World> {
    const cache = join(homedir(), '.cache');
    mkdirSync(cache, { recursive: true });
    // Short: the paths of unix sockets are 107 bytes at most.
    const root = realpathSync(mkdtempSync(join(cache, 'cox-e2e-')));
    return new World(root, await startLab({ scenarios: [...scenarios, ...more] }), options);
  }

  #makeRepository(): void {
    writeFileSync(join(this.work, 'README.md'), 'A repository for tests.\n');
    const git = (...args: string[]): void => {
      const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
      execFileSync('git', [...identity, ...args], { cwd: this.work, env: { ...this.env }, stdio: 'ignore' });
    };
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('commit', '-q', '-m', 'First');
  }

  /** Runs `cox`; `env` is added to the world's environment. */
  cox(args: readonly string[], options: Partial<CommandOptions> = {}): Promise<Ran> {
    const { env = {}, cwd = this.work, ...rest } = options;
    return runCox(args, { ...rest, cwd, env: { ...this.env, ...env } });
  }

  /** Runs `cox … --json` that must succeed, and returns its document. */
  async ask<Answer>(...args: string[]): Promise<Answer> {
    const ran = await this.cox([...args, '--json']);
    if (ran.code !== 0)
      throw new Error(`cox ${args.join(' ')} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran.json() as Answer;
  }

  /** `cox run` in the repository; the session as it was answered. */
  run(prompt: string, ...flags: string[]): Promise<SessionView> {
    return this.ask<SessionView>('run', '-C', this.work, ...flags, prompt);
  }

  show(id: string): Promise<SessionView> {
    return this.ask<SessionView>('show', id);
  }

  /** The session once it has ended. */
  async ended(id: string): Promise<SessionView> {
    await this.cox(['wait', id, '--for', 'exit', '--timeout', `${PATIENCE_MS}ms`]);
    return this.show(id);
  }

  async inbox(): Promise<InboxEntry[]> {
    return (await this.ask<Inbox>('inbox')).items;
  }

  /** The open requests of a session, once it has so many. */
  async requests(session: string, count = 1): Promise<InboxEntry[]> {
    await this.facts(session, (facts) => openRequests(facts) >= count);
    return (await this.inbox()).filter((entry) => entry.session === session);
  }

  /** The only open request of a session, once it has one. */
  async request(session: string): Promise<InboxEntry> {
    const [only, ...more] = await this.requests(session);
    if (only === undefined || more.length > 0)
      throw new Error(`${session} has ${more.length + 1} requests or none`);
    return only;
  }

  /** The client of the running daemon. */
  async client(): Promise<Client> {
    const client = await connectIfRunning(this.places);
    if (client === null) throw new Error('no daemon runs');
    return client;
  }

  /** Every fact of a session since its beginning, read from the event stream until they are enough. */
  async facts(session: string, enough: (facts: readonly EventView[]) => boolean): Promise<EventView[]> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
    const seen: EventView[] = [];
    try {
      for await (const event of await (await this.client()).events(0, abort.signal)) {
        if (event.session !== session) continue;
        seen.push(event);
        if (enough(seen)) return seen;
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
    throw new Error(
      `the facts of ${session} are not enough: ${seen.map((fact) => JSON.stringify(fact)).join('\n')}`,
    );
  }

  /** The thread of a session, once it has one. */
  async thread(session: string): Promise<string> {
    const facts = await this.facts(session, (seen) => seen.some(({ type }) => type === 'thread-bound'));
    return String(facts.find(({ type }) => type === 'thread-bound')?.fact.thread);
  }

  /** Records of the app-servers, from the store. */
  servers(): ServerRecord[] {
    return this.#rows('select server_json as value from servers where ended_at is null').map(
      (text) => JSON.parse(text) as ServerRecord,
    );
  }

  #rows(sql: string): string[] {
    const database = new DatabaseSync(this.places.database, { readOnly: true });
    try {
      return database
        .prepare(sql)
        .all()
        .map((row) => String(row.value));
    } finally {
      database.close();
    }
  }

  /** The owner mark of this world's state directory, once a daemon has made one. */
  owner(): string | undefined {
    const [owner] = this.#rows(`select value from meta where key = 'owner'`);
    return owner;
  }

  /** What runs of this world, by owner mark, COX_HOME and CODEX_HOME. */
  #running(owner: string | undefined): string[] {
    return [
      ...(owner === undefined ? [] : processesWith('COX_OWNER', owner)),
      ...processesWith('COX_HOME', this.coxHome),
      ...processesWith('CODEX_HOME', this.codexHome),
    ];
  }

  /**
   * Ends all sessions and the daemon, proves that nothing of this world runs and that the user's Codex
   * configuration is untouched, and removes the folder.
   */
  async close(): Promise<void> {
    const left: string[] = [];
    try {
      if (existsSync(this.places.database)) left.push(...(await this.#end()));
      const config = readFileSync(join(this.codexHome, 'config.toml'), 'utf8');
      if (config !== this.config) left.push(`config.toml was changed: ${config}`);
    } finally {
      await this.lab.close();
      rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
    }
    if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
  }

  async #end(): Promise<string[]> {
    const owner = this.owner();
    const { items } = await this.ask<SessionList>('ls', '--all');
    const open = items.filter(({ endedAt }) => endedAt === null);
    const kills = await Promise.all(open.map(({ id }) => this.cox(['kill', id])));
    await this.cox(['daemon', 'stop']);
    // A process that was ended may be in the table for a moment longer.
    const left = await untilNone(() => this.#running(owner), 5_000);
    this.removeSockets();
    for (const identity of identitiesWith('CODEX_HOME', this.codexHome)) signalIdentity(identity, 'SIGKILL');
    if (owner !== undefined)
      for (const identity of identitiesWith('COX_OWNER', owner)) signalIdentity(identity, 'SIGKILL');
    return [...left, ...kills.filter(({ code }) => code !== 0).map(({ stderr }) => stderr)];
  }

  /** An app-server that is killed leaves its socket, which is a link to one in /tmp, whatever TMPDIR says. */
  removeSockets(): void {
    if (!existsSync(this.places.serversDirectory)) return;
    for (const name of readdirSync(this.places.serversDirectory)) {
      const path = join(this.places.serversDirectory, name);
      if (!lstatSync(path).isSymbolicLink()) continue;
      const target = readlinkSync(path);
      for (const file of [target, `${target}.lock`]) rmSync(file, { force: true });
    }
  }
}

/** Looks again and again until a list is empty or the time is over, milliseconds; what is in it then. */
function untilNone(list: () => string[], deadlineMs: number): Promise<string[]> {
  const deadline = Date.now() + deadlineMs;
  return new Promise((resolve) => {
    const look = (): void => {
      const left = list();
      if (left.length > 0 && Date.now() < deadline) return;
      clearInterval(timer);
      resolve(left);
    };
    const timer = setInterval(look, 50);
    look();
  });
}

function openRequests(facts: readonly EventView[]): number {
  const count = (type: string): number => facts.filter((fact) => fact.type === type).length;
  return count('request-opened') - count('request-closed');
}
