import stringWidth from 'string-width';
import { escapeText } from './escape.js';
import type { Glyphs } from './glyphs.js';
import type { Format, Style } from './style.js';

/** A stretch of text in one format. */
export interface Span {
  text: string;
  format?: Format;
}

/** A line of a screen, before it is fitted into its columns. */
export type Line = Span[];

const segments = new Intl.Segmenter();

/** Columns that a text takes on a terminal. */
export const widthOfText = (text: string): number =>
  /^[\u0020-\u007e]*$/.test(text) ? text.length : stringWidth(text);

export const widthOfLine = (line: Line): number => line.reduce((sum, { text }) => sum + widthOfText(text), 0);

/** What does not fit is cut, and marked so. */
export function cut(text: string, columns: number, { cut: mark }: Glyphs): string {
  if (widthOfText(text) <= columns) return text;
  if (columns <= 0) return '';
  let kept = '';
  let width = widthOfText(mark);
  for (const { segment } of segments.segment(text)) {
    width += widthOfText(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept + mark;
}

/** Cut or padded to exactly so many columns. */
export function fitted(
  text: string,
  columns: number,
  glyphs: Glyphs,
  align: 'left' | 'right' = 'left',
): string {
  const short = cut(text, columns, glyphs);
  const gap = ' '.repeat(Math.max(0, columns - widthOfText(short)));
  return align === 'left' ? short + gap : gap + short;
}

/** A name from the network or a recording, for a terminal of that kind. */
export function nameText(text: string, { unicode }: Glyphs): string {
  const harmless = escapeText(text);
  if (unicode) return harmless;
  return harmless.replace(
    /[^\u0020-\u007e]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** The text of a line, cut where the screen ends. */
export function lineText(line: Line, columns: number, glyphs: Glyphs, style: Style): string {
  const show = ({ text, format }: Span) => (format === undefined ? text : style(format, text));
  if (widthOfLine(line) <= columns) return line.map(show).join('');
  let text = '';
  let left = columns;
  for (const span of line) {
    const width = widthOfText(span.text);
    // the mark of the cut stands here, also where this one just fits: more would follow
    if (width >= left) return text + show({ ...span, text: cut(`${span.text} `, left, glyphs) });
    text += show(span);
    left -= width;
  }
  return text;
}
