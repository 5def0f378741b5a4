import { type BytePath, entries, shown } from './paths.ts';

/** What happened to a file; git's letters are the keys. A copy is an added file. */
const STATUS_OF_LETTER = {
  A: 'added',
  C: 'added',
  M: 'modified',
  D: 'deleted',
  R: 'renamed',
  T: 'type-changed',
} as const;
type Letter = keyof typeof STATUS_OF_LETTER;

/** What happened to a file. */
export type ChangeStatus = (typeof STATUS_OF_LETTER)[Letter];

/** One changed file; `path` is relative to the repository's root. Null line counts mean a binary file. */
export type ChangedFile = {
  readonly path: string;
  readonly added: number | null;
  readonly removed: number | null;
} & (
  | { readonly status: Exclude<ChangeStatus, 'renamed'> }
  | { readonly status: 'renamed'; readonly from: string }
);

type Lines = Pick<ChangedFile, 'added' | 'removed'>;

/**
 * Reads the output of `git diff-tree --raw --numstat -z`: for each file a raw record, then for each file a count.
 * @throws TypeError where the output is not that; nothing is guessed
 */
export function readDiff(output: Buffer): ChangedFile[] {
  const fields = entries(output);
  const raw: { status: ChangeStatus; from: BytePath; path: BytePath }[] = [];
  const lines = new Map<BytePath, Lines>();
  let at = 0;
  const next = (): string => {
    const field = fields[at++];
    if (field === undefined) throw new TypeError('git diff-tree: the output ends within a record');
    return field;
  };
  while (at < fields.length) {
    const field = next();
    if (field.startsWith(':')) {
      const letter = /^:\d+ \d+ [0-9a-f.]+ [0-9a-f.]+ ([ACDMRT])\d*$/.exec(field)?.[1];
      if (letter === undefined) throw new TypeError(`git diff-tree: unknown record ${field}`);
      const from = next();
      const path = letter === 'R' || letter === 'C' ? next() : from;
      raw.push({ status: STATUS_OF_LETTER[letter as Letter], from, path });
    } else {
      const count = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(field);
      if (count === null) throw new TypeError(`git diff-tree: unknown count ${field}`);
      if (count[3] === '') next(); // a rename: its old name, then the new one
      lines.set(count[3] || next(), { added: lineCount(count[1]), removed: lineCount(count[2]) });
    }
  }
  return raw.map(({ status, from, path }) => {
    const counts = lines.get(path) ?? { added: 0, removed: 0 };
    const file = { path: shown(path), ...counts };
    return status === 'renamed' ? { ...file, status, from: shown(from) } : { ...file, status };
  });
}

function lineCount(text: string | undefined): number | null {
  return text === '-' || text === undefined ? null : Number(text);
}
