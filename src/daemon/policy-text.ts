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
    const known = issue.path[0] === 'rule' ? POLICY_KEYS.rule : POLICY_KEYS.top;
    const nearest = closest(key, known);
    // A word that shares less than half its letters with the nearest key is not a misspelling of it.
    const near = distance(key, nearest) <= Math.max(2, Math.floor(key.length / 2));
    const advice = near ? `; did you mean ${nearest}?` : '';
    const line = lineOf(text, [...issue.path, key]);
    return invalid(path, line, `unknown key ${key}${advice} Known here: ${known.join(', ')}.`, {
      key,
      nearest: near ? nearest : null,
    });
  }
  const where = issue.path.map(String).join('.');
  return invalid(path, lineOf(text, issue.path), `${where === '' ? '' : `${where}: `}${issue.message}`);
}

/** The line, counted from 1, where a path of keys stands; the nearest table header where it is not found. */
function lineOf(text: string, path: readonly PropertyKey[]): number {
  const lines = text.split('\n');
  const [table, index, key] =
    path[0] === 'rule' ? ['[[rule]]', Number(path[1] ?? 0), path[2]] : [null, 0, path[0]];
  let seen = -1;
  let header = 1;
  for (const [number, raw] of lines.entries()) {
    const line = raw.trim();
    const isHeader = line.startsWith('[');
    if (table !== null && line.replaceAll(/\s+/g, '').startsWith(table)) seen += 1;
    const inside = table === null ? true : seen === index;
    if (inside && isHeader && table !== null && header === 1) header = number + 1;
    if (!inside || key === undefined) continue;
    const name = /^\[*\s*"?([\w-]+)"?\s*(?:[=.\]])/.exec(line)?.[1];
    if (name === String(key) && (table === null || !isHeader)) return number + 1;
  }
  return header;
}

function invalid(
  path: string,
  line: number,
  message: string,
  details: Record<string, unknown> = {},
): CoxError {
  return new CoxError(failure('policy-invalid', `${path}:${line}: ${message}`, { path, line, ...details }));
}
