import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Keeps a small text in a file of ours: whole or as it was before, whenever we die; nothing is written for the same. */
export function keepFile(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch {
    // Not there yet.
  }
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}
