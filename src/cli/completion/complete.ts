import type { Client } from '../../client/client.ts';
import { connectIfRunning } from '../../client/connect.ts';
import { placesOf } from '../../client/places.ts';
import { plainLine } from '../../protocol/plain.ts';
import { createProgram } from '../program.ts';
import type { VerbEntry } from '../verb.ts';
import type { Value } from './values.ts';
import { type Candidate, wantedAt } from './wanted.ts';

/** Who presses the tab key waits no longer, milliseconds. */
const DEADLINE_MS = 1_500;
/** Characters of a description. */
const WIDTH = 60;

/** Instead of candidates: the shell completes a path. A candidate never begins with a colon. */
const PATHS = { files: ':files', directories: ':directories' } as const;

/**
 * What may stand for the last of the words after `cox`: lines of a candidate, a tab and what it is, or one of the
 * words of PATHS. Starts no daemon; what cannot be had in time is left out.
 */
export async function complete(verbs: readonly VerbEntry[], words: readonly string[]): Promise<string[]> {
  const [verb, ...rest] = words;
  const current = words.at(-1) ?? '';
  if (verb === undefined || rest.length === 0 || (verb === 'help' && rest.length === 1))
    return lines(listed(verbs), current);
  const entry = verbs.find(({ usage, alias }) => usage.split(' ')[0] === verb || alias === verb);
  if (entry === undefined) return [];
  const program = await createProgram(verbs, entry, { rest: [], done: () => undefined });
  const [command] = program.commands;
  if (command === undefined) return [];
  const wanted = wantedAt(command, rest);
  if (wanted.type === 'candidates') return lines(wanted.candidates, current);
  const { value, before } = wanted;
  if (value.type === 'files' || value.type === 'directories') return [PATHS[value.type]];
  const written = current.slice(before.length);
  const found = await candidatesOf(value, written);
  return lines(
    found.map((one) => ({ ...one, value: before + one.value })),
    current,
  );
}

function listed(verbs: readonly VerbEntry[]): Candidate[] {
  return [
    ...verbs.map(({ usage, about }) => ({ value: usage.split(' ')[0] ?? usage, about })),
    { value: 'help', about: 'the help of a command' },
    { value: '--help', about: 'all commands' },
    { value: '--version', about: 'the version' },
  ];
}

/** Those that begin as the word does; flags only where one is begun. */
function lines(found: readonly Candidate[], current: string): string[] {
  return found
    .filter(({ value }) => value.startsWith(current) && (current !== '' || !value.startsWith('-')))
    .map(({ value, about }) => `${value}\t${plainLine(about, WIDTH)}`);
}

async function candidatesOf(
  value: Exclude<Value, { type: 'files' | 'directories' }>,
  written: string,
): Promise<Candidate[]> {
  switch (value.type) {
    case 'words':
      return value.words.map((word) => ({ value: word, about: '' }));
    case 'schemas': {
      const { publishedSchemas } = await import('../../protocol/schemas.ts');
      return Object.keys(publishedSchemas().schemas).map((name) => ({ value: name, about: '' }));
    }
    case 'sessions':
      return fromDaemon((client) => sessions(client, written));
    case 'requests':
      return fromDaemon(requests);
    default:
      return value satisfies never;
  }
}

/** What a running daemon says; nothing where none runs, or it is slow. */
async function fromDaemon(ask: (client: Client) => Promise<Candidate[]>): Promise<Candidate[]> {
  const asked = connectIfRunning(placesOf(process.env)).then((client) =>
    client === null ? [] : ask(client),
  );
  const tooLate = Promise.withResolvers<Candidate[]>();
  const timer = setTimeout(() => tooLate.resolve([]), DEADLINE_MS);
  try {
    return await Promise.race([asked, tooLate.promise]);
  } catch {
    // Its refusals are for those who run a command.
    return [];
  } finally {
    clearTimeout(timer);
  }
}

async function sessions(client: Client, written: string): Promise<Candidate[]> {
  const { items } = await client.sessions(true);
  const ways = [
    { value: '@last', about: 'the newest session' },
    { value: '@needs', about: 'the one that has needed you longest' },
  ];
  const known = items.map(({ id, name, phase }) =>
    // By its name where it has one, unless its id is begun.
    written !== '' && id.startsWith(written)
      ? { value: id, about: `${phase} ${name ?? ''}` }
      : { value: name ?? id, about: `${phase} ${name === null ? '' : id}` },
  );
  const isFirst = ({ value }: Candidate, index: number): boolean =>
    known.findIndex((one) => one.value === value) === index;
  return [...known.filter(isFirst), ...ways];
}

async function requests(client: Client): Promise<Candidate[]> {
  const { items } = await client.inbox();
  return items.map(({ requestId, session, name, question, command }) => ({
    value: requestId,
    about: `${name ?? session}: ${command ?? question}`,
  }));
}
