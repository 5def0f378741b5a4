import { randomUUID } from 'node:crypto';
import { text as read } from 'node:stream/consumers';
import type { SendView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say } from '../out.ts';
import { usage } from '../parse.ts';
import type { Define } from '../verb.ts';

/** What a session is told when its run is taken up again without a word of the caller's. */
const GO_ON = 'Go on with the task where you left off. If it is done, say so and stop.';

type SendOptions = { steer?: boolean; queue?: boolean; interrupt?: boolean; json?: boolean };
type ResumeOptions = { last?: boolean; verify: boolean; json?: boolean };

export const defineSend: Define = (command, { done }) => {
  command
    .option('--steer', 'into the turn that runs, now (the default)')
    .option('--queue', 'after the turn that runs')
    .option('--interrupt', 'instead of the turn that runs: it is ended first')
    .addHelpText('after', '\n- as TEXT reads stdin. A session that has ended goes on in a new run.')
    .action(async (target: string, text: string | undefined, options: SendOptions) =>
      done(await send(target, text, options)),
    );
};

export const defineResume: Define = (command, { done }) => {
  command
    .option('--last', 'the newest session')
    .option('--no-verify', 'do not compare the history of the thread first')
    .addHelpText('after', '\n- as PROMPT reads stdin. Without a PROMPT, Codex is told to go on.')
    .action(async (target: string | undefined, prompt: string | undefined, options: ResumeOptions) =>
      done(await resume(target, prompt, options)),
    );
};

/** `cox send`: text as the user, into a running turn, after it, or instead of it. */
async function send(target: string, given: string | undefined, options: SendOptions): Promise<number> {
  const chosen = (['steer', 'queue', 'interrupt'] as const).filter((how) => options[how] === true);
  if (chosen.length > 1) throw usage(`Choose one of --${chosen.join(', --')}.`);
  if (given === undefined)
    throw usage('There is no text.', 'cox send ID "also update the docs", or - to read stdin.');
  const text = await textOf(given);
  const client = await daemonClient();
  const sent = await client.send(target, { text, how: chosen[0] ?? 'steer' }, randomUUID());
  tell(sent, options);
  return 0;
}

/** `cox resume`: a session that has ended goes on in a new run, on the same thread. */
async function resume(
  target: string | undefined,
  prompt: string | undefined,
  options: ResumeOptions,
): Promise<number> {
  const last = options.last === true;
  // With --last the first argument is the prompt.
  if (last && prompt !== undefined) throw usage('Name a session or give --last, not both.');
  const session = last ? '@last' : target;
  if (session === undefined) throw usage('Say which session to resume, or --last.', 'See `cox ls -a`.');
  const given = last ? target : prompt;
  const text = given === undefined ? GO_ON : await textOf(given);
  const client = await daemonClient();
  tell(await client.resume(session, { text, verify: options.verify }, randomUUID()), options);
  return 0;
}

async function textOf(given: string): Promise<string> {
  const text = given === '-' ? await read(process.stdin) : given;
  if (text.trim() === '') throw usage('The text is empty.');
  return text;
}

const WHERE: Record<SendView['how'], string> = {
  steer: 'goes into the running turn',
  queue: 'goes after the running turn',
  interrupt: 'goes instead of the running turn',
  run: 'begins a new run',
};

function tell(sent: SendView, { json }: { json?: boolean }): void {
  if (json === true) printJson(sent);
  else print(`${sent.session} ${WHERE[sent.how]}`);
  if (sent.waitsFor !== null) {
    say(`It waits for ${sent.waitsFor}, which a text does not answer: see cox inbox.`);
  }
}
