import { expect, test } from 'vitest';
import { fileSize } from '../../../scripts/checks/file-size.ts';
import { violations } from './violations.ts';

const lines = (count: number) => 'x;\n'.repeat(count);

test('500 lines pass, 501 fail, the last newline is no line', () => {
  const files = { 'src/a.ts': lines(500), 'src/b.tsx': `${lines(500)}x;`, 'bin/cox': lines(501) };
  expect(violations(fileSize, files)).toEqual([
    'src/b.tsx:501 501 lines, 500 at most',
    'bin/cox:501 501 lines, 500 at most',
  ]);
});

test('generated folders and what is not source are exempt', () => {
  const files = {
    'src/codex/generated/a.ts': lines(600),
    'docs/a.md': lines(600),
    'package-lock.json': lines(600),
  };
  expect(violations(fileSize, files)).toEqual([]);
});
