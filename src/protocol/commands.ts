import * as z from 'zod';
import { SEND_MODES } from '../core/policy/input.ts';
import { APPROVALS, END_MODES, SANDBOXES } from '../core/session/session.ts';

/** What Codex 0.169 takes in one turn, characters: `turn/start` refuses more. */
const MOST_CHARACTERS = 1_048_576;

const instruction = z
  .string()
  .min(1)
  .max(
    MOST_CHARACTERS,
    `Codex takes at most ${MOST_CHARACTERS} characters at once: put the rest into a file`,
  );

/** The body of `POST /v1/sessions`. Paths are absolute; the caller has resolved them. */
export const runBody = z.strictObject({
  prompt: instruction,
  cwd: z.string().startsWith('/'),
  name: z
    .string()
    .regex(
      /^\w[\w.-]{0,63}$/,
      'a name has 1 to 64 letters, digits, dots, dashes or underscores, and begins with none of . and -',
    )
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
  /** The caller's file mode creation mask; 022 where it is not said. */
  umask: z.exactOptional(z.int().min(0).max(0o777)),
  /** Absolute paths of images that go with the prompt. */
  /** Sessions that must have ended well before this one begins; any target. */
  after: z.exactOptional(z.array(z.string().min(1)).min(1)),
  budget: z.exactOptional(
    z.strictObject({ tokens: z.int().min(1).nullable(), timeMs: z.int().min(1).nullable() }),
  ),
  images: z.exactOptional(z.array(z.string().startsWith('/'))),
  /** A git worktree of its own: on this branch, else a new one; a new branch begins at `base`, else at HEAD. */
  worktree: z.exactOptional(
    z.strictObject({ branch: z.string().min(1).nullable(), base: z.string().min(1).nullable() }),
  ),
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
  mode: z.enum(END_MODES),
  graceMs: z.int().min(0).max(600_000),
});
export type EndBody = z.infer<typeof endBody>;

/** The body of `POST /v1/sessions/:target/send`. `how` only matters while a turn runs. */
export const sendBody = z.strictObject({ text: instruction, how: z.enum(SEND_MODES) });
export type SendBody = z.infer<typeof sendBody>;

/** The body of `POST /v1/sessions/:target/resume`. */
export const resumeBody = z.strictObject({ text: instruction, verify: z.boolean() });
export type ResumeBody = z.infer<typeof resumeBody>;

/** The body of `POST /v1/policy/test`: a policy, and a command line that Codex might ask to run. */
export const policyTestBody = z.strictObject({
  path: z.string(),
  text: z.string(),
  command: z.string().min(1).nullable(),
  cwd: z.string().startsWith('/'),
  searchPath: z.string(),
});
export type PolicyTestBody = z.infer<typeof policyTestBody>;
