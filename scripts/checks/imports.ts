import type { Node } from 'oxc-parser';
import type { Syntax } from './syntax.ts';
import { walk } from './syntax.ts';

/** One place where a file names another module. */
export interface ImportSite {
  /** Null where it is computed at run time. */
  readonly specifier: string | null;
  /** `erased` imports exist for the compiler only; `dynamic` ones run when reached, `static` ones at load. */
  readonly kind: 'static' | 'erased' | 'dynamic' | 'require';
  readonly line: number;
}

/** Every import, re-export, type import, `import()`, `require` and triple-slash reference of a file. */
export function importsOf(syntax: Syntax): ImportSite[] {
  const sites: ImportSite[] = [];
  const add = (node: Node, kind: ImportSite['kind'], source: Node | null | undefined): void => {
    sites.push({ specifier: literalText(source), kind, line: syntax.lineOf(node) });
  };
  walk(syntax.program, ({ node, parent }) => {
    switch (node.type) {
      case 'ImportDeclaration':
        return add(node, node.importKind === 'type' ? 'erased' : 'static', node.source);
      case 'ExportAllDeclaration':
        return add(node, node.exportKind === 'type' ? 'erased' : 'static', node.source);
      case 'ExportNamedDeclaration':
        if (node.source !== null) add(node, node.exportKind === 'type' ? 'erased' : 'static', node.source);
        return;
      case 'TSImportType':
        return add(node, 'erased', node.source);
      case 'TSExternalModuleReference':
        return add(node, 'require', node.expression);
      case 'ImportExpression':
        return add(node, 'dynamic', node.source);
      case 'CallExpression':
        if (isRequire(node.callee) && !isLocating(parent)) add(node, 'require', node.arguments[0]);
        return;
      default:
        return;
    }
  });
  for (const comment of syntax.comments) {
    const [, specifier] =
      /^\/\s*<reference\s+(?:path|types)\s*=\s*["']([^"']+)["']/.exec(comment.value) ?? [];
    if (specifier !== undefined) sites.push({ specifier, kind: 'erased', line: syntax.lineOf(comment) });
  }
  return sites;
}

/** `require`, `module.require`, and `createRequire(…)`, whose result may be called anywhere. */
function isRequire(callee: Node): boolean {
  const node = callee.type === 'MemberExpression' ? callee.property : callee;
  const name = node.type === 'Identifier' ? node.name : literalText(node);
  return name === 'require' || name === 'createRequire';
}

/** `createRequire(…).resolve(…)` finds a file and loads nothing. */
function isLocating(parent: Node | null): boolean {
  return parent?.type === 'MemberExpression' && !parent.computed && parent.property.name === 'resolve';
}

/** The text of a string literal or of a template without substitutions; null for anything computed. */
function literalText(node: Node | null | undefined): string | null {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : null;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? null;
  return null;
}
