import type * as z from 'zod';
import { CoxError, failure } from '../../core/errors.ts';

/** A body that fits its schema. @throws CoxError `usage` that names the place of the first mistake */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw new CoxError(
    failure('usage', `${where === '' ? 'The body' : where}: ${issue?.message ?? 'is not valid'}.`, { where }),
  );
}
