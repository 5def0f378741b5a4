import * as z from 'zod';

/** What `cox config path --json` prints: where everything of this Coxswain is. */
export const configPathView = z.strictObject({
  schemaVersion: z.literal(1),
  config: z.string(),
  /** Whether the file is there; without it, every setting has its default. */
  exists: z.boolean(),
  stateDirectory: z.string(),
  runtimeDirectory: z.string(),
  database: z.string(),
  log: z.string(),
  socket: z.string(),
});
export type ConfigPathView = z.infer<typeof configPathView>;

const value = z.union([z.string(), z.array(z.string())]);

/** What `cox config explain --json` prints. `line` is where the file says it; null for what it does not say. */
export const configExplainView = z.strictObject({
  schemaVersion: z.literal(1),
  config: z.string(),
  exists: z.boolean(),
  settings: z.array(
    z.strictObject({
      key: z.string(),
      value,
      from: z.enum(['default', 'file', 'environment']),
      line: z.int().nullable(),
      byDefault: value,
      meaning: z.string(),
      reason: z.string(),
    }),
  ),
});
export type ConfigExplainView = z.infer<typeof configExplainView>;

/** What `cox config schema` prints: JSON Schemas by name. */
export const configSchemaView = z.strictObject({
  schemaVersion: z.literal(1),
  schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
});
export type ConfigSchemaView = z.infer<typeof configSchemaView>;
