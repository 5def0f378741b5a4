export { builtinScenarios } from './builtin.ts';
export { codexHomeConfig, type LabConfigOptions } from './config.ts';
export { readScenarioFile, type ScenarioFile } from './file.ts';
export { type Lab, type LabOptions, startLab } from './lab.ts';
export { type AnsweredWith, type LabRequest, type RequestState, requestStates } from './record.ts';
export {
  defineScenario,
  type Params,
  type Scenario,
  ScenarioError,
  type ScenarioSource,
} from './scenario.ts';
export type { Call, Escalation, PlayedStep, Question, Step, StepType } from './step.ts';
export { stepTypes } from './step.ts';
