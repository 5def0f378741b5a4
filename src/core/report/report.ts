import type { Fact } from '../session/fact.ts';
import type { ItemState } from '../session/item.ts';
import type { Closing, NeedKind } from '../session/request.ts';
import type { ChangedFile, Changes, Context } from '../session/session.ts';
import type { PhaseName, ThrottleCause } from '../session/status.ts';

/** A command that ran, or was refused. Times are milliseconds since the epoch, durations milliseconds. */
export type ReportedCommand = {
  at: number;
  run: number;
  command: string;
  cwd: string;
  state: ItemState;
  exitCode: number | null;
  durationMs: number | null;
};

/** A request of Codex, what came of it and who decided. */
export type ReportedRequest = {
  id: string;
  at: number;
  need: NeedKind;
  question: string;
  command: string | null;
  /** Null while it is open. */
  how: Closing | null;
  answer: string | null;
  by: string | null;
  why: string | null;
  closedAt: number | null;
};

/** What a person or program told the session: the prompts of its runs and what was sent meanwhile. */
export type ReportedInstruction = {
  at: number;
  by: string;
  text: string;
  outcome: 'taken' | 'open' | 'lost';
};

export type ReportedRun = {
  n: number;
  thread: string | null;
  startedAt: number;
  endedAt: number | null;
  /** Whether the history of a thread that was taken up again was found complete. */
  context: Context | null;
};

/** What happened in a session, from its facts alone. */
export type Report = {
  runs: ReportedRun[];
  instructions: ReportedInstruction[];
  commands: ReportedCommand[];
  requests: ReportedRequest[];
  troubles: { at: number; cause: ThrottleCause; message: string }[];
  /** Milliseconds in each phase that the session was in, ends not counted. */
  phases: { phase: PhaseName; ms: number }[];
  changes: (Changes & { at: number; list: ChangedFile[] }) | null;
  compactions: number;
  /** What the model said last. */
  lastMessage: string | null;
};

/** Phases that time does not count for: nothing goes on in them. */
const OVER: ReadonlySet<PhaseName> = new Set(['done', 'failed', 'stopped', 'lost']);

/** The report that the facts of one session make, in the order in which they became known. Pure. */
export function reportOf(facts: Iterable<Fact>, now: number): Report {
  const growing = new GrowingReport();
  for (const fact of facts) growing.add(fact);
  return growing.at(now);
}

class GrowingReport {
  readonly #runs: ReportedRun[] = [];
  readonly #instructions = new Map<string, ReportedInstruction>();
  readonly #commands: ReportedCommand[] = [];
  readonly #requests = new Map<string, ReportedRequest>();
  readonly #troubles: Report['troubles'] = [];
  readonly #phases = new Map<PhaseName, number>();
  #phase: { name: PhaseName; since: number } | null = null;
  #changes: Report['changes'] = null;
  #compactions = 0;
  #lastMessage: string | null = null;

