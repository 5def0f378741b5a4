import { randomInt } from 'node:crypto';

/** No vowels, so that no id is a word; no characters that look alike. */
const ALPHABET = 'bcdfghjkmnpqrstvwxz23456789';

/** A random id of `length` characters that `isTaken` does not know. */
export function newId(length: number, isTaken: (id: string) => boolean): string {
  for (;;) {
    let id = '';
    while (id.length < length) id += ALPHABET[randomInt(ALPHABET.length)];
    if (!isTaken(id)) return id;
  }
}
