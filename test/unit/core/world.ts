import type { EvidenceBody } from '../../../src/core/evidence/evidence.ts';
import type { Action } from '../../../src/core/policy/action.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import { replay } from '../../../src/core/policy/fold.ts';
import type { Decision, Input } from '../../../src/core/policy/input.ts';
import { DEFAULT_POLICY, type Policy } from '../../../src/core/policy/policy.ts';
import { apply } from '../../../src/core/session/apply.ts';
import type { Fact, WorkResult } from '../../../src/core/session/fact.ts';
import { activeTurn, hasEnded, openRequests, type Session } from '../../../src/core/session/session.ts';
import type { Happening, Return } from './arbitraries.ts';
import { CREATE, GIT, sending, THREAD_OPENED, turnEnded } from './fixture.ts';

/** One step of a life: what was given, what came of it, and the world before it. */
export type Step = { input: Input; decision: Decision; before: Session | null; after: Session; world: World };
/** Says what is wrong with a step, or null. */
export type Law = (step: Step) => string | null;

/**
 * Does to one session what the daemon does: gives inputs to `decide`, keeps what it asks for until it comes
 * back, and wakes it. What an action says comes before its outcome, as the driver's contract has it.
 */
export class World {
  now = 1_000;
  wakeAt: number | null = null;
  readonly facts: Fact[] = [];
  readonly inFlight = new Map<string, Action>();
  readonly #decide: typeof decide;
  readonly #policy: Policy;
  readonly #laws: readonly Law[];
  #session: Session | null = null;
  #minted = 0;
  #sent = 0;

  constructor(decideWith: typeof decide, policy: Policy, laws: readonly Law[], create: Input = CREATE) {
    this.#decide = decideWith;
    this.#policy = policy;
    this.#laws = laws;
    this.give(create);
  }

  get session(): Session {
    if (this.#session === null) throw new Error('there is no session');
    return this.#session;
  }

  give(input: Input): Decision {
    const before = this.#session;
    if (input.type === 'outcome') this.inFlight.delete(input.key);
    const decision = this.#decide(before, input, this.#policy, this.now);
    const added = decision.facts;
    const after = before === null ? replay(added) : added.reduce(apply, before);
    if (after === null) throw new Error('nothing was born');
    this.#session = after;
    this.facts.push(...added);
    const step: Step = { input, decision, before, after, world: this };
    for (const law of this.#laws) {
      const wrong = law(step);
      if (wrong !== null) throw new Error(`${wrong}\nafter ${JSON.stringify(input)}\n${this.tale()}`);
    }
    for (const { key, action } of decision.actions) this.inFlight.set(key, action);
    this.wakeAt = decision.wakeAt;
    return decision;
  }

  say(body: EvidenceBody): void {
    const minted = body.type === 'request-opened' ? { ...body, id: `r${++this.#minted}` } : body;
    this.give({ type: 'evidence', evidence: { source: 'app-server', at: this.now, body: minted } });
  }

  happen(happening: Happening): void {
    this.now += 1;
    switch (happening.type) {
      case 'evidence':
        // Nobody opens a thread for a session that waits for others.
        if (happening.body.type === 'thread-opened' && this.session.awaits.length > 0) return;
        this.say(happening.body);
        // A proof comes once, from the end that was asked for.
        if (happening.twice && happening.body.type !== 'work-gone') this.say(happening.body);
        return;
      case 'answer': {
        const open = openRequests(this.session);
        // Mostly one that is open; sometimes a settled one, or none.
        const among = open.length > 0 && happening.which > 0 ? open : this.session.requests;
        const requestId = among[happening.which % Math.max(among.length, 1)]?.id ?? 'r-none';
        this.give({
          type: 'command',
          command: { type: 'answer', requestId, answer: happening.answer, by: 'someone' },
        });
        return;
      }
      case 'end':
        this.give({
          type: 'command',
          command: { type: 'end', mode: happening.mode, by: 'someone', graceMs: 100 },
        });
        return;
      case 'send': {
        const relaunch = happening.moved ? { identity: 'launch-2', codexVersion: '0.170.0' } : null;
        const { how, verify } = happening;
        this.give({ type: 'command', command: sending(`m${++this.#sent}`, how, { verify, relaunch }) });
        return;
      }
      case 'turn-over': {
        const { thread } = this.session.run;
        const turn = activeTurn(this.session);
        if (thread !== null && turn !== null) this.say({ ...turnEnded(happening.outcome, turn), thread });
        return;
      }
      case 'seen':
      case 'archive':
      case 'attach':
        this.give({ type: 'command', command: { type: happening.type } });
        return;
      case 'returns': {
        const keys = [...this.inFlight.keys()];
        const key = keys[happening.which % Math.max(keys.length, 1)];
        if (key !== undefined) this.comeBack(key, happening.result);
        return;
      }
      case 'returns-late':
        if (!this.inFlight.has(happening.key)) this.outcome(happening.key, happening.result);
        return;
      case 'wakes':
        this.wake(happening.late);
        return;
      default:
        happening satisfies never;
    }
  }

  wake(late: number): void {
    if (this.wakeAt === null) return;
    this.now = Math.max(this.now, this.wakeAt) + late;
    this.give({ type: 'tick' });
  }

  /** An action in flight comes back; where it is done, what it learned was said before. */
  comeBack(key: string, result: Return): void {
    const action = this.inFlight.get(key);
    if (action !== undefined && result === 'done') this.#learned(action);
    // Not done, since the turn took none, or since it was not tried at all.
    if (action?.type === 'steer' && result === 'stale' && this.now % 2 === 0) {
      const { thread, message } = action;
      this.say({ type: 'message-refused', thread, message, why: 'no active turn' });
    }
    this.outcome(key, result);
  }

  outcome(key: string, result: Return): void {
    this.give({ type: 'outcome', key, result: resultOf(result, this.now) });
  }

  #learned(action: Action): void {
    switch (action.type) {
      case 'open-thread':
        return this.say(THREAD_OPENED);
      case 'start-turn': {
        const { run, thread, message } = action;
        const turn = `own-${run}-${message ?? ''}`;
        this.say({ type: 'turn-started', thread, turn });
        if (message !== undefined) this.say({ type: 'message-taken', thread, turn, message });
        return;
      }
      case 'steer': {
        const { thread, turn, message } = action;
        return this.say({ type: 'message-taken', thread, turn, message });
      }
      case 'look':
        return this.say({
          type: 'observed',
          server: 's1',
          thread: action.thread,
          state: 'active',
          waiting: false,
          turns: [],
          history: [this.session.run, ...this.session.pastRuns].flatMap(({ turns }) => turns),
          pending: [],
        });
      case 'end-work':
        return this.say({ type: 'work-gone', run: action.run, survivors: [] });
      case 'snapshot':
        return this.say({ type: 'base', base: GIT });
      case 'answer':
      case 'measure':
        return;
      default:
        action satisfies never;
    }
  }

