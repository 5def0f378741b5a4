import { type Answer, type Ask, answerFits, type Request } from '../session/request.ts';
import type { SessionSpec } from '../session/session.ts';
import type { Policy, Rule, WordPattern } from './policy.ts';

/** What the policy says of one request: an answer by a named rule, or that a person is asked, and why. */
export type Ruling =
  | { type: 'answer'; answer: Answer; rule: string; why: string }
  | { type: 'ask'; why: string };

/**
 * The ruling of a policy on a request: first rule that matches wins, no match asks.
 * An approval is never given where the command line could not be parsed into plain words, nor where it names
 * or runs files that the session can write unless the rule says so (security: S8).
 */
export function ruleOn(
  policy: Policy,
  spec: Pick<SessionSpec, 'cwd'>,
  request: Pick<Request, 'ask'>,
): Ruling {
  const reasons: string[] = [];
  for (const rule of policy.rules) {
    const mismatch = mismatchOf(rule, spec, request.ask);
    if (mismatch === null) return apply(rule, request.ask);
    if (mismatch.near) reasons.push(`${rule.name}: ${mismatch.why}`);
  }
  return { type: 'ask', why: reasons.length > 0 ? reasons.join('; ') : 'no rule matches' };
}

/** What one rule of a policy makes of a request. */
export type Reading = { rule: string; do: Rule['do']; matches: boolean; why: string };

/** What every rule makes of a request, in order; the first that matches decides. */
export function readingsOf(policy: Policy, spec: Pick<SessionSpec, 'cwd'>, ask: Ask): Reading[] {
  return policy.rules.map((rule) => {
    const mismatch = mismatchOf(rule, spec, ask);
    return {
      rule: rule.name,
      do: rule.do,
      matches: mismatch === null,
      why: mismatch?.why ?? 'all its conditions hold',
    };
  });
}

/** Why a rule does not match; `near` where it would have but for one guard, which people want to know. */
type Mismatch = { why: string; near: boolean };

function mismatchOf(rule: Rule, spec: Pick<SessionSpec, 'cwd'>, ask: Ask): Mismatch | null {
  if (rule.need !== ask.need) return { why: 'another need', near: false };
  if (rule.pattern !== null && !(ask.need === 'question' && matchesText(rule.pattern, ask.questions))) {
    return { why: 'the text does not match', near: false };
  }
  if (ask.need === 'patch' && ask.grantRoot !== null && isApproving(rule)) {
    return { why: `it asks for write access to ${ask.grantRoot}`, near: true };
  }
  if (ask.need !== 'approval') return null;
  if (rule.command !== null) {
    if (ask.commands === null) return { why: 'the command line is more than plain words', near: false };
    const pattern = rule.command;
    if (ask.commands.length === 0) return { why: 'there is no command to match', near: false };
    const matches = (words: string[]): boolean => matchesWords(pattern, words, rule.match);
    // One command that is to be refused or asked about decides for the line; approving needs every one.
    const holds = isApproving(rule) ? ask.commands.every(matches) : ask.commands.some(matches);
    if (!holds) {
      return { why: 'the command does not match', near: false };
    }
  }
  if (rule.cwd === 'inside' && !isInside(ask.cwd, spec.cwd)) {
    return { why: `it runs outside the session's folder, in ${ask.cwd}`, near: true };
  }
  if (isApproving(rule) && ask.commands === null)
    return { why: 'the command line is more than plain words', near: true };
  if (isApproving(rule) && ask.writable.length > 0 && rule.writable !== 'allow') {
    return {
      why: `the session can write ${ask.writable.join(', ')} (writable = "allow" permits it)`,
      near: true,
    };
  }
  return null;
}

function isApproving(rule: Rule): boolean {
  return rule.do === 'approve' || rule.do === 'approve-for-session';
}

function apply(rule: Rule, ask: Ask): Ruling {
  const answer = answerOf(rule);
  if (answer === null) return { type: 'ask', why: `${rule.name} asks` };
  if (!answerFits(ask, answer))
    return { type: 'ask', why: `${rule.name}: Codex does not offer that answer here` };
  return { type: 'answer', answer, rule: rule.name, why: `rule "${rule.name}" is the first that matches` };
}

function answerOf(rule: Rule): Answer | null {
  switch (rule.do) {
    case 'approve':
      return { type: 'choice', id: 'accept', message: null };
    case 'approve-for-session':
      return { type: 'choice', id: 'session', message: null };
    case 'deny':
      return { type: 'choice', id: 'decline', message: rule.message };
    case 'answer':
      if (rule.option !== null) return { type: 'choice', id: `option-${rule.option}`, message: null };
      return rule.text === null ? null : { type: 'text', text: rule.text };
    case 'ask':
      return null;
    default:
      return rule.do satisfies never;
  }
}

function matchesWords(pattern: WordPattern[], words: string[], match: 'exact' | 'prefix'): boolean {
  if (match === 'exact' && words.length !== pattern.length) return false;
  if (words.length < pattern.length) return false;
  return pattern.every((wanted, index) => {
    const word = words[index];
    if (word === undefined) return false;
    return typeof wanted === 'string' ? wanted === word : wanted.includes(word);
  });
}

function matchesText(pattern: string, questions: { header: string; text: string }[]): boolean {
  // Rust and Python write the flag inline; JavaScript wants it outside.
  const inline = /^\(\?i\)/.test(pattern);
  const expression = new RegExp(inline ? pattern.slice(4) : pattern, inline ? 'iu' : 'u');
  return questions.some((question) => expression.test(question.text) || expression.test(question.header));
}

/** Both are real absolute paths without `.` or `..`; the edge resolves them. */
function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
