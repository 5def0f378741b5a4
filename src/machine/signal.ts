import type { ProcessIdentity } from './identity.ts';
import { isAlive } from './identity.ts';

export const signalOutcomes = ['sent', 'gone', 'not-permitted'] as const;
export type SignalOutcome = (typeof signalOutcomes)[number];

/**
 * Signals exactly this process: its identity is read again right before the signal, so a reused pid is `gone`.
 * Between that reading and the signal some microseconds remain (Node has no pidfd); the pid would have to be
 * released and handed out again within them. Pid 1, pids below and the caller are `not-permitted`.
 */
export function signalIdentity(identity: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
  if (identity.pid <= 1 || identity.pid === process.pid) return 'not-permitted';
  if (!isAlive(identity)) return 'gone';
  try {
    process.kill(identity.pid, signal);
    return 'sent';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'gone';
    return 'not-permitted';
  }
}
