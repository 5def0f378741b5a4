import { type Amount, type Goal, type Line, quantile, ratioOf, type Unit, verdictOf } from './statistics.ts';

const HEAD = ['what', 'measured', 'baseline of the same run', 'ratio', 'goal', ''];

/** Fewer samples have no 90th percentile worth showing. */
const LEAST_FOR_P90 = 10;

/** The lines as a table of Markdown, its columns aligned for reading as text. Pure. */
export function table(lines: readonly Line[], isBusy: boolean): string {
  const rows = lines.map((line) => [
    line.what,
    shown(line.measured),
    `${line.baseline.name}: ${shown(line.baseline.amount)}`,
    `${significant(ratioOf(line))}×`,
    line.goal === null ? '' : goalText(line.goal, line.measured.unit),
    verdictOf(line, isBusy) ?? '',
  ]);
  const widths = HEAD.map((head, column) =>
    Math.max(3, head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const show = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [show(HEAD), rule, ...rows.map(show)].join('\n');
}

/** The amount; beside a median, also the 90th percentile of what it was taken from. */
function shown({ value, unit, samples }: Amount): string {
  const text = `${significant(value)} ${unit}`;
  if (samples.length < LEAST_FOR_P90 || value !== quantile(samples, 0.5)) return text;
  return `${text} (p90 ${significant(quantile(samples, 0.9))})`;
}

function goalText({ of, most }: Goal, unit: Unit): string {
  return of === 'ratio' ? `≤ ${most}×` : `≤ ${most} ${unit}`;
}

/** Three digits that mean something; no zeros that do not. */
function significant(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
