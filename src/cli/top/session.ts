import type { ReadStream } from 'node:tty';
import { type DecisionFilter, passes } from '../../decision/filter.js';
import type { Order } from '../../decision/tally/order.js';
import type { Decision } from '../../decision/types.js';
import { byWords, changeWords } from '../../recording/change-words.js';
import type { ChangeEvent } from '../../stream/events.js';
import { escapeText } from '../../view/escape.js';
import type { Glyphs } from '../../view/glyphs.js';
import type { Style } from '../../view/style.js';
import { TimeColumn } from '../../view/time.js';
import { detailLines, type RowDetail, rowDetail } from '../../view/top/detail.js';
import { type Grouping, type Item, type Listing, listRows, sortItems } from '../../view/top/listing.js';
import { drawTop } from '../../view/top/screen.js';
import type { Frozen, TopState } from '../../view/top/state.js';
import { filterLine } from '../options.js';
import { Controls } from './controls.js';
import { Counter } from './counter.js';
import type { Moment, TopSource } from './source.js';
import { Terminal, type TerminalOutput } from './terminal.js';

export interface SessionOptions {
  input: ReadStream;
  output: TerminalOutput;
  style: Style;
  glyphs: Glyphs;
  utc: boolean;
  scope: string;
  /** What is recorded meanwhile, in words; absent when nothing is. */
  recorder?: () => { text: string; failed: boolean };
  filter: DecisionFilter;
  silent: boolean;
  order: Order;
  grouping: Grouping;
  fadeMs: number;
  /**
   * Write decisions into a file, and say how it went; null where there is no need to.
   * @param counted requests that were counted until now
   */
  save: ((decisions: Decision[], counted: number, lost: number) => Promise<string>) | null;
}

const frameMs = 500;
/** A word for the one who watches stands for so long. */
const messageMs = 5000;
/** A decision takes its time to be proven: what is later than this is behind. */
const behindMs = 1500;

/** The live table: events are counted as they come, the screen is drawn twice a second and after each key. */
export class Session {
  readonly #source: TopSource;
  readonly #options: SessionOptions;
  readonly #counter = new Counter();
  readonly #terminal: Terminal;
  readonly #controls: Controls;
  readonly #startedMs: number;
  #listing: Listing = { items: [], hidden: { rows: 0, requests: 0 }, unlisted: 0 };
  #page = 1;
  #saving: Promise<void> | null = null;
  #message: { text: string; until: number } | null = null;
  #drawnDecisions = 0;

  constructor(source: TopSource, options: SessionOptions) {
    this.#source = source;
    this.#options = options;
    // requests are seen from then on: it takes a while until the screen is there
    this.#startedMs = source.now() - (source.recording === null ? source.behindMs(source.start) : 0);
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
        fitted: (detail) => this.#fitted(detail),
        filter: (filter) => this.#counter.filter(filter),
        sort: (order, reversed) => sortItems(this.#listing.items, order, reversed),
        save: () => this.#save(),
        player: source.player,
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
    const source = this.#source;
    // what comes while the terminal is made ready is to be counted too
    let moments = source.moments();
    this.#terminal.open();
    const timer = setInterval(() => this.#draw(), frameMs);
    try {
      this.#draw();
      for (;;) {
        for await (const moment of moments) this.#take(moment);
        if (!source.player?.rewound) return;
        this.#counter.restart();
        this.#message = null;
        moments = source.moments();
      }
    } finally {
      clearInterval(timer);
      this.#terminal.close();
      await this.#saving;
    }
  }

  /** Tell the one who watches, for a while. */
  say(text: string): void {
    this.#message = { text: escapeText(text), until: performance.now() + messageMs };
  }

  #take(moment: Moment): void {
    const { change } = this.#counter;
    this.#counter.take(moment);
    const now = this.#counter.change;
    if (now !== null && now !== change) this.say(changeLine(now, this.#options.utc));
  }

  #draw(): void {
    const { columns, rows } = this.#terminal;
    const { glyphs, style } = this.#options;
    const { paused } = this.#controls;
    const now = paused?.now ?? this.#source.now();
    this.#counter.advance(this.#source.now());
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
      subnets: (decision) => this.#source.subnets(decision),
    });
  }

  #state(now: number): TopState {
    const { utc, scope } = this.#options;
    const { grouping, order, reversed, silent, filter, filteredSince } = this.#controls;
    const { paused, chosen, scroll, frozen, help, prompt } = this.#controls;
    const { start, recording, player } = this.#source;
    const message = this.#message && this.#message.until > performance.now() ? this.#message.text : null;
    return {
      clock: this.#clock(),
      upMs: this.#source.now() - this.#startedMs,
      player: player?.state() ?? null,
      tally: this.#counter.tally,
      listing: this.#listing,
      seen: this.#source.seen(),
      lost: this.#counter.lost,
      behindMs: this.#behind(),
      recorder: this.#options.recorder?.() ?? null,
      filterText: filterLine(filter),
      paused: paused?.clock ?? null,
      countedAt: this.#source.now(),
      ...{ start, recording, utc, scope, now, grouping, order, reversed, silent, filteredSince },
      ...{ chosen, scroll, frozen, help, prompt, message },
    };
  }

  #freeze({ row, rate, marks }: Item): Frozen {
    const detail = rowDetail(row, { rate, marks, utc: this.#options.utc });
    return { row, count: row.count, clock: this.#clock(), detail, lines: this.#fitted(detail) };
  }

  #fitted(detail: RowDetail): string[] {
    return detailLines(detail, { columns: this.#terminal.columns, glyphs: this.#options.glyphs });
  }

  #save(): void {
    const { save } = this.#options;
    if (!save) this.say(`it is recorded already, in ${this.#source.recording}`);
    if (!save || this.#saving) return;
    const rows = new Set(this.#listing.items.map(({ row }) => row));
    const decisions = [...rows].flatMap(({ first, recent }) => [first, ...recent]);
    const shown = decisions.filter((one) => passes(one, this.#controls.filter));
    const { all, lost } = this.#counter;
    this.#saving = save(shown, all.totals.all, lost).then((text) => {
      this.#saving = null;
      this.say(text);
      this.#draw();
    });
  }

  /** Of the decisions that came since the last frame, the newest tells. */
  #behind(): number {
    const { last, decisions } = this.#counter;
    if (last === null || decisions === this.#drawnDecisions) return 0;
    const behind = this.#source.behindMs(last);
    return behind > behindMs ? behind : 0;
  }

  /** Of a recording with its date. */
  #clock(): string {
    const time = new Date(this.#source.wallMs()).toISOString();
    const { clock, header } = new TimeColumn(this.#options.utc).show(time);
    const short = clock.slice(0, 'hh:mm:ss'.length);
    return this.#source.recording === null ? short : `${header?.split(' ')[0]} ${short}`;
  }
}

/** "04:22:47 rec-node0: table public_90 lost 2 routes (...)" */
function changeLine(event: ChangeEvent, utc: boolean): string {
  const { time, netns, changes, more } = event;
  const { clock } = new TimeColumn(utc).show(time);
  const where = netns.name ?? `namespace ${netns.inode}`;
  return `${clock.slice(0, 'hh:mm:ss'.length)} ${where}: ${changeWords(changes, more)}${byWords(event)}`;
}
