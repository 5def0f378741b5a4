import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { CoxError, failure } from '../core/errors.ts';
import { durationMs } from '../protocol/quantities.ts';

/** A duration such as `90s`, `5m`, `2h` in milliseconds. @throws CoxError `usage` */
export function duration(text: string, flag: string): number {
  const ms = durationMs(text);
  if (ms === null) throw usage(`${flag} takes a duration such as 90s, 5m or 2h, not ${text}.`);
  return ms;
}

/** A whole number from 0. @throws CoxError `usage` */
export function count(text: string, flag: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw usage(`${flag} takes a whole number from 0, not ${text}.`);
  return number;
}

/**
 * A moment in milliseconds since the epoch: a time, or how long before `now` it was. @throws CoxError `usage`
 */
export function since(text: string, flag: string, now: number): number {
  if (/^[\d.]+(?:ms|s|m|h|d)$/.test(text)) return now - duration(text, flag);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw usage(`${flag} takes a duration such as 10m, or a time such as 2026-11-23T04:00Z, not ${text}.`);
  return at;
}

/** A regular expression. @throws CoxError `usage` */
export function expression(text: string, flag: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw usage(`${flag} takes a regular expression: ${(error as Error).message}.`);
  }
}

/** `K=V` pairs of a repeated flag. @throws CoxError `usage` */
export function pairs(given: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1) throw usage(`${flag} takes NAME=VALUE, not ${pair}.`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** An absolute path; `~` is the home, anything relative is the caller's. */
export function callersPath(path: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return resolve(path);
}

/** One of a list of words. @throws CoxError `usage` */
export function oneOf<Word extends string>(text: string, words: readonly Word[], flag: string): Word {
  const found = words.find((word) => word === text);
  if (found === undefined) throw usage(`${flag} takes one of ${words.join(', ')}, not ${text}.`);
  return found;
}

export function usage(message: string, hint?: string): CoxError {
  return new CoxError(failure('usage', message, {}, hint));
}
