import { expect, test } from 'vitest';
import { Typed } from '../../../src/cli/joined-terminal.ts';

function typed(...chunks: string[]): [string, number] {
  let passed = '';
  let left = 0;
  const keys = new Typed(
    (bytes) => {
      passed += bytes.toString('latin1');
    },
    () => {
      left += 1;
    },
  );
  for (const chunk of chunks) keys.take(Buffer.from(chunk, 'latin1'));
  return [passed, left];
}

const PREFIX = '\u001c';

test.each([
  ['what is typed is passed on', ['hello\r', '\u0003', '\u001b[A'], 'hello\r\u0003\u001b[A', 0],
  ['ctrl-\\ d leaves, and neither key is passed on', [`a${PREFIX}d`], 'a', 1],
  ['also in two reads', [PREFIX, 'd'], '', 1],
  ['nothing after it is passed on', [`${PREFIX}dy\r`, 'y\r'], '', 1],
  ['the prefix before another key is passed on', [`${PREFIX}x`], `${PREFIX}x`, 0],
  ['twice is once', [`${PREFIX}${PREFIX}`, 'd'], `${PREFIX}d`, 0],
  ['as kitty writes it', ['\u001b[92;5u', 'd'], '', 1],
  ['as kitty writes it, with the release of the key', ['\u001b[92;5:1u\u001b[92;5:3ud'], '', 1],
  ['as kitty writes it, with both locks on', ['\u001b[92;197u', 'd'], '', 1],
  ['another key of kitty is passed on', ['\u001b[99;5u'], '\u001b[99;5u', 0],
  ['as xterm writes it', ['\u001b[27;5;92~d'], '', 1],
  ['d alone is d', ['d'], 'd', 0],
  [
    'bytes stay bytes',
    ['\u00e2\u0082\u00ac\u001b[200~x\u001b[201~'],
    '\u00e2\u0082\u00ac\u001b[200~x\u001b[201~',
    0,
  ],
])('%s', (_, chunks, passed, left) => {
  const [got, times] = typed(...chunks);
  expect([got, times > 0 ? 1 : 0]).toEqual([passed, left]);
});