  /** For people who read a counterexample. */
  tale(): string {
    return this.facts.map(({ at, body }) => `${at} ${JSON.stringify(body).slice(0, 160)}`).join('\n');
  }
}

/** A world in which all of that happened. */
export function live(
  happenings: readonly Happening[],
  laws: readonly Law[],
  decideWith = decide,
  policy = DEFAULT_POLICY,
  create = CREATE,
): World {
  const world = new World(decideWith, policy, laws, create);
  for (const happening of happenings) world.happen(happening);
  return world;
}

function resultOf(result: Return, now: number): WorkResult {
  switch (result) {
    case 'done':
      return { type: 'done' };
    case 'stale':
    case 'unknown':
      return { type: result, why: 'w' };
    case 'retry':
      return { type: 'retry', why: 'w', retryAt: now + 2_000, reason: 'crashed' };
    case 'given-up':
      return { type: 'given-up', why: 'w', reason: 'crashed' };
    default:
      return result satisfies never;
  }
}

/** How long nothing at all may come from an open session, milliseconds: two of its regular looks and a bit. */
const SILENCE_MS = 130_000;

/**
 * From now on nothing happens but that actions come back and time passes. Says what is wrong where the session
 * falls silent for ever, or wakes up again and again for nothing.
 */
export function wrongInSilence(world: World, results: readonly Return[]): string | null {
  let lastAct = world.now;
  let vain = 0;
  const until = world.now + 600_000;
  for (let turn = 0; world.now < until; turn += 1) {
    if (hasEnded(world.session) && world.wakeAt === null) return null;
    for (const key of [...world.inFlight.keys()]) {
      world.comeBack(key, results[turn % results.length] ?? 'retry');
      if (world.inFlight.size > 0) lastAct = world.now;
    }
    if (world.wakeAt === null) return hasEnded(world.session) ? null : 'an open run has no time to wake';
    const known = world.facts.length;
    world.wake(0);
    vain = world.facts.length === known ? vain + 1 : 0;
    // A session that waits for others has nothing to look at.
    if (world.inFlight.size > 0 || world.session.awaits.length > 0) lastAct = world.now;
    if (vain > 200) return `it woke ${vain} times for nothing, until ${world.now}`;
    if (!hasEnded(world.session) && world.now - lastAct > SILENCE_MS) return 'it has fallen silent';
  }
  return null;
}

/** More steps than the longest life leaves to do, each an action that comes back, a turn that ends or a waking. */
const STEPS = 500;

/**
 * From now on all goes well: every action is done, every turn is completed, and every look finds nothing amiss. Says
 * what is wrong where an open session does not come to its end all the same, or where an instruction is lost without
 * a reason of before: a stop, a budget, turns that are missing, an action that was given up.
 */
export function wrongWhereAllGoesWell(world: World): string | null {
  const { endRequested, spec, run, work } = world.session;
  const goesOn =
    (endRequested === null || endRequested.mode === 'interrupt') &&
    spec.budget === undefined &&
    (run.context?.type !== 'checked' || run.context.missing === 0) &&
    Object.values(work).every(({ state }) => state.type !== 'given-up');
  const known = world.facts.length;
  for (let step = 0; step < STEPS; step += 1) {
    if (hasEnded(world.session)) {
      const lost = world.facts.slice(known).find(({ body }) => body.type === 'message-dropped');
      return goesOn && lost !== undefined ? `an instruction is lost: ${JSON.stringify(lost.body)}` : null;
    }
    const [key] = world.inFlight.keys();
    const [predecessor] = world.session.awaits;
    if (predecessor !== undefined)
      world.say({ type: 'predecessor-ended', session: predecessor, end: 'done' });
    else if (key !== undefined) world.comeBack(key, 'done');
    else if (activeTurn(world.session) !== null) world.happen({ type: 'turn-over', outcome: 'completed' });
    else world.wake(0);
  }
  return `it does not come to its end: ${JSON.stringify(world.session)}`;
}
