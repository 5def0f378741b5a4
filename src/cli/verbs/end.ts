import type { Client } from '../../client/client.ts';
import { CoxError, failure } from '../../core/errors.ts';
import type { EndMode } from '../../core/session/session.ts';
import type { SessionView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say } from '../out.ts';
import { duration, usage } from '../parse.ts';
import type { Define } from '../verb.ts';
import { watch } from '../watch.ts';
import { hasEnded, sessionLine } from '../words.ts';

/** Time beyond the grace in which the end must be proven, milliseconds: interrupt 5 s, sweep 10 s, and some air. */
const PROOF_MS = 30_000;

/** What a daemon that works answers in milliseconds takes no longer than this on the busiest machine. */
const HUNG_MS = 10_000;

type EndOptions = { grace?: string; all?: boolean; json?: boolean };

export const defineInterrupt: Define = (command, { done }) => {
  command.action(async (targets: string[], options: EndOptions) =>
    done(await end('interrupt', targets, 0, options)),
  );
};
export const defineStop = defineEnd('stop', '5s');
export const defineKill = defineEnd('kill', '0s');

function defineEnd(mode: EndMode, grace: string): Define {
  return (command, { done }) => {
    command
      .option('--all', 'every session that has not ended')
      .option('--grace <DUR>', 'between the polite and the final signal', grace)
      .action(async (targets: string[], options: EndOptions) =>
        done(await end(mode, targets, duration(options.grace ?? grace, '--grace'), options)),
      );
  };
}

/**
 * `cox interrupt`, `cox stop`, `cox kill`: end the turn, or the session; afterwards nothing that was to end runs, or
 * what survives is named.
 */
async function end(mode: EndMode, targets: string[], graceMs: number, options: EndOptions): Promise<number> {
  if ((targets.length === 0) === (options.all !== true)) {
    const takesAll = mode !== 'interrupt';
    throw usage(`Say which session to ${mode}${takesAll ? ', or --all, not both' : ''}.`, 'See `cox ls`.');
  }
  let client: Client;
  try {
    client = await daemonClient();
    // A daemon that hangs takes connections and answers none.
    if (mode === 'kill' && options.all === true) await client.daemon(HUNG_MS);
  } catch (error) {
    if (mode !== 'kill' || options.all !== true || !(error instanceof CoxError)) throw error;
    // The one thing that must work when nothing else does.
    return (await import('../sweep.ts')).sweep(error, options.json === true);
  }
  // All targets are known before anything is ended.
  const views =
    options.all === true
      ? (await client.sessions(false)).items.filter((view) => !hasEnded(view))
      : await Promise.all(targets.map((target) => client.session(target, false)));
  const ids = [...new Set(views.map(({ id }) => id))];
  const asked = await Promise.all(ids.map((id) => client.end(id, { mode, graceMs })));
  const seen = await proven(client, mode, asked, graceMs);
  if (options.json === true) printJson(targets.length === 1 ? seen[0] : { schemaVersion: 1, items: seen });
  else for (const view of seen) print(sessionLine(view, Date.now()));
  if (ids.length === 0 && options.json !== true) say('Nothing is open.');
  return 0;
}

/** The sessions once their end is proven. */
async function proven(
  client: Client,
  mode: EndMode,
  asked: readonly SessionView[],
  graceMs: number,
): Promise<SessionView[]> {
  if (asked.length === 0) return [];
  const ids = asked.map(({ id }) => id);
  const turns = new Map(asked.map(({ id, turn }) => [id, turn]));
  // An interrupted session may go on with what was queued: then it is in another turn.
  const isOver = (view: SessionView): boolean =>
    hasEnded(view) || (mode === 'interrupt' && view.turn !== turns.get(view.id));
  const { views, timedOut } = await watch(client, ids, (seen) => seen.every(isOver), graceMs + PROOF_MS);
  if (timedOut) {
    const open = views.filter((view) => !isOver(view)).map(({ id }) => id);
    const message = `The end of ${open.join(', ')} is not proven yet.`;
    const hint = `It goes on being ended; see cox show ${open[0]}.`;
    throw new CoxError(failure('daemon-unreachable', message, { ids: open }, hint));
  }
  const survived = views.filter(({ result }) => result?.verdict === 'stopped' && result.detail !== null);
  if (survived.length > 0) {
    const message = survived.map(({ id, result }) => `${id} was ended, but ${result?.detail}`).join('; ');
    throw new CoxError(failure('survivors', `${message}.`, { sessions: survived }));
  }
  return views;
}
