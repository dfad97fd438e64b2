import { countText } from '../count.js';
import { type Line, lineText } from '../spans.js';
import { placeText, verdictText } from './columns.js';
import { footerLines } from './footer.js';
import { headerLines } from './header.js';
import { helpLines } from './help.js';
import type { Item } from './listing.js';
import type { Surface, TopState } from './state.js';
import { Table } from './table.js';

export interface Screen {
  /** As many as the terminal has rows, none wider than it. */
  lines: string[];
  /** How many items or lines of text the body has room for: what a page is. */
  page: number;
  /** The first one that is shown: scrolled as far as there is something to show. */
  scroll: number;
}

interface Body {
  lines: Line[];
  from: number;
  to: number;
  of: number;
  what: string;
  page: number;
}

/** The screen as it stands: lines of text, each fitted to the terminal. */
export function drawTop(state: TopState, surface: Surface): Screen {
  const header = headerLines(state, surface);
  const room = Math.max(1, surface.rows - header.length - 2);
  const body = bodyOf(state, surface, room);
  const lines = [...header, ...body.lines.slice(0, room)];
  while (lines.length < header.length + room) lines.push([]);
  const shown = { from: body.of === 0 ? 0 : body.from + 1, to: body.to, of: body.of, what: body.what };
  lines.push(...footerLines(state, surface, shown));
  const { columns, glyphs, style, rows } = surface;
  return {
    lines: lines.slice(-rows).map((line) => lineText(line, columns, glyphs, style)),
    page: body.page,
    scroll: body.from,
  };
}

function bodyOf(state: TopState, surface: Surface, room: number): Body {
  if (state.help) return textBody(helpLines(surface.glyphs, surface.columns), state.scroll, room, 'lines');
  if (state.frozen) {
    const { row, count, clock, lines } = state.frozen;
    const more = row.count - count;
    const since = more > 0 ? `; ${countText(more)} more since` : '';
    const title: Line = [
      { text: `${placeText(row, surface.glyphs)}  ${verdictText(row)}`, format: 'bold' },
      { text: '  ' },
      { text: `FROZEN at ${clock}${since}`, format: 'inverse' },
    ];
    const body = textBody(lines, state.scroll, room - 1, 'lines');
    return { ...body, lines: [title, ...body.lines] };
  }
  return tableBody(state, surface, room);
}

function textBody(lines: readonly string[], scroll: number, room: number, what: string): Body {
  const from = Math.max(0, Math.min(scroll, lines.length - room));
  const shown = lines.slice(from, from + room);
  return {
    lines: shown.map((text) => [{ text }]),
    from,
    to: from + shown.length,
    of: lines.length,
    what,
    page: room,
  };
}

function tableBody(state: TopState, surface: Surface, room: number): Body {
  const { items } = state.listing;
  const options = { ...state, ...surface };
  if (items.length === 0) {
    return { lines: [[], ...nothing(state)], from: 0, to: 0, of: 0, what: 'rows', page: 1 };
  }
  // the chosen one is always on the screen: how many lines come before it decides where the screen begins
  const at = items.findIndex(({ key }) => key === state.chosen);
  const near = at >= 0 ? at : state.scroll;
  const table = new Table(items.slice(Math.max(0, near - room), near + room), options);
  const from = firstShown(items, Math.min(state.scroll, items.length - 1), at, room - 1, table);
  const lines: Line[] = [table.titles()];
  let to = from;
  while (to < items.length) {
    const more = table.lines(items[to] as Item);
    if (lines.length + more.length > room && to > from) break;
    lines.push(...more);
    to++;
  }
  return { lines, from, to, of: items.length, what: 'rows', page: Math.max(1, to - from) };
}

/** The first item to be shown, so that the chosen one is on the screen as a whole. */
function firstShown(
  items: readonly Item[],
  scroll: number,
  chosen: number,
  room: number,
  table: Table,
): number {
  let from = chosen >= 0 && chosen < scroll ? chosen : scroll;
  const heightOf = (item: Item) => table.lines(item).length;
  if (chosen > from) {
    let height = 0;
    let first = chosen;
    for (let i = chosen; i >= from; i--) {
      height += heightOf(items[i] as Item);
      if (height > room) break;
      first = i;
    }
    from = Math.max(from, first);
  }
  // no empty lines below the last item while there are others above
  let height = items
    .slice(from)
    .slice(0, room)
    .reduce((sum, item) => sum + heightOf(item), 0);
  while (from > 0) {
    height += heightOf(items[from - 1] as Item);
    if (height > room) break;
    from--;
  }
  return from;
}

/** Why the table is empty. */
function nothing({ seen, listing, filterText }: TopState): Line[] {
  if (listing.hidden.rows > 0) {
    return [
      [
        {
          text: '   Nothing was answered. Silence is hidden: press s to see what this host stays silent about.',
        },
      ],
    ];
  }
  if (filterText !== '' && seen > 0)
    return [[{ text: '   Nothing passes the filter: press / to change it.' }]];
  return [[{ text: '   No request was seen yet.' }]];
}