  add({ at, source, body }: Fact): void {
    switch (body.type) {
      case 'session-created':
        this.#open(1, null, body.prompt, 'user', at);
        return;
      case 'run-opened':
        this.#open(body.n, body.thread, body.prompt, body.prompt === '' ? 'elsewhere' : source, at);
        this.#leavePhase(at);
        this.#phase = { name: 'starting', since: at };
        return;
      case 'thread-bound':
        this.#changeRun((run) => ({ ...run, thread: body.thread }));
        return;
      case 'context-checked': {
        const { known, found, missing } = body;
        const context: Context = { type: 'checked', known, found, missing: missing.length };
        this.#changeRun((run) => ({ ...run, context }));
        return;
      }
      case 'run-ended':
        this.#changeRun((run) => ({ ...run, endedAt: at }));
        this.#settle(`run-${this.#runs.length}`, 'lost');
        return;
      case 'turn-started':
        if (body.foreign !== true) this.#settle(`run-${this.#runs.length}`, 'taken');
        return;
      case 'message-accepted': {
        const { id, by, text } = body.message;
        this.#instructions.set(id, { at, by, text, outcome: 'open' });
        return;
      }
      case 'message-taken':
        this.#settle(this.#instructions.has(body.id) ? body.id : `run-${this.#runs.length}`, 'taken');
        return;
      case 'message-dropped':
        this.#settle(body.id, 'lost');
        return;
      case 'item':
        return this.#item(body, at);
      case 'request-opened': {
        const { id, ask } = body.request;
        this.#requests.set(id, {
          id,
          at,
          need: ask.need,
          question: ask.question,
          command: ask.need === 'approval' ? ask.command : null,
          how: null,
          answer: null,
          by: null,
          why: null,
          closedAt: null,
        });
        return;
      }
      case 'answer-committed': {
        const answer = body.answer.type === 'choice' ? body.answer.id : body.answer.text;
        this.#changeRequest(body.requestId, { answer, by: body.by, why: body.why });
        return;
      }
      case 'answer-undone':
        this.#changeRequest(body.requestId, { answer: null, by: null, why: body.why });
        return;
      case 'request-closed':
        this.#changeRequest(body.requestId, {
          how: body.how,
          closedAt: at,
          ...(body.why === null ? {} : { why: body.why }),
        });
        return;
      case 'trouble':
        this.#troubles.push({ at, cause: body.cause, message: body.message });
        return;
      case 'changes':
        this.#changes = { ...body.changes, at, list: body.list ?? [] };
        return;
      case 'status':
        this.#leavePhase(at);
        this.#phase = { name: body.status.phase, since: at };
        return;
      default:
        return;
    }
  }

  at(now: number): Report {
    this.#leavePhase(now);
    return {
      runs: this.#runs,
      instructions: [...this.#instructions.values()],
      commands: this.#commands,
      requests: [...this.#requests.values()],
      troubles: this.#troubles,
      phases: [...this.#phases].map(([phase, ms]) => ({ phase, ms })),
      changes: this.#changes,
      compactions: this.#compactions,
      lastMessage: this.#lastMessage,
    };
  }

  #open(n: number, thread: string | null, prompt: string, by: string, at: number): void {
    this.#runs.push({ n, thread, startedAt: at, endedAt: null, context: null });
    if (prompt !== '') this.#instructions.set(`run-${n}`, { at, by, text: prompt, outcome: 'open' });
  }

  #item({ turn, item }: Fact['body'] & { type: 'item' }, at: number): void {
    if (item.kind === 'user' && item.message === undefined) {
      this.#instructions.set(`${turn}.${item.id}`, {
        at,
        by: 'elsewhere',
        text: item.text,
        outcome: 'taken',
      });
    }
    if (item.kind === 'message') this.#lastMessage = item.text;
    if (item.kind === 'compaction') this.#compactions += 1;
    if (item.kind !== 'command') return;
    const { command, cwd, state, exitCode, durationMs } = item;
    this.#commands.push({ at, run: this.#runs.length, command, cwd, state, exitCode, durationMs });
  }

  #settle(id: string, outcome: ReportedInstruction['outcome']): void {
    const instruction = this.#instructions.get(id);
    if (instruction?.outcome === 'open') this.#instructions.set(id, { ...instruction, outcome });
  }

  #changeRun(change: (run: ReportedRun) => ReportedRun): void {
    const run = this.#runs.pop();
    if (run !== undefined) this.#runs.push(change(run));
  }

  #changeRequest(id: string, change: Partial<ReportedRequest>): void {
    const request = this.#requests.get(id);
    if (request !== undefined) this.#requests.set(id, { ...request, ...change });
  }

  #leavePhase(at: number): void {
    if (this.#phase === null || OVER.has(this.#phase.name)) return;
    const { name, since } = this.#phase;
    this.#phases.set(name, (this.#phases.get(name) ?? 0) + Math.max(0, at - since));
    this.#phase = { name, since: at };
  }
}
