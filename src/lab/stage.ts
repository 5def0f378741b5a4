import type { Caller } from './caller.ts';
import { summaryStep } from './compaction.ts';
import { type HistoryItem, historyOf, type Play, playOf, promptsOf } from './history.ts';
import { markIn } from './mark.ts';
import { type Scenario, ScenarioError, type ScenarioSource } from './scenario.ts';
import { afterTheEnd, type Choice, positionReached, selectStep } from './select.ts';
import type { PlayedStep } from './step.ts';

/** What a request means to the lab. */
export interface Scene {
  readonly scenario: string | null;
  readonly userTexts: readonly string[];
  readonly choice: Choice;
  /** Why nothing could be chosen; then `choice` is not to be played. */
  readonly error: string | null;
}

const MOST_PLAYS = 10_000;

/**
 * Chooses the step for each request. Positions come from the request itself; all that is remembered is how
 * often each position of each play was tried. A play is one thread since one prompt, whatever Codex' turn is:
 * an interrupted turn that is told "continue" goes on with the same play and its attempts.
 */
export class Stage {
  readonly #sources: ReadonlyMap<string, ScenarioSource>;
  readonly #fallback: ScenarioSource | null;
  readonly #attempts = new Map<string, Map<number, number>>();

  constructor(sources: ReadonlyMap<string, ScenarioSource>, fallback: ScenarioSource | null) {
    this.#sources = sources;
    this.#fallback = fallback;
  }

  /**
   * Counts the request as an attempt, unless it is no part of a play: a compaction gets a summary that keeps
   * the position, any other request that is no turn gets the default.
   */
  scene(caller: Caller, input: unknown): Scene {
    const history = historyOf(input);
    const userTexts = promptsOf(history);
    const play = playOf(history);
    try {
      const scenario = this.#scenarioFor(play.prompt ?? '');
      const choice = this.#choose(caller, history, play, scenario ?? nothing);
      return { scenario: scenario?.name ?? null, userTexts, choice, error: null };
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      return { scenario: null, userTexts, choice: aside(0, afterTheEnd), error: error.message };
    }
  }

  #choose(caller: Caller, history: readonly HistoryItem[], play: Play, scenario: Scenario): Choice {
    const last = history.at(-1);
    if (caller.kind === 'compaction' || last?.kind === 'compaction') {
      const reached = positionReached(scenario.steps, play.since);
      return aside(reached, summaryStep(reached, last?.kind === 'compaction' && last.remote));
    }
    if (caller.kind !== null && caller.kind !== 'turn') return aside(0, afterTheEnd);
    const attempts = this.#attemptsOf(`${caller.thread} ${play.ordinal}`);
    const choice = selectStep(scenario, play.since, attempts);
    attempts.set(choice.position, choice.attempt);
    return choice;
  }

  #scenarioFor(prompt: string): Scenario | null {
    const mark = markIn(prompt);
    if (mark === null) return this.#fallback?.make({}) ?? null;
    const source = this.#sources.get(mark.name);
    if (source === undefined) {
      const names = [...this.#sources.keys()].join(', ');
      throw new ScenarioError(`the lab has no scenario "${mark.name}"; it has ${names}`);
    }
    return source.make(mark.params);
  }

  #attemptsOf(play: string): Map<number, number> {
    const known = this.#attempts.get(play);
    if (known !== undefined) return known;
    const oldest = this.#attempts.keys().next();
    if (this.#attempts.size >= MOST_PLAYS && oldest.done !== true) this.#attempts.delete(oldest.value);
    const fresh = new Map<number, number>();
    this.#attempts.set(play, fresh);
    return fresh;
  }
}

const nothing: Scenario = { name: '', steps: [] };

/** An answer that is no part of a play. */
function aside(position: number, step: PlayedStep): Choice {
  return { position, attempt: 1, step, reasoning: [], usage: null, session: null };
}
