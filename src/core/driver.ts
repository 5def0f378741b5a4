import type { Action } from './policy/action.ts';
import type { WorkResult } from './session/fact.ts';
import type { Session } from './session/session.ts';

/**
 * The port to a way of running Codex (app-server; a PTY). One method for each action of the core.
 *
 * Contract of every method:
 * - It never throws for what the world does; it returns a `WorkResult`. A throw is a defect of ours.
 * - What it learns is given to `say` as evidence **before** it returns, so that the outcome never overtakes it.
 * - `unknown` means that the act may have taken effect: the core looks before it tries again.
 * - `stale` means that the precondition no longer held at the moment of acting, and nothing was done.
 * - Calling it again with the same action is safe: `look`, `end-work` and `answer` are idempotent;
 *   `open-thread` may leave an empty thread behind; `start-turn` is repeated only after a look.
 */
export type Driver = {
  [Type in Exclude<Action['type'], 'snapshot' | 'measure'>]: (
    session: Session,
    action: Action & { type: Type },
  ) => Promise<WorkResult>;
};
