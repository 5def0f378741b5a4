import type { NeedKind } from './request.ts';

/** Where a fact comes from, in order of trust (ARCHITECTURE.md, "Evidence"). */
export const SOURCES = [
  'app-server',
  'hooks',
  'exec',
  'rollout',
  'title',
  'machine',
  'screen',
  'silence',
  'user',
  'policy',
  'coxswain',
] as const;
export type Source = (typeof SOURCES)[number];

/** One reason for a status: which source said what, and when (milliseconds since the epoch). */
export type Because = { source: Source; fact: string; at: number };

export const CONFIDENCES = ['certain', 'likely'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export const PHASES = [
  'queued',
  'starting',
  'working',
  'waiting',
  'throttled',
  'stuck',
  'ready',
  'verifying',
  'done',
  'failed',
  'stopped',
  'lost',
  'unknown',
] as const;
export type PhaseName = (typeof PHASES)[number];

/** Phases in which the newest run has ended. */
export const ENDED_PHASES = ['done', 'failed', 'stopped', 'lost'] as const satisfies readonly PhaseName[];

export const THROTTLE_CAUSES = ['rate-limit', 'usage-limit', 'capacity', 'network'] as const;
export type ThrottleCause = (typeof THROTTLE_CAUSES)[number];

export const FAIL_REASONS = [
  'auth',
  'quota',
  'context-window',
  'model-error',
  'network',
  'config',
  'flags',
  'sandbox',
  'disk-full',
  'crashed',
  'killed-by-os',
  'gate',
  'budget',
] as const;
export type FailReason = (typeof FAIL_REASONS)[number];

export const DOUBTS = ['empty-completion', 'no-changes', 'blocked-work', 'process-left-running'] as const;
export type Doubt = (typeof DOUBTS)[number];

/** The phase of a session's newest run; each carries exactly its own data. */
export type Phase =
  | { phase: 'queued'; after: string[] }
  | { phase: 'starting' }
  | { phase: 'working' }
  | { phase: 'waiting'; need: NeedKind; requestId: string }
  | { phase: 'throttled'; cause: ThrottleCause; until: number | null }
  | { phase: 'done'; doubts: Doubt[] }
  | { phase: 'failed'; reason: FailReason; detail: string }
  | { phase: 'stopped'; survivors: string[] }
  | { phase: 'lost'; detail: string }
  | { phase: 'unknown'; why: string };

/** What is true of a session now, and why. `confidence` is null exactly where the phase is `unknown`. */
export type Status = Phase & {
  since: number;
  because: Because[];
  confidence: Confidence | null;
};
