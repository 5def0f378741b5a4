import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../client/client.ts';
import { PHASES } from '../../core/session/status.ts';
import type { SessionList } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson, say, write } from '../out.ts';
import { oneOf, pairs, usage } from '../parse.ts';
import { lastingEvents } from '../stream.ts';
import { collect, type Define } from '../verb.ts';
import { SESSION_HEADER, sessionLine } from '../words.ts';

const NONE = 'No sessions. Start one: cox run "fix the failing test"';

type ListOptions = {
  all?: boolean;
  phase?: string;
  label?: string[];
  sort?: string;
  watch?: boolean;
  quiet?: boolean;
  json?: boolean;
};

export const defineLs: Define = (command, { done }) => {
  command
    .option('-a, --all', 'also ended ones that you have seen')
    .option('--phase <PHASE>', 'only this phase')
    .option('--label <K=V>', 'only with this label; may be given again', collect)
    .option('--sort <ORDER>', 'attention (those that need you first) or age (newest first)', 'attention')
    .option('--watch', 'show it again whenever something changes, until interrupted')
    .option('-q, --quiet', 'ids only')
    .action(async (options: ListOptions) => done(await ls(options)));
};

/** `cox ls`: sessions, those that need you first; ended ones that you have seen only with `-a`. */
export async function ls(options: ListOptions): Promise<number> {
  const wanted = chosen(options);
  const client = await daemonClient();
  if (options.watch !== true) {
    tell(await wanted(client), options);
    return 0;
  }
  if (options.json === true) throw usage('--watch is for people; cox events -f --json is for programs.');
  return watchList(client, wanted, options);
}

type Wanted = (client: Client) => Promise<SessionList>;

/** Checks the flags, and says how to get the list that they ask for. */
function chosen(options: ListOptions): Wanted {
  const phase = options.phase === undefined ? null : oneOf(options.phase, PHASES, '--phase');
  const sort = oneOf(options.sort ?? 'attention', ['attention', 'age'] as const, '--sort');
  const labels = Object.entries(pairs(options.label ?? [], '--label'));
  return async (client) => {
    const list = await client.sessions(options.all === true || phase !== null);
    const items = list.items.filter(
      (view) =>
        (phase === null || view.phase === phase) &&
        labels.every(([key, value]) => view.labels[key] === value),
    );
    if (sort === 'age') items.sort((left, right) => (left.startedAt < right.startedAt ? 1 : -1));
    return { ...list, items };
  };
}

function tell(list: SessionList, options: ListOptions): void {
  const { items } = list;
  if (options.json === true) printJson(list);
  else if (options.quiet === true) for (const { id } of items) print(id);
  else if (items.length === 0)
    say(options.all === true ? NONE : 'Nothing is open or unseen; ended sessions: cox ls -a');
  else print([SESSION_HEADER, ...items.map((view) => sessionLine(view, Date.now()))].join('\n'));
}

/** Shows the list anew at each change, at most once in this time, milliseconds. */
const REDRAW_EVERY_MS = 500;

async function watchList(first: Client, wanted: Wanted, options: ListOptions): Promise<number> {
  let client = first;
  let isDue = false;
  const draw = async (): Promise<void> => {
    isDue = false;
    const list = await wanted(client);
    if (process.stdout.isTTY) write('\u001b[2J\u001b[H');
    tell(list, options);
  };
  for await (const streamed of lastingEvents(first, 'now')) {
    if (streamed.type === 'opened') {
      client = streamed.client;
      await draw();
    } else if (!isDue) {
      isDue = true;
      // A daemon that is gone then is noticed by the stream, which draws again once it is back.
      void pause(REDRAW_EVERY_MS).then(() => draw().catch(() => undefined));
    }
  }
  return 0;
}
