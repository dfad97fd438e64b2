import type { NeighbourRow } from '../../decision/tally/neighbours.js';
import { escapeText } from '../escape.js';
import type { Glyphs } from '../glyphs.js';
import { cut } from '../spans.js';
import type { Style } from '../style.js';

const head = ['NAMESPACE', 'DEVICE', 'ADDRESS', 'HELD BY', 'STATE', 'SINCE', 'MOVED', 'DISPUTED', 'BEFORE'];

export interface NeighbourView {
  style: Style;
  utc: boolean;
  glyphs: Glyphs;
  /** Absent: as wide as it is. */
  columns?: number;
}

/** A line for each neighbour, below a head; `!` marks an address that changed hands, or that another MAC claims. */
export function neighbourTable(
  rows: readonly NeighbourRow[],
  { style, utc, glyphs, columns }: NeighbourView,
): string[] {
  const cells = rows.map((row) =>
    [
      row.netns.name ?? String(row.netns.inode),
      row.device.name ?? String(row.device.index),
      row.ip,
      row.mac ?? '-',
      row.state ?? '-',
      clockOf(row.since, utc),
      row.moves === 0 ? '-' : `${row.moves}x`,
      row.disputed === 0 ? '-' : `${row.disputed}x`,
      row.before ?? '-',
    ].map(escapeText),
  );
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map((cell) => cell[i]?.length ?? 0)));
  const line = (mark: string, words: readonly string[]) => {
    const text = words.map((word, i) => word.padEnd(widths[i] ?? 0)).join(' ');
    return cut(`${mark} ${text.trimEnd()}`, columns ?? Number.POSITIVE_INFINITY, glyphs);
  };
  return [
    style('dim', line(' ', head)),
    ...cells.map((cell, i) => {
      const row = rows[i] as NeighbourRow;
      const alarm = row.moves > 0 || row.disputed > 0;
      return alarm ? style(['bold', 'yellow'], line('!', cell)) : line(' ', cell);
    }),
  ];
}

/** Who holds which address, as one object: `top --neighbours --once --json`. */
export interface NeighbourReport {
  schema: 'arpwhy.neighbours/1';
  host: string;
  kernel: string;
  /** When it ended; of a recording, what was read last. */
  time: string;
  /** Records that were lost: holders may have changed in them. */
  lost: number;
  /** Neighbours that were given up for others. */
  dropped: number;
  neighbours: NeighbourRow[];
}

/** "03:33:01.1" */
function clockOf(time: string, utc: boolean): string {
  const date = new Date(time.slice(0, 23).concat('Z'));
  const tenths = time.slice(19, 21);
  if (utc) return `${date.toISOString().slice(11, 19)}${tenths}`;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${tenths}`;
}
