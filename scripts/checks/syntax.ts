import type { Node, Program } from 'oxc-parser';
import { parseSync, visitorKeys } from 'oxc-parser';
import type { Tree } from './check.ts';
import { isSource, lineAt } from './check.ts';

export interface Comment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface Syntax {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** The first syntax error; null for code that parses. */
  readonly error: string | null;
  /** The line, from 1, on which a node starts. */
  lineOf(node: { readonly start: number }): number;
}

/** Parses JavaScript or TypeScript; the language follows from the file name. Does not throw for bad code. */
export function parse(path: string, text: string): Syntax {
  const { program, comments, errors } = parseSync(path === 'bin/cox' ? 'cox.cjs' : path, text);
  return {
    path,
    text,
    program,
    comments,
    error: errors[0]?.message ?? null,
    lineOf: ({ start }) => lineAt(text, start),
  };
}

/** Every source file below a folder (`''` for all), parsed. */
export function parseAll(tree: Tree, folder: string): Syntax[] {
  return [...tree.files]
    .filter(([path]) => path.startsWith(folder) && isSource(path))
    .map(([path, text]) => parse(path, text));
}

export interface Visit {
  readonly node: Node;
  readonly parent: Node | null;
  /** The property of the parent that holds the node, e.g. `key` or `callee`. */
  readonly role: string;
}

/** Calls back for every node, parents first. */
export function walk(root: Node, visit: (at: Visit) => void): void {
  step(root, null, '', visit);
}

function step(node: Node, parent: Node | null, role: string, visit: (at: Visit) => void): void {
  visit({ node, parent, role });
  for (const key of visitorKeys[node.type] ?? []) {
    const child: unknown = Reflect.get(node, key);
    for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) step(one, node, key, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
