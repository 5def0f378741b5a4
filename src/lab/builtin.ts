import { faultScenarios } from './builtin-faults.ts';
import { workScenarios } from './builtin-work.ts';
import type { ScenarioSource } from './scenario.ts';

/** The scenarios that every lab knows, by the name in their mark. */
export const builtinScenarios: readonly ScenarioSource[] = [...workScenarios, ...faultScenarios];
