import * as z from 'zod';

const CHECK_STATUSES = ['ok', 'warn', 'fail'] as const;

/** What `cox doctor --json` prints; `ok` where no check failed. What could not be checked is a `warn` that says why. */
export const doctorView = z.strictObject({
  schemaVersion: z.literal(1),
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(CHECK_STATUSES),
      summary: z.string(),
      /** What to do about it; null where there is nothing to do. */
      remedy: z.string().nullable(),
    }),
  ),
});
export type DoctorView = z.infer<typeof doctorView>;
