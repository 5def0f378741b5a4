import { posix } from 'node:path';
import type { Check, Violation } from './check.ts';
import { importsOf } from './imports.ts';
import { parse } from './syntax.ts';

/** Modules that the command and the client SDK load before they can say a word. */
const entries = ['src/cli/main.ts', 'src/client/index.ts'];

/** Packages too slow to load on that path. */
const slow = /^zod(?:$|\/)/;

/** No slow package is reached from an entry by imports that run at load; type imports and `import()` are free. */
export const startPath: Check = ({ files }) => {
  const reached = new Map<string, string>();
  const found: Violation[] = [];
  const queue = entries.filter((entry) => files.has(entry)).map((entry) => ({ path: entry, by: entry }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const text = files.get(next.path);
    if (text === undefined || reached.has(next.path)) continue;
    reached.set(next.path, next.by);
    for (const { specifier, kind, line } of importsOf(parse(next.path, text))) {
      if (kind !== 'static' || specifier === null) continue;
      if (slow.test(specifier)) found.push(violation(next.path, line, specifier, chain(reached, next.path)));
      if (!specifier.startsWith('.')) continue;
      queue.push({ path: posix.join(posix.dirname(next.path), specifier), by: next.path });
    }
  }
  return found;
};

function violation(file: string, line: number, specifier: string, way: string): Violation {
  const message = `${specifier} is loaded at start: ${way}`;
  return {
    file,
    line,
    rule: 'start-path',
    message,
    remedy: 'make an import on the way a type import or import()',
  };
}

function chain(reached: ReadonlyMap<string, string>, last: string): string {
  const way = [last];
  for (let by = reached.get(last); by !== undefined && !way.includes(by); by = reached.get(by))
    way.unshift(by);
  return way.join(' → ');
}
