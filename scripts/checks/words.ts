import { posix } from 'node:path';
import type { Node } from 'oxc-parser';
import type { Check, Violation } from './check.ts';
import { isSource } from './check.ts';
import type { Syntax } from './syntax.ts';
import { parseAll, walk } from './syntax.ts';

/** Names that say nothing about what a thing is. */
const empty = ['Manager', 'Helper', 'Utils', 'Service'];
const emptyName = new RegExp(`(?:${empty.join('|')})s?(?![a-z])`);
const emptyFileName = new RegExp(`(?:^|[-_.])(?:${empty.join('|')})s?(?:[-_.]|$)`, 'i');

/** Folders of the machines this is built on, and home folders but for the example names. */
const machineFolders = ['work', 'farm', 'root'].map((name) => `/${name}/`);
const machinePath = new RegExp(
  `(?<![\\w.~/<>{}$-])(?:${machineFolders.join('|')}|/home/(?!(?:alice|bob|me|user|you)\\b)[a-z])`,
  'g',
);

/** Names tell; and nothing in the repository knows on which machine it was written. */
export const words: Check = ({ files }) => [
  ...[...files.keys()].flatMap(fileName),
  ...parseAll({ files }, 'src/').flatMap(exportedNames),
  ...[...files].flatMap(([file, text]) => (file === 'package-lock.json' ? [] : machinePaths(file, text))),
];

function fileName(file: string): Violation[] {
  if (!file.startsWith('src/') || !isSource(file)) return [];
  const name = posix.basename(file);
  if (!emptyName.test(name) && !emptyFileName.test(name)) return [];
  return [
    {
      file,
      line: 1,
      rule: 'words',
      message: `the file name ${name} tells nothing`,
      remedy: 'say what it holds',
    },
  ];
}

function exportedNames(syntax: Syntax): Violation[] {
  const found: Violation[] = [];
  walk(syntax.program, ({ node, parent, role }) => {
    const name = exportedName(node, parent, role);
    if (name === null || !(emptyName.test(name) || emptyFileName.test(name))) return;
    const message = `the exported name ${name} tells nothing`;
    found.push({
      file: syntax.path,
      line: syntax.lineOf(node),
      rule: 'words',
      message,
      remedy: 'say what it does',
    });
  });
  return found;
}

/** The name that this node gives to an export; null for others. */
function exportedName(node: Node, parent: Node | null, role: string): string | null {
  if (parent?.type === 'ExportSpecifier' && role === 'exported')
    return node.type === 'Identifier' ? node.name : null;
  if (parent?.type !== 'ExportNamedDeclaration' && parent?.type !== 'ExportDefaultDeclaration') return null;
  if (node.type === 'VariableDeclaration') {
    const names = node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? id.name : []));
    return names.find((name) => emptyName.test(name) || emptyFileName.test(name)) ?? null;
  }
  return 'id' in node && node.id?.type === 'Identifier' ? node.id.name : null;
}

function machinePaths(file: string, text: string): Violation[] {
  return text.split('\n').flatMap((line, index) =>
    [...line.matchAll(machinePath)].map((match) => ({
      file,
      line: index + 1,
      rule: 'words',
      message: `a path of one machine: ${line.slice(match.index, match.index + 40)}`,
      remedy: 'use a relative path, a temporary folder, or /home/user as an example',
    })),
  );
}
