import { CoxError, failure } from '../../core/errors.ts';
import type { Answer, Request } from '../../core/session/request.ts';
import type { AnswerBody } from '../../protocol/commands.ts';
import type { AnswerView } from '../../protocol/view.ts';
import { findRequest } from '../../store/find.ts';
import type { Store } from '../../store/store.ts';
import type { Loop } from '../loop.ts';

/** Who answers through the socket: its file mode lets only the user himself in. */
const USER = 'user';

/**
 * Commits the answer to one request.
 *
 * @throws CoxError `not-found`, `ambiguous`, `conflict` (settled already) or `choice-invalid` (not offered).
 */
export function answerRequest(
  store: Store,
  loop: Loop,
  target: string,
  body: AnswerBody,
  now: number,
): AnswerView {
  const found = findRequest(store, target, now);
  if (!found.ok) throw new CoxError(found.failure);
  const request = loop.session(found.session)?.session.requests.find(({ id }) => id === found.id);
  if (request === undefined) throw new CoxError(failure('not-found', `There is no request ${found.id}.`));
  const answer = answerOf(request, body.answer);
  const reply = loop.submit(found.session, {
    type: 'command',
    command: { type: 'answer', requestId: found.id, answer, by: USER },
  });
  if (!reply.ok) throw new CoxError(reply.failure);
  const label = answer.type === 'choice' ? answer.id : 'text';
  return { schemaVersion: 1, ok: true, requestId: found.id, session: found.session, answer: label };
}

const SCOPES = { once: 'accept', session: 'session', prefix: 'prefix' } as const;

function answerOf({ ask }: Request, given: AnswerBody['answer']): Answer {
  switch (given.type) {
    case 'approve':
      return { type: 'choice', id: SCOPES[given.scope], message: null };
    case 'deny':
      return { type: 'choice', id: 'decline', message: given.message };
    case 'text':
      return { type: 'text', text: given.text };
    case 'option':
      // A number that is not shown names no choice, and the core refuses it with what is offered.
      return {
        type: 'choice',
        id: ask.choices[given.option - 1]?.id ?? `option ${given.option}`,
        message: null,
      };
    default:
      return given satisfies never;
  }
}
