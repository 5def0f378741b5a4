import type { Check } from '../../../scripts/checks/check.ts';

/** Runs one check over a small tree, given as text by path; each violation as `file:line message`. */
export function violations(check: Check, files: Readonly<Record<string, string>>): string[] {
  return check({ files: new Map(Object.entries(files)) }).map(
    ({ file, line, message }) => `${file}:${line} ${message}`,
  );
}
