import type { Check } from './check.ts';
import { isSource } from './check.ts';

/** Lines; more is a question above 300, and this fails. */
const mostLines = 500;

/** No source file is longer than anyone reads. */
export const fileSize: Check = ({ files }) =>
  [...files].flatMap(([file, text]) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    if (!isSource(file) || lines <= mostLines) return [];
    const message = `${lines} lines, ${mostLines} at most`;
    return {
      file,
      line: mostLines + 1,
      rule: 'file-size',
      message,
      remedy: 'split it: one concept per file',
    };
  });
