import * as z from 'zod';
import { type Call, callTypes, type Hold, type PatchCall, type Step, stepTypes } from './step.ts';

const text = z.string();
const milliseconds = z.number().min(0);
const interval = z.number().min(1);
const hold = { delayMs: z.exactOptional(milliseconds), gate: z.exactOptional(text.min(1)) };
const repeat = {
  times: z.exactOptional(
    z.custom<number | 'always'>(
      (value) => value === 'always' || (typeof value === 'number' && Number.isInteger(value) && value > 0),
      'must be a whole number from 1 on, or "always"',
    ),
  ),
};

const pace = { everyMs: z.exactOptional(milliseconds) };
const message = { type: z.literal('message'), text, ...pace };
const tool = {
  type: z.literal('tool'),
  command: text.min(1),
  escalated: z.exactOptional(
    z.strictObject({ justification: text, prefix_rule: z.exactOptional(z.array(text).min(1)) }),
  ),
  workdir: z.exactOptional(text),
  timeoutMs: z.exactOptional(milliseconds),
  tty: z.exactOptional(z.boolean()),
};
const patch = {
  type: z.literal('patch'),
  patch: z.exactOptional(text.startsWith('*** Begin Patch', 'must start with "*** Begin Patch"')),
  path: z.exactOptional(text.min(1)),
  content: z.exactOptional(text),
};
const option = z.strictObject({ label: text, description: text });
const ask = {
  type: z.literal('ask'),
  questions: z
    .array(z.strictObject({ id: text, header: text, question: text, options: z.array(option).min(1) }))
    .min(1),
};

const given = z.exactOptional(z.record(z.string(), z.unknown()));
const mcp = { type: z.literal('mcp'), server: text.min(1), tool: text.min(1), arguments: given };
const call = { type: z.literal('call'), tool: text.min(1), arguments: given };
const code = { type: z.literal('code'), source: text.min(1) };

const callSchema: z.ZodType<Call> = z.discriminatedUnion(
  'type',
  [
    z.strictObject(message),
    z.strictObject(tool),
    z.strictObject(patch).transform(onePatchForm),
    z.strictObject(ask),
    z.strictObject(mcp),
    z.strictObject(call),
    z.strictObject(code),
  ],
  { error: typeError(callTypes) },
);

/** A message would end the turn, and with it the repetition. */
const repeatedSchema = callSchema.refine((one) => one.type !== 'message', 'a message cannot be repeated');

/** Checks one step of a scenario file. */
export const stepSchema: z.ZodType<Step> = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ ...message, ...hold }),
    z.strictObject({ ...tool, ...hold }),
    z.strictObject({ ...patch, ...hold }).transform(onePatchForm),
    z.strictObject({ ...ask, ...hold }),
    z.strictObject({ ...mcp, ...hold }),
    z.strictObject({ ...call, ...hold }),
    z.strictObject({ ...code, ...hold }),
    z.strictObject({ type: z.literal('tools'), calls: z.array(callSchema).min(1), ...hold }),
    z.strictObject({ type: z.literal('repeat'), call: repeatedSchema, ...hold, ...repeat }),
    z.strictObject({ type: z.literal('poll'), timeoutMs: z.exactOptional(milliseconds), ...hold }),
    z.strictObject({ type: z.literal('reasoning'), text, ...pace }),
    z.strictObject({
      type: z.literal('usage'),
      input: z.int().min(0),
      output: z.int().min(0),
      cached: z.exactOptional(z.int().min(0)),
      reasoning: z.exactOptional(z.int().min(0)),
    }),
    z.strictObject({
      type: z.literal('raw'),
      events: z.array(z.looseObject({ type: text.min(1) })),
      ...hold,
      ...repeat,
    }),
    z.strictObject({
      type: z.literal('http'),
      status: z.int().min(200).max(599),
      body: z.exactOptional(z.unknown()),
      headers: z.exactOptional(z.record(z.string(), text)),
      ...hold,
      ...repeat,
    }),
    z.strictObject({
      type: z.literal('failed'),
      code: text.min(1),
      message: z.exactOptional(text),
      ...hold,
      ...repeat,
    }),
    z.strictObject({
      type: z.literal('incomplete'),
      reason: text.min(1),
      text: z.exactOptional(text),
      ...hold,
      ...repeat,
    }),
    z.strictObject({ type: z.literal('no-headers'), ...hold, ...repeat }),
    z.strictObject({
      type: z.literal('stall'),
      where: z.enum(['after-headers', 'mid-stream']),
      text: z.exactOptional(text),
      keepAliveMs: z.exactOptional(interval),
      ...hold,
      ...repeat,
    }),
    z.strictObject({ type: z.literal('cut'), text: z.exactOptional(text), ...hold, ...repeat }),
    z.strictObject({
      type: z.literal('reset'),
      where: z.enum(['before-headers', 'mid-stream']),
      text: z.exactOptional(text),
      ...hold,
      ...repeat,
    }),
    z.strictObject({ type: z.literal('empty'), ...hold, ...repeat }),
  ],
  { error: typeError(stepTypes) },
);

function typeError(allowed: readonly string[]): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => {
    const type: unknown =
      typeof input === 'object' && input !== null && 'type' in input ? input.type : undefined;
    return `unknown step type ${JSON.stringify(type) ?? 'nothing'}; allowed: ${allowed.join(', ')}`;
  };
}

interface LoosePatch extends Hold {
  readonly type: 'patch';
  readonly patch?: string;
  readonly path?: string;
  readonly content?: string;
}

/** Either the whole patch, or one file to add. */
function onePatchForm(
  { patch, path, content, ...rest }: LoosePatch,
  context: z.RefinementCtx,
): PatchCall & Hold {
  if (patch !== undefined && path === undefined && content === undefined) return { ...rest, patch };
  if (patch === undefined && path !== undefined && content !== undefined) return { ...rest, path, content };
  context.addIssue('a patch takes either "patch", or "path" and "content"');
  return z.NEVER;
}
