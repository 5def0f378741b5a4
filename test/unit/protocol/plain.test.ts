import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plain, plainLine } from '../../../src/protocol/plain.ts';

describe('what could move a terminal or deceive a reader is shown as its code', () => {
  test.each([
    ['clipboard (OSC 52)', '\x1b]52;c;cm0gLXJmIH4=\x07', '\\u{1b}]52;c;cm0gLXJmIH4=\\u{7}'],
    ['clipboard, other end', '\x1b]52;c;AA==\x1b\\', '\\u{1b}]52;c;AA==\\u{1b}\\'],
    ['title', '\x1b]0;done\x07', '\\u{1b}]0;done\\u{7}'],
    ['title that is typed back', '\x1b[21t', '\\u{1b}[21t'],
    ['link', '\x1b]8;;http://x\x1b\\y', '\\u{1b}]8;;http://x\\u{1b}\\y'],
    ['colour', '\x1b[31mred\x1b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['hidden text', '\x1b[8mrm -rf ~\x1b[28m', '\\u{1b}[8mrm -rf ~\\u{1b}[28m'],
    ['clearing the screen', '\x1b[2J\x1b[H', '\\u{1b}[2J\\u{1b}[H'],
    ['one line up', 'bad\n\x1b[1A\x1b[2Kgood', 'bad\n\\u{1b}[1A\\u{1b}[2Kgood'],
    ['reset', '\x1bc', '\\u{1b}c'],
    ['device control', '\x1bP+q544e\x1b\\', '\\u{1b}P+q544e\\u{1b}\\'],
    ['C1 introducers', '\x9b31m \x9d0;t\x9c \x90q \x85', '\\u{9b}31m \\u{9d}0;t\\u{9c} \\u{90}q \\u{85}'],
    ['back to the start of the line', 'rm -rf /\rgit status', 'rm -rf /\\u{d}git status'],
    ['a line end of Windows', 'a\r\nb', 'a\\u{d}\nb'],
    ['one step back', 'rm\b\bls', 'rm\\u{8}\\u{8}ls'],
    ['delete, NUL, bell, form feed, vertical tab', '\x7f\0\x07\f\v', '\\u{7f}\\u{0}\\u{7}\\u{c}\\u{b}'],
    ['shift out', '\x0e\x0f', '\\u{e}\\u{f}'],
    ['right to left', 'a\u202egpj.exe', 'a\\u{202e}gpj.exe'],
    ['all overrides', '\u202a\u202b\u202c\u202d', '\\u{202a}\\u{202b}\\u{202c}\\u{202d}'],
    ['isolates', '\u2066a\u2069\u2067b\u2068', '\\u{2066}a\\u{2069}\\u{2067}b\\u{2068}'],
    ['direction marks', '\u200e\u200f\u061c', '\\u{200e}\\u{200f}\\u{61c}'],
    ['zero width', 'pay\u200bpal\u200c\u2060\ufeff', 'pay\\u{200b}pal\\u{200c}\\u{2060}\\u{feff}'],
    ['soft hyphen', 'a\u00adb', 'a\\u{ad}b'],
    ['tag letters', 'a\u{e0041}\u{e007f}', 'a\\u{e0041}\\u{e007f}'],
    ['notes between lines', '\ufff9\ufffa\ufffb', '\\u{fff9}\\u{fffa}\\u{fffb}'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
  ])('%s', (_, text, shown) => {
    expect(plain(text)).toBe(shown);
  });
});

test.each([
  ['newline and tab', 'a\n\tb'],
  ['any letters', 'naïve Ünïcödé 日本語 עברית العربية e\u0301'],
  ['emoji with a joiner', '👩\u200d💻 👨\u200d👩\u200d👧 🏳️\u200d🌈'],
  ['emoji of two halves and with a colour', '🇩🇪 👍🏽 ❤️'],
  ['what only looks like a sequence', '[31m ]52;c; \\x1b \\u{1b}'],
])('%s stay', (_, text) => {
  expect(plain(text)).toBe(text);
});

/** Any text, with more than its share of what does harm. */
const nasty = fc.constantFrom(
  '\x1b',
  '\x9b',
  '\r',
  '\n',
  '\t',
  '\u200d',
  '\u202e',
  '\u{e0041}',
  '\u2028',
  '😀',
  ' ',
);
const anyText = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), nasty), { maxLength: 30 })
  .map((pieces) => pieces.join(''));

/** Control and format characters and separators of lines, but for those that may stay. */
const isHarmful = (character: string): boolean =>
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character) && !['\n', '\t', '\u200d'].includes(character);

test('of any text no control or format character is left but newline, tab and the joiner', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const shown = plain(text);
      expect([...shown].filter(isHarmful)).toEqual([]);
      // What did no harm is all there, and made safe once it is safe.
      const kept = [...text].filter((character) => !isHarmful(character)).join('');
      expect(shown.replaceAll(/\\u\{[0-9a-f]+\}/g, '')).toBe(kept.replaceAll(/\\u\{[0-9a-f]+\}/g, ''));
      expect(plain(shown)).toBe(shown);
    }),
    { numRuns: 3_000 },
  );
});

describe('on one line', () => {
  test.each([
    ['blanks of all kinds', '  a\n\tb \r\n c\u2028d  ', 90, 'a b c d'],
    ['what fits', 'abcde', 5, 'abcde'],
    ['what does not', 'abcdef', 5, 'abcd…'],
    ['a sequence', 'a\x1b[2Jb', 90, 'a\\u{1b}[2Jb'],
    ['an emoji where the line is cut', 'abc😀😀', 5, 'abc…'],
  ])('%s', (_, text, width, shown) => {
    expect(plainLine(text, width)).toBe(shown);
  });

  test('any text', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
        const shown = plainLine(text, width);
        expect([shown.length <= width, /[\n\t]/.test(shown), [...shown].some(isHarmful)]).toEqual([
          true,
          false,
          false,
        ]);
        expect(shown.isWellFormed()).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});
