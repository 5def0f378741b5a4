import type { AttachView } from '../../protocol/diff-view.ts';
import { daemonClient } from '../daemon-client.ts';
import { printJson, say } from '../out.ts';
import { usage } from '../parse.ts';
import type { Define } from '../verb.ts';

export const defineAttach: Define = (command, { done }) => {
  command
    .option('--print', 'print the command that would be run, and run nothing')
    .addHelpText(
      'after',
      `
This is Codex's own terminal on the same thread: what waits there can be answered there.
Leave it with ctrl-\\ then d: the turn goes on, and nothing is typed. Every other key is
Codex's: Ctrl-C interrupts the turn, and Enter in a dialog answers it.`,
    )
    .action(async (target: string, options: { print?: boolean; json?: boolean }) =>
      done(await attach(target, options)),
    );
};

/** `cox attach`: Codex's own terminal on the session's thread. Its end does not touch the turn. */
async function attach(target: string, options: { print?: boolean; json?: boolean }): Promise<number> {
  if (options.print !== true && options.json === true) throw usage('--json goes with --print.');
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (options.print !== true && !isTerminal)
    throw usage('attach needs a terminal.', 'Run it in one, or see --print; cox logs -f needs none.');
  const client = await daemonClient();
  const view = await client.attach(target);
  if (options.print === true) {
    if (options.json === true) printJson(view);
    else process.stdout.write(`${shellLine(view)}\n`);
    return 0;
  }
  // For as long as somebody looks, the daemon has a client and does not end for want of one.
  const abort = new AbortController();
  const listening = await client.events('now', abort.signal, view.session);
  const drained = drain(listening);
  try {
    say('Leave with ctrl-\\ then d: the turn goes on, and nothing is typed.');
    const { joinedTerminal } = await import('../joined-terminal.ts');
    const left = await joinedTerminal(view);
    return left.by === 'keys' ? 0 : left.code;
  } finally {
    abort.abort();
    await drained;
    say(`left ${view.session}; see cox show ${view.session}`);
  }
}

async function drain(events: AsyncGenerator<unknown>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // The daemon has ended; the terminal stays, since Codex's server does.
  }
}

function shellLine({ command, environment }: AttachView): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`);
  return [...variables, ...command.map(quoted)].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
