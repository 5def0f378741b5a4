import type { AnswerBody } from '../../protocol/commands.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import { oneOf, usage } from '../parse.ts';
import type { Define } from '../verb.ts';

export const defineApprove: Define = (command, { done }) => {
  command
    .option('--for <SCOPE>', 'once, session, or prefix where Codex proposes one', 'once')
    .action(async (target: string, options: { for: string; json?: boolean }) =>
      done(await approve(target, options)),
    );
};

export const defineDeny: Define = (command, { done }) => {
  command
    .option('-m, --message <TEXT>', 'kept with the intervention; Codex takes no message with a refusal')
    .action(async (target: string, options: { message?: string; json?: boolean }) =>
      done(await deny(target, options)),
    );
};

export const defineAnswer: Define = (command, { done }) => {
  command
    .option('--option <N>', 'the option, counted from 1 as the inbox shows it')
    .action(async (target: string, text: string | undefined, options: { option?: string; json?: boolean }) =>
      done(await answer(target, text, options)),
    );
};

/** `cox approve`: yes to one request, by its id. */
function approve(target: string, options: { for: string; json?: boolean }): Promise<number> {
  const scope = oneOf(options.for, ['once', 'session', 'prefix'] as const, '--for');
  return send(target, { answer: { type: 'approve', scope } }, options.json === true);
}

/** `cox deny`: no to one request; Codex is told and goes on. */
export function deny(target: string, options: { message?: string; json?: boolean }): Promise<number> {
  return send(target, { answer: { type: 'deny', message: options.message ?? null } }, options.json === true);
}

/** `cox answer`: a text, or an option by the number that the inbox shows. */
function answer(
  target: string,
  text: string | undefined,
  options: { option?: string; json?: boolean },
): Promise<number> {
  if ((text === undefined) === (options.option === undefined))
    throw usage('Give an answer: either a text or --option N.');
  if (text !== undefined) return send(target, { answer: { type: 'text', text } }, options.json === true);
  const option = Number(options.option);
  if (!Number.isSafeInteger(option) || option < 1)
    throw usage(`--option takes a number from 1, not ${options.option}.`);
  return send(target, { answer: { type: 'option', option } }, options.json === true);
}

async function send(target: string, body: AnswerBody, json: boolean): Promise<number> {
  const client = await daemonClient();
  const given = await client.answer(target, body);
  if (json) printJson(given);
  else print(`${given.requestId} of ${given.session}: ${given.answer}`);
  return 0;
}
