export { type NamesRow, namesOf, namesTable } from './table.ts';
export {
  type AskSpelling,
  askSpelling,
  type CodeModeSpelling,
  codeModeSpelling,
  type EscalationSpelling,
  escalationSpellings,
  type PatchForm,
  patchForms,
  patchTool,
  type ShellSpelling,
  type ShellTool,
  shellSpellings,
  shellTools,
} from './tools.ts';
