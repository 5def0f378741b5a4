import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import type { Check, Tree, Violation } from './check.ts';
import type { ImportSite } from './imports.ts';
import { importsOf } from './imports.ts';
import { layerOf, layerTable, mayImport } from './layer-table.ts';
import type { Syntax } from './syntax.ts';
import { parseAll } from './syntax.ts';

const rule = 'layers';
const ownName = 'coxswain';

interface Finding {
  readonly message: string;
  readonly remedy: string;
}

/**
 * The one-way rule of layer-table.ts, for every way a file under src/ can name a module: also type imports,
 * re-exports, `import()`, `require`, our own package name and built files. Each layer's tsconfig `references` are
 * held against the same table. Tests and scripts are free.
 */
export const layers: Check = (tree) => [
  ...parseAll(tree, 'src/').flatMap(checkFile),
  ...[...tree.files].flatMap(([path, text]) => checkProject(path, text)),
  ...missingProjects(tree),
];

function checkFile(syntax: Syntax): Violation[] {
  const at = (line: number, { message, remedy }: Finding): Violation => {
    return { file: syntax.path, line, rule, message, remedy };
  };
  if (syntax.error !== null) {
    return [at(1, { message: `does not parse: ${syntax.error}`, remedy: 'mend the syntax' })];
  }
  const layer = layerOf(syntax.path);
  if (layer === null) {
    const remedy = 'put it into a layer, or add its folder to scripts/checks/layer-table.ts';
    return [at(1, { message: 'belongs to no layer', remedy })];
  }
  return importsOf(syntax).flatMap((site) => {
    const finding = judge(syntax, layer, site);
    return finding === null ? [] : [at(site.line, finding)];
  });
}

function judge(syntax: Syntax, layer: string, { specifier, kind, line }: ImportSite): Finding | null {
  if (kind === 'require')
    return { message: 'require hides an import from the compiler', remedy: 'use import' };
  if (specifier === null) return judgeComputed(syntax, layer, line);
  if (specifier === ownName || specifier.startsWith(`${ownName}/`) || specifier.startsWith('#')) {
    return { message: `imports this package through its name (${specifier})`, remedy: 'use a relative path' };
  }
  if (specifier.startsWith('.')) return judgeRelative(syntax.path, layer, specifier);
  if (specifier.startsWith('/') || specifier.startsWith('file:')) {
    return { message: `imports by absolute path (${specifier})`, remedy: 'use a relative path' };
  }
  return judgePackage(layer, specifier);
}

/** A computed `import()` is let pass where a comment on its line names an allowed folder: `// src/client/`. */
function judgeComputed(syntax: Syntax, layer: string, line: number): Finding | null {
  const named = syntax.comments
    .filter((comment) => syntax.lineOf(comment) === line)
    .flatMap(({ value }) => value.match(/\bsrc\/[\w/-]+/g) ?? [])
    .map((path) => layerOf(path.replace(/\/$/, '')));
  if (named.length > 0 && named.every((target) => target !== null && mayImport(layer, target))) return null;
  return {
    message: 'import() of a computed path',
    remedy: 'write the path as a literal, or name its folder in a comment on the line: // src/<layer>/',
  };
}

function judgeRelative(path: string, layer: string, specifier: string): Finding | null {
  const target = posix.join(posix.dirname(path), specifier);
  const to = layerOf(target);
  if (to === null) {
    const what = target.startsWith('dist/') ? 'a built file' : 'a file outside of the layers';
    return { message: `imports ${what} (${target})`, remedy: 'import the source file of an allowed layer' };
  }
  if (mayImport(layer, to)) return null;
  const allowed = layerTable[layer]?.layers.join(', ') || 'no other layer';
  return {
    message: `${layer} may not import ${to}`,
    remedy: `${layer} may import: ${allowed}; turn the dependency`,
  };
}

function judgePackage(layer: string, specifier: string): Finding | null {
  const allowed = layerTable[layer];
  if (isBuiltin(specifier)) {
    if (allowed?.node === true) return null;
    return {
      message: `${layer} may not import Node (${specifier})`,
      remedy: 'do it at the edge, pass the result in',
    };
  }
  if (allowed?.packages === 'any') return null;
  if (allowed?.packages === 'any but zod' && !/^zod(?:$|\/)/.test(specifier)) return null;
  return {
    message: `${layer} may not import the package ${specifier}`,
    remedy: 'use it in a layer that may',
  };
}

/** Violations of one tsconfig of a layer; none for other files. */
function checkProject(path: string, text: string): Violation[] {
  const layer = layerOf(path);
  if (layer === null || path !== `src/${layer}/tsconfig.json`) return [];
  const violation = (message: string, remedy: string): Violation => ({
    file: path,
    line: 1,
    rule,
    message,
    remedy,
  });
  const project = readProject(text);
  if (project === null) return [violation('is not plain JSON with references', 'leave comments out of it')];
  const found = project.references.flatMap((reference) => {
    const target = posix.join(posix.dirname(path), reference).replace(/\/(?:tsconfig\.json)?$/, '');
    const to = layerOf(target);
    if (to !== null && target === `src/${to}` && to !== layer && mayImport(layer, to)) return [];
    return [violation(`references ${target}, which ${layer} may not import`, 'take the reference out')];
  });
  if (project.aliases) found.push(violation('has path aliases, which hide layers', 'use relative paths'));
  return found;
}

function readProject(text: string): { references: string[]; aliases: boolean } | null {
  try {
    const project: unknown = JSON.parse(text);
    if (typeof project !== 'object' || project === null) return null;
    const list: unknown = 'references' in project ? project.references : [];
    const options: unknown = 'compilerOptions' in project ? project.compilerOptions : {};
    if (!Array.isArray(list)) return null;
    const aliases =
      typeof options === 'object' && options !== null && ('paths' in options || 'rootDirs' in options);
    return { references: list.map(({ path }: { path: unknown }) => String(path)), aliases };
  } catch {
    return null;
  }
}

function missingProjects({ files }: Tree): Violation[] {
  const present = new Set([...files.keys()].filter((path) => /\.tsx?$/.test(path)).map(layerOf));
  return [...present].flatMap((layer) => {
    const file = `src/${layer}/tsconfig.json`;
    if (layer === null || files.has(file)) return [];
    return {
      file,
      line: 1,
      rule,
      message: 'is missing: the compiler does not guard this layer',
      remedy: 'add it',
    };
  });
}
