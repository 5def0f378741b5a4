import type { Item } from '../../core/session/item.ts';
import type { Answer, Request } from '../../core/session/request.ts';
import type { Status } from '../../core/session/status.ts';
import { plainLine } from '../../protocol/plain.ts';
import type { EventView } from '../../protocol/view.ts';
import { print } from '../out.ts';

/** Tells what an event means, one line each; what a watcher need not see is not told. */
export function narrate(event: EventView, nameOf: (session: string) => string): void {
  const line = lineOf(event);
  if (line !== null)
    print(`${event.at.slice(11, 19)}  ${nameOf(event.session).padEnd(5)} ${plainLine(line, 110)}`);
}

/** The fact of an event is one of core/session/fact.ts; its type says which. */
function lineOf({ type, fact }: EventView): string | null {
  switch (type) {
    case 'status': {
      const status = fact.status as Status;
      const [first] = status.because;
      return `${status.phase.padEnd(9)} because ${first?.source}: ${first?.fact}`;
    }
    case 'activity':
      return /^(user|writes)/.test(String(fact.line)) ? null : `          ${fact.line}`;
    case 'item': {
      const item = fact.item as Item;
      return item.kind === 'message' ? `          says: ${item.text}` : null;
    }
    case 'request-opened': {
      const { id, ask } = fact.request as Request;
      return `          asks ${id}: ${ask.need === 'approval' ? ask.command : ask.question}`;
    }
    case 'answer-committed': {
      const { id } = fact.answer as Answer & { id?: string };
      return `          ${fact.requestId} gets "${id ?? 'text'}" from ${fact.by}: ${fact.why}`;
    }
    default:
      return null;
  }
}
