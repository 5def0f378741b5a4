import { closest, distance } from 'fastest-levenshtein';
import { parse, TomlError } from 'smol-toml';
import type * as z from 'zod';
import { CoxError, failure } from '../core/errors.ts';
import { lineOf } from './toml-lines.ts';

/** A kind of TOML file that people write, and how what is wrong with one is said. */
export type TomlKind<Schema extends z.ZodType> = {
  code: 'policy-invalid' | 'config-invalid';
  schema: Schema;
  /** The keys known at a place: the path of a table, empty for the top. */
  keysAt(table: readonly PropertyKey[]): readonly string[];
  /** What is wrong, and where, for anything but an unknown key. */
  inWords(issue: z.core.$ZodIssue): string;
};

/**
 * The checked content of a TOML file. Nothing is ignored: what is not known is refused by line.
 *
 * @throws CoxError of the kind's code, with the line and, for an unknown key, the nearest known one.
 */
export function checkToml<Schema extends z.ZodType>(
  path: string,
  text: string,
  kind: TomlKind<Schema>,
): z.output<Schema> {
  const result = kind.schema.safeParse(parseToml(path, text, kind.code));
  if (result.success) return result.data;
  const { issues } = result.error;
  // A key that is missing is most often one that is misspelt, and the misspelling says more.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) throw invalid(kind.code, path, 1, 'this cannot be read');
  throw explain(path, text, issue, kind);
}

/** A refusal of a file by its line, counted from 1. */
function invalid(
  code: 'policy-invalid' | 'config-invalid',
  path: string,
  line: number,
  message: string,
  details: Record<string, unknown> = {},
): CoxError {
  return new CoxError(failure(code, `${path}:${line}: ${message}`, { path, line, ...details }));
}

/** The known word that a word is most likely a misspelling of; null where none is near. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const nearest = closest(word, known);
  // A word that shares less than half its letters with the nearest one is not a misspelling of it.
  return distance(word, nearest) <= Math.max(1, Math.floor(word.length / 2)) ? nearest : null;
}

function parseToml(path: string, text: string, code: 'policy-invalid' | 'config-invalid'): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = 'this is not TOML'] = error.message.split('\n');
    throw invalid(code, path, error.line, message);
  }
}

function explain<Schema extends z.ZodType>(
  path: string,
  text: string,
  issue: z.core.$ZodIssue,
  kind: TomlKind<Schema>,
): CoxError {
  if (issue.code !== 'unrecognized_keys')
    return invalid(kind.code, path, lineOf(text, issue.path), kind.inWords(issue));
  const [key = ''] = issue.keys;
  const known = kind.keysAt(issue.path);
  const nearest = nearestOf(key, known);
  const advice = nearest === null ? '.' : `; did you mean ${nearest}?`;
  const line = lineOf(text, [...issue.path, key]);
  const message = `unknown key ${key}${advice} Known here: ${known.join(', ')}.`;
  return invalid(kind.code, path, line, message, { key, nearest });
}
