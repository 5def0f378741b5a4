import type { Step } from './step.ts';

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

export type Params = { readonly [key: string]: unknown };

/** Makes a scenario from the parameters of its mark. Throws {@link ScenarioError} for wrong parameters. */
export interface ScenarioSource {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  /** Parameters with their defaults; the type of the default is the type that is allowed. */
  readonly defaults: Params;
  readonly make: (params: Params) => Scenario;
}

/** A scenario that cannot be played as it was asked for. The message says what is allowed. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

/** A source whose parameters are checked against their defaults before `steps` sees them. */
export function defineScenario<D extends Params>(
  name: string,
  about: string,
  defaults: D,
  steps: (params: D) => readonly Step[],
): ScenarioSource {
  return {
    name,
    about,
    defaults,
    make: (params) => ({ name, steps: steps(mergeParams(name, defaults, params)) }),
  };
}

/** A scenario without parameters. */
export function fixedScenario(scenario: Scenario, about: string): ScenarioSource {
  return defineScenario(scenario.name, about, {}, () => scenario.steps);
}

function mergeParams<D extends Params>(name: string, defaults: D, given: Params): D {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, key)) {
      const allowed = Object.keys(defaults);
      const hint = allowed.length === 0 ? 'it takes none' : `it takes ${allowed.join(', ')}`;
      throw new ScenarioError(`scenario "${name}" has no parameter "${key}": ${hint}`);
    }
    const wanted = kindOf(defaults[key]);
    if (!fits(defaults[key], value)) {
      throw new ScenarioError(
        `parameter "${key}" of scenario "${name}" must be ${wanted}, not ${kindOf(value)}`,
      );
    }
    merged[key] = value;
  }
  // Every key of D is present (from the defaults), and each given value has the kind of its default.
  return merged as D;
}

function fits(wanted: unknown, value: unknown): boolean {
  if (wanted === 'always' || value === 'always') return value === 'always' || typeof value === 'number';
  if (Array.isArray(wanted))
    return Array.isArray(value) && value.every((item) => kindOf(item) === kindOf(wanted[0]));
  return kindOf(value) === kindOf(wanted);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${kindOf(value[0]).replace(/^an? /, '')}s`;
  if (value === null || typeof value === 'object') return value === null ? 'null' : 'an object';
  return `a ${typeof value}`;
}
