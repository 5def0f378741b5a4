/**
 * Text that nobody of ours wrote, made safe for a terminal or a page (security: S12): no control character but
 * newline and tab, no terminal sequence, no character that reorders what is read. What is taken out is shown as
 * its code, so that nothing vanishes unseen.
 */
export function plain(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The same on one line, at most `width` characters. */
export function plainLine(text: string, width: number): string {
  const line = plain(text.replaceAll(/\s+/g, ' ').trim());
  if (line.length <= width) return line;
  // Not between the two halves of a character.
  return `${line.slice(0, Math.max(0, width - 1)).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * Control and format characters (C0, DEL, C1, direction marks, zero-width characters), line and paragraph
 * separators; but not newline, tab, and the joiner that emoji are made with.
 */
export const UNSAFE = /(?![\n\t\u{200d}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
