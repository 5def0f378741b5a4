import type { EnvironmentEntry, EnvironmentScan } from './environment-scan.ts';
import { assertEntry, findByEnvironment } from './environment-scan.ts';

/** Holds the id of the state directory in every process that we start. */
const ownerVariable = 'COX_OWNER';

/** Further marks, narrower than the owner: what within the state directory a process belongs to. */
const markVariables = {
  server: 'COX_SERVER',
  session: 'COX_SESSION',
  run: 'COX_RUN',
  holder: 'COX_HOLDER',
} as const;

/** What a process is marked with; each value is an id of ours, not empty and without NUL. */
export interface OwnerMark {
  /** The id of the state directory. */
  readonly owner: string;
  /** An app-server instance. */
  readonly server?: string;
  readonly session?: string;
  readonly run?: string;
  /** A PTY holder. */
  readonly holder?: string;
}

/** The entries of a mark, the owner first. Throws RangeError for an empty id or one with NUL. */
export function markEntries(mark: OwnerMark): EnvironmentEntry[] {
  const entries: EnvironmentEntry[] = [{ name: ownerVariable, value: mark.owner }];
  for (const key of Object.keys(markVariables) as (keyof typeof markVariables)[]) {
    const value = mark[key];
    if (value !== undefined) entries.push({ name: markVariables[key], value });
  }
  for (const entry of entries) assertEntry(entry);
  return entries;
}

/** The variables to add to the environment of a process we start. Throws RangeError as `markEntries` does. */
export function ownerEnvironment(mark: OwnerMark): Record<string, string> {
  return Object.fromEntries(markEntries(mark).map(({ name, value }) => [name, value]));
}

/** Live processes that carry the owner mark, and the extra entry if given; see `findByEnvironment` for limits. */
export function findOwned(owner: string, extra?: EnvironmentEntry): EnvironmentScan {
  const mark = markEntries({ owner });
  return findByEnvironment(extra === undefined ? mark : [...mark, extra]);
}
