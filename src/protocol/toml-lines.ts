/** A place in a TOML text: a table's header, or a key with its value. */
type Place = { path: PropertyKey[]; line: number; header: boolean };

const KEY = /[\w-]+|"[^"]*"|'[^']*'/;
const DOTTED = `(?:${KEY.source})(?:\\s*\\.\\s*(?:${KEY.source}))*`;
const HEADER = new RegExp(`^\\s*(\\[\\[?)\\s*(${DOTTED})\\s*\\]`);
const ASSIGNMENT = new RegExp(`^\\s*(${DOTTED})\\s*=`);

/**
 * The line, counted from 1, where a path of keys and indexes stands in a TOML text. For what is not there: the
 * nearest thing around it, a table's header or the value that should have it; 1 where there is none.
 */
export function lineOf(text: string, path: readonly PropertyKey[]): number {
  const lines = outsideStrings(text);
  const places = placesIn(lines);
  const exact = places.find((place) => place.path.length >= path.length && startsWith(place.path, path));
  if (exact !== undefined) return exact.line;
  const around = places
    .filter((place) => startsWith(path, place.path))
    .reduce<Place | null>(
      (best, place) => (best === null || place.path.length > best.path.length ? place : best),
      null,
    );
  if (around === null) return 1;
  const last = path.at(-1);
  if (around.header || typeof last !== 'string') return around.line;
  // A table written as a value, maybe over several lines.
  const inside = lines.findIndex((line, index) => index + 1 >= around.line && mentions(line, last));
  return inside === -1 ? around.line : inside + 1;
}

function startsWith(path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean {
  return start.length <= path.length && start.every((key, index) => path[index] === key);
}

function placesIn(lines: readonly string[]): Place[] {
  const places: Place[] = [];
  /** How many tables of each list have begun. */
  const counts = new Map<string, number>();
  let table: PropertyKey[] = [];
  for (const [index, line] of lines.entries()) {
    const [, brackets, name = ''] = HEADER.exec(line) ?? [];
    if (brackets !== undefined) {
      const keys = keysOf(name);
      if (brackets === '[[') counts.set(keys.join('\0'), (counts.get(keys.join('\0')) ?? 0) + 1);
      table = inLists(keys, counts);
      places.push({ path: table, line: index + 1, header: true });
      continue;
    }
    const [, key] = ASSIGNMENT.exec(line) ?? [];
    if (key !== undefined) places.push({ path: [...table, ...keysOf(key)], line: index + 1, header: false });
  }
  return places;
}

/** A header's keys, with the index of the table that each list is at. */
function inLists(keys: readonly string[], counts: ReadonlyMap<string, number>): PropertyKey[] {
  return keys.flatMap((key, index) => {
    const count = counts.get(keys.slice(0, index + 1).join('\0'));
    return count === undefined ? [key] : [key, count - 1];
  });
}

function keysOf(dotted: string): string[] {
  return [...dotted.matchAll(new RegExp(KEY, 'g'))].map(([key]) => key.replace(/^(["'])(.*)\1$/, '$2'));
}

function mentions(line: string, key: string): boolean {
  return line.split(/[{,]/).some((part) => /^\s*["']?([\w-]+)["']?\s*=/.exec(part)?.[1] === key);
}

/** The lines of a TOML text; those inside a text of several lines are empty. */
function outsideStrings(text: string): string[] {
  let open: string | null = null;
  return text.split('\n').map((line) => {
    const inside = open !== null;
    for (const [mark] of line.matchAll(/"""|'''/g)) {
      if (open === null) open = mark;
      else if (open === mark) open = null;
    }
    return inside ? '' : line;
  });
}
