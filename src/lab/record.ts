/**
 * Where a recorded request stands. `held`: behind a gate or a delay. `sending`: its answer comes piece by piece.
 * `silent`: nothing (more) will be sent, and it stays open. `answered`: all was sent, or the lab broke the
 * connection as told. `dropped`: the caller hung up before that, or the lab closed.
 */
export const requestStates = ['held', 'sending', 'silent', 'answered', 'dropped'] as const;
export type RequestState = (typeof requestStates)[number];

/** One model request, as it came and as it was answered. */
export interface LabRequest {
  /** 1 for the first request of this lab. */
  readonly seq: number;
  /** Arrival, milliseconds since the epoch. */
  readonly at: number;
  readonly thread: string;
  /** Codex' turn id; null for versions that do not send it (0.98.0 and older). */
  readonly turn: string | null;
  /** What Codex says the request is for (`turn`, …); null for versions that do not say. */
  readonly kind: string | null;
  readonly version: string | null;
  readonly model: string | null;
  /** The prompts of the thread, oldest first, without the context that Codex adds. */
  readonly userTexts: readonly string[];
  /** Name of the scenario; null when none was chosen. */
  readonly scenario: string | null;
  /** Index of the step in the scenario; the number of steps once the play is over. */
  readonly position: number;
  /** 1 for the first request at this position of the play. */
  readonly attempt: number;
  /** Credentials are replaced by `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body; null once it was dropped to keep memory bounded. */
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly answeredWith: AnsweredWith;
  readonly state: RequestState;
  /** The gate that holds the answer; null when none does. */
  readonly gate: string | null;
}

export interface AnsweredWith {
  /** A step type, or `error` when the lab could not play what was asked for. */
  readonly type: string;
  readonly summary: string;
  /** The HTTP status; null when no header is ever sent. */
  readonly status: number | null;
}

type Watcher = (request: LabRequest) => void;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** All requests in order of arrival. Bodies of the oldest are dropped beyond `keepBodies`, entries beyond `keep`. */
export class RequestLog {
  readonly #entries: Mutable<LabRequest>[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #keep: number;
  readonly #keepBodies: number;
  #seq = 0;

  constructor(keep: number, keepBodies: number) {
    this.#keep = keep;
    this.#keepBodies = keepBodies;
  }

  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  add(request: LabRequest): void {
    this.#entries.push({ ...request });
    if (this.#entries.length > this.#keep) this.#entries.shift();
    const stale = this.#entries.at(-1 - this.#keepBodies);
    if (stale !== undefined) stale.body = null;
    this.#tell(request);
  }

  update(seq: number, change: Partial<Pick<LabRequest, 'state' | 'gate' | 'answeredWith'>>): void {
    const entry = this.#entries.find((candidate) => candidate.seq === seq);
    if (entry === undefined) return;
    Object.assign(entry, change);
    this.#tell({ ...entry });
  }

  /** A snapshot, oldest first. */
  all(): readonly LabRequest[] {
    return this.#entries.map((entry) => ({ ...entry }));
  }

  /** Told of every arrival and every change of a request. The result ends it. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #tell(request: LabRequest): void {
    for (const watcher of [...this.#watchers]) watcher(request);
  }
}
