import type { Line } from './statistics.ts';

/** What a row is given. */
export type Bench = {
  /** Fewer repetitions, and no large stores: a look, not a measurement. */
  quick: boolean;
  /** Says on stderr what is being done. */
  say(text: string): void;
  /** Whether the bench is to end now: what was begun is worth nothing any more. */
  isInterrupted(): boolean;
  /** Has something undone when the row ends, however it ends: last first. */
  onEnd(undo: () => Promise<void> | void): void;
};

/** A row of the bench, in a module of its own. Rejects where what it measures does not work. */
export type Row = (bench: Bench) => Promise<Line[]>;
