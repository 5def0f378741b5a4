import { fuse } from '../../src/core/evidence/fuse.ts';
import { replay } from '../../src/core/policy/fold.ts';
import type { Fact, FactBody } from '../../src/core/session/fact.ts';
import type { Item } from '../../src/core/session/item.ts';
import type { RunEnd, SessionSpec } from '../../src/core/session/session.ts';
import type { Source } from '../../src/core/session/status.ts';

/** What every session has at least: its birth, its thread, its turn, its end. */
export const LEAST_FACTS = 30;
/** How many launches they share. */
export const LAUNCHES = 8;

const WORDS =
  'the test fails because handler returns before socket is closed so I change order and add case for it then run whole suite again'.split(
    ' ',
  );
/** Some thousand words in changing order. */
const PROSE = Array.from({ length: 4_000 }, (_, index) => WORDS[(index * index + index) % WORDS.length]).join(
  ' ',
);
const COMMANDS = [
  "rg -n 'close(' src test | head -40",
  'npm test -- --run test/unit',
  'git diff --stat',
  'ls -la',
];

/** The facts of one session that has ended, as they would have come from Codex. */
export class Tale {
  readonly #chance: () => number;
  readonly #id: string;
  readonly #facts: Fact[] = [];
  readonly #thread: string;
  readonly #turn: string;
  #at: number;
  #tokens = 0;

  constructor(chance: () => number, id: string, at: number) {
    this.#chance = chance;
    this.#id = id;
    this.#at = at;
    this.#thread = this.#uuid();
    this.#turn = this.#uuid();
  }

  /** Exactly so many facts. */
  told(size: number): Fact[] {
    this.#begin();
    const asks = this.#chance() < 0.1;
    const end = this.#endOf();
    const seen = this.#chance() < 0.9;
    const archived = seen && this.#chance() < 0.05;
    const after = (end.type === 'done' ? 1 : 0) + 5 + (seen ? 1 : 0) + (archived ? 1 : 0);
    if (asks) this.#ask();
    for (let n = 0; this.#facts.length < size - after; n += 1) this.#work(n);
    if (end.type === 'done')
      this.#say('app-server', { type: 'turn-ended', turn: this.#turn, outcome: 'completed', detail: null });
    this.#say('app-server', { type: 'run-ended', end });
    const key = 'measure.1';
    this.#say('coxswain', { type: 'work-requested', key, action: { type: 'measure', run: 1 } });
    this.#say('machine', {
      type: 'changes',
      changes: { files: this.#upTo(9), added: this.#upTo(400), removed: this.#upTo(90) },
    });
    this.#say('coxswain', { type: 'work-returned', key, result: { type: 'done' } });
    this.#status();
    if (seen) this.#say('user', { type: 'seen' });
    if (archived) this.#say('user', { type: 'archived' });
    return this.#facts;
  }

