import type { HistoryItem } from './history.ts';
import type { Scenario } from './scenario.ts';
import type { CountedStep, PlayedStep, PrefixStep, ReasoningStep, Step, UsageStep } from './step.ts';

/** What answers a request. */
export interface Choice {
  /** Index of the step in the scenario; the number of steps when the play is over. */
  readonly position: number;
  /** 1 for the first request at this position. */
  readonly attempt: number;
  readonly step: PlayedStep;
  /** The `reasoning` steps right before this one. */
  readonly reasoning: readonly ReasoningStep[];
  readonly usage: UsageStep | null;
  /** The running command that a `poll` step asks about. */
  readonly session: number | null;
}

/** What answers every request after the last step. */
export const afterTheEnd: PlayedStep = { type: 'message', text: 'Done.' };

/**
 * Which step answers now: a pure function of the scenario, of what the history holds since the prompt that
 * chose it, and of how often each position has been tried before (`attempts`, by position).
 * Call ids made by {@link callIdOf} say which step they belong to; messages and foreign calls count as the
 * next step that leaves a trace. Steps that leave none move on by their attempts.
 */
export function selectStep(
  scenario: Scenario,
  since: readonly HistoryItem[],
  attempts: ReadonlyMap<number, number>,
): Choice {
  const session = runningSession(since);
  let position = positionReached(scenario.steps, since);
  const triesAt = (at: number) => attempts.get(at) ?? 0;
  for (; position < scenario.steps.length; position++) {
    const step = scenario.steps[position];
    if (step === undefined || isPrefix(step)) continue;
    if (step.type === 'poll' && session === null) continue;
    if (isCounted(step) && triesAt(position) >= timesOf(step)) continue;
    return {
      position,
      attempt: triesAt(position) + 1,
      step,
      ...prefixesBefore(scenario.steps, position),
      session,
    };
  }
  const attempt = triesAt(position) + 1;
  const prefixes = prefixesBefore(scenario.steps, position);
  return { position, attempt, step: afterTheEnd, ...prefixes, session };
}

/** A call id that names its step; `nonce` keeps it unique in the thread. */
export function callIdOf(nonce: number, position: number, index: number): string {
  return `call_lab_${nonce}_${position}_${index}`;
}

/** The first step that the history does not show as answered. */
export function positionReached(steps: readonly Step[], since: readonly HistoryItem[]): number {
  const session = runningSession(since);
  let next = 0;
  let inResponse = false;
  for (const item of since) {
    if (item.kind === 'message' || item.kind === 'call') {
      const own = item.kind === 'call' ? positionIn(item.callId) : null;
      if (own !== null) next = Math.max(next, isAgain(steps[own], session) ? own : own + 1);
      else if (!inResponse) next = afterNextTrace(steps, next);
      inResponse = true;
    } else {
      if (item.kind === 'summary') next = item.position;
      inResponse = false;
    }
  }
  return next;
}

/** Whether a call of this step need not be its last. */
function isAgain(step: Step | undefined, session: number | null): boolean {
  return step?.type === 'repeat' || (step?.type === 'poll' && session !== null);
}

function positionIn(callId: string): number | null {
  const match = /^call_lab_\d+_(\d+)_\d+$/.exec(callId);
  return match?.[1] === undefined ? null : Number(match[1]);
}

function afterNextTrace(steps: readonly Step[], from: number): number {
  const found = steps.findIndex((step, index) => index >= from && step.type !== 'poll' && leavesTrace(step));
  return found === -1 ? steps.length : found + 1;
}

/** Whether Codex' history shows that this step was played. */
function leavesTrace(step: Step): boolean {
  if (isPrefix(step)) return false;
  if (step.type !== 'raw') return !isCounted(step);
  return rawLeavesTrace(step.events);
}

function rawLeavesTrace(
  events: readonly { readonly type: string; readonly [key: string]: unknown }[],
): boolean {
  return events.some((event) => {
    const item: unknown = event.item;
    if (event.type !== 'response.output_item.done' || typeof item !== 'object' || item === null) return false;
    return 'type' in item && item.type !== 'reasoning';
  });
}

function isPrefix(step: Step): step is PrefixStep {
  return step.type === 'reasoning' || step.type === 'usage';
}

function isCounted(step: PlayedStep): step is CountedStep {
  switch (step.type) {
    case 'repeat':
    case 'http':
    case 'failed':
    case 'incomplete':
    case 'no-headers':
    case 'stall':
    case 'cut':
    case 'reset':
    case 'empty':
      return true;
    case 'raw':
      return !rawLeavesTrace(step.events);
    case 'message':
    case 'tool':
    case 'patch':
    case 'ask':
    case 'mcp':
    case 'call':
    case 'code':
    case 'tools':
    case 'poll':
      return false;
    default:
      return step satisfies never;
  }
}

function timesOf(step: CountedStep): number {
  return step.times === 'always' ? Number.POSITIVE_INFINITY : (step.times ?? 1);
}

function prefixesBefore(steps: readonly Step[], position: number): Pick<Choice, 'reasoning' | 'usage'> {
  const reasoning: ReasoningStep[] = [];
  let usage: UsageStep | null = null;
  for (let at = position - 1; at >= 0; at--) {
    const step = steps[at];
    if (step === undefined || !isPrefix(step)) break;
    if (step.type === 'reasoning') reasoning.unshift(step);
    else usage ??= step;
  }
  return { reasoning, usage };
}

/**
 * The session of the newest command that had not ended when its output was sent; null if it has ended.
 * Codex 0.169.0 and 0.98.0 write "Process running with session ID N"; in code mode it is `"session_id":N` (measured).
 */
function runningSession(since: readonly HistoryItem[]): number | null {
  const last = since.findLast((item) => item.kind === 'output');
  if (last === undefined || last.kind !== 'output') return null;
  const match = /session(?: ID |_id":\s*)(\d+)/.exec(last.text);
  return match?.[1] === undefined ? null : Number(match[1]);
}
