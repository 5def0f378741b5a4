import { CoxError, ERROR_CATALOGUE, type Failure, failure } from '../core/errors.ts';
import { plain, UNSAFE } from '../protocol/plain.ts';

/**
 * stdout is data: one JSON document, or lines for people. What a terminal might obey is escaped, as JSON allows
 * (security: S12).
 */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value).replaceAll(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(''),
  );
  process.stdout.write(`${text}\n`);
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Text as it is, without a newline of ours. */
export function write(text: string): void {
  process.stdout.write(text);
}

/** stderr is talk. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Says what went wrong and what to do next, in the caller's form; returns the exit code. */
export async function complain(error: unknown, json: boolean): Promise<number> {
  const what = asFailure(error);
  if (json) printJson((await import('../protocol/view.ts')).errorView(what));
  else say(`cox: ${plain(what.message)}\n${plain(what.hint)}`);
  return ERROR_CATALOGUE[what.code].exit;
}

function asFailure(error: unknown): Failure {
  if (error instanceof CoxError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return failure(
    'internal',
    `Something unexpected happened: ${message}`,
    {},
    'This is a defect of Coxswain.',
  );
}
