import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from './checks/check.ts';

/** Bytes; what is larger is data, not text that a rule reads. */
const mostBytes = 2 ** 20;

/** The files git tracks or would track, as they are in the working folder. Throws where git is not to be had. */
export function readTree(root: string): Tree {
  const arguments_ = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', arguments_, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const paths = new Set(listed.split('\0').filter((path) => path !== ''));
  return { files: new Map([...paths].toSorted().flatMap((path) => readText(root, path))) };
}

function readText(root: string, path: string): [string, string][] {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isFile() || stats.size > mostBytes) return [[path, '']];
  const text = readFileSync(join(root, path), 'utf8');
  return [[path, text.includes('\0') ? '' : text]];
}
