import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../../../src/lab/index.ts';

/** The native program: its wrapper would not end with its stdin. */
export const codexProgram = new URL(
  '../../../node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex',
  import.meta.url,
).pathname;

/** A message of the app-server, as it came. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at what Codex says, whatever its shape.
export type Message = { id?: number | string; method?: string; params?: any; result?: any; error?: unknown };

export type ConfigOptions = NonNullable<Parameters<Lab['config']>[0]>;

/** How a turn went. */
export interface Played {
  readonly thread: string;
  readonly turn: string;
  readonly status: string;
  /** `codexErrorInfo` of the turn's error; null without one. */
  readonly error: unknown;
  readonly message: string | null;
  /** `codexErrorInfo` of each error that Codex said it will retry. */
  readonly retried: readonly unknown[];
}

const DEADLINE_MS = 20_000;

/** Folders for one Codex, outside of the temporary directory, where Codex refuses its sandbox. */
export class Folders {
  readonly root: string;
  readonly home: string;
  readonly work: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(config: string) {
    const cache = join(homedir(), '.cache');
    mkdirSync(cache, { recursive: true });
    this.root = mkdtempSync(join(cache, 'cox-lab-test-'));
    this.home = join(this.root, 'home');
    this.work = join(this.root, 'work');
    const temporary = join(this.root, 'tmp');
    for (const folder of [this.home, this.work, temporary]) mkdirSync(folder);
    // Codex's sandbox leaves folders in every folder that it lets commands write.
    const sandbox = '\n[sandbox_workspace_write]\nexclude_slash_tmp = true\n';
    writeFileSync(join(this.home, 'config.toml'), config + sandbox);
    this.env = {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: this.root,
      CODEX_HOME: this.home,
      TMPDIR: temporary,
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One app-server of the real Codex, over stdio, that talks to a lab. */
export class Codex {
  readonly folders: Folders;
  /** All that the server has said, oldest first. */
  readonly said: Message[] = [];
  /** What a request of the server is answered with; undefined leaves it open. */
  answer: (request: Message) => unknown = () => undefined;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #lastId = 0;

  private constructor(folders: Folders) {
    this.folders = folders;
    const { work: cwd, env } = folders;
    this.#child = spawn(codexProgram, ['app-server'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
    let rest = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#hear(JSON.parse(line) as Message);
    });
  }

  static async start(lab: Lab, options: ConfigOptions = {}): Promise<Codex> {
    const codex = new Codex(
      new Folders(lab.config({ requestMaxRetries: 1, streamMaxRetries: 1, ...options })),
    );
    await codex.call('initialize', {
      clientInfo: { name: 'lab-test', title: 'Lab test', version: '0.0.1' },
      capabilities: { experimentalApi: true },
    });
    codex.#send({ method: 'initialized' });
    return codex;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as for Message.
  async call(method: string, params: object): Promise<any> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#send({ id, method, params });
    const reply = await this.heard((message) => message.id === id && message.method === undefined);
    if (reply.error !== undefined) throw new Error(`${method}: ${JSON.stringify(reply.error)}`);
    return reply.result;
  }

  /** Starts a thread and its first turn. */
  async begin(prompt: string, thread: object = {}): Promise<{ thread: string; turn: string }> {
    const defaults = { cwd: this.folders.work, approvalPolicy: 'on-request', sandbox: 'workspace-write' };
    const started = await this.call('thread/start', { ...defaults, ...thread });
    const id: string = started.thread.id;
    return { thread: id, turn: await this.turn(id, prompt) };
  }

  async turn(thread: string, prompt: string): Promise<string> {
    const input = [{ type: 'text', text: prompt }];
    return (await this.call('turn/start', { threadId: thread, input })).turn.id;
  }

  /** Starts a thread, and waits until its turn has ended. */
  async play(prompt: string, thread: object = {}): Promise<Played> {
    return this.ended(await this.begin(prompt, thread));
  }

  async ended({ thread, turn }: { thread: string; turn: string }): Promise<Played> {
    const end = await this.heard(
      ({ method, params }) => method === 'turn/completed' && params.turn.id === turn,
    );
    const { status, error } = end.params.turn;
    const retried = this.of(thread, 'error')
      .filter((one) => one.willRetry)
      .map((one) => one.error.codexErrorInfo);
    return {
      thread,
      turn,
      status,
      error: error?.codexErrorInfo ?? null,
      message: error?.message ?? null,
      retried,
    };
  }

  /** Interrupts a turn that would not end by itself, and waits for its end. */
  async interrupt(running: { thread: string; turn: string }): Promise<Played> {
    await this.call('turn/interrupt', { threadId: running.thread, turnId: running.turn });
    return this.ended(running);
  }

  /** The commands that still run in a thread. */
  async terminals(thread: string): Promise<string[]> {
    const list = await this.call('thread/backgroundTerminals/list', { threadId: thread });
    return list.data.map((one: { command: string }) => one.command);
  }

  clean(thread: string): Promise<unknown> {
    return this.call('thread/backgroundTerminals/clean', { threadId: thread });
  }

  /** The parameters of all messages of one method about a thread. */
  // biome-ignore lint/suspicious/noExplicitAny: as for Message.
  of(thread: string, method: string): any[] {
    return this.said.flatMap((one) =>
      one.method === method && one.params.threadId === thread ? [one.params] : [],
    );
  }

  /** The finished items of a thread that are of a type. */
  // biome-ignore lint/suspicious/noExplicitAny: as for Message.
  items(thread: string, type: string): any[] {
    return this.of(thread, 'item/completed').flatMap(({ item }) => (item.type === type ? [item] : []));
  }

  /** The first message that fits, also one that has come already. */
  heard(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.said.find(fits);
        if (found === undefined) return;
        clearTimeout(deadline);
        this.#waiting.delete(look);
        resolve(found);
      };
      const deadline = setTimeout(() => {
        this.#waiting.delete(look);
        const last = this.said.slice(-5).map((one) => JSON.stringify(one).slice(0, 300));
        reject(
          new Error(`Codex did not say it within ${DEADLINE_MS} ms; its last words:\n${last.join('\n')}`),
        );
      }, DEADLINE_MS);
      this.#waiting.add(look);
      look();
    });
  }

  /** Ends the server and removes its folders. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const killer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await new Promise((resolve) => {
        child.once('exit', resolve);
        // Codex ends at once, and ends its commands, when its stdin does.
        child.stdin?.end();
      });
      clearTimeout(killer);
    }
    this.folders.remove();
  }

  #send(message: object): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #hear(message: Message): void {
    this.said.push(message);
    if (message.id !== undefined && message.method !== undefined) {
      const result = this.answer(message);
      if (result !== undefined) this.#send({ id: message.id, result });
    }
    for (const look of [...this.#waiting]) look();
  }
}
