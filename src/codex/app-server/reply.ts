import type { Answer, Ask } from '../../core/session/request.ts';
import type { PermissionsRequestApprovalParams } from '../generated/v2/PermissionsRequestApprovalParams.ts';

/**
 * The JSON-RPC result that carries an answer to Codex 0.169 (shapes measured, codex-facts section 3); null
 * where the answer does not fit the request. `params` are those of the request that is answered. Pure.
 */
export function replyTo(ask: Ask, params: unknown, answer: Answer): unknown {
  switch (ask.need) {
    case 'approval':
    case 'network':
      return commandReply(ask, answer);
    case 'patch':
      return decisionReply(answer);
    case 'question':
      return questionReply(ask.questions, answer);
    case 'permissions':
      return permissionsReply(params as PermissionsRequestApprovalParams, answer);
    case 'mcp-approval':
    case 'elicitation':
      return elicitationReply(answer);
    default:
      return ask satisfies never;
  }
}

const DECISIONS = new Map(
  Object.entries({ accept: 'accept', session: 'acceptForSession', decline: 'decline' }),
);

function decisionReply(answer: Answer): unknown {
  const decision = answer.type === 'choice' ? DECISIONS.get(answer.id) : undefined;
  return decision === undefined ? null : { decision };
}

function commandReply(ask: Ask, answer: Answer): unknown {
  const choice = ask.choices.find(({ id }) => answer.type === 'choice' && id === answer.id);
  if (choice?.prefix)
    return { decision: { acceptWithExecpolicyAmendment: { execpolicy_amendment: choice.prefix } } };
  return decisionReply(answer);
}

function questionReply(questions: (Ask & { need: 'question' })['questions'], answer: Answer): unknown {
  const texts =
    answer.type === 'text'
      ? answer.text.split('\n')
      : [questions[0]?.options[Number(answer.id.slice('option-'.length)) - 1]];
  // One question takes the whole text; several take one line each.
  const lines = questions.length === 1 && answer.type === 'text' ? [answer.text] : texts;
  if (lines.length !== questions.length || lines.some((line) => line === undefined)) return null;
  return { answers: Object.fromEntries(questions.map(({ id }, index) => [id, { answers: [lines[index]] }])) };
}

function permissionsReply(params: PermissionsRequestApprovalParams, answer: Answer): unknown {
  if (answer.type !== 'choice') return null;
  if (answer.id === 'decline') return { permissions: {}, scope: 'turn' };
  return { permissions: params.permissions, scope: answer.id === 'session' ? 'session' : 'turn' };
}

function elicitationReply(answer: Answer): unknown {
  if (answer.type !== 'choice') return null;
  if (answer.id === 'decline') return { action: 'decline', content: null, _meta: null };
  return { action: 'accept', content: {}, _meta: null };
}
