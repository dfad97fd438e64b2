import type { Command } from 'commander';
import { type Fold, Folder } from '../decision/fold.js';
import { isNeighbourEvent, isOfKinds, type Kind, kinds } from '../decision/neighbour/types.js';
import { ArpwhyError, exitCode } from '../errors.js';
import type { RecordedEvent } from '../recording/events-from-json.js';
import { MergedReader } from '../recording/merge.js';
import type { Entry } from '../recording/reader.js';
import { Rejudge } from '../recording/rejudge.js';
import { Skew, skewText } from '../recording/skew.js';
import type { StartEvent, StreamEvent } from '../stream/events.js';
import { withFolded } from '../stream/folded.js';
import { Chunk } from '../view/chunk.js';
import { countText } from '../view/count.js';
import { escapeText } from '../view/escape.js';
import { LineView } from '../view/line.js';
import { type Context, outputOf, say, widthOf } from './context.js';
import { type MomentOption, momentOption, nsOf } from './moment.js';
import { addDecisionFilters, count, decisionFilter, type FilterOptions, kindList } from './options.js';
import { Progress } from './progress.js';
import { jsonTeller, type Teller } from './tell.js';
import { addViews, textTeller, type ViewOptions } from './views.js';

interface ReplayOptions extends FilterOptions, ViewOptions {
  json?: boolean;
  kind?: Kind[];
  rejudge?: boolean;
  count?: number;
  from?: MomentOption;
  to?: MomentOption;
}

export function addReplay(program: Command, context: Context): void {
  const command = program
    .command('replay <files...>')
    .description(
      'show what was recorded, as it was shown live: on any machine, without root; - is standard input',
    )
    .option('--json', 'one JSON object a line, as the trace wrote it (docs/schema)')
    .option(
      '--from <time>',
      'from this time on: 2026-11-22T03:33:01Z, "2026-11-22 03:33", or 03:33:01.5',
      momentOption('--from'),
    )
    .option('--to <time>', 'up to this time', momentOption('--to'))
    .option(
      '--rejudge',
      'decide again from what was recorded, by the rules of this version, and show what differs',
    )
    .option(
      '--kind <list>',
      `what to show of what was recorded, separated by commas: ${kinds.join(',')}; by default all`,
      kindList,
    )
    .option('--count <n>', 'end after so many decisions', count('--count'));
  addViews(command);
  addDecisionFilters(command).action((files: string[], options: ReplayOptions) =>
    replay(files, options, context),
  );
}

async function replay(files: string[], options: ReplayOptions, context: Context): Promise<void> {
  const output = outputOf(context);
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  context.onStop(stop);
  output.onClosed(stop);
  const reader = new MergedReader(files, await readOptions(files, options));
  if (options.json && options.rejudge) {
    throw new ArpwhyError('usage', '--rejudge shows differences as text: leave out --json');
  }
  const view = options.rejudge ? new RejudgeView(options, context) : new EventReplay(options, context);
  const skew = new Skew();
  const tally = { shown: 0, lost: 0 };
  const progress = new Progress(context, { beside: true });
  const chunk = new Chunk(2 * mostAtOnce);
  for await (const batch of reader.batches()) {
    for (const entry of batch) {
      if (stopped) break;
      const { event } = entry;
      if (options.kind && !isOfKinds(event, options.kind)) continue;
      if (event.schema === 'arpwhy.start/1') skew.host(event);
      else if (event.schema === 'arpwhy.decision/1') {
        tally.shown++;
        skew.decision(event, entry.timeNs);
      } else if (event.schema === 'arpwhy.lost/1') tally.lost += event.count;
      view.show(entry, chunk);
      if (chunk.length >= mostAtOnce) await output.writeBytes(chunk.take());
      if (tally.shown === options.count) stopped = true;
    }
    await output.writeBytes(chunk.take());
    if (stopped) break;
    progress.tick(() => `${countText(reader.decisions)} decisions read`);
  }
  progress.clear();
  await output.write(view.end());
  tellEnd(reader, tally, options, stopped, context);
  for (const line of skewText(skew)) say(context, line);
  output.check();
  const problems = stopped ? [] : reader.problems();
  const last = problems.pop();
  for (const problem of problems) say(context, problem);
  if (last !== undefined) throw new ArpwhyError('recording', last);
}

/** A time of day is one of the day on which the recording begins. */
async function readOptions(files: string[], options: ReplayOptions) {
  const { from, to, utc = false } = options;
  const filter = { ...decisionFilter(options), netns: options.netns, devices: options.dev };
  const day = from?.needsDay || to?.needsDay ? await firstDay(files) : null;
  const fromNs = from && nsOf(from, utc, day);
  const toNs = to && nsOf(to, utc, day);
  if (fromNs !== undefined && toNs !== undefined && toNs <= fromNs)
    throw new ArpwhyError(
      'usage',
      '--to is no later than --from: nothing lies between them; of another day, give the date, too',
    );
  return {
    filter,
    ...(fromNs === undefined ? {} : { fromNs }),
    ...(toNs === undefined ? {} : { toNs }),
    ...(options.rejudge ? { states: true, evidence: true } : {}),
  };
}

async function firstDay(files: string[]): Promise<Date> {
  if (files.includes('-')) {
    throw new ArpwhyError(
      'usage',
      'a time without a date needs a file: standard input can be read only once',
    );
  }
  for await (const [entry] of new MergedReader(files).batches()) {
    if (entry) return new Date(Number(entry.timeNs / 1_000_000n));
  }
  return new Date();
}

/** So much is written at a time. */
const mostAtOnce = 1 << 18;

interface ReplayView {
  show(entry: Entry, to: Chunk): void;
  end(): string;
}

