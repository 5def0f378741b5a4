import * as z from 'zod';
import { configFile } from './config.ts';
import type { ConfigSchemaView } from './config-view.ts';
import { policyFile } from './policy-file.ts';
import { viewSchemas } from './views-schema.ts';

/**
 * The JSON Schema (draft 2020-12) of everything that programs read from us and people write for us: each shape of
 * `--json`, `config.toml` and the policy file.
 */
export function publishedSchemas(): ConfigSchemaView {
  const views = Object.entries(viewSchemas).map(([name, schema]) => [name, z.toJSONSchema(schema)]);
  // As they are written, before defaults and changes of form.
  const files = Object.entries({ 'config.toml': configFile, 'policy.toml': policyFile }).map(
    ([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' })],
  );
  return { schemaVersion: 1, schemas: Object.fromEntries([...views, ...files]) };
}
