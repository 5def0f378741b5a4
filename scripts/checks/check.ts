/** The files of the repository by path from its root, `/` between folders. Files that are not text are ''. */
export interface Tree {
  readonly files: ReadonlyMap<string, string>;
}

export interface Violation {
  readonly file: string;
  /** From 1; 1 also where the whole file is meant. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** One rule about the repository: a pure function of its files. */
export type Check = (tree: Tree) => Violation[];

const sourceName = /\.(?:ts|tsx|mjs|js|cjs)$/;

/** True for code that people write; generated folders are nobody's to keep tidy. */
export function isSource(path: string): boolean {
  return (sourceName.test(path) || path === 'bin/cox') && !/(?:^|\/)generated\//.test(path);
}

/** The line, from 1, that holds this offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