/** What is only counted is told after so long of the recording's time. */
const restNs = 5_000_000_000n;

/** Events as they are shown live, by the clock of the recording. */
class EventReplay implements ReplayView {
  readonly #teller: Teller;
  readonly #folder: Folder | null;
  readonly #json: boolean;
  readonly #context: Context;
  #nextRestNs = 0n;

  constructor(options: ReplayOptions, context: Context) {
    this.#context = context;
    this.#json = options.json ?? false;
    this.#teller = this.#json ? jsonTeller() : textTeller(options, context);
    this.#folder = (options.fold ?? !options.json) ? new Folder() : null;
  }

  show(entry: Entry, to: Chunk): void {
    const { event, timeNs } = entry;
    if (!isStreamEvent(event)) return;
    if (event.schema === 'arpwhy.start/1' && !this.#json) this.#announce(event);
    to.text(this.#due(timeNs));
    this.#told(event, entry, to);
  }

  end(): string {
    return this.#folds(this.#folder?.rest() ?? []) + this.#teller.rest();
  }

  #told(event: StreamEvent, entry: Entry, to: Chunk): void {
    const folder = this.#folder;
    if (event.schema === 'arpwhy.decision/1' && folder && !this.#teller.onlyCounts(event)) {
      if (folder.add(event, milliseconds(entry.timeNs))) this.#line(event, entry, to);
      return;
    }
    const ends = event.schema === 'arpwhy.end/1' && folder !== null;
    if (ends || event.schema === 'arpwhy.change/1' || isNeighbourEvent(event)) to.text(this.end());
    if (ends) to.text(this.#teller.event(withFolded(event, folder.folded)));
    else this.#line(event, entry, to);
  }

  /** JSON is the line that was recorded, byte for byte. */
  #line(event: StreamEvent, entry: Entry, to: Chunk): void {
    if (!this.#json) {
      to.text(this.#teller.event(event));
      return;
    }
    to.bytes(entry.bytes);
    to.newline();
  }

  #due(timeNs: bigint): string {
    const text = this.#folder ? this.#folds(this.#folder.due(milliseconds(timeNs))) : '';
    if (timeNs < this.#nextRestNs) return text;
    this.#nextRestNs = timeNs + restNs;
    return text + this.#teller.rest();
  }

  #folds(folds: StreamEvent[]): string {
    return folds.map((fold) => this.#teller.event(fold)).join('');
  }

  #announce({ host, kernel, tier, version, hooks }: StartEvent): void {
    say(
      this.#context,
      `recorded on ${host} by arpwhy ${version}, ${tier} tier on ${kernel}; what is inferred is marked ~`,
    );
    for (const { name, why, cost } of hooks.missing) say(this.#context, `without ${name} (${why}): ${cost}`);
  }
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n);
}

/** What is decided otherwise by today's rules. */
class RejudgeView implements ReplayView {
  readonly #rejudge = new Rejudge();
  readonly #view: LineView;
  readonly #context: Context;
  readonly #tally = { same: 0, differs: 0, impossible: new Map<string, number>() };

  constructor(options: ReplayOptions, context: Context) {
    this.#context = context;
    this.#view = new LineView({ utc: options.utc ?? false, ...widthOf(context) });
  }

  show(entry: Entry, to: Chunk): void {
    this.#rejudge.take(entry);
    if (entry.event.schema !== 'arpwhy.decision/1') return;
    const judged = this.#rejudge.judge(entry.event, entry);
    if (judged.state === 'same') this.#tally.same++;
    if (judged.state === 'impossible') {
      this.#tally.impossible.set(judged.why, (this.#tally.impossible.get(judged.why) ?? 0) + 1);
    }
    if (judged.state !== 'differs') return;
    this.#tally.differs++;
    const lines = judged.differences.map(
      ({ at, was, now }) =>
        `             ${escapeText(`${at}: ${JSON.stringify(was)} is now ${JSON.stringify(now)}`)}`,
    );
    to.text(`${this.#view.decision(entry.event)}${lines.join('\n')}\n`);
  }

  end(): string {
    const { same, differs, impossible } = this.#tally;
    say(this.#context, `decided again: ${same} the same, ${differs} otherwise`);
    for (const [why, times] of impossible) say(this.#context, `${times} could not be decided again: ${why}`);
    if (differs > 0 || impossible.size > 0) this.#context.exitCode = exitCode.failed;
    return '';
  }
}

function isStreamEvent(event: RecordedEvent): event is Exclude<StreamEvent, Fold> {
  return (
    event.schema === 'arpwhy.start/1' ||
    event.schema === 'arpwhy.decision/1' ||
    isNeighbourEvent(event) ||
    event.schema === 'arpwhy.change/1' ||
    event.schema === 'arpwhy.lost/1' ||
    event.schema === 'arpwhy.end/1'
  );
}

function tellEnd(
  reader: MergedReader,
  { shown, lost }: { shown: number; lost: number },
  options: ReplayOptions,
  stopped: boolean,
  context: Context,
): void {
  // whoever stops early has not counted the rest
  const all = stopped ? shown : reader.decisions;
  const some = shown === all ? `${all} decisions` : `${shown} of ${all} decisions`;
  say(context, `${some}${lost > 0 ? `; ${lost} requests were lost while it was recorded` : ''}`);
  const named = [
    ...options.netns.map((name) => `namespace ${name}`),
    ...options.dev.map((name) => `device ${name}`),
  ];
  if (shown === 0 && all > 0 && named.length > 0) {
    const { namespaces, devices } = reader.names();
    say(
      context,
      `none of ${named.join(', ')}: it holds namespaces ${namespaces.join(', ')}; devices ${devices.join(', ')}`,
    );
  }
}
