import * as z from 'zod';
import { APPROVALS, SANDBOXES } from '../core/session/session.ts';

/** The body of `POST /v1/sessions`. Paths are absolute; the caller has resolved them. */
export const runBody = z.strictObject({
  prompt: z.string().min(1),
  cwd: z.string().startsWith('/'),
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'a name has 1 to 64 letters, digits, dots, dashes or underscores')
    .nullable(),
  labels: z.record(z.string(), z.string()),
  model: z.string().nullable(),
  sandbox: z.enum(SANDBOXES),
  approval: z.enum(APPROVALS),
  policy: z.strictObject({ path: z.string(), text: z.string() }).nullable(),
  codex: z.string().nullable(),
  codexHome: z.string().nullable(),
  /** The caller's whole environment: cut down to the allow-list before anything is kept. */
  environment: z.record(z.string(), z.string()),
  /** Variables set by `--env`. */
  extra: z.record(z.string(), z.string()),
  overrides: z.array(z.string()),
});
export type RunBody = z.infer<typeof runBody>;

/** The body of `POST /v1/requests/:target/answer`. */
export const answerBody = z.strictObject({
  answer: z.discriminatedUnion('type', [
    /** `option` counts from 1, as the inbox shows it. */
    z.strictObject({ type: z.literal('option'), option: z.int().min(1) }),
    z.strictObject({ type: z.literal('approve'), scope: z.enum(['once', 'session', 'prefix']) }),
    z.strictObject({ type: z.literal('deny'), message: z.string().nullable() }),
    z.strictObject({ type: z.literal('text'), text: z.string().min(1) }),
  ]),
});
export type AnswerBody = z.infer<typeof answerBody>;

/** The body of `POST /v1/sessions/:target/end`. */
export const endBody = z.strictObject({
  mode: z.enum(['stop', 'kill']),
  graceMs: z.int().min(0).max(600_000),
});
export type EndBody = z.infer<typeof endBody>;
