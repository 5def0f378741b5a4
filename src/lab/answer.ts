import {
  completedEvent,
  createdEvent,
  failedEvent,
  incompleteEvent,
  itemEvents,
  messageEvents,
  openMessageEvents,
  reasoningEvents,
  type StreamEvent,
  type TimedEvent,
} from './events.ts';
import { itemOfCall, messageItem, type OutputItem, pollItem, reasoningItem } from './items.ts';
import type { Offer } from './offer.ts';
import { ScenarioError } from './scenario.ts';
import { type Choice, callIdOf } from './select.ts';
import type { Call } from './step.ts';

/** How a stream ends once its events have left. `silent`: it stays open, and nothing but comments follows. */
export type StreamEnd =
  | { readonly how: 'finish' | 'cut' | 'reset' }
  | { readonly how: 'silent'; readonly keepAliveMs: number | null };

/** What goes over the wire for a choice. */
export type Answer =
  | { readonly kind: 'stream'; readonly events: readonly TimedEvent[]; readonly end: StreamEnd }
  | {
      readonly kind: 'http';
      readonly status: number;
      readonly headers: { readonly [name: string]: string };
      readonly body: unknown;
    }
  /** The connection is reset, without a byte. */
  | { readonly kind: 'reset' }
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
    case 'mcp':
    case 'call':
    case 'code':
      return completed(callEvents([step], choice, offer, nonce), choice, nonce);
    case 'tools':
      return completed(callEvents(step.calls, choice, offer, nonce), choice, nonce);
    case 'repeat':
      return completed(callEvents([step.call], choice, offer, nonce), choice, nonce);
    case 'poll': {
      if (choice.session === null) throw new ScenarioError('no command is running');
      const id = callIdOf(nonce, choice.position, 0);
      return completed(itemEvents(pollItem(step, choice.session, id, offer), 0), choice, nonce);
    }
    case 'empty':
      return completed([], choice, nonce);
    case 'raw':
      return atOnce(step.events, { how: 'finish' });
    case 'failed':
      return atOnce([createdEvent(nonce), failedEvent(nonce, step)], { how: 'finish' });
    case 'incomplete':
      return atOnce([...begun(nonce, step.text ?? UNFINISHED), incompleteEvent(nonce, step)], {
        how: 'finish',
      });
    case 'cut':
      return atOnce(begun(nonce, step.text ?? UNFINISHED), { how: 'cut' });
    case 'reset':
      if (step.where === 'before-headers') return { kind: 'reset' };
      return atOnce(begun(nonce, step.text ?? UNFINISHED), { how: 'reset' });
    case 'stall': {
      const events = step.where === 'after-headers' ? [] : begun(nonce, step.text ?? UNFINISHED);
      return atOnce(events, { how: 'silent', keepAliveMs: step.keepAliveMs ?? null });
    }
    case 'http':
      return { kind: 'http', status: step.status, headers: step.headers ?? {}, body: step.body ?? {} };
    case 'no-headers':
      return { kind: 'never' };
    default:
      return step satisfies never;
  }
}

const UNFINISHED = 'This answer stops in the mid';

function completed(events: readonly TimedEvent[], choice: Choice, nonce: number): Answer {
  const thoughts = choice.reasoning.flatMap((step, index) =>
    reasoningEvents(reasoningItem(step.text, `${nonce}_${index}`), index, step.everyMs),
  );
  return {
    kind: 'stream',
    events: [
      ...now([createdEvent(nonce)]),
      ...thoughts,
      ...events,
      ...now([completedEvent(nonce, choice.usage)]),
    ],
    end: { how: 'finish' },
  };
}

function callEvents(calls: readonly Call[], choice: Choice, offer: Offer, nonce: number): TimedEvent[] {
  const first = choice.reasoning.length;
  return calls.flatMap((call, index) => {
    const item = itemOfCall(call, callIdOf(nonce, choice.position, index), offer);
    if (call.type === 'message') return messageEvents(item, first + index, call.everyMs);
    return itemEvents(item, first + index);
  });
}

/** The events of an answer that is never finished. */
function begun(nonce: number, text: string): StreamEvent[] {
  const item: OutputItem = messageItem('', `${nonce}_begun`);
  return [createdEvent(nonce), ...openMessageEvents(item, 0, text)];
}

function atOnce(events: readonly StreamEvent[], end: StreamEnd): Answer {
  return { kind: 'stream', events: now(events), end };
}

function now(events: readonly StreamEvent[]): TimedEvent[] {
  return events.map((event) => ({ afterMs: 0, event }));
}
