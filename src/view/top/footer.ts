import { countText, some } from '../count.js';
import { type Line, type Span, widthOfLine } from '../spans.js';
import type { Surface, TopState } from './state.js';

/** What is not on the screen, and the keys. @param shown the part of the list that is */
export function footerLines(
  state: TopState,
  surface: Surface,
  shown: { from: number; to: number; of: number; what: string },
): Line[] {
  return [statusLine(state, surface, shown), keysLine(state, surface)];
}

function statusLine(
  { message, listing, silent, frozen, help, order, reversed, prompt }: TopState,
  { columns }: Surface,
  { from, to, of, what }: { from: number; to: number; of: number; what: string },
): Line {
  const left: Span[] = [];
  const { hidden, unlisted } = listing;
  if (prompt && prompt.error !== null) return [{ text: prompt.error, format: ['bold', 'red'] }];
  if (message !== null) left.push({ text: message, format: 'bold' });
  else if (frozen === null && !help) {
    if (hidden.rows > 0 && !silent) {
      const rows = some(hidden.rows, 'silent row');
      left.push({ text: `${rows} (${some(hidden.requests, 'request')}) hidden: s`, format: 'dim' });
    }
    if (silent) left.push({ text: 'silent rows shown: s hides them', format: 'dim' });
    if (unlisted > 0) left.push({ text: `  ${countText(unlisted)} more not listed: filter`, format: 'bold' });
  }
  const sorted = what === 'rows' ? `by ${order}${reversed ? ' reversed' : ''}, ` : '';
  const range = of === 0 ? '' : `${sorted}${what} ${countText(from)}-${countText(to)} of ${countText(of)}`;
  const right: Span = { text: range, ...(to < of || from > 1 ? { format: 'bold' as const } : {}) };
  const gap = columns - widthOfLine(left) - range.length;
  // a message is there for a moment, and is not to be cut for what comes back
  if (message !== null && gap < 2) return left;
  return [...left, { text: ' '.repeat(Math.max(1, gap)) }, right];
}

function keysLine({ prompt, frozen, help, player }: TopState, { glyphs, columns }: Surface): Line {
  const arrows = `${glyphs.up}${glyphs.unicode ? '' : '/'}${glyphs.down}`;
  if (prompt) {
    return [{ text: 'filter: ', format: 'bold' }, { text: prompt.text }, { text: ' ', format: 'inverse' }];
  }
  if (help)
    return keys(
      [
        [arrows, 'scroll'],
        ['Esc', 'back'],
        ['q', 'quit'],
      ],
      columns,
    );
  if (frozen) {
    return keys(
      [
        [arrows, 'scroll'],
        ['Esc', 'back'],
        ['r', 'read it again'],
        ['?', 'help'],
        ['q', 'quit'],
      ],
      columns,
    );
  }
  const common: [string, string][] = [
    ['/', 'filter'],
    ['o', 'order'],
    ['g', 'group'],
  ];
  const silence: [string, string] = ['s', 'silent'];
  const own: [string, string][] =
    player === null
      ? [...common, ['p', 'pause'], ['w', 'save'], silence]
      : [['p', 'play'], [glyphs.unicode ? '←→' : 'left/right', '10 s'], ['< >', 'speed'], ...common, silence];
  return keys([[arrows, ''], ['Enter', 'why'], ...own, ['?', 'help'], ['q', 'quit']], columns);
}

/** Those in the middle are left out where there is no room: help tells of all. */
function keys(list: readonly [string, string][], columns: number): Line {
  const shown = [...list];
  const lineOf = () =>
    shown.flatMap(([key, text], i): Line => {
      const rest = text === '' ? ' ' : ` ${text}${i === shown.length - 1 ? '' : '  '}`;
      return [{ text: key, format: 'bold' }, { text: rest }];
    });
  while (widthOfLine(lineOf()) > columns && shown.length > 2) shown.splice(-3, 1);
  return lineOf();
}
