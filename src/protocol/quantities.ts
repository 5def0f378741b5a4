/** Durations and sizes as people write them. */

const UNITS_OF_TIME: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNITS_OF_SIZE: Record<string, number> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** What a duration and a size look like. */
export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/;

/** Milliseconds of a duration such as `90s`, `5m`, `2h`; null for what is none. */
export function durationMs(text: string): number | null {
  return amount(text, DURATION_PATTERN, UNITS_OF_TIME);
}

/** Bytes of a size such as `500MiB` or `2GiB`; null for what is none. */
export function sizeBytes(text: string): number | null {
  const bytes = amount(text, SIZE_PATTERN, UNITS_OF_SIZE);
  return bytes === null ? null : Math.round(bytes);
}

/** A number of bytes in the largest unit of which there is at least one, with one decimal where it says more. */
export function sizeInWords(bytes: number): string {
  const units = Object.entries(UNITS_OF_SIZE).toReversed();
  const [unit, factor] = units.find(([, least]) => bytes >= least) ?? ['B', 1];
  return `${Number((bytes / factor).toFixed(1))} ${unit}`;
}

function amount(text: string, pattern: RegExp, units: Record<string, number>): number | null {
  const match = pattern.exec(text);
  return match === null ? null : Number(match[1]) * (units[match[2] ?? ''] ?? 0);
}
