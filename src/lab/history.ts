import { positionInSummary } from './compaction.ts';
import { hasMark } from './mark.ts';

/** How Codex asks for a summary; 0.169.0 also says `request_kind` `compaction`. */
const COMPACTION_PROMPT = 'You are performing a CONTEXT CHECKPOINT COMPACTION';

/** The parts of a request's `input` that a play depends on. */
export type HistoryItem =
  | { readonly kind: 'prompt'; readonly text: string }
  | { readonly kind: 'context' }
  /** What a compaction left of the play: its position then. */
  | { readonly kind: 'summary'; readonly position: number }
  /** The request to make such a summary: as a text, or (`remote`) as an item that only the provider reads. */
  | { readonly kind: 'compaction'; readonly remote: boolean }
  | { readonly kind: 'message' }
  | { readonly kind: 'call'; readonly callId: string }
  | { readonly kind: 'output'; readonly callId: string; readonly text: string };

/** Where the current play starts, and what happened since. */
export interface Play {
  /** The prompt that chose the scenario: the last one with a mark, else the last one; null if there is none. */
  readonly prompt: string | null;
  /** How many prompts the thread held when that one came, itself included. */
  readonly ordinal: number;
  readonly since: readonly HistoryItem[];
}

/**
 * Reads `input` of a Responses request. Unknown items are left out.
 * Codex 0.169.0, 0.98.0 and 0.47.0 put context into messages of the user's role too; those are told from
 * prompts by how they start (`<environment_context>`, `<turn_aborted>`, `# AGENTS.md instructions`; 0.98.0 also
 * adds `Warning: apply_patch was requested via exec_command`).
 */
export function historyOf(input: unknown): readonly HistoryItem[] {
  if (typeof input === 'string') return [{ kind: 'prompt', text: input }];
  if (!Array.isArray(input)) return [];
  return input.flatMap((item): HistoryItem[] => {
    const read = isRecord(item) ? itemOf(item) : null;
    return read === null ? [] : [read];
  });
}

/** All prompts of the thread, oldest first. */
export function promptsOf(history: readonly HistoryItem[]): readonly string[] {
  return history.flatMap((item) => (item.kind === 'prompt' ? [item.text] : []));
}

/** The play that is going on in this history. */
export function playOf(history: readonly HistoryItem[]): Play {
  const prompts = history.flatMap((item, index) =>
    item.kind === 'prompt' ? [{ text: item.text, index }] : [],
  );
  const marked = prompts.findLastIndex((prompt) => hasMark(prompt.text));
  const at = marked === -1 ? prompts.length - 1 : marked;
  const prompt = prompts[at];
  if (prompt === undefined) return { prompt: null, ordinal: 0, since: history };
  return { prompt: prompt.text, ordinal: at + 1, since: history.slice(prompt.index + 1) };
}

function itemOf(item: Record<string, unknown>): HistoryItem | null {
  switch (item.type ?? 'message') {
    case 'message':
      return messageOf(item);
    case 'function_call':
    case 'custom_tool_call':
    case 'local_shell_call':
      return { kind: 'call', callId: String(item.call_id ?? '') };
    case 'compaction_trigger':
      return { kind: 'compaction', remote: true };
    case 'compaction':
      return summaryIn(String(item.encrypted_content ?? ''));
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { kind: 'output', callId: String(item.call_id ?? ''), text: outputText(item.output) };
    default:
      return null;
  }
}

function messageOf(item: Record<string, unknown>): HistoryItem | null {
  if (item.role === 'assistant') return { kind: 'message' };
  if (item.role !== 'user') return { kind: 'context' };
  const text = contentText(item.content);
  const summary = summaryIn(text);
  if (summary !== null) return summary;
  if (text.startsWith(COMPACTION_PROMPT)) return { kind: 'compaction', remote: false };
  return isContext(text) ? { kind: 'context' } : { kind: 'prompt', text };
}

function summaryIn(text: string): HistoryItem | null {
  const position = positionInSummary(text);
  return position === null ? null : { kind: 'summary', position };
}

function isContext(text: string): boolean {
  return (
    /^\s*(<[a-z_]+[ >]|# AGENTS\.md instructions|Warning: apply_patch was requested via)/.test(text) &&
    !hasMark(text)
  );
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join('\n');
}

function outputText(output: unknown): string {
  if (isRecord(output)) return outputText(output.content ?? output.output);
  return contentText(output);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
