import {
  askSpelling,
  codeModeSpelling,
  type EscalationSpelling,
  escalationSpellings,
  namesOf,
  type PatchForm,
  patchTool,
  type ShellSpelling,
  type ShellTool,
  shellSpellings,
  shellTools,
} from '../codex/names/index.ts';

/** The tools that one request can be answered with. */
export interface Offer {
  readonly shell: { readonly tool: ShellTool; readonly spelling: ShellSpelling };
  readonly escalation: EscalationSpelling;
  readonly patch: PatchForm;
  /** Name of the question tool, or null when it is not offered. */
  readonly ask: string | null;
  /** Only the code-mode tool is offered: calls have to be wrapped into its JavaScript. */
  readonly codeMode: boolean;
  /** The lab's own address as the caller names it, without a path. */
  readonly lab: string;
}

interface OfferedTool {
  readonly type: string;
  readonly name: string;
  readonly fields: readonly string[];
}

/**
 * What the request offers; where it offers nothing, what the version is known to offer. The request is the
 * truth: the same version offers different tools to different models. Measured on Codex 0.169.0: gpt-5.5 gets
 * them in `tools`; gpt-6 models in an input item `additional_tools`, inside of namespaces.
 */
export function offerOf(body: Readonly<Record<string, unknown>>, version: string | null, lab: string): Offer {
  const offered = [body.tools, ...additionalTools(body.input)].flatMap(toolsIn);
  const row = namesOf(version);
  const named = (name: string) => offered.find((tool) => tool.name === name);
  const shell = shellTools.find((tool) => named(tool) !== undefined) ?? row.shell;
  const fields = named(shell)?.fields ?? [row.escalation];
  const patch = named(patchTool);
  return {
    shell: { tool: shell, spelling: shellSpellings[shell] },
    escalation: escalationOf(fields, row.escalation),
    patch: patch === undefined ? (offered.length === 0 ? row.patch : 'shell') : patchFormOf(patch),
    ask: named(askSpelling.tool) === undefined ? null : askSpelling.tool,
    codeMode: named(shell) === undefined && named(codeModeSpelling.tool)?.type === 'custom',
    lab,
  };
}

function patchFormOf(tool: OfferedTool): PatchForm {
  return tool.type === 'custom' ? 'custom' : 'function';
}

function escalationOf(
  fields: readonly string[],
  known: keyof typeof escalationSpellings,
): EscalationSpelling {
  const declared = Object.values(escalationSpellings).find((spelling) => fields.includes(spelling.field));
  return declared ?? escalationSpellings[known];
}

function additionalTools(input: unknown): readonly unknown[] {
  if (!Array.isArray(input)) return [];
  return input.flatMap((item: unknown) =>
    isObject(item) && item.type === 'additional_tools' ? [item.tools] : [],
  );
}

function toolsIn(tools: unknown): OfferedTool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: unknown) =>
    isObject(tool) && tool.type === 'namespace' ? toolsIn(tool.tools) : toolOf(tool),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function toolOf(tool: unknown): OfferedTool[] {
  if (typeof tool !== 'object' || tool === null || !('type' in tool) || !('name' in tool)) return [];
  const { type, name } = tool;
  if (typeof type !== 'string' || typeof name !== 'string') return [];
  return [{ type, name, fields: fieldsOf('parameters' in tool ? tool.parameters : null) }];
}

function fieldsOf(parameters: unknown): readonly string[] {
  if (typeof parameters !== 'object' || parameters === null || !('properties' in parameters)) return [];
  return Object.keys(parameters.properties ?? {});
}
