import type { Step } from './step.ts';

/** The default of `times` where a fault stays; typed so that a number is allowed too. */
export const always: number | 'always' = 'always' as number | 'always';

/** The last step of a play whose fault has passed. */
export function recovered(): Step {
  return { type: 'message', text: 'Done: it went through.' };
}
