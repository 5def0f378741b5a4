import { CoxError } from '../../core/errors.ts';
import type { DoctorView } from '../../protocol/doctor-view.ts';
import type { Context } from './context.ts';

/** What a check found. */
export type Verdict = Pick<DoctorView['checks'][number], 'status' | 'summary' | 'remedy'>;

/**
 * One thing that must be right before sessions can be left alone. Changes nothing. A CoxError that it throws is a
 * failure with its hint; NotTried and every other error mean that it could not be checked.
 */
export type Check = { name: string; deadlineMs: number; run(context: Context): Promise<Verdict> };

export function ok(summary: string): Verdict {
  return { status: 'ok', summary, remedy: null };
}

export function warn(summary: string, remedy: string): Verdict {
  return { status: 'warn', summary, remedy };
}

export function fail(summary: string, remedy: string): Verdict {
  return { status: 'fail', summary, remedy };
}

/** It rests on something that is not there. */
export class NotTried extends Error {
  readonly remedy: string;

  constructor(why: string, remedy: string) {
    super(why);
    this.remedy = remedy;
  }
}

/** Runs a check; it always has a verdict, and in time. */
export async function judge(check: Check, context: Context): Promise<DoctorView['checks'][number]> {
  const late = Promise.withResolvers<Verdict>();
  const timer = setTimeout(() => {
    const summary = `not known: it took longer than ${check.deadlineMs / 1_000} s`;
    late.resolve(warn(summary, 'Run cox doctor again when the machine is less busy.'));
  }, check.deadlineMs);
  try {
    return { name: check.name, ...(await Promise.race([check.run(context), late.promise])) };
  } catch (error) {
    return { name: check.name, ...asVerdict(error) };
  } finally {
    clearTimeout(timer);
  }
}

function asVerdict(error: unknown): Verdict {
  if (error instanceof CoxError) return fail(error.failure.message, error.failure.hint);
  if (error instanceof NotTried) return warn(`not tried: ${error.message}`, error.remedy);
  const words = error instanceof Error ? error.message : String(error);
  return warn(`could not be checked: ${words}`, 'See whether the paths that it names can be read.');
}
