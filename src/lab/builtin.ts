import { commandScenarios } from './builtin-commands.ts';
import { loopScenarios } from './builtin-loops.ts';
import { providerScenarios } from './builtin-provider.ts';
import { streamScenarios } from './builtin-stream.ts';
import { toolScenarios } from './builtin-tools.ts';
import { workScenarios } from './builtin-work.ts';
import type { ScenarioSource } from './scenario.ts';

/** The scenarios that every lab knows, by the name in their mark. */
export const builtinScenarios: readonly ScenarioSource[] = [
  ...workScenarios,
  ...toolScenarios,
  ...commandScenarios,
  ...loopScenarios,
  ...providerScenarios,
  ...streamScenarios,
];
