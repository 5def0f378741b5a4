import { closest, distance } from 'fastest-levenshtein';
import { parse, TomlError } from 'smol-toml';
import type * as z from 'zod';
import { CoxError, failure } from '../core/errors.ts';
import type { Policy } from '../core/policy/policy.ts';
import { POLICY_KEYS, policyFile, toPolicy } from '../protocol/policy-file.ts';

/**
 * The policy of a TOML text. Nothing is ignored: what is not known is refused by line.
 *
 * @throws CoxError `policy-invalid` with the line and, for an unknown key, the nearest known one.
 */
export function readPolicy(path: string, text: string): Policy {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = 'this is not TOML'] = error.message.split('\n');
    throw invalid(path, error.line, message);
  }
  const result = policyFile.safeParse(value);
  if (result.success) return toPolicy(result.data);
  const { issues } = result.error;
  // A key that is missing is most often one that is misspelt, and the misspelling says more.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) throw invalid(path, 1, 'this is not a policy');
  throw explain(path, text, issue);
}

function explain(path: string, text: string, issue: z.core.$ZodIssue): CoxError {
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = issue.path[0] === 'rule' && path.length > 1 ? POLICY_KEYS.rule : POLICY_KEYS.top;
    const nearest = closest(key, known);
    // A word that shares less than half its letters with the nearest key is not a misspelling of it.
    const near = distance(key, nearest) <= Math.max(1, Math.floor(key.length / 2));
    const advice = near ? `; did you mean ${nearest}?` : '.';
    const line = lineOf(text, [...issue.path, key]);
    return invalid(path, line, `unknown key ${key}${advice} Known here: ${known.join(', ')}.`, {
      key,
      nearest: near ? nearest : null,
    });
  }
  return invalid(path, lineOf(text, issue.path), inWords(issue));
}

/** What is wrong, with rules counted from 1 as everywhere else. */
function inWords(issue: z.core.$ZodIssue): string {
  const [table, index, ...keys] = issue.path;
  if (table === 'version') return 'a policy begins with version = 1';
  if (table === 'rule' && index === undefined) return 'a rule begins with [[rule]], in double brackets';
  const where =
    table === 'rule'
      ? [
          `rule ${Number(index) + 1}`,
          ...keys.map((key) => (typeof key === 'number' ? `word ${key + 1}` : String(key))),
        ]
      : issue.path.map(String);
  const isList = issue.code === 'invalid_type' && issue.expected === 'array';
  return `${where.join(', ')}: ${isList ? 'this takes a list, such as ["git", "status"]' : issue.message}`;
}

/**
 * The line, counted from 1, where a path of keys stands: the key in its table; else the table's header; else, for
 * a table written on one line, the first line that has the key.
 */
function lineOf(text: string, path: readonly PropertyKey[]): number {
  const [table, index, key] =
    path[0] === 'rule' && path.length > 1 ? [true, Number(path[1] ?? 0), path[2]] : [false, 0, path[0]];
  let rule = -1;
  let header: number | null = null;
  for (const [number, line] of outsideStrings(text).entries()) {
    const opens = /^\s*\[/.test(line);
    if (/^\s*\[\[\s*rule\s*\]\]/.test(line)) rule += 1;
    if (table && rule !== index) continue;
    if (table && opens) header ??= number + 1;
    const name = /^\s*\[*\s*["']?([\w-]+)["']?\s*[=.\]]/.exec(line)?.[1];
    if (key !== undefined && name === String(key) && !(table && opens)) return number + 1;
  }
  if (header !== null) return header;
  const anywhere = outsideStrings(text).findIndex((line) => key !== undefined && mentions(line, String(key)));
  return anywhere === -1 ? 1 : anywhere + 1;
}

function mentions(line: string, key: string): boolean {
  return line.split(/[{,]/).some((part) => /^\s*["']?([\w-]+)["']?\s*=/.exec(part)?.[1] === key);
}

/** The lines of a TOML text; those inside a text of several lines are empty. */
function outsideStrings(text: string): string[] {
  let open: string | null = null;
  return text.split('\n').map((line) => {
    const inside = open !== null;
    for (const [mark] of line.matchAll(/"""|'''/g)) {
      if (open === null) open = mark;
      else if (open === mark) open = null;
    }
    return inside ? '' : line;
  });
}

function invalid(
  path: string,
  line: number,
  message: string,
  details: Record<string, unknown> = {},
): CoxError {
  return new CoxError(failure('policy-invalid', `${path}:${line}: ${message}`, { path, line, ...details }));
}
