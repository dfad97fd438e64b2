import type { ReadStream } from 'node:tty';
import type { DecisionFilter } from '../../decision/filter.js';
import type { Order } from '../../decision/tally/order.js';
import { DeviceSubnets } from '../../host/subnets.js';
import { escapeText } from '../../view/escape.js';
import type { Glyphs } from '../../view/glyphs.js';
import type { Style } from '../../view/style.js';
import { TimeColumn } from '../../view/time.js';
import { rowDetail } from '../../view/top/detail.js';
import { type Grouping, type Item, type Listing, listRows, sortItems } from '../../view/top/listing.js';
import { drawTop } from '../../view/top/screen.js';
import type { Frozen, TopState } from '../../view/top/state.js';
import { filterLine } from '../options.js';
import { Controls } from './controls.js';
import { Counter } from './counter.js';
import type { TopSource } from './source.js';
import { Terminal, type TerminalOutput } from './terminal.js';

export interface SessionOptions {
  input: ReadStream;
  output: TerminalOutput;
  style: Style;
  glyphs: Glyphs;
  utc: boolean;
  scope: string;
  filter: DecisionFilter;
  silent: boolean;
  order: Order;
  grouping: Grouping;
  fadeMs: number;
}

const frameMs = 500;
const tickMs = 1000;
/** A word for the one who watches stands for so long. */
const messageMs = 5000;
/** A decision takes its time to be proven: what is later than this is behind. */
const behindMs = 1500;

/** The live table: events are counted as they come, the screen is drawn twice a second and after each key. */
export class Session {
  readonly #source: TopSource;
  readonly #options: SessionOptions;
  readonly #counter: Counter;
  readonly #subnets = new DeviceSubnets();
  readonly #terminal: Terminal;
  readonly #controls: Controls;
  readonly #startedMs: number;
  #listing: Listing = { items: [], hidden: { rows: 0, requests: 0 }, unlisted: 0 };
  #page = 1;
  #message: { text: string; until: number } | null = null;
  #drawnDecisions = 0;

  constructor(source: TopSource, options: SessionOptions) {
    this.#source = source;
    this.#options = options;
    this.#counter = new Counter(source);
    this.#startedMs = source.now();
    const quit = () => source.stop('signal');
    this.#terminal = new Terminal(options.input, options.output, {
      onKey: (key) => {
        this.#controls.key(key);
        this.#draw();
      },
      onResize: () => {
        this.#controls.resized();
        this.#draw();
      },
      onResume: () => this.#draw(),
      onGone: quit,
    });
    this.#controls = new Controls(
      {
        listing: () => this.#listing,
        page: () => this.#page,
        clock: () => this.#clock(),
        now: () => source.now(),
        freeze: (item) => this.#freeze(item),
        filter: (filter) => this.#counter.filter(filter),
        sort: (order, reversed) => sortItems(this.#listing.items, order, reversed),
        quit,
        suspend: () => this.#terminal.suspend(),
        forget: () => this.#terminal.forget(),
      },
      options,
    );
  }

  get lost(): number {
    return this.#counter.lost;
  }

  /** Show it until the source ends: quitting ends the source. */
  async run(): Promise<void> {
    const batches = this.#source.batches();
    this.#terminal.open();
    const timers = [
      setInterval(() => this.#draw(), frameMs),
      setInterval(() => this.#counter.tick(), tickMs),
    ];
    try {
      this.#counter.tick();
      this.#draw();
      for await (const batch of batches) this.#counter.take(batch);
    } finally {
      for (const timer of timers) clearInterval(timer);
      this.#terminal.close();
    }
  }

  /** Tell the one who watches, for a while. */
  say(text: string): void {
    this.#message = { text: escapeText(text), until: performance.now() + messageMs };
  }

  #draw(): void {
    const { columns, rows } = this.#terminal;
    const { glyphs, style } = this.#options;
    const { paused } = this.#controls;
    const now = paused?.now ?? this.#source.now();
    if (!paused) this.#listing = this.#list(now);
    const screen = drawTop(this.#state(now), { columns, rows, glyphs, style });
    this.#page = screen.page;
    this.#controls.scroll = screen.scroll;
    this.#terminal.draw(screen.lines);
    this.#drawnDecisions = this.#counter.decisions;
  }

  #list(now: number): Listing {
    const { grouping, order, reversed, silent, filter } = this.#controls;
    return listRows(this.#counter.tally, {
      ...{ grouping, order, reversed, silent, filter, now },
      fadeMs: this.#options.fadeMs,
      subnets: ({ netns, device }) => this.#subnets.of(netns.inode, device.index),
    });
  }

  #state(now: number): TopState {
    const { utc, scope } = this.#options;
    const { grouping, order, reversed, silent, filter, filteredSince } = this.#controls;
    const { paused, chosen, scroll, frozen, help, prompt } = this.#controls;
    const message = this.#message && this.#message.until > performance.now() ? this.#message.text : null;
    return {
      start: this.#source.start,
      clock: this.#clock(),
      upMs: this.#source.now() - this.#startedMs,
      tally: this.#counter.tally,
      listing: this.#listing,
      seen: this.#source.seen(),
      lost: this.#counter.lost,
      behindMs: this.#behind(),
      filterText: filterLine(filter),
      paused: paused?.clock ?? null,
      ...{ utc, scope, now, grouping, order, reversed, silent, filteredSince },
      ...{ chosen, scroll, frozen, help, prompt, message },
    };
  }

  #freeze({ row, rate, marks }: Item): Frozen {
    const { utc, glyphs } = this.#options;
    return {
      row,
      count: row.count,
      clock: this.#clock(),
      lines: rowDetail(row, { rate, marks, utc, glyphs, columns: this.#terminal.columns }),
    };
  }

  /** Of the decisions that came since the last frame, the newest tells. */
  #behind(): number {
    const { last, decisions } = this.#counter;
    if (last === null || decisions === this.#drawnDecisions) return 0;
    const behind = this.#source.behindMs(last);
    return behind > behindMs ? behind : 0;
  }

  #clock(): string {
    const { clock } = new TimeColumn(this.#options.utc).show(new Date().toISOString());
    return clock.slice(0, 'hh:mm:ss'.length);
  }
}
