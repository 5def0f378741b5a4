import { itemOfCall, messageItem, type OutputItem, pollItem, reasoningItem } from './items.ts';
import type { Offer } from './offer.ts';
import { ScenarioError } from './scenario.ts';
import { type Choice, callIdOf } from './select.ts';
import type { Call, PlayedStep, UsageStep } from './step.ts';

/** One server-sent event of a Responses stream; `type` is also its event name. */
export type StreamEvent = { readonly type: string; readonly [key: string]: unknown };

/** What goes over the wire for a choice. */
export type Answer =
  | { readonly kind: 'stream'; readonly events: readonly StreamEvent[]; readonly cut: boolean }
  | {
      readonly kind: 'http';
      readonly status: number;
      readonly headers: { readonly [name: string]: string };
      readonly body: unknown;
    }
  | { readonly kind: 'never' };

/**
 * The answer to one request. `nonce` must be new for each request: ids are made from it.
 * Throws {@link ScenarioError} when the step needs a tool that is not on offer.
 */
export function answerOf(choice: Choice, offer: Offer, nonce: number): Answer {
  const { step } = choice;
  switch (step.type) {
    case 'message':
    case 'tool':
    case 'patch':
    case 'ask':
      return streamOf(callItems([step], choice, offer, nonce), choice, nonce);
    case 'tools':
      return streamOf(callItems(step.calls, choice, offer, nonce), choice, nonce);
    case 'poll': {
      if (choice.session === null) throw new ScenarioError('no command is running');
      const id = callIdOf(nonce, choice.position, 0);
      return streamOf([pollItem(step, choice.session, id, offer)], choice, nonce);
    }
    case 'empty':
      return streamOf([], choice, nonce);
    case 'raw':
      return { kind: 'stream', events: step.events, cut: false };
    case 'cut':
      return {
        kind: 'stream',
        events: cutEvents(step.text ?? 'This answer stops in the mid', nonce),
        cut: true,
      };
    case 'http':
      return { kind: 'http', status: step.status, headers: step.headers ?? {}, body: step.body ?? {} };
    case 'no-headers':
      return { kind: 'never' };
    default:
      return step satisfies never;
  }
}

/** One line for logs and records. */
export function summaryOf(step: PlayedStep): string {
  switch (step.type) {
    case 'message':
      return `message ${JSON.stringify(step.text.slice(0, 60))}`;
    case 'tool':
      return `${step.escalated === undefined ? 'tool' : 'escalated tool'} ${JSON.stringify(step.command.slice(0, 60))}`;
    case 'patch':
      return `patch ${'path' in step ? step.path : ''}`.trim();
    case 'ask':
      return `ask ${step.questions.map((question) => question.id).join(', ')}`;
    case 'tools':
      return `tools [${step.calls.map(summaryOf).join('; ')}]`;
    case 'http':
      return `http ${step.status}`;
    case 'raw':
      return `raw ${step.events.length} events`;
    case 'poll':
    case 'no-headers':
    case 'cut':
    case 'empty':
      return step.type;
    default:
      return step satisfies never;
  }
}

function callItems(calls: readonly Call[], choice: Choice, offer: Offer, nonce: number): OutputItem[] {
  return calls.map((call, index) => itemOfCall(call, callIdOf(nonce, choice.position, index), offer));
}

function streamOf(items: readonly OutputItem[], choice: Choice, nonce: number): Answer {
  const reasoning = choice.reasoning.map((text, index) => reasoningItem(text, `${nonce}_${index}`));
  const events = [
    createdEvent(nonce),
    ...[...reasoning, ...items].flatMap(itemEvents),
    completedEvent(nonce, choice.usage),
  ];
  return { kind: 'stream', events, cut: false };
}

function createdEvent(nonce: number): StreamEvent {
  return { type: 'response.created', response: { id: `resp_lab_${nonce}` } };
}

function completedEvent(nonce: number, usage: UsageStep | null): StreamEvent {
  const input = usage?.input ?? 100;
  const output = usage?.output ?? 10;
  return {
    type: 'response.completed',
    response: {
      id: `resp_lab_${nonce}`,
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

function itemEvents(item: OutputItem, index: number): StreamEvent[] {
  const done = { type: 'response.output_item.done', output_index: index, item };
  const text = messageText(item);
  if (text === null) return [done];
  return [...openMessage(item, index), delta(item, index, text), done];
}

function cutEvents(text: string, nonce: number): StreamEvent[] {
  const item = messageItem('', `${nonce}_cut`);
  return [createdEvent(nonce), ...openMessage(item, 0), delta(item, 0, text)];
}

function openMessage(item: OutputItem, index: number): StreamEvent[] {
  const opened = { ...item, status: 'in_progress', content: [] };
  return [{ type: 'response.output_item.added', output_index: index, item: opened }];
}

function delta(item: OutputItem, index: number, text: string): StreamEvent {
  const event = { type: 'response.output_text.delta', output_index: index, content_index: 0 };
  return { ...event, item_id: item.id, delta: text };
}

function messageText(item: OutputItem): string | null {
  if (item.type !== 'message' || !Array.isArray(item.content)) return null;
  const part: unknown = item.content[0];
  return typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
    ? part.text
    : null;
}
