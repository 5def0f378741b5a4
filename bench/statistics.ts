/** Numbers about samples, and what they say about a goal. Pure. */

/**
 * The smallest sample that at least the share `q` of all samples does not pass (nearest rank): always one of them.
 *
 * @throws RangeError for no samples, or a `q` that is not above 0 and at most 1.
 */
export function quantile(samples: readonly number[], q: number): number {
  if (!(q > 0 && q <= 1)) throw new RangeError(`a quantile is above 0 and at most 1, not ${q}`);
  const value = samples.toSorted((left, right) => left - right)[Math.ceil(q * samples.length) - 1];
  if (value === undefined) throw new RangeError('there are no samples');
  return value;
}

export type Unit = 'ms' | 'MB';

/** What was measured; `samples` are the numbers that it was taken from, as many as there were. */
export type Amount = { value: number; unit: Unit; samples: readonly number[] };

/** One quantile of samples; the median unless told. */
export function amount(samples: readonly number[], unit: Unit, q = 0.5): Amount {
  return { value: quantile(samples, q), unit, samples };
}

/** A number that was measured once. */
export function single(value: number, unit: Unit): Amount {
  return { value, unit, samples: [value] };
}

/** At most so much: of the ratio to the baseline, or of the amount itself, in its own unit. */
export type Goal = { of: 'ratio' | 'amount'; most: number };

/** One line of the table: an amount beside a baseline that was measured in the same run. */
export type Line = {
  what: string;
  measured: Amount;
  baseline: { name: string; amount: Amount };
  goal: Goal | null;
};

export type Verdict = 'met' | 'missed' | 'noisy';

/** From here on the baseline varies too much, 90th percentile to median, for a missed goal to mean anything. */
const NOISY_SPREAD = 1.5;

/** How many times the baseline it is. */
export function ratioOf({ measured, baseline }: Line): number {
  return measured.value / baseline.amount.value;
}

/**
 * Whether the goal was met; null where there is none. `noisy`: it was missed on a machine that was busy with
 * something else, or whose baseline varied as much, so that nothing follows. Noise makes slower, never faster, so
 * a goal that was met was met; and it takes no memory.
 */
export function verdictOf(line: Line, isBusy: boolean): Verdict | null {
  const { goal, measured, baseline } = line;
  if (goal === null) return null;
  const reached = goal.of === 'ratio' ? ratioOf(line) : measured.value;
  if (reached <= goal.most) return 'met';
  const isTimed = measured.unit === 'ms';
  const { samples } = baseline.amount;
  const varies = quantile(samples, 0.9) / quantile(samples, 0.5) > NOISY_SPREAD;
  return isTimed && (isBusy || varies) ? 'noisy' : 'missed';
}