  #begin(): void {
    const spec: SessionSpec = {
      id: this.#id,
      name: this.#chance() < 0.5 ? `${WORDS[this.#upTo(WORDS.length - 1)]}-${this.#id}` : null,
      labels: {},
      cwd: `/home/user/projects/project-${this.#upTo(20)}`,
      identity: `launch-${this.#upTo(LAUNCHES - 1)}`,
      model: null,
      sandbox: 'workspace-write',
      approval: 'on-request',
      codexVersion: '0.169.0',
      overrides: [],
    };
    this.#say('user', { type: 'session-created', spec, prompt: this.#text(30) });
    this.#say('coxswain', { type: 'work-requested', key: 'snapshot', action: { type: 'snapshot' } });
    this.#say('coxswain', { type: 'work-requested', key: 'open.1', action: { type: 'open-thread', run: 1 } });
    this.#status();
    const tree = this.#hex(40);
    const base = { type: 'git', root: spec.cwd, head: this.#hex(40), tree, skipped: [] } as const;
    this.#say('machine', { type: 'base', base: { ...base, skipped: [] } });
    this.#say('coxswain', { type: 'work-returned', key: 'snapshot', result: { type: 'done' } });
    const rollout = `/home/user/.codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-${this.#thread}.jsonl`;
    this.#say('app-server', {
      type: 'thread-bound',
      thread: this.#thread,
      server: 'rzdztrbb',
      rollout,
      model: 'gpt-5.5',
      writableRoots: [spec.cwd, '/tmp'],
    });
    this.#say('coxswain', { type: 'work-returned', key: 'open.1', result: { type: 'done' } });
    this.#say('app-server', { type: 'turn-started', turn: this.#turn });
    this.#status();
  }

  /** One fact of a turn at work: what it does, what it has done, what it cost. */
  #work(n: number): void {
    const source = 'app-server';
    const turn = this.#turn;
    if (n % 6 === 0) this.#say(source, { type: 'activity', turn, line: `runs: ${this.#command()}` });
    else if (n % 6 === 3) this.#say(source, { type: 'activity', turn, line: 'writes a message' });
    else if (n % 3 === 1) this.#say(source, { type: 'item', turn, item: this.#item(n) });
    else if (n % 6 === 2) this.#say(source, { type: 'progress' });
    else this.#say(source, { type: 'tokens', tokens: this.#spent() });
  }

  #item(n: number): Item {
    const id = `item_${n}_${this.#hex(20)}`;
    const kind = this.#chance();
    if (kind < 0.25) return { kind: 'message', id, text: this.#text(60) };
    if (kind < 0.4) return { kind: 'reasoning', id };
    return {
      kind: 'command',
      id,
      command: this.#command(),
      cwd: '/home/user/projects/project',
      state: 'completed',
      exitCode: 0,
      durationMs: this.#upTo(9_000),
      output: this.#text(80),
    };
  }

  #command(): string {
    return COMMANDS[this.#upTo(COMMANDS.length - 1)] ?? 'ls';
  }

  /** An approval that a person gave. */
  #ask(): void {
    const id = `r_${this.#id}`;
    const labels = [
      ['accept', 'Yes, once'],
      ['decline', 'No, and go on'],
    ] as const;
    this.#say('app-server', {
      type: 'request-opened',
      request: {
        id,
        run: 1,
        origin: {
          server: 'rzdztrbb',
          rpcId: '0',
          method: 'item/commandExecution/requestApproval',
          thread: this.#thread,
          turn: this.#turn,
          item: `call_${this.#hex(20)}`,
          startedAt: this.#at,
        },
        ask: {
          need: 'approval',
          question: 'May I install what the tests need?',
          command: 'npm ci',
          commands: [['npm', 'ci']],
          cwd: '/home/user/projects/project',
          writable: [],
          choices: labels.map(([choice, label]) => ({ id: choice, label, prefix: null })),
        },
        openedAt: this.#at,
        ruled: null,
        undone: 0,
        state: { type: 'open' },
      },
    });
    this.#say('user', {
      type: 'answer-committed',
      requestId: id,
      answer: { type: 'choice', id: 'accept', message: null },
      by: 'user',
      why: 'Yes, once',
      intervention: 'approve',
    });
    this.#say('app-server', { type: 'request-closed', requestId: id, how: 'answered', why: null });
  }

  #endOf(): RunEnd {
    const chance = this.#chance();
    if (chance < 0.8) return { type: 'done', doubts: [] };
    if (chance < 0.9) return { type: 'failed', reason: 'model-error', detail: this.#text(12) };
    return { type: 'stopped', by: 'user', survivors: [], proven: true };
  }

  /** The status that follows from what was said so far, as `decide` adds it. */
  #status(): void {
    const session = replay(this.#facts);
    if (session !== null) this.#say('coxswain', { type: 'status', status: fuse(session, this.#at) });
  }

  #say(source: Source, body: FactBody): void {
    this.#at += 200;
    this.#facts.push({ at: this.#at, source, body });
  }

  #spent(): { input: number; cached: number; output: number; total: number } {
    this.#tokens += 1_000 + this.#upTo(9_000);
    const input = this.#tokens;
    return {
      input,
      cached: Math.floor(input * 0.8),
      output: Math.floor(input / 20),
      total: Math.floor(input * 1.05),
    };
  }

  #upTo(most: number): number {
    return Math.floor(this.#chance() * (most + 1));
  }

  /** So many words at most; a piece of one long text, since making each anew takes most of the time. */
  #text(words: number): string {
    const from = this.#upTo(PROSE.length - 7 * words);
    return PROSE.slice(from, from + 4 + this.#upTo(7 * words));
  }

  #hex(length: number): string {
    let text = '';
    while (text.length < length) text += (0x10000000 + this.#upTo(0xefffffff)).toString(16);
    return text.slice(0, length);
  }

  #uuid(): string {
    return [8, 4, 4, 4, 12].map((length) => this.#hex(length)).join('-');
  }
}
