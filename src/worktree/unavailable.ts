import { GitFailure } from './git.ts';

/** Why nothing can be said about a folder's changes. */
export const UNAVAILABLE_REASONS = [
  'no-folder', // the folder does not exist or cannot be entered
  'no-git', // the command `git` is not installed
  'not-a-repository', // no `.git` in the folder or above it
  'refused', // git refuses the repository: another owner (safe.directory), a bare one, an unknown format
  'elsewhere', // its configuration says that the files live outside the folder that holds `.git`
  'deadline', // the call ran out of time
  'too-large', // more paths than a listing may have
  'failed', // git failed in another way; `detail` has its first line
] as const;
export type UnavailableReason = (typeof UNAVAILABLE_REASONS)[number];

/** Nothing can be said; `detail` is one line for a person. */
export type Unavailable = {
  readonly kind: 'none';
  readonly reason: UnavailableReason;
  readonly detail: string;
};

/** Builds an `Unavailable`. */
export function unavailable(reason: UnavailableReason, detail: string): Unavailable {
  return { kind: 'none', reason, detail };
}

/** Turns what was thrown while git ran into an `Unavailable`; anything but git and file-system errors is thrown on. */
export function fromError(error: unknown): Unavailable {
  if (error instanceof GitFailure) {
    switch (error.kind) {
      case 'missing':
        return unavailable('no-git', 'git is not installed');
      case 'deadline':
        return unavailable('deadline', error.message);
      case 'too-large':
        return unavailable('too-large', error.message);
      case 'exit':
        return unavailable('failed', error.message);
      default:
        return error.kind satisfies never;
    }
  }
  if (error instanceof Error && 'syscall' in error) return unavailable('failed', error.message);
  throw error;
}
