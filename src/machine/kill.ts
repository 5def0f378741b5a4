import type { Clock } from './clock.ts';
import { monotonicClock } from './clock.ts';
import type { EnvironmentEntry } from './environment-scan.ts';
import type { ProcessIdentity } from './identity.ts';
import { identityOf, isAlive, recordOf } from './identity.ts';
import { TargetCollection } from './kill-targets.ts';
import { signalIdentity } from './signal.ts';
import { commandLine } from './tree.ts';

export interface EndTreeOptions {
  /** The processes to end, with all their descendants. Ones that are gone already are no error. */
  readonly roots: readonly ProcessIdentity[];
  /** Processes that hold every entry of any of these lists are ended too, with their descendants. */
  readonly alsoOwned?: readonly (readonly EnvironmentEntry[])[];
  /** Milliseconds between SIGTERM and SIGKILL; 0 kills at once. */
  readonly graceMs: number;
  /** Milliseconds, from the call, after which the rest is reported as survivors. More than `graceMs`. */
  readonly deadlineMs: number;
  readonly clock?: Clock;
}

export interface Survivor {
  readonly identity: ProcessIdentity;
  /** The command line, arguments joined by spaces: hostile text. */
  readonly command: string;
}

export interface EndTreeResult {
  /** Processes that this call found alive and that are gone. */
  readonly ended: readonly ProcessIdentity[];
  /** What still runs: not permitted, in an uninterruptible wait, forking faster, or an ancestor of the caller. */
  readonly survivors: readonly Survivor[];
  /** `empty`: two scans in a row found nothing that belongs to the roots or carries the marks. */
  readonly proof: 'empty' | 'survivors';
  /** Own processes whose environment the last scan could not read; when not 0, the marks prove that much less. */
  readonly unreadable: number;
}

/** First and longest pause between two scans; a pause doubles while nothing changes. Chosen, not measured. */
const pauseMs = { first: 2, longest: 100 } as const;

/** Scans in a row that must be empty: the process table is not read at one instant. */
const emptyScansWanted = 2;

/**
 * Ends process trees and proves it. Collects the roots, their descendants, the members of sessions and process
 * groups they lead, and what carries the marks; sends SIGTERM (SIGCONT too where stopped), looks again until the
 * grace is over, so that children forked meanwhile are found; then SIGKILL, until nothing is left or the deadline
 * has passed. Never signals pid 1, the caller or its ancestors; the caller and what it started elsewhere are not
 * counted, an ancestor that belongs to the tree is a survivor. Calling it again is harmless. Does not throw for
 * the state of a process; throws RangeError for empty marks and for a deadline that leaves no time to kill.
 */
export async function endTree(options: EndTreeOptions): Promise<EndTreeResult> {
  const clock = options.clock ?? monotonicClock;
  if (!(options.deadlineMs > options.graceMs)) throw new RangeError('deadlineMs must be more than graceMs');
  const started = clock.now();
  const targets = new TargetCollection(options.roots, options.alsoOwned ?? []);
  const signalled = new Set<string>();
  let emptyScans = 0;
  let pause: number = pauseMs.first;
  for (;;) {
    const scan = targets.scan();
    const elapsed = clock.now() - started;
    emptyScans = scan.endable.length === 0 ? emptyScans + 1 : 0;
    if (emptyScans >= emptyScansWanted || elapsed >= options.deadlineMs) {
      return report(
        targets.seen(),
        scan.endable.map(identityOf),
        scan.spared.map(identityOf),
        scan.unreadable,
      );
    }
    if (emptyScans > 0) continue;
    const force = elapsed >= options.graceMs;
    const changed =
      scan.endable.filter((record) => signalOnce(identityOf(record), force, signalled)).length > 0;
    pause = changed ? pauseMs.first : Math.min(pause * 2, pauseMs.longest);
    const boundary = force ? options.deadlineMs : options.graceMs;
    await clock.wait(Math.max(1, Math.min(pause, boundary - elapsed)));
  }
}

/** True when the process had not had this signal from this call. */
function signalOnce(identity: ProcessIdentity, force: boolean, signalled: Set<string>): boolean {
  const signal = force ? 'SIGKILL' : 'SIGTERM';
  const key = `${signal} ${identity.pid} ${identity.startTime}`;
  if (signalled.has(key)) return false;
  signalled.add(key);
  const stopped = recordOf(identity)?.state === 'T';
  signalIdentity(identity, signal);
  if (stopped && !force) signalIdentity(identity, 'SIGCONT');
  return true;
}

function report(
  seen: readonly ProcessIdentity[],
  left: readonly ProcessIdentity[],
  spared: readonly ProcessIdentity[],
  unreadable: number,
): EndTreeResult {
  const survivors = [...left, ...spared]
    .filter(isAlive)
    .map((identity) => ({ identity, command: commandLine(identity).join(' ') }));
  return {
    ended: seen.filter((identity) => !isAlive(identity)),
    survivors,
    proof: survivors.length === 0 ? 'empty' : 'survivors',
    unreadable,
  };
}
