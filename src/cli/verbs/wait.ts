import type { Client } from '../../client/client.ts';
import type { SessionView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import { duration, oneOf, usage } from '../parse.ts';
import type { Define } from '../verb.ts';
import { watch } from '../watch.ts';
import { hasEnded, sessionLine } from '../words.ts';

/**
 * What can be waited for: `exit` is any end, `done` a good one, `attention` whatever needs somebody, `stuck` that no
 * progress is made, `gate` that its gates have spoken (a session without gates has none to wait for: its end).
 */
const CONDITIONS = ['ended', 'done', 'attention', 'stuck', 'exit', 'gate'] as const;
type Condition = (typeof CONDITIONS)[number];

type WaitOptions = { for?: string; any?: boolean; all?: boolean; timeout?: string; json?: boolean };
type WaitPlan = {
  json: boolean;
  timeoutMs: number | null;
  any: boolean;
  conditions: readonly Condition[];
};

const EXIT = { ok: 0, unsuccessful: 5, needsYou: 8, timedOut: 124 } as const;

export const defineWait: Define = (command, { done }) => {
  command
    .option('--for <WHAT>', 'instead: done, attention, stuck, exit, gate (comma-separated)')
    .option('--any', 'until one of them has')
    .option('--all', 'until each of them has (the default)')
    .option('--timeout <DUR>', 'give up after this time, exit code 124')
    .action(async (targets: string[], options: WaitOptions) => done(await wait(targets, options)));
};

/** `cox wait`: blocks until each session has ended or needs you, and says which in its exit code. */
async function wait(targets: string[], options: WaitOptions): Promise<number> {
  const conditions =
    options.for === undefined
      ? (['ended', 'attention'] as const)
      : options.for.split(',').map((word) => oneOf(word.trim(), CONDITIONS.slice(1), '--for'));
  if (options.any === true && options.all === true) throw usage('Choose --any or --all, not both.');
  const timeoutMs = options.timeout === undefined ? null : duration(options.timeout, '--timeout');
  return waitFor(await daemonClient(), targets, {
    json: options.json === true,
    timeoutMs,
    any: options.any === true,
    conditions,
  });
}

/** Waits by the plan and prints the sessions as they are then. Returns the exit code. */
export async function waitFor(client: Client, targets: readonly string[], plan: WaitPlan): Promise<number> {
  const { views, timedOut } = await watch(client, targets, (seen) => isOver(seen, plan), plan.timeoutMs);
  if (plan.json) printJson({ schemaVersion: 1, items: views });
  else for (const view of views) print(sessionLine(view, Date.now()));
  return timedOut ? EXIT.timedOut : exitCode(views, plan);
}

function isOver(views: readonly SessionView[], plan: WaitPlan): boolean {
  // What has ended and been measured will not change any more, whatever was waited for.
  const met = (view: SessionView): boolean =>
    hasEnded(view) ? isTold(view) : plan.conditions.some((condition) => holds(view, condition));
  return plan.any ? views.some(met) : views.every(met);
}

/** All is known of its end: its verdict is not another one a moment later. */
function isTold({ result }: SessionView): boolean {
  return result?.complete ?? true;
}

function holds(view: SessionView, condition: Condition): boolean {
  switch (condition) {
    case 'ended':
    case 'exit':
    case 'gate':
      return hasEnded(view);
    case 'stuck':
      return view.phase === 'stuck';
    case 'done':
      return view.phase === 'done';
    case 'attention':
      return view.attention;
    default:
      return condition satisfies never;
  }
}

function exitCode(views: readonly SessionView[], plan: WaitPlan): number {
  const held = views.filter((view) => plan.conditions.some((condition) => holds(view, condition)));
  // Of any, those that made it so; where none did, what has ended otherwise.
  const counted = plan.any ? (held.length > 0 ? held : views.filter(hasEnded)) : views;
  if (counted.some((view) => view.attention && !hasEnded(view))) return EXIT.needsYou;
  return counted.some((view) => hasEnded(view) && view.phase !== 'done') ? EXIT.unsuccessful : EXIT.ok;
}
