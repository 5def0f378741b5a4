import type { EvidenceBody } from '../../../src/core/evidence/evidence.ts';
import type { Action } from '../../../src/core/policy/action.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import type { Command, Decision, Input, Reply, SendMode } from '../../../src/core/policy/input.ts';
import { DEFAULT_POLICY, type Policy, type Rule } from '../../../src/core/policy/policy.ts';
import type { Fact, WorkResult } from '../../../src/core/session/fact.ts';
import type { Ask, Origin } from '../../../src/core/session/request.ts';
import type { Base, EndMode, Session, SessionSpec } from '../../../src/core/session/session.ts';

export const SPEC: SessionSpec = {
  id: 'k7m2qd',
  name: 'fix-auth',
  labels: {},
  cwd: '/srv/project',
  identity: 'launch-1',
  model: null,
  sandbox: 'workspace-write',
  approval: 'on-request',
  codexVersion: '0.169.0',
  overrides: [],
};

export const GIT: Base = { type: 'git', root: '/srv/project', head: 'h', tree: 't', skipped: [] };
export const NO_BASE: Base = { type: 'none', why: 'not a git repository' };

export const CREATE: Input = { type: 'command', command: { type: 'create', spec: SPEC, prompt: 'do it' } };

export function rule(given: Partial<Rule>): Rule {
  return {
    name: 'rule-1',
    need: 'approval',
    command: null,
    match: 'exact',
    cwd: null,
    writable: null,
    pattern: null,
    do: 'ask',
    message: null,
    option: null,
    text: null,
    ...given,
  };
}

export function approval(given: Partial<Ask & { need: 'approval' }> = {}): Ask & { need: 'approval' } {
  return {
    need: 'approval',
    question: 'Run outside the sandbox?',
    command: 'git status',
    commands: [['git', 'status']],
    cwd: '/srv/project',
    writable: [],
    choices: [
      { id: 'accept', label: 'Yes, once', prefix: null },
      { id: 'decline', label: 'No, and go on', prefix: null },
    ],
    ...given,
  };
}

export function origin(given: Partial<Origin> = {}): Origin {
  return {
    server: 's1',
    rpcId: '0',
    method: 'item/commandExecution/requestApproval',
    thread: 't1',
    turn: 'u1',
    item: 'i1',
    startedAt: 5,
    ...given,
  };
}

export const THREAD_OPENED: EvidenceBody & { type: 'thread-opened' } = {
  type: 'thread-opened',
  thread: 't1',
  server: 's1',
  rollout: null,
  model: 'm',
  writableRoots: ['/srv/project'],
};
export const TURN_STARTED: EvidenceBody & { type: 'turn-started' } = {
  type: 'turn-started',
  thread: 't1',
  turn: 'u1',
};

export function turnEnded(
  outcome: 'completed' | 'interrupted' | 'failed',
  turn = 'u1',
): EvidenceBody & { type: 'turn-ended' } {
  return { type: 'turn-ended', thread: 't1', turn, outcome, error: null };
}

export function message(id: string, text: string, turn = 'u1'): EvidenceBody {
  return { type: 'item-completed', thread: 't1', turn, item: { kind: 'message', id, text } };
}

/** The item that an instruction of ours becomes in the turn that takes it. */
export function userItem(message: string, turn = 'u1'): EvidenceBody {
  const item = { kind: 'user', id: `i-${message}`, text: `text of ${message}`, message } as const;
  return { type: 'item-completed', thread: 't1', turn, item };
}

/** An instruction `text of ID`; of what it can carry the usual unless told. */
export function sending(
  id: string,
  how: SendMode,
  given: Partial<Command & { type: 'send' }> = {},
): Command & { type: 'send' } {
  return { type: 'send', id, text: `text of ${id}`, how, by: 'me', verify: true, relaunch: null, ...given };
}

export function workGone(survivors: string[] = [], run = 1): EvidenceBody {
  return { type: 'work-gone', run, survivors };
}

