import { setTimeout as delay } from 'node:timers/promises';

/** Time for the parts of this layer that have to wait. */
export interface Clock {
  /** Milliseconds from an arbitrary origin; never goes back. */
  now(): number;
  /** Resolves after about this many milliseconds; does not throw. */
  wait(ms: number): Promise<void>;
}

/** Not moved by changes of the wall clock; stands still while the machine is suspended (Linux). */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  wait: async (ms) => {
    await delay(ms);
  },
};
