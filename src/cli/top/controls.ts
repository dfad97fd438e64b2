import type { DecisionFilter } from '../../decision/filter.js';
import { type Order, orders } from '../../decision/tally/order.js';
import { ArpwhyError } from '../../errors.js';
import { escapeText } from '../../view/escape.js';
import { type Grouping, groupings, type Item, type Listing } from '../../view/top/listing.js';
import type { Frozen, TopState } from '../../view/top/state.js';
import { filterLine, isAsked, parseFilterLine } from '../options.js';
import type { Player } from './source.js';

/** What keys act upon, beside what they change here. */
export interface Table {
  /** What is on the screen. */
  listing(): Listing;
  /** How many rows, or lines of text, a page has. */
  page(): number;
  clock(): string;
  now(): number;
  freeze(item: Item): Frozen;
  /** The lines of what was frozen, as they fit the terminal now. */
  fitted(detail: Frozen['detail']): string[];
  /** @returns whether counting began anew */
  filter(filter: DecisionFilter): boolean;
  sort(order: Order, reversed: boolean): void;
  /** Write what is on the screen into a file. */
  save(): void;
  /** Winds a recording; null where the table is live. */
  player: Player | null;
  quit(): void;
  suspend(): void;
  /** The next frame is drawn from nothing. */
  forget(): void;
}

const shortSeekMs = 10_000;
const longSeekMs = 60_000;

/** What is chosen at the table, by keys. */
export class Controls {
  grouping: Grouping;
  order: Order;
  reversed = false;
  silent: boolean;
  filter: DecisionFilter;
  filteredSince: string | null = null;
  paused: { clock: string; now: number } | null = null;
  chosen: string | null = null;
  scroll = 0;
  frozen: Frozen | null = null;
  help = false;
  prompt: TopState['prompt'] = null;
  readonly #table: Table;

  constructor(
    table: Table,
    initial: { grouping: Grouping; order: Order; silent: boolean; filter: DecisionFilter },
  ) {
    this.#table = table;
    this.grouping = initial.grouping;
    this.order = initial.order;
    this.silent = initial.silent;
    this.filter = initial.filter;
    this.#setFilter(initial.filter);
  }

  /** @param key by its name, as the terminal tells it */
  key(key: string): void {
    if (key === 'ctrl-c') this.#table.quit();
    else if (key === 'ctrl-z') this.#table.suspend();
    else if (key === 'ctrl-l') this.#table.forget();
    else if (this.prompt) this.#promptKey(key, this.prompt.text);
    else if (this.help || this.frozen) this.#textKey(key);
    else this.#tableKey(key);
  }

  /** A text that was made for another width is made anew; what it tells of stays as it was frozen. */
  resized(): void {
    if (this.frozen) this.frozen = { ...this.frozen, lines: this.#table.fitted(this.frozen.detail) };
  }

  #refreeze(): void {
    const item = this.#item();
    if (this.frozen && item) this.frozen = this.#table.freeze(item);
  }

