import type { Client } from '../../client/client.ts';
import { type LogEntry, logEntry, logLines } from '../../protocol/log.ts';
import type { EventView } from '../../protocol/view.ts';
import { daemonClient } from '../daemon-client.ts';
import { printJson, write } from '../out.ts';
import { count, expression, since, usage } from '../parse.ts';
import { lastingEvents } from '../stream.ts';
import type { Define } from '../verb.ts';
import { isOfEnd, newest, readBack } from './history.ts';

type LogsOptions = {
  follow?: boolean;
  lines?: string;
  bytes?: string;
  since?: string;
  raw?: boolean;
  events?: boolean;
  grep?: string;
  json?: boolean;
};

/** What is shown of the log; null where there is no bound. */
type Filter = { lines: number | null; bytes: number | null; since: number | null; grep: RegExp | null };

export const defineLogs: Define = (command, { done }) => {
  command
    .option('-f, --follow', 'go on until the session has ended; with --json one document a line')
    .option('-n, --lines <N>', 'the newest N lines')
    .option('--bytes <N>', 'the newest N bytes, cut at a character')
    .option('--since <WHEN>', 'what came since: a duration such as 10m, or a time such as 2026-11-23T04:00Z')
    .option('--grep <REGEX>', 'only entries that match; --json takes it, too')
    .option('--events', 'the facts as they are kept, not the rendered log')
    .option('--raw', 'bytes as they came; only sessions in a terminal of their own have them')
    .action(async (target: string, options: LogsOptions) => done(await logs(target, options)));
};

/** `cox logs`: what was said, run, changed, asked and answered, newest last. */
async function logs(target: string, options: LogsOptions): Promise<number> {
  if (options.raw === true) {
    throw usage('--raw is for sessions in a terminal of their own; this one has facts: try --events.');
  }
  const filter: Filter = {
    lines: options.lines === undefined ? null : count(options.lines, '--lines'),
    bytes: options.bytes === undefined ? null : count(options.bytes, '--bytes'),
    since: options.since === undefined ? null : since(options.since, '--since', Date.now()),
    grep: options.grep === undefined ? null : expression(options.grep, '--grep'),
  };
  const client = await daemonClient();
  return options.events === true
    ? events(client, target, filter, options)
    : log(client, target, filter, options);
}

async function log(client: Client, target: string, filter: Filter, options: LogsOptions): Promise<number> {
  const { id } = await client.session(target, false);
  const { found, last } = await readBack(
    client,
    id,
    filter.since,
    (event) => entryOf(event, filter),
    (entries) => isEnough(entries, filter),
  );
  const json = options.json === true;
  if (json && options.follow !== true) {
    // Lines and bytes are of text; of a document, entries are counted.
    const items = filter.lines === null ? found : newest(found, filter.lines);
    printJson({ schemaVersion: 1, session: id, items });
    return 0;
  }
  if (json) for (const entry of newest(found, filter.lines ?? found.length)) printJson(entry);
  else write(cut(found.flatMap(logLines), filter));
  if (options.follow !== true) return 0;
  return follow(client, id, last, (event) => {
    const entry = entryOf(event, filter);
    if (entry === null) return;
    if (json) printJson(entry);
    else write(`${logLines(entry).join('\n')}\n`);
  });
}

async function events(client: Client, target: string, filter: Filter, options: LogsOptions): Promise<number> {
  const { id } = await client.session(target, false);
  const fits = (event: EventView): EventView | null =>
    filter.grep === null || filter.grep.test(JSON.stringify(event)) ? event : null;
  const { found, last } = await readBack(
    client,
    id,
    filter.since,
    fits,
    (list) => list.length >= (filter.lines ?? Infinity),
  );
  const items = newest(found, filter.lines ?? found.length);
  if (options.json === true && options.follow !== true) {
    printJson({ schemaVersion: 1, items, before: items[0]?.seq ?? null });
    return 0;
  }
  for (const event of items) printJson(event);
  if (options.follow !== true) return 0;
  return follow(client, id, last, (event) => {
    if (fits(event) !== null) printJson(event);
  });
}

/** Tells every event after `last` until the session has ended and all is known of its end. */
export async function follow(
  first: Client,
  id: string,
  last: number,
  tell: (event: EventView) => void,
): Promise<number> {
  let client = first;
  let told = last;
  let end: number | null = null;
  for await (const streamed of lastingEvents(first, last, id)) {
    if (streamed.type === 'opened') {
      client = streamed.client;
      end = await endOf(client, id);
    } else {
      tell(streamed.event);
      told = streamed.event.seq;
      if (end === null && isOfEnd(streamed.event)) end = await endOf(client, id);
    }
    if (end !== null && told >= end) return 0;
  }
  return 0;
}

/** The number of the newest fact of a session that has ended, all told; null where more is to come. */
async function endOf(client: Client, id: string): Promise<number | null> {
  const { result } = await client.session(id, false);
  if (result === null || !result.complete) return null;
  return (await client.history(id, null, 1)).items.at(-1)?.seq ?? 0;
}

function entryOf(event: EventView, { grep }: Filter): LogEntry | null {
  const entry = logEntry(event);
  return entry !== null && (grep === null || grep.test(entry.text)) ? entry : null;
}

function isEnough(entries: readonly LogEntry[], { lines, bytes }: Filter): boolean {
  if (lines === null && bytes === null) return false;
  // An entry has a line and thirty bytes at least.
  return entries.length >= Math.min(lines ?? Infinity, (bytes ?? Infinity) / 30);
}

/** The newest lines, then the newest bytes of them: not within a character. */
function cut(lines: readonly string[], filter: Filter): string {
  const kept = filter.lines === null ? lines : newest(lines, filter.lines);
  const text = kept.map((line) => `${line}\n`).join('');
  if (filter.bytes === null) return text;
  const all = Buffer.from(text);
  if (all.length <= filter.bytes) return text;
  let from = all.length - filter.bytes;
  // A byte 10xxxxxx goes on with a character that began before.
  while (from < all.length && ((all[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return all.subarray(from).toString('utf8');
}
