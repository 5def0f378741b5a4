import { CoxError, failure } from '../../core/errors.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import { duration } from '../parse.ts';
import type { Define } from '../verb.ts';
import { watch } from '../watch.ts';
import { hasEnded, sessionLine } from '../words.ts';

/** Time beyond the grace in which the end must be proven, milliseconds: interrupt 5 s, sweep 10 s, and some air. */
const PROOF_MS = 30_000;

export const defineStop = defineEnd('stop', '5s');
export const defineKill = defineEnd('kill', '0s');

function defineEnd(mode: 'stop' | 'kill', grace: string): Define {
  return (command, { done }) => {
    command
      .option('--grace <DUR>', 'between the polite and the final signal', grace)
      .action(async (target: string, options: { grace: string; json?: boolean }) =>
        done(await end(mode, target, options)),
      );
  };
}

/** `cox stop` and `cox kill`: end a session; afterwards nothing of it runs, or what survives is named. */
async function end(
  mode: 'stop' | 'kill',
  target: string,
  options: { grace: string; json?: boolean },
): Promise<number> {
  const graceMs = duration(options.grace, '--grace');
  const client = await daemonClient();
  const { id } = await client.end(target, { mode, graceMs });
  const { views, timedOut } = await watch(client, [id], (seen) => seen.every(hasEnded), graceMs + PROOF_MS);
  const [view] = views;
  if (view === undefined || timedOut) {
    const hint = `It goes on being ended; see cox show ${id}.`;
    throw new CoxError(failure('daemon-unreachable', `The end of ${id} is not proven yet.`, { id }, hint));
  }
  if (view.result?.verdict === 'stopped' && view.result.detail !== null) {
    throw new CoxError(
      failure('survivors', `${id} was ended, but ${view.result.detail}.`, { session: view }),
    );
  }
  if (options.json === true) printJson(view);
  else print(sessionLine(view, Date.now()));
  return 0;
}