export function opened(id: string, ask: Ask = approval(), from: Partial<Origin> = {}): EvidenceBody {
  return { type: 'request-opened', id, origin: origin(from), ask };
}

export function observed(given: Partial<EvidenceBody & { type: 'observed' }> = {}): EvidenceBody {
  return {
    type: 'observed',
    server: 's1',
    thread: 't1',
    state: 'active',
    waiting: false,
    turns: [],
    history: null,
    pending: [],
    ...given,
  };
}

/** One session told as a story: each call gives one input and says what came of it in short. */
export class Story {
  now = 1_000;
  readonly facts: Fact[] = [];
  last: Decision;
  readonly #policy: Policy;

  constructor(policy: Policy = DEFAULT_POLICY, create: Input = CREATE) {
    this.#policy = policy;
    this.last = decide(null, create, policy, this.now);
    this.facts.push(...this.last.facts);
  }

  get session(): Session {
    if (this.last.session === null) throw new Error('there is no session');
    return this.last.session;
  }

  get phase(): string {
    return this.session.status.phase;
  }

  input(input: Input): string {
    this.last = decide(this.session, input, this.#policy, this.now);
    this.facts.push(...this.last.facts);
    return said(this.last);
  }

  say(body: EvidenceBody): string {
    return this.input({
      type: 'evidence',
      evidence: { source: body.type === 'base' ? 'machine' : 'app-server', at: this.now, body },
    });
  }

  back(key: string, result: WorkResult = { type: 'done' }): string {
    return this.input({ type: 'outcome', key, result });
  }

  command(command: Command): Reply {
    this.input({ type: 'command', command });
    return this.last.reply;
  }

  /** Sends an instruction; says what came of it, or the code of the refusal. */
  send(id: string, how: SendMode = 'queue', given: Partial<Command & { type: 'send' }> = {}): string {
    const reply = this.command(sending(id, how, given));
    return reply.ok ? said(this.last) : reply.failure.code;
  }

  /** Asks for an end; says what came of it, or the code of the refusal. */
  end(mode: EndMode): string {
    const reply = this.command({ type: 'end', mode, by: 'me', graceMs: 100 });
    return reply.ok ? said(this.last) : reply.failure.code;
  }

  /** The one action that the last input asked for. */
  get action(): Action {
    const [only, ...more] = this.last.actions;
    if (only === undefined || more.length > 0) throw new Error(`${this.last.actions.length} actions`);
    return only.action;
  }

  /** How often an action was asked for. */
  timesAsked(key: string): number {
    return this.facts.filter(({ body }) => body.type === 'work-requested' && body.key === key).length;
  }

  /** What was done to the session by instructions and ends, and what came of it. */
  get outcomes(): string[] {
    return this.session.interventions.map(({ kind, requestId, outcome }) =>
      requestId === null ? `${kind} ${outcome}` : `${kind} ${requestId} ${outcome}`,
    );
  }

  /** Lets time pass, then ticks. */
  after(ms: number): string {
    this.now += ms;
    return this.input({ type: 'tick' });
  }

  /** Gets a session to its first turn, on a folder without git unless told. */
  begun(base: Base = NO_BASE): this {
    this.say({ type: 'base', base });
    this.back('snapshot');
    this.say(THREAD_OPENED);
    this.back('open.1');
    this.say(TURN_STARTED);
    this.back('turn.1');
    return this;
  }
}

/** A session whose first run is done, a while ago. */
export function finished(): Story {
  const story = new Story().begun();
  story.say(message('i1', 'Done.'));
  story.say(turnEnded('completed'));
  story.now += 60_000;
  return story;
}

/** What a decision says, in short: the types of its facts, the phase where it is said anew, the actions. */
export function said({ facts, actions }: Decision): string {
  const types = facts
    .filter(({ body }) => body.type !== 'work-requested')
    .map(({ body }) => (body.type === 'status' ? `is ${body.status.phase}` : body.type));
  return [...types, ...actions.map(({ key }) => `→ ${key}`)].join(', ');
}
