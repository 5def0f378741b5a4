import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { builtinScenarios } from './builtin.ts';
import { codexHomeConfig, type LabConfigOptions } from './config.ts';
import { answerControlRequest, type ControlSide } from './control.ts';
import { Gates } from './gates.ts';
import { answerModelRequest, type ModelSide } from './model.ts';
import { type LabRequest, RequestLog } from './record.ts';
import { fixedScenario, type Scenario, ScenarioError, type ScenarioSource } from './scenario.ts';
import { sendBody } from './send.ts';
import { Stage } from './stage.ts';
import { Waits } from './wait.ts';

export interface LabOptions {
  /** 0 or nothing: a free port. */
  readonly port?: number;
  /** Beside the built-in ones; a scenario with the same name takes the place of the built-in one. */
  readonly scenarios?: readonly (Scenario | ScenarioSource)[];
  /** The scenario of prompts without a mark; without it they get "Done.". */
  readonly defaultScenario?: string;
  /** Requests to remember; 10000 unless told. */
  readonly keepRequests?: number;
  /** How many of the newest remembered requests keep their body; 200 unless told. */
  readonly keepBodies?: number;
  /** Told of every request when it arrives and whenever its state changes. */
  readonly onRequest?: (request: LabRequest) => void;
}

/** A running scripted Responses server. */
export interface Lab {
  /** The base URL for a provider: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  readonly port: number;
  /** The `config.toml` that points Codex at this lab. */
  config(options?: Omit<LabConfigOptions, 'baseUrl'>): string;
  scenarios(): readonly ScenarioSource[];
  /** All remembered requests, oldest first: a snapshot. */
  requests(): readonly LabRequest[];
  requestsOf(thread: string): readonly LabRequest[];
  /**
   * The first request that fits, also one already recorded; looked at on arrival and on each change of state.
   * Rejects after `deadlineMs` milliseconds (10000 unless told) with a list of what was seen, or on close.
   */
  waitForRequest(
    predicate: (request: LabRequest) => boolean,
    options?: { readonly deadlineMs?: number },
  ): Promise<LabRequest>;
  /** Opens a gate for good, also one that nobody waits at yet. Returns how many requests it held. */
  release(gate: string): number;
  /** Ends every connection, the never-answered ones too. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a lab on 127.0.0.1. Rejects with the system's error when the port is taken, and with
 * {@link ScenarioError} when `defaultScenario` names none.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const sources = sourcesOf(options.scenarios ?? []);
  const stage = new Stage(sources, fallbackOf(sources, options.defaultScenario));
  const log = new RequestLog(options.keepRequests ?? 10_000, options.keepBodies ?? 200);
  const gates = new Gates();
  const waits = new Waits(log);
  if (options.onRequest !== undefined) log.watch(options.onRequest);
  const side = { stage, log, gates, sources, now: Date.now };
  const server = createServer((request, response) => void answer(side, request, response));
  const port = await listen(server, options.port ?? 0);
  const url = `http://127.0.0.1:${port}/v1`;
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    config: (given) => codexHomeConfig({ ...given, baseUrl: url }),
    scenarios: () => [...sources.values()],
    requests: () => log.all(),
    requestsOf: (thread) => log.all().filter((request) => request.thread === thread),
    waitForRequest: (predicate, wait) => waits.waitFor(predicate, wait?.deadlineMs ?? 10_000),
    release: (gate) => gates.release(gate),
    close: () => {
      closing ??= stop(server, waits);
      return closing;
    },
  };
}

async function answer(
  side: ModelSide & ControlSide,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!isLoopbackHost(request.headers.host)) {
      sendBody(response, 403, { error: { message: 'the lab answers to 127.0.0.1 and localhost only' } });
      return;
    }
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'POST' && url.pathname.endsWith('/responses')) {
      await answerModelRequest(side, request, response);
    } else answerControlRequest(side, request, url, response);
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else sendBody(response, 500, { error: { message: `the lab failed: ${String(error)}` } });
  }
}

/** A web page that resolves its own name to 127.0.0.1 must not read the record. */
function isLoopbackHost(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '');
}

function sourcesOf(own: readonly (Scenario | ScenarioSource)[]): ReadonlyMap<string, ScenarioSource> {
  const given = own.map((one) => ('make' in one ? one : fixedScenario(one, 'given by the caller')));
  return new Map([...builtinScenarios, ...given].map((source) => [source.name, source]));
}

function fallbackOf(
  sources: ReadonlyMap<string, ScenarioSource>,
  name: string | undefined,
): ScenarioSource | null {
  if (name === undefined) return null;
  const source = sources.get(name);
  if (source !== undefined) return source;
  const names = [...sources.keys()].join(', ');
  throw new ScenarioError(`the default scenario "${name}" does not exist; there are ${names}`);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the lab got no port'));
      else resolve(address.port);
    });
  });
}

function stop(server: Server, waits: Waits): Promise<void> {
  waits.close();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
