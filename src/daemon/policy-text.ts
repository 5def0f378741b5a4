import type * as z from 'zod';
import type { Policy } from '../core/policy/policy.ts';
import { POLICY_KEYS, policyFile, toPolicy } from '../protocol/policy-file.ts';
import { checkToml, type TomlKind } from '../protocol/toml-text.ts';

/**
 * The policy of a TOML text. Nothing is ignored: what is not known is refused by line.
 *
 * @throws CoxError `policy-invalid` with the line and, for an unknown key, the nearest known one.
 */
export function readPolicy(path: string, text: string): Policy {
  return toPolicy(checkToml(path, text, KIND));
}

const KIND: TomlKind<typeof policyFile> = {
  code: 'policy-invalid',
  schema: policyFile,
  keysAt: (table) => (table[0] === 'rule' ? POLICY_KEYS.rule : POLICY_KEYS.top),
  inWords,
};

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
