import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, type Incoming } from '../src/codex/app-server/connection.ts';
import type { CommandExecutionRequestApprovalParams } from '../src/codex/generated/v2/CommandExecutionRequestApprovalParams.ts';
import type { TurnCompletedNotification } from '../src/codex/generated/v2/TurnCompletedNotification.ts';
import type { World } from '../test/e2e/world.ts';
import { kill } from './child.ts';
import { nativeCodex } from './codex.ts';
import type { Bench } from './row.ts';
import { DEADLINE_MS } from './worlds.ts';

/** How long an app-server may take until it listens, milliseconds. */
const LISTEN_DEADLINE_MS = 20_000;

/**
 * The least that can answer Codex: one connection to an app-server of its own, every approval granted in the
 * handler of its message. No rules, no facts, no store.
 */
export class BareClient {
  readonly #world: World;
  readonly #connection: Connection;
  readonly #turns: Map<string, () => void>;
  /** For each approval: milliseconds from Codex's own time of the request to when its answer was written. */
  readonly latencies: number[];

  private constructor(
    world: World,
    connection: Connection,
    turns: Map<string, () => void>,
    latencies: number[],
  ) {
    this.#world = world;
    this.#connection = connection;
    this.#turns = turns;
    this.latencies = latencies;
  }

  /** Starts an app-server on a world's CODEX_HOME and connects to it. */
  static async open(bench: Bench, world: World): Promise<BareClient> {
    const socket = join(world.root, 'bare.sock');
    const server = spawn(await nativeCodex(), ['app-server', '--listen', `unix://${socket}`], {
      cwd: '/',
      env: { ...world.env },
      stdio: 'ignore',
    });
    bench.onEnd(() => endServer(server, socket));
    const turns = new Map<string, () => void>();
    const latencies: number[] = [];
    let connection: Connection | null = null;
    const incoming: Incoming = {
      notification: (method, params) => {
        if (method === 'turn/completed') turns.get((params as TurnCompletedNotification).threadId)?.();
      },
      request: (id, _, params) => {
        connection?.reply(id, { decision: 'accept' });
        latencies.push(Date.now() - (params as CommandExecutionRequestApprovalParams).startedAtMs);
      },
      closed: () => undefined,
    };
    await listening(server, socket);
    connection = await Connection.open(socket, '0', LISTEN_DEADLINE_MS, incoming);
    const opened = connection;
    bench.onEnd(() => opened.close());
    return new BareClient(world, opened, turns, latencies);
  }

  /** Plays a prompt in a thread of its own until its turn has ended. */
  async play(prompt: string): Promise<void> {
    const cwd = this.#world.work;
    const { thread } = await this.#connection.call('thread/start', {
      cwd,
      approvalPolicy: 'on-request',
      sandbox: 'workspace-write',
      config: { projects: { [cwd]: { trust_level: 'trusted' } } },
    });
    const ended = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the turn does not end')), DEADLINE_MS);
      this.#turns.set(thread.id, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    const input = [{ type: 'text' as const, text: prompt, text_elements: [] }];
    await this.#connection.call('turn/start', { threadId: thread.id, input });
    await ended;
  }
}

/** Resolves once the server has made its socket. */
function listening(server: ChildProcess, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + LISTEN_DEADLINE_MS;
    const timer = setInterval(() => {
      const late = Date.now() > deadline || server.exitCode !== null;
      if (!late && !existsSync(socket)) return;
      clearInterval(timer);
      if (late) reject(new Error('the app-server does not listen'));
      else resolve();
    }, 20);
  });
}

/** Codex's socket is a link to one in /tmp, which stays when its server is killed. */
async function endServer(server: ChildProcess, socket: string): Promise<void> {
  const files = [];
  try {
    const target = readlinkSync(socket);
    files.push(target, `${target}.lock`);
  } catch {
    // It made none.
  }
  await kill(server);
  for (const file of files) rmSync(file, { force: true });
}