  #tableKey(key: string): void {
    const step = this.#step(key);
    if (step === null) this.#actions[key]?.();
    else this.#choose(step);
  }

  readonly #actions: Record<string, () => void> = {
    q: () => this.#table.quit(),
    '?': () => this.#openHelp(),
    h: () => this.#openHelp(),
    enter: () => this.#freeze(),
    f: () => this.#freeze(),
    '/': () => this.#openPrompt(),
    o: () => this.#sort(next(orders, this.order), false),
    O: () => this.#sort(this.order, !this.reversed),
    g: () => this.#group(),
    s: () => this.#toggleSilent(),
    p: () => this.#pause(),
    ' ': () => this.#pause(),
    w: () => this.#table.save(),
    left: () => this.#table.player?.seek(-shortSeekMs),
    right: () => this.#table.player?.seek(shortSeekMs),
    '[': () => this.#table.player?.seek(-longSeekMs),
    ']': () => this.#table.player?.seek(longSeekMs),
    '0': () => this.#table.player?.seek(Number.NEGATIVE_INFINITY),
    '<': () => this.#table.player?.accelerate(1 / 2),
    '>': () => this.#table.player?.accelerate(2),
    escape: () => this.#backToTop(),
  };

  #textKey(key: string): void {
    const step = this.#step(key === ' ' ? 'pagedown' : key);
    if (step !== null) this.scroll = Math.max(0, this.scroll + step);
    else if (key === 'q') this.#table.quit();
    else if (key === 'r') this.#refreeze();
    else if (key === 'w') this.#table.save();
    else if (key === '?' || key === 'h') this.#openHelp();
    else if (key === 'escape' || key === 'enter' || key === 'backspace') this.#closeText();
  }

  #promptKey(key: string, text: string): void {
    const edit = (edited: string) => {
      this.prompt = { text: edited, error: null };
    };
    if (key === 'escape') this.prompt = null;
    else if (key === 'enter') this.#applyPrompt(text);
    else if (key === 'backspace') edit([...text].slice(0, -1).join(''));
    else if (key === 'ctrl-u') edit('');
    else if (key === 'ctrl-w') edit(text.replace(/\S*\s*$/, ''));
    else if ([...key].length === 1) edit(text + key);
  }

  /** Rows or lines to go; null for a key that does not move. */
  #step(key: string): number | null {
    const page = this.#table.page();
    const far = Number.MAX_SAFE_INTEGER;
    const steps: Record<string, number> = {
      up: -1,
      k: -1,
      down: 1,
      j: 1,
      pageup: -page,
      pagedown: page,
      home: -far,
      end: far,
    };
    return steps[key] ?? null;
  }

  #choose(step: number): void {
    const { items } = this.#table.listing();
    const at = items.findIndex(({ key }) => key === this.chosen);
    // the first step chooses what stands first on the screen
    const far = Math.abs(step) > items.length;
    const to = at < 0 && !far ? this.scroll : at + step;
    this.chosen = items[Math.max(0, Math.min(items.length - 1, to))]?.key ?? null;
  }

  #item(): Item | undefined {
    return this.#table.listing().items.find(({ key }) => key === this.chosen);
  }

  #freeze(): void {
    const item = this.#item() ?? this.#table.listing().items[0];
    if (!item) return;
    this.chosen = item.key;
    this.frozen = this.#table.freeze(item);
    this.scroll = 0;
  }

  #openHelp(): void {
    this.help = !this.help;
    this.scroll = 0;
  }

  #closeText(): void {
    if (this.help) this.help = false;
    else this.frozen = null;
    this.scroll = 0;
  }

  #openPrompt(): void {
    this.paused = null;
    const words = filterLine(this.filter);
    this.prompt = { text: words === '' ? '' : `${words} `, error: null };
  }

  #applyPrompt(text: string): void {
    try {
      const { silent, ...filter } = parseFilterLine(text);
      this.prompt = null;
      this.#setFilter(filter);
      if (silent) this.silent = true;
      this.#backToTop();
    } catch (error) {
      if (!(error instanceof ArpwhyError)) throw error;
      this.prompt = { text, error: escapeText(error.message) };
    }
  }

  #setFilter(filter: DecisionFilter): void {
    this.filter = filter;
    this.filteredSince = this.#table.filter(filter) ? this.#table.clock() : null;
    // who asks for something wants to see it, be it silence
    if (isAsked(filter)) this.silent = true;
  }

  #sort(order: Order, reversed: boolean): void {
    this.order = order;
    this.reversed = reversed;
    this.#table.sort(order, reversed);
    this.#backToTop();
  }

  #group(): void {
    this.paused = null;
    this.grouping = next(groupings, this.grouping);
    this.#backToTop();
  }

  #toggleSilent(): void {
    this.paused = null;
    this.silent = !this.silent;
  }

  /** A recording stands still by itself. */
  #pause(): void {
    if (this.#table.player) this.#table.player.toggle();
    else this.paused = this.paused ? null : { clock: this.#table.clock(), now: this.#table.now() };
  }

  #backToTop(): void {
    this.chosen = null;
    this.scroll = 0;
  }
}

/** The one behind it; the first behind the last. */
function next<T>(list: readonly T[], one: T): T {
  return list[(list.indexOf(one) + 1) % list.length] as T;
}
