import { expect } from 'vitest';
import type * as z from 'zod';
import type { EventView } from '../../src/client/index.ts';
import { ERROR_CATALOGUE, type ErrorCode } from '../../src/core/errors.ts';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import type { CommandOptions } from './command.ts';
import type { World } from './world.ts';

type Shapes = typeof viewSchemas;

/** What `cox … --json` printed when it ended with 0: nothing but one document of the named published shape. */
export async function told<Name extends keyof Shapes>(
  world: World,
  name: Name,
  args: readonly string[],
  options: Partial<CommandOptions> = {},
): Promise<z.infer<Shapes[Name]>> {
  const ran = await world.cox([...args, '--json'], options);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  return viewSchemas[name].parse(ran.json()) as z.infer<Shapes[Name]>;
}

/** `cox … --json` was refused as the catalogue says; the error of its document. */
export async function refused(
  world: World,
  code: ErrorCode,
  args: readonly string[],
  options: Partial<CommandOptions> = {},
): Promise<z.infer<Shapes['error']>['error']> {
  const ran = await world.cox([...args, '--json'], options);
  const { error } = viewSchemas.error.parse(ran.json());
  expect([error.code, ran.code, ran.stderr]).toEqual([code, ERROR_CATALOGUE[code].exit, '']);
  return error;
}

/** The folder was measured after the end of a run: what was changed is known, and nothing is under way any more. */
export function isMeasured(facts: readonly EventView[], run = 1): boolean {
  return facts.some(({ type, fact }) => type === 'work-returned' && fact.key === `measure.${run}`);
}

/** It was shown after its end, too: nothing more becomes known. */
export function isSettled(facts: readonly EventView[]): boolean {
  return facts.some(({ type }) => type === 'seen') && isMeasured(facts);
}
