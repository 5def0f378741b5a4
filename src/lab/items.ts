import { askSpelling, codeModeSpelling, patchTool } from '../codex/names/index.ts';
import type { Offer } from './offer.ts';
import { ScenarioError } from './scenario.ts';
import type { AskCall, Call, CodeCall, McpCall, PatchCall, PollStep, ToolCall } from './step.ts';

/** One output item of a response, as the Responses API spells it. */
export type OutputItem = { readonly type: string; readonly [key: string]: unknown };

/** A tool call before it is spelled as an item: a function with arguments, or a freeform input. */
type Spelled =
  | {
      readonly form: 'function';
      readonly tool: string;
      readonly namespace?: string;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | { readonly form: 'custom'; readonly tool: string; readonly input: string };

/** Spells a call for the tools on offer. Throws {@link ScenarioError} when the needed tool is not offered. */
export function itemOfCall(call: Call, callId: string, offer: Offer): OutputItem {
  switch (call.type) {
    case 'message':
      return messageItem(call.text, callId);
    case 'tool':
      return itemOf(shellCall(call, offer), callId, offer);
    case 'patch':
      return itemOf(patchCall(call, offer), callId, offer);
    case 'ask':
      return itemOf(askCall(call, offer), callId, offer);
    case 'mcp':
      return itemOf(mcpCall(call), callId, offer);
    case 'call':
      return itemOf({ form: 'function', tool: call.tool, args: call.arguments ?? {} }, callId, offer);
    case 'code':
      return codeItem(call, callId, offer);
    default:
      return call satisfies never;
  }
}

/** Asks for more output of a running command. Throws {@link ScenarioError} where no tool can. */
export function pollItem(step: PollStep, session: number, callId: string, offer: Offer): OutputItem {
  const poll = offer.shell.spelling.poll;
  if (poll === null) throw new ScenarioError(`the tool ${offer.shell.tool} cannot be polled`);
  const args = { [poll.session]: session, [poll.chars]: '', [poll.yield]: step.timeoutMs ?? 30_000 };
  return itemOf({ form: 'function', tool: poll.tool, args }, callId, offer);
}

export function messageItem(text: string, id: string): OutputItem {
  return {
    type: 'message',
    id: `msg_${id}`,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
}

export function reasoningItem(text: string, id: string): OutputItem {
  return {
    type: 'reasoning',
    id: `rs_${id}`,
    summary: [{ type: 'summary_text', text }],
    encrypted_content: null,
  };
}

/** The patch text of a patch step. */
function patchText(call: PatchCall): string {
  if ('patch' in call) return call.patch;
  const lines = call.content.replace(/\n$/, '').split('\n');
  const added = lines.map((line) => `+${line}`).join('\n');
  return `*** Begin Patch\n*** Add File: ${call.path}\n${added}\n*** End Patch\n`;
}

function itemOf(spelled: Spelled, callId: string, offer: Offer): OutputItem {
  if (offer.codeMode && spelled.tool !== offer.ask) {
    return customItem(codeModeSpelling.tool, codeOf(spelled), callId);
  }
  if (spelled.form === 'custom') return customItem(spelled.tool, spelled.input, callId);
  return {
    type: 'function_call',
    id: `fc_${callId}`,
    call_id: callId,
    name: spelled.tool,
    ...(spelled.namespace === undefined ? {} : { namespace: spelled.namespace }),
    arguments: JSON.stringify(spelled.args),
  };
}

function customItem(name: string, input: string, callId: string): OutputItem {
  return { type: 'custom_tool_call', id: `ctc_${callId}`, call_id: callId, name, input };
}

function codeOf(spelled: Spelled): string {
  const argument = JSON.stringify(spelled.form === 'custom' ? spelled.input : spelled.args);
  const name = 'namespace' in spelled ? `${spelled.namespace}__${spelled.tool}` : spelled.tool;
  return `text(await ${codeModeSpelling.scope}.${name}(${argument}));\n`;
}

function codeItem(call: CodeCall, callId: string, offer: Offer): OutputItem {
  if (offer.codeMode) return customItem(codeModeSpelling.tool, call.source, callId);
  throw new ScenarioError(`this request offers no code mode: use a model that has it, such as gpt-6-sol`);
}

function shellCall(call: ToolCall, offer: Offer): Spelled {
  const { tool, spelling } = offer.shell;
  const line = call.command.replaceAll('$LAB_URL', offer.lab);
  const command = spelling.commandForm === 'argv' ? ['bash', '-lc', line] : line;
  const args: Record<string, unknown> = { [spelling.command]: command };
  if (call.workdir !== undefined) args[spelling.workdir] = call.workdir;
  if (call.timeoutMs !== undefined) args[spelling.timeout] = call.timeoutMs;
  if (call.tty !== undefined && spelling.tty !== null) args[spelling.tty] = call.tty;
  if (call.escalated !== undefined) {
    const { field, value, justification, prefixRule } = offer.escalation;
    args[field] = value;
    args[justification] = call.escalated.justification;
    if (prefixRule !== null && call.escalated.prefix_rule !== undefined) {
      args[prefixRule] = call.escalated.prefix_rule;
    }
  }
  return { form: 'function', tool, args };
}

function patchCall(call: PatchCall, offer: Offer): Spelled {
  const text = patchText(call);
  if (offer.codeMode) return { form: 'custom', tool: patchTool, input: text };
  switch (offer.patch) {
    case 'custom':
      return { form: 'custom', tool: patchTool, input: text };
    case 'function':
      return { form: 'function', tool: patchTool, args: { input: text } };
    case 'shell': {
      const body = text.endsWith('\n') ? text : `${text}\n`;
      return shellCall({ type: 'tool', command: `${patchTool} <<'COX_EOF'\n${body}COX_EOF` }, offer);
    }
    default:
      return offer.patch satisfies never;
  }
}

function askCall(call: AskCall, offer: Offer): Spelled {
  const tool = offer.ask;
  if (tool === null) {
    throw new ScenarioError(
      `this request offers no ${askSpelling.tool}: use a Codex and a model that have it (0.98 and later)`,
    );
  }
  return { form: 'function', tool, args: { [askSpelling.questions]: call.questions } };
}

/**
 * Codex 0.169.0 takes a call by namespace and name, whether it lists the tool or leaves it to its tool search;
 * in code mode the two are one name (measured).
 */
function mcpCall(call: McpCall): Spelled {
  return {
    form: 'function',
    tool: call.tool,
    namespace: `mcp__${call.server}`,
    args: call.arguments ?? {},
  };
}
