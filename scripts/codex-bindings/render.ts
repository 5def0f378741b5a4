import { posix } from 'node:path';
import type { Bindings } from './binary.ts';
import { closure, readLines } from './closure.ts';
import { CUT, RECEIVED, SENT } from './wanted.ts';

/** The first line of every file that Codex or this script generates. */
export const HEADER = '// GENERATED CODE! DO NOT MODIFY BY HAND!';
const OURS = `${HEADER}\n// Written by scripts/codex-bindings.ts\n`;

/**
 * The files to keep, by name: the wanted types with all that they import, `cuts.ts`, `methods.ts` and `version.ts`.
 * @throws when this version has no such type, or its bindings have an unknown form
 */
export function render(bindings: Bindings): Map<string, string> {
  const cuts = new Set(CUT);
  const sent = closure(bindings.files, SENT, cuts);
  const received = closure(bindings.files, RECEIVED, cuts);
  const cut = new Set([...sent.cut, ...received.cut]);
  const idle = CUT.filter((module) => !cut.has(module));
  if (idle.length > 0) throw new Error(`nothing wanted imports the cut ${idle.join(', ')}`);

  const files = new Map<string, string>();
  for (const module of new Set([...sent.kept, ...received.kept])) {
    files.set(`${module}.ts`, rewritten(module, bindings.files.get(`${module}.ts`) ?? '', cut));
  }
  files.set('cuts.ts', renderCuts(cut, received.cut));
  files.set('methods.ts', renderMethods(bindings));
  files.set('version.ts', `${OURS}\nexport const CODEX_VERSION = '${bindings.version}';\n`);
  return files;
}

/** The file with imports that name files, and that take cut types from `cuts.ts`. */
function rewritten(module: string, content: string, cut: ReadonlySet<string>): string {
  const lines = readLines(module, content).map(({ line, imported }) => {
    if (imported === null) return line;
    const target = cut.has(imported.module) ? 'cuts' : imported.module;
    const path = posix.relative(posix.dirname(module), `${target}.ts`);
    return `import type { ${imported.type} } from "${path.startsWith('.') ? path : `./${path}`}";`;
  });
  return lines.join('\n');
}

function renderCuts(cut: ReadonlySet<string>, received: ReadonlySet<string>): string {
  const lines = [...cut].map((module) => {
    const type = received.has(module) ? 'unknown' : 'never';
    return `export type ${posix.basename(module)} = ${type};`;
  });
  if (new Set(lines.map((line) => line.split(' = ', 1)[0])).size < lines.length)
    throw new Error('two cut types have one name');
  const why = '// Types left out: `unknown` is received and not looked into, `never` is not sent.';
  return `${OURS}${why}\n\n${lines.sort().join('\n')}\n`;
}

/** The method names of the messages that the server sends: what is not listed is of another version. */
function renderMethods({ files }: Bindings): string {
  const lists = [
    { union: 'ServerNotification', constant: 'SERVER_NOTIFICATION_METHODS' },
    { union: 'ServerRequest', constant: 'SERVER_REQUEST_METHODS' },
  ].map(({ union, constant }) => {
    const methods = methodsOf(union, files.get(`${union}.ts`) ?? '').map((method) => `  '${method}',\n`);
    const type = `export type ${union}Method = (typeof ${constant})[number];`;
    return `export const ${constant} = [\n${methods.join('')}] as const;\n${type}\n`;
  });
  return `${OURS}\n${lists.join('\n')}`;
}

function methodsOf(union: string, content: string): string[] {
  const methods = [...content.matchAll(/"method": "([\w/]+)"/g)].flatMap(([, method]) => method ?? []);
  const mentions = content.split('"method"').length - 1;
  if (methods.length === 0 || methods.length !== mentions || new Set(methods).size !== mentions)
    throw new Error(`${union}.ts: its methods cannot be read`);
  return methods;
}
