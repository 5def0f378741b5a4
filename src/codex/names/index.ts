export { namesOf } from './table.ts';
export {
  askSpelling,
  codeModeSpelling,
  type EscalationSpelling,
  escalationSpellings,
  type PatchForm,
  patchTool,
  type ShellSpelling,
  type ShellTool,
  shellSpellings,
  shellTools,
} from './tools.ts';
