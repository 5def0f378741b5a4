import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFolder } from './binary.ts';
import { HEADER } from './render.ts';

/** How a file in the folder differs from what it should be. */
export type Difference = { readonly file: string; readonly what: 'missing' | 'different' | 'left over' };

/** Compares a folder byte for byte with the files that it should have; sorted by name. */
export function compare(folder: string, wanted: ReadonlyMap<string, string>): Difference[] {
  const present = existsSync(folder) ? readFolder(folder) : new Map<string, string>();
  const differences: Difference[] = [];
  for (const [file, content] of wanted) {
    const found = present.get(file);
    if (found === undefined) differences.push({ file, what: 'missing' });
    else if (found !== content) differences.push({ file, what: 'different' });
  }
  for (const file of present.keys()) if (!wanted.has(file)) differences.push({ file, what: 'left over' });
  return differences.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * Makes the folder have exactly the wanted files.
 * @throws before it changes anything, when a file to be removed is not a generated one
 */
export function write(folder: string, wanted: ReadonlyMap<string, string>): void {
  const differences = compare(folder, wanted);
  const present = existsSync(folder) ? readFolder(folder) : new Map<string, string>();
  const leftOver = differences.filter(({ what }) => what === 'left over');
  for (const { file } of leftOver) {
    if (!present.get(file)?.startsWith(HEADER)) throw new Error(`${join(folder, file)} is not generated`);
  }
  for (const { file } of leftOver) rmSync(join(folder, file));
  for (const { file } of differences) {
    const content = wanted.get(file);
    if (content === undefined) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
}
