import type { NeedKind } from '../session/request.ts';

export const RULE_NEEDS = ['approval', 'patch', 'question'] as const satisfies readonly NeedKind[];
export const RULE_DOES = ['approve', 'approve-for-session', 'deny', 'answer', 'ask'] as const;

/** One position of a command: a word, or a list of alternatives. */
export type WordPattern = string | string[];

/** One rule of a policy: all its conditions must hold; the first rule that holds decides. */
export type Rule = {
  /** For people; `rule-N` (counted from 1) where the file gives none. */
  name: string;
  need: (typeof RULE_NEEDS)[number];
  /** argv that every simple command of the line must match; null matches any request of the need. */
  command: WordPattern[] | null;
  match: 'exact' | 'prefix';
  /** `inside`: only where the command runs in the session's folder or below it. */
  cwd: 'inside' | null;
  /** `allow`: also where the command names or runs files that the session can write. */
  writable: 'allow' | null;
  /** Regular expression over the structured text of a question; null matches any. */
  pattern: string | null;
  do: (typeof RULE_DOES)[number];
  message: string | null;
  /** For `answer`: the option, counted from 1, or a text. */
  option: number | null;
  text: string | null;
};

export type Policy = { rules: Rule[] };

/** The default policy approves nothing: every request waits for a person. */
export const DEFAULT_POLICY: Policy = { rules: [] };
