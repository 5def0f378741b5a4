import type { Reading, Ruling } from '../core/policy/rules.ts';

/** What a policy makes of one request, and why. */
export type RulingView = {
  /** Null for a request that was only thought of. */
  requestId: string | null;
  question: string;
  command: string | null;
  /** `answer` by the policy, or `ask` a person. */
  decision: 'answer' | 'ask';
  /** What would be answered; null where a person is asked. */
  answer: string | null;
  /** The rule that decides; null where none does. */
  rule: string | null;
  why: string;
  rules: Reading[];
};

/** `cox policy test` and `cox policy explain`. */
export type PolicyView = { schemaVersion: 1; session: string | null; rules: number; rulings: RulingView[] };

/** A ruling and its reasons, for people and programs. Pure. */
export function rulingView(
  asked: { requestId: string | null; question: string; command: string | null },
  ruling: Ruling,
  rules: Reading[],
): RulingView {
  const given = ruling.type === 'answer' ? ruling.answer : null;
  return {
    ...asked,
    decision: ruling.type,
    answer: given === null ? null : given.type === 'choice' ? given.id : given.text,
    rule: ruling.type === 'answer' ? ruling.rule : null,
    why: ruling.why,
    rules,
  };
}
