import type { PatchForm, ShellTool } from './tools.ts';

/** What a Codex version offers to a model with plain function tools, from `since` on. */
export interface NamesRow {
  /** First version for which this row is known to hold, `major.minor.patch`. */
  readonly since: string;
  readonly shell: ShellTool;
  readonly escalation: 'sandbox_permissions' | 'with_escalated_permissions';
  readonly patch: PatchForm;
  /** Whether the question tool exists in that version. */
  readonly ask: boolean;
}

const newest: NamesRow = {
  since: '0.169.0',
  shell: 'exec_command',
  escalation: 'sandbox_permissions',
  patch: 'custom',
  ask: true,
};

/** Newest first. Measured with the real binaries; what a request itself offers always wins over this table. */
const namesTable: readonly NamesRow[] = [
  newest,
  { since: '0.98.0', shell: 'exec_command', escalation: 'sandbox_permissions', patch: 'shell', ask: true },
  { since: '0.47.0', shell: 'shell', escalation: 'with_escalated_permissions', patch: 'shell', ask: false },
];

/**
 * The row that holds for a version: the newest one that is not newer than it; the oldest row for a version
 * older than all; the newest row for `null` or text that is no version.
 */
export function namesOf(version: string | null): NamesRow {
  const wanted = version === null ? null : numbersOf(version);
  let oldest: NamesRow = newest;
  for (const row of namesTable) {
    const since = numbersOf(row.since);
    if (wanted === null || since === null || compare(since, wanted) <= 0) return row;
    oldest = row;
  }
  return oldest;
}

function numbersOf(version: string): readonly number[] | null {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? null : match.slice(1).map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
