import { posix } from 'node:path';

/** An import in a binding file; `module` is the imported file's name without `.ts`. */
export type Import = { readonly type: string; readonly module: string };

/** The lines of a binding file, each with the import that it is, if it is one. */
export function readLines(module: string, content: string): { line: string; imported: Import | null }[] {
  return content.split('\n').map((line) => {
    if (!line.startsWith('import ')) return { line, imported: null };
    const parts = /^import type \{ (\w+) \} from "(\.\.?\/[\w./]+)";$/.exec(line);
    if (parts?.[1] === undefined || parts[2] === undefined)
      throw new Error(`${module}: unknown import: ${line}`);
    return {
      line,
      imported: { type: parts[1], module: posix.join(posix.dirname(module), parts[2]) },
    };
  });
}

/** What is reached from some modules: modules whose files are kept, and modules at which the search stops. */
export type Closure = { readonly kept: ReadonlySet<string>; readonly cut: ReadonlySet<string> };

/** Follows the imports from `roots`, not into the modules of `cuts`. */
export function closure(
  files: ReadonlyMap<string, string>,
  roots: readonly string[],
  cuts: ReadonlySet<string>,
): Closure {
  const kept = new Set<string>();
  const cut = new Set<string>();
  const open = [...roots];
  for (let module = open.pop(); module !== undefined; module = open.pop()) {
    if (cuts.has(module)) cut.add(module);
    else if (!kept.has(module)) {
      kept.add(module);
      const content = files.get(`${module}.ts`);
      if (content === undefined) throw new Error(`this Codex has no type ${module}`);
      for (const { imported } of readLines(module, content))
        if (imported !== null) open.push(imported.module);
    }
  }
  return { kept, cut };
}
