import type { Node } from 'oxc-parser';
import type { Check, Violation } from './check.ts';
import { importsOf } from './imports.ts';
import type { Syntax, Visit } from './syntax.ts';
import { parseAll, walk } from './syntax.ts';

/** Names of the language itself that read a clock, chance, a locale or the surroundings. Never allowed in core. */
const languageNames: Readonly<Record<string, string>> = {
  Date: 'time is an argument, milliseconds since the epoch',
  Temporal: 'time is an argument, milliseconds since the epoch',
  Intl: 'it reads the clock and the locale; format at the edge',
  globalThis: 'no ambient globals',
  eval: 'no evaluated code',
  Function: 'no evaluated code',
  require: 'core imports nothing but core',
};

/**
 * Names of the host. The compiler knows none of them in core; a file that declares such a name itself (a `window`
 * of a rate limit) means its own.
 */
const hostNames: Readonly<Record<string, string>> = {
  performance: 'time is an argument',
  crypto: 'ids are made at the edge',
  setTimeout: 'return wakeAt',
  setInterval: 'return wakeAt',
  setImmediate: 'no scheduling',
  queueMicrotask: 'no scheduling',
  process: 'no Node',
  Buffer: 'no Node',
  console: 'say it as a fact',
  fetch: 'no input or output',
  window: 'no browser',
  document: 'no browser',
  navigator: 'no browser',
};

/**
 * src/core is pure: no clock, chance, host or input and output. Looks at identifiers as code uses them, in values
 * and in types, so comments, strings and property names (`x.process`, `{ fetch: 1 }`) are free.
 */
export const corePurity: Check = (tree) => parseAll(tree, 'src/core/').flatMap(checkFile);

function checkFile(syntax: Syntax): Violation[] {
  const found: Violation[] = [];
  const add = (line: number, message: string, remedy: string): void => {
    found.push({ file: syntax.path, line, rule: 'core-purity', message, remedy });
  };
  const declared = declaredNames(syntax.program);
  walk(syntax.program, (visit) => {
    const { node } = visit;
    if (node.type === 'ImportExpression')
      add(syntax.lineOf(node), 'import() in core', 'import it at the top');
    const name = usedName(visit);
    if (name === null) return;
    const reason = reasonAgainst(name, visit, declared);
    if (reason !== null) add(syntax.lineOf(node), `${name} in core`, reason);
  });
  for (const { specifier, line } of importsOf(syntax)) {
    if (specifier?.startsWith('node:')) add(line, `${specifier} in core`, 'no Node');
  }
  return found;
}

function reasonAgainst(name: string, { parent }: Visit, declared: ReadonlySet<string>): string | null {
  if (name === 'Math')
    return isPlainMath(parent) ? null : 'no chance: Math.random is not reached, nor Math itself';
  if (Object.hasOwn(languageNames, name)) return languageNames[name] ?? null;
  if (Object.hasOwn(hostNames, name) && !declared.has(name)) return hostNames[name] ?? null;
  return null;
}

/** `Math.floor` and the like, by name: not `Math.random`, `Math[name]`, or Math passed around. */
function isPlainMath(parent: Node | null): boolean {
  if (parent?.type !== 'MemberExpression' || parent.computed) return false;
  return parent.property.type === 'Identifier' && parent.property.name !== 'random';
}

/** The name that an identifier refers to; null for property names, labels and other nodes. */
function usedName({ node, parent, role }: Visit): string | null {
  if (node.type !== 'Identifier') return null;
  const computed = parent !== null && 'computed' in parent && parent.computed === true;
  if (parent?.type === 'MemberExpression' && role === 'property' && !computed) return null;
  if (parent?.type === 'TSQualifiedName' && role === 'right') return null;
  if (role === 'key' && !computed) return isShorthand(parent) ? node.name : null;
  if (role === 'label' || (parent?.type === 'ImportSpecifier' && role === 'imported')) return null;
  return node.name;
}

function isShorthand(parent: Node | null): boolean {
  return parent?.type === 'Property' && parent.shorthand;
}

/** Names that the file binds anywhere: variables, parameters, functions, imports, types. */
function declaredNames(program: Node): Set<string> {
  const names = new Set<string>();
  const bind = (node: Node | null): void => {
    if (node?.type === 'Identifier') names.add(node.name);
  };
  walk(program, ({ node, parent, role }) => {
    if (node.type === 'ObjectPattern') {
      for (const property of node.properties) if (property.type === 'Property') bind(property.value);
    }
    const binds =
      role === 'params' ||
      role === 'id' ||
      role === 'local' ||
      (role === 'param' && parent?.type === 'CatchClause') ||
      (role === 'elements' && parent?.type === 'ArrayPattern') ||
      (role === 'left' && parent?.type === 'AssignmentPattern') ||
      (role === 'argument' && parent?.type === 'RestElement');
    if (binds) bind(node);
  });
  return names;
}
