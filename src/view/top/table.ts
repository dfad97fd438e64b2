import { justification } from '../../decision/groups.js';
import type { Row } from '../../decision/tally/row.js';
import { countText } from '../count.js';
import { becauseOfSetting, becauseText, notProvenText, settingText } from '../explain.js';
import type { Glyphs } from '../glyphs.js';
import { fitted, type Line, nameText, type Span, widthOfLine } from '../spans.js';
import type { Format } from '../style.js';
import { type Column, type ColumnOptions, columnsFor, gutter } from './columns.js';
import type { Item } from './listing.js';
import { markFormat, markSign, markWords } from './marks.js';

export interface TableOptions extends ColumnOptions {
  reversed: boolean;
  /** The key of the item that is chosen. */
  chosen: string | null;
}

/** Items as lines of a screen, below a line of titles. */
export class Table {
  readonly #options: TableOptions;
  readonly #columns: Column[];

  /** @param shown the items that are to be shown, which tell how wide columns have to be */
  constructor(shown: readonly Item[], options: TableOptions) {
    this.#options = options;
    this.#columns = columnsFor(shown, options);
  }

  titles(): Line {
    const { order, reversed, glyphs } = this.#options;
    const cells = this.#columns.map((column) => {
      const sign = column.order === order ? (reversed ? glyphs.ascending : glyphs.descending) : '';
      const title = column.align === 'left' ? column.title + sign : sign + column.title;
      return fitted(title, column.width, glyphs, column.align);
    });
    return [{ text: `${' '.repeat(gutter)}${cells.join(' ')}`, format: 'underline' }];
  }

  /** The line of an item, and those that say why. */
  lines(item: Item): Line[] {
    const { chosen, grouping, columns, glyphs } = this.#options;
    const head = this.#head(item, chosen === item.key);
    // each address for itself would repeat what its row says
    if (grouping !== 'justification' && chosen !== item.key) return [head];
    const format = formatOf(item);
    const because: Line = [{ text: `     ${whyText(item.row, glyphs)}`, ...format }];
    const marks = item.marks.map(
      (mark): Span => ({
        text: markWords(mark, item.row.first),
        format: item.faded ? 'dim' : markFormat(mark),
      }),
    );
    return [head, ...besides(because, marks, columns)];
  }

  #head(item: Item, chosen: boolean): Line {
    const { glyphs } = this.#options;
    const sign = markSign(item.marks);
    const text = (column: Column) => fitted(column.text(item), column.width, glyphs, column.align);
    if (chosen) {
      const cells = this.#columns.map(text).join(' ');
      return [{ text: `${glyphs.chosen}${sign} ${cells}`, format: 'inverse' }];
    }
    const format = formatOf(item);
    const [mark] = item.marks;
    const signed: Span = { text: ` ${sign} ` };
    if (mark && !item.faded) signed.format = markFormat(mark);
    return [
      signed,
      ...this.#columns.flatMap((column, i): Span[] => {
        const own = item.faded ? undefined : column.format?.(item);
        return [
          { text: i === 0 ? '' : ' ' },
          { text: text(column), ...(own === undefined ? format : { format: own }) },
        ];
      }),
    ];
  }
}

/** What justified a row, in one line. */
export function whyText(row: Row, glyphs: Glyphs): string {
  return nameText(why(row), glyphs);
}

function why({ merged, first, last }: Row): string {
  if (merged > 0) return `${countText(merged)} justifications, for which there was no room of their own`;
  const step = justification(first);
  if (step) return becauseText(step, null);
  const { candidates } = first.verdict;
  return candidates ? notProvenText(candidates) : (settingText(last) ?? becauseOfSetting(last));
}

/** Behind a line as far as they fit, else on lines of their own. */
function besides(line: Line, marks: readonly Span[], columns: number): Line[] {
  const lines: Line[] = [[...line]];
  for (const mark of marks) {
    const current = lines.at(-1) as Line;
    const separate: Span = { text: '  ' };
    if (widthOfLine([...current, separate, mark]) <= columns) current.push(separate, mark);
    else lines.push([{ text: '     ' }, mark]);
  }
  return lines;
}

function formatOf({ faded, row }: Item): { format?: Format } {
  return faded || row.first.verdict.action === 'silent' ? { format: 'dim' } : {};
}
