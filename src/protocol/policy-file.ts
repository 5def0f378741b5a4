import * as z from 'zod';
import { type Policy, RULE_DOES, RULE_NEEDS } from '../core/policy/policy.ts';

const words = z.array(z.union([z.string(), z.array(z.string()).min(1)])).min(1);

const rule = z
  .strictObject({
    name: z.string().min(1).optional(),
    need: z.enum(RULE_NEEDS),
    command: words.optional(),
    match: z.enum(['exact', 'prefix']).optional(),
    cwd: z.enum(['inside']).optional(),
    writable: z.enum(['allow']).optional(),
    pattern: z.string().optional(),
    do: z.enum(RULE_DOES),
    message: z.string().optional(),
    option: z.int().min(1).optional(),
    text: z.string().optional(),
  })
  .check((context) => {
    const { value } = context;
    const refuse = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', input: value, path: [path], message });
    };
    if (value.do === 'answer' && (value.option === undefined) === (value.text === undefined)) {
      refuse('do', 'do = "answer" takes exactly one of option and text');
    }
    if (value.do === 'answer' && value.need !== 'question')
      refuse('do', 'do = "answer" goes with need = "question"');
    if (value.do === 'deny' && value.need === 'question') {
      refuse(
        'do',
        'Codex takes no refusal of a question: answer it, or leave it to a person with do = "ask"',
      );
    }
    if (value.do.startsWith('approve') && value.need === 'question')
      refuse('do', 'a question is answered, not approved');
    if (value.do.startsWith('approve') && value.need === 'approval' && value.command === undefined) {
      refuse('do', 'approving needs a command to match: an approval of everything is not a rule');
    }
    if (value.command !== undefined && value.need !== 'approval')
      refuse('command', 'command goes with need = "approval"');
    for (const key of ['cwd', 'writable', 'match'] as const) {
      if (value[key] !== undefined && value.need !== 'approval') {
        refuse(key, `${key} goes with need = "approval"`);
      }
    }
    if (value.pattern !== undefined && value.need !== 'question')
      refuse('pattern', 'pattern goes with need = "question"');
    if (value.pattern !== undefined && !isPattern(value.pattern))
      refuse('pattern', 'this is not a regular expression');
  });

/** The policy file of this version: `version` and `[[rule]]` tables. Unknown keys are refused. */
export const policyFile = z.strictObject({ version: z.literal(1), rule: z.array(rule).optional() });
export type PolicyFile = z.infer<typeof policyFile>;

/** The keys of a policy file by place, for the nearest one to a key that is not known. */
export const POLICY_KEYS = {
  top: ['version', 'rule'],
  rule: ['name', 'need', 'command', 'match', 'cwd', 'writable', 'pattern', 'do', 'message', 'option', 'text'],
} as const;

/** A checked file as the policy that the core applies. */
export function toPolicy(file: PolicyFile): Policy {
  return {
    rules: (file.rule ?? []).map((given, index) => ({
      name: given.name ?? `rule-${index + 1}`,
      need: given.need,
      command: given.command ?? null,
      match: given.match ?? 'exact',
      cwd: given.cwd ?? null,
      writable: given.writable ?? null,
      pattern: given.pattern ?? null,
      do: given.do,
      message: given.message ?? null,
      option: given.option ?? null,
      text: given.text ?? null,
    })),
  };
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern.replace(/^\(\?i\)/, ''), 'u');
    return true;
  } catch {
    return false;
  }
}
