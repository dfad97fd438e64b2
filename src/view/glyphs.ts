/** Characters of the terminal's set that are not in every one. */
export interface Glyphs {
  unicode: boolean;
  /** What was cut ends so. */
  cut: string;
  up: string;
  down: string;
  descending: string;
  ascending: string;
  /** Before the row that is chosen. */
  chosen: string;
  dash: string;
}

export const unicodeGlyphs: Glyphs = {
  unicode: true,
  cut: '…',
  up: '↑',
  down: '↓',
  descending: '▼',
  ascending: '▲',
  chosen: '▶',
  dash: '–',
};

export const asciiGlyphs: Glyphs = {
  unicode: false,
  cut: '>',
  up: 'up',
  down: 'down',
  descending: 'v',
  ascending: '^',
  chosen: '>',
  dash: '-',
};

/** UTF-8 where the locale says so, as setlocale(3) finds it. */
export function glyphsFor({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): Glyphs {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? unicodeGlyphs : asciiGlyphs;
}
