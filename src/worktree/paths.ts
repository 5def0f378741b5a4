/**
 * A path inside the repository as git prints it, one character per byte (latin1): names need not be UTF-8, and a
 * decoded name could not be handed back. `shown` makes it readable.
 */
export type BytePath = string;

/** The entries of a NUL-separated listing. */
export function entries(listing: Buffer): BytePath[] {
  return listing.toString('latin1').split('\0').slice(0, -1);
}

/** A NUL-separated listing of `lines`. */
export function listing(lines: readonly BytePath[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\0`).join(''), 'latin1');
}

/** The path as a person and JSON see it: UTF-8, with U+FFFD for what is not. */
export function shown(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

/** The absolute path as the file system takes it. */
export function absolute(root: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}
