import type { PlayedStep } from './step.ts';

/** What a request is answered with, in one line for logs and records. */
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
    case 'mcp':
      return `mcp ${step.server}.${step.tool}`;
    case 'call':
      return `call ${step.tool}`;
    case 'code':
      return `code ${JSON.stringify(step.source.slice(0, 60))}`;
    case 'tools':
      return `tools [${step.calls.map(summaryOf).join('; ')}]`;
    case 'repeat':
      return `repeat [${summaryOf(step.call)}]`;
    case 'http':
      return `http ${step.status}`;
    case 'raw':
      return `raw ${step.events.length} events`;
    case 'failed':
      return `failed ${step.code}`;
    case 'incomplete':
      return `incomplete ${step.reason}`;
    case 'stall':
    case 'reset':
      return `${step.type} ${step.where}`;
    case 'poll':
    case 'no-headers':
    case 'cut':
    case 'empty':
      return step.type;
    default:
      return step satisfies never;
  }
}
