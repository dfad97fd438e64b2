import type { NeighbourRow } from '../../decision/tally/neighbours.js';
import { escapeText } from '../escape.js';
import type { Style } from '../style.js';

const head = ['NAMESPACE', 'DEVICE', 'ADDRESS', 'HELD BY', 'STATE', 'SINCE', 'MOVED', 'BEFORE', 'DISPUTED'];

/** A line for each neighbour, below a head; `!` marks an address that changed hands, or that another MAC claims. */
export function neighbourTable(rows: readonly NeighbourRow[], style: Style, utc: boolean): string[] {
  const cells = rows.map((row) =>
    [
      row.netns,
      row.device,
      row.ip,
      row.mac ?? '-',
      row.state ?? '-',
      clockOf(row.since, utc),
      row.moves === 0 ? '-' : `${row.moves}x`,
      row.before ?? '-',
      row.disputed === 0 ? '-' : `${row.disputed}x`,
    ].map(escapeText),
  );
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map((cell) => cell[i]?.length ?? 0)));
  const line = (words: readonly string[]) =>
    words
      .map((word, i) => word.padEnd(widths[i] ?? 0))
      .join(' ')
      .trimEnd();
  return [
    style('dim', `  ${line(head)}`),
    ...cells.map((cell, i) => {
      const row = rows[i] as NeighbourRow;
      const alarm = row.moves > 0 || row.disputed > 0;
      return alarm ? style(['bold', 'yellow'], `! ${line(cell)}`) : `  ${line(cell)}`;
    }),
  ];
}

/** "03:33:01.1" */
function clockOf(time: string, utc: boolean): string {
  const date = new Date(time.slice(0, 23).concat('Z'));
  const tenths = time.slice(19, 21);
  if (utc) return `${date.toISOString().slice(11, 19)}${tenths}`;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${tenths}`;
}
