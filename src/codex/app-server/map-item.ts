import type { Item, ItemState } from '../../core/session/item.ts';
import { readCommandLine } from '../command-line.ts';
import type { ThreadItem } from '../generated/v2/ThreadItem.ts';

/** Longest text of one item that is kept as a fact; the whole is in Codex's own rollout. */
const TEXT_LIMIT = 8_000;

/** Longest output of one command that is kept as a fact, characters. */
const OUTPUT_LIMIT = 4_000;

/** An item of a thread in our words. Pure; every item type of the bindings has a place. */
export function mapItem(item: ThreadItem): Item {
  switch (item.type) {
    case 'userMessage':
      return {
        kind: 'user',
        id: item.id,
        text: cut(
          item.content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join('\n'),
        ),
        // Absent in versions that do not know it.
        ...(item.clientId ? { message: item.clientId } : {}),
      };
    case 'agentMessage':
      return { kind: 'message', id: item.id, text: cut(item.text) };
    case 'reasoning':
      return { kind: 'reasoning', id: item.id };
    case 'commandExecution':
      return {
        kind: 'command',
        id: item.id,
        command: cut(readCommandLine(item.command).line),
        cwd: item.cwd,
        state: stateOf(item.status),
        exitCode: item.exitCode,
        durationMs: item.durationMs,
        ...(item.aggregatedOutput ? { output: newest(item.aggregatedOutput) } : {}),
      };
    case 'fileChange':
      return {
        kind: 'patch',
        id: item.id,
        files: item.changes.map(({ path, kind }) => ({ path, kind: kind.type })),
        state: stateOf(item.status),
      };
    case 'mcpToolCall':
      return { kind: 'tool', id: item.id, name: `${item.server}.${item.tool}`, state: stateOf(item.status) };
    case 'dynamicToolCall':
      return { kind: 'tool', id: item.id, name: item.tool, state: stateOf(item.status) };
    case 'contextCompaction':
      return { kind: 'compaction', id: item.id };
    case 'hookPrompt':
    case 'functionCallOutput':
    case 'plan':
    case 'collabAgentToolCall':
    case 'subAgentActivity':
    case 'webSearch':
    case 'imageView':
    case 'sleep':
    case 'imageGeneration':
    case 'enteredReviewMode':
    case 'exitedReviewMode':
      return { kind: 'other', id: item.id, type: item.type };
    default:
      item satisfies never;
      return unknownItem(item);
  }
}

/** True where the item is over. Only such items become facts; the others are what the turn does now. */
export function isOver(item: ThreadItem): boolean {
  return !('status' in item) || item.status !== 'inProgress';
}

/** A newer Codex may send types that these bindings do not have. */
function unknownItem(item: unknown): Item {
  const { id, type } = item as { id?: unknown; type?: unknown };
  return { kind: 'other', id: String(id), type: String(type) };
}

function stateOf(status: string): ItemState {
  if (status === 'declined') return 'declined';
  return status === 'failed' ? 'failed' : 'completed';
}

/** Of a long output the end matters: that is where errors are. */
function newest(text: string): string {
  if (text.length <= OUTPUT_LIMIT) return text;
  const kept = text.slice(-OUTPUT_LIMIT);
  return `[${text.length - OUTPUT_LIMIT} characters before]\n${kept.replace(/^[\udc00-\udfff]/, '')}`;
}

function cut(text: string): string {
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}
