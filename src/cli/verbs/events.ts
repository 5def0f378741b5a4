import { plainLine } from '../../protocol/plain.ts';
import type { EventView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { print, printJson } from '../out.ts';
import { count, usage } from '../parse.ts';
import { lastingEvents } from '../stream.ts';
import type { Define } from '../verb.ts';
import { newest, readBack } from './history.ts';

/** Events that are shown without a bound of the caller's. */
const SHOWN = 100;

type EventsOptions = { follow?: boolean; after?: string; lines?: string; json?: boolean };

export const defineEvents: Define = (command, { done }) => {
  command
    .option('-f, --follow', 'go on for ever; with --json one document a line')
    .option('--after <SEQ>', 'from the event after this number; 0 is the first of all')
    .option('-n, --lines <N>', `the newest N events of a session (${SHOWN})`)
    .action(async (target: string | undefined, options: EventsOptions) =>
      done(await events(target, options)),
    );
};

/** `cox events`: facts as they are committed, of one session or of all. */
async function events(target: string | undefined, options: EventsOptions): Promise<number> {
  const after = options.after === undefined ? null : count(options.after, '--after');
  const lines = count(options.lines ?? String(SHOWN), '--lines');
  if (options.follow !== true && target === undefined) {
    throw usage('Say of which session, or -f for all as they come.', 'cox events fix, or cox events -f.');
  }
  const json = options.json === true;
  const tell = (event: EventView): void => (json ? printJson(event) : print(eventLine(event)));
  const client = await daemonClient();
  let from: number | 'now' = after ?? 'now';
  let session: string | undefined;
  if (target !== undefined) {
    const { id } = await client.session(target, false);
    session = id;
    const fits = (event: EventView): EventView | null => (event.seq > (after ?? 0) ? event : null);
    const isEnough = (list: readonly EventView[]): boolean => after === null && list.length >= lines;
    const { found, last } = await readBack(client, id, null, fits, isEnough);
    // After a number the first ones come next; else the newest are wanted.
    const items = after === null ? newest(found, lines) : bounded(found, options.lines, lines);
    if (options.follow !== true) {
      if (json) printJson({ schemaVersion: 1, items, before: items[0]?.seq ?? null });
      else for (const event of items) tell(event);
      return 0;
    }
    for (const event of items) tell(event);
    // What was left out by -n comes next.
    from = after === null ? last : (items.at(-1)?.seq ?? after);
  }
  for await (const streamed of lastingEvents(client, from, session)) {
    if (streamed.type === 'event') tell(streamed.event);
  }
  return 0;
}

function bounded(found: EventView[], asked: string | undefined, lines: number): EventView[] {
  return asked === undefined ? found : found.slice(0, lines);
}

function eventLine({ seq, session, at, source, type, fact }: EventView): string {
  return `${seq}  ${at}  ${session}  ${source} ${type}  ${plainLine(JSON.stringify(fact), 160)}`;
}
