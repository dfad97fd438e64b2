import type { Order } from '../../decision/tally/order.js';
import type { Row } from '../../decision/tally/row.js';
import type { Tally } from '../../decision/tally/tally.js';
import type { StartEvent } from '../../stream/events.js';
import type { Glyphs } from '../glyphs.js';
import type { Style } from '../style.js';
import type { RowDetail } from './detail.js';
import type { Grouping, Listing } from './listing.js';

/** The terminal that a screen is made for. */
export interface Surface {
  columns: number;
  rows: number;
  glyphs: Glyphs;
  style: Style;
}

/** A row that is looked at closely: it stays as it was when it was frozen. */
export interface Frozen {
  row: Row;
  /** Its count and the time of day when it was frozen. */
  count: number;
  clock: string;
  detail: RowDetail;
  /** The same, as it fits the terminal. */
  lines: string[];
}

/** All that a screen shows. */
export interface TopState {
  start: StartEvent;
  /** What is shown is read from it; null when it is live. */
  recording: string | null;
  /** "PLAYING 4x": what a recording does; null when it is live. */
  player: string | null;
  /** The time of day that the screen shows, as "03:33:07", with its date where it is not today's. */
  clock: string;
  /** Since the trace began. */
  upMs: number;
  utc: boolean;
  /** Milliseconds of the clock that the tally counts with. */
  now: number;
  /** The same, but that counting goes on while the table is paused. */
  countedAt: number;
  tally: Tally;
  listing: Listing;
  /** Requests that the kernel side has seen, and lost. */
  seen: number;
  lost: number;
  /** How far the newest decision is behind; 0 when it is not worth telling. */
  behindMs: number;
  /** What the kernel lets through, in words: "every namespace, every device". */
  scope: string;
  /** What is recorded meanwhile, in words; null when nothing is. */
  recorder: { text: string; failed: boolean } | null;
  filterText: string;
  /** Since when only what passes the filter is counted, as "03:33:07"; null when all is. */
  filteredSince: string | null;
  grouping: Grouping;
  order: Order;
  reversed: boolean;
  silent: boolean;
  /** The time of day at which the screen was paused; null when it is not. */
  paused: string | null;
  chosen: string | null;
  /** The first item, or line, that is shown. */
  scroll: number;
  frozen: Frozen | null;
  help: boolean;
  /** What is being typed; null when nothing is. */
  prompt: { text: string; error: string | null } | null;
  /** A word for the one who watches, for a while. */
  message: string | null;
}
