import type { EnvironmentEntry } from './environment-scan.ts';
import { assertEntries, scanEnvironments } from './environment-scan.ts';
import type { ProcessIdentity } from './identity.ts';
import { identityOf } from './identity.ts';
import type { ProcessRecord } from './process-record.ts';
import { isRunning } from './process-record.ts';
import type { ProcessTable } from './tree.ts';
import { ancestryOf, readProcessTable, recordIn } from './tree.ts';

export interface TargetScan {
  /** Live processes that belong to the tree and may be signalled. */
  readonly endable: readonly ProcessRecord[];
  /** Live ancestors of the caller that belong to the tree; never signalled. */
  readonly spared: readonly ProcessRecord[];
  readonly unreadable: number;
}

/**
 * Which processes belong to what is being ended, over several scans. Remembers whom it has seen, so that members
 * of a session or group are still found when its leader, and with it the line of descent, is gone.
 */
export class TargetCollection {
  private readonly roots: readonly ProcessIdentity[];
  private readonly marks: readonly (readonly EnvironmentEntry[])[];
  private readonly known = new Map<string, ProcessIdentity>();
  private readonly leaders = new Map<number, ProcessIdentity>();

  /** Throws RangeError for a list of marks that is empty or holds an entry no environment can. */
  constructor(roots: readonly ProcessIdentity[], marks: readonly (readonly EnvironmentEntry[])[]) {
    marks.forEach(assertEntries);
    this.roots = roots;
    this.marks = marks;
  }

  /** Every process that was endable in any scan so far. */
  seen(): ProcessIdentity[] {
    return [...this.known.values()];
  }

  /** Reads the process table, and the environments if there are marks, once. */
  scan(): TargetScan {
    const table = readProcessTable();
    const marked = scanEnvironments([...table.byPid.values()], this.marks);
    const starts = [...this.roots, ...marked.found, ...this.known.values()];
    const ancestry = new Set(ancestryOf(table, process.pid));
    const members = this.close(table, starts);
    const running = members.filter((record) => isRunning(record));
    const endable = running.filter(({ pid }) => pid > 1 && !ancestry.has(pid));
    const spared = running.filter(({ pid }) => pid > 1 && pid !== process.pid && ancestry.has(pid));
    for (const record of endable) this.remember(record);
    return { endable, spared, unreadable: marked.unreadable };
  }

  private remember(record: ProcessRecord): void {
    const identity = identityOf(record);
    this.known.set(`${record.pid} ${record.startTime}`, identity);
    if (record.session === record.pid || record.processGroup === record.pid)
      this.leaders.set(record.pid, identity);
  }

  /** Adds children, and members of led sessions and groups, until nothing is added. The caller is not followed. */
  private close(table: ProcessTable, starts: readonly ProcessIdentity[]): ProcessRecord[] {
    const members = new Map<number, ProcessRecord>();
    const queue = starts.flatMap((identity) => recordIn(table, identity) ?? []);
    for (const record of table.byPid.values()) if (this.isLedByKnown(table, record)) queue.push(record);
    for (let record = queue.pop(); record !== undefined; record = queue.pop()) {
      if (members.has(record.pid) || record.pid <= 1) continue;
      members.set(record.pid, record);
      if (record.pid === process.pid) continue;
      queue.push(...(table.childrenOf.get(record.pid) ?? []));
    }
    return [...members.values()];
  }

  /**
   * True for a process in a session or group led by one that an earlier scan saw alive as its leader. The kernel
   * does not hand out a pid while a session or group of that number lives; should another process have it all the
   * same, the number no longer means ours. A root that was gone before the first scan leads nothing: its number
   * may have had another owner since.
   */
  private isLedByKnown(table: ProcessTable, record: ProcessRecord): boolean {
    return [record.session, record.processGroup].some((number) => {
      const leader = this.leaders.get(number);
      if (leader === undefined) return false;
      return !table.byPid.has(number) || recordIn(table, leader) !== null;
    });
  }
}
