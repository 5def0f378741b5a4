import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { type Scenario, ScenarioError } from './scenario.ts';
import { stepSchema } from './step-schema.ts';

/** A scenario file: `{"default": NAME, "scenarios": {NAME: {"steps": […]}}}`. */
export interface ScenarioFile {
  readonly scenarios: readonly Scenario[];
  /** The scenario of prompts without a mark; null when the file names none. */
  readonly defaultScenario: string | null;
}

const fileSchema = z.strictObject({
  default: z.exactOptional(z.string()),
  scenarios: z.record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name is made of letters, digits, ".", "_", "-"'),
    z.strictObject({ steps: z.array(stepSchema).min(1) }),
  ),
});

/**
 * Reads and checks a scenario file. Throws {@link ScenarioError}: one line per mistake, with the path inside
 * of the file, what is wrong, and what is allowed.
 */
export async function readScenarioFile(path: string): Promise<ScenarioFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ScenarioError(
      `${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return parseScenarioFile(text, path);
}

/** The same for a text; `path` is only for messages. */
export function parseScenarioFile(text: string, path: string): ScenarioFile {
  const parsed = fileSchema.safeParse(jsonIn(text, path));
  if (!parsed.success) {
    throw new ScenarioError(
      parsed.error.issues
        .flatMap((issue) => linesOf(issue, []))
        .map((line) => `${path}: ${line}`)
        .join('\n'),
    );
  }
  const scenarios = Object.entries(parsed.data.scenarios).map(([name, { steps }]) => ({ name, steps }));
  const wanted = parsed.data.default;
  return { scenarios, defaultScenario: wanted ?? null };
}

function jsonIn(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ScenarioError(`${path}: is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function linesOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): string[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => linesOf(inner, path));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch with the fewest mistakes is the one that was meant.
    const [nearest] = issue.errors.toSorted((a, b) => a.length - b.length);
    return (nearest ?? []).flatMap((inner) => linesOf(inner, path));
  }
  return [`${pathText(path)}: ${issue.message}`];
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the whole file';
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
