import type { OutputItem } from './items.ts';
import type { FailedStep, IncompleteStep, UsageStep } from './step.ts';

/** One server-sent event of a Responses stream; `type` is also its event name. */
export type StreamEvent = { readonly type: string; readonly [key: string]: unknown };

/** An event and how long after the one before it leaves, in milliseconds. */
export interface TimedEvent {
  readonly afterMs: number;
  readonly event: StreamEvent;
}

export function createdEvent(nonce: number): StreamEvent {
  return { type: 'response.created', response: { id: responseId(nonce) } };
}

/** Reports 100 tokens in and 10 out unless told. */
export function completedEvent(nonce: number, usage: UsageStep | null): StreamEvent {
  const input = usage?.input ?? 100;
  const output = usage?.output ?? 10;
  return {
    type: 'response.completed',
    response: {
      id: responseId(nonce),
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: usage?.cached ?? 0 },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: usage?.reasoning ?? 0 },
        total_tokens: input + output,
      },
    },
  };
}

export function failedEvent(nonce: number, { code, message }: FailedStep): StreamEvent {
  const error = { code, message: message ?? `The lab fails with ${code}.` };
  return { type: 'response.failed', response: { id: responseId(nonce), status: 'failed', error } };
}

export function incompleteEvent(nonce: number, { reason }: IncompleteStep): StreamEvent {
  const response = { id: responseId(nonce), status: 'incomplete', incomplete_details: { reason } };
  return { type: 'response.incomplete', response };
}

/** A finished item that needs no events before it. */
export function itemEvents(item: OutputItem, index: number): TimedEvent[] {
  return [{ afterMs: 0, event: doneEvent(item, index) }];
}

/** A message that is opened and spoken, and not ended. */
export function openMessageEvents(item: OutputItem, index: number, text: string): StreamEvent[] {
  return [addedEvent({ ...item, content: [] }, index), textDelta(item, index, text)];
}

/** A message as it is spoken: word by word where `everyMs` is given. */
export function messageEvents(item: OutputItem, index: number, everyMs: number | undefined): TimedEvent[] {
  return [
    { afterMs: 0, event: addedEvent({ ...item, content: [] }, index) },
    ...paced(partText(item, 'content'), everyMs, (delta) => textDelta(item, index, delta)),
    ...itemEvents(item, index),
  ];
}

/** A summary of thoughts as it comes: word by word where `everyMs` is given. */
export function reasoningEvents(item: OutputItem, index: number, everyMs: number | undefined): TimedEvent[] {
  const place = { item_id: item.id, output_index: index, summary_index: 0 };
  const part = { type: 'summary_text', text: '' };
  return [
    { afterMs: 0, event: addedEvent({ ...item, summary: [] }, index) },
    { afterMs: 0, event: { type: 'response.reasoning_summary_part.added', ...place, part } },
    ...paced(partText(item, 'summary'), everyMs, (delta) => ({
      type: 'response.reasoning_summary_text.delta',
      ...place,
      delta,
    })),
    ...itemEvents(item, index),
  ];
}

/** The pieces of a text, each as an event in its time. */
function paced(
  text: string,
  everyMs: number | undefined,
  eventOf: (delta: string) => StreamEvent,
): TimedEvent[] {
  if (everyMs === undefined) return [{ afterMs: 0, event: eventOf(text) }];
  const words = text.match(/\s*\S+\s*$|\s*\S+/g) ?? [text];
  return words.map((word) => ({ afterMs: everyMs, event: eventOf(word) }));
}

function addedEvent(item: OutputItem, index: number): StreamEvent {
  return {
    type: 'response.output_item.added',
    output_index: index,
    item: { ...item, status: 'in_progress' },
  };
}

function doneEvent(item: OutputItem, index: number): StreamEvent {
  return { type: 'response.output_item.done', output_index: index, item };
}

function textDelta(item: OutputItem, index: number, delta: string): StreamEvent {
  const event = { type: 'response.output_text.delta', output_index: index, content_index: 0 };
  return { ...event, item_id: item.id, delta };
}

/** The text of an item's first part. */
function partText(item: OutputItem, field: 'content' | 'summary'): string {
  const parts: unknown = item[field];
  const part: unknown = Array.isArray(parts) ? parts[0] : null;
  return typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
    ? part.text
    : '';
}

function responseId(nonce: number): string {
  return `resp_lab_${nonce}`;
}
