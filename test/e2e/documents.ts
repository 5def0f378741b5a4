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

/** True where a session has ended, its folder was measured and it was shown: nothing more becomes known of it. */
export function isSettled(facts: readonly EventView[]): boolean {
  const isMeasured = ({ type, fact }: EventView): boolean =>
    type === 'work-returned' && String(fact.key).startsWith('measure.');
  return facts.some(({ type }) => type === 'seen') && facts.some(isMeasured);
}
