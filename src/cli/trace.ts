import { type Command, Option } from 'commander';
import { isNeighbourEvent, type Kind, kinds } from '../decision/neighbour/types.js';
import type { Tier } from '../decision/types.js';
import { exitCode } from '../errors.js';
import { toolPath } from '../host/run.js';
import { hooks, tiers } from '../kernel/hooks.js';
import { checkPlatform } from '../kernel/rights.js';
import type { EndEvent, Missed, StartEvent } from '../stream/events.js';
import { LiveStream } from '../stream/live.js';
import { type Context, outputOf, say } from './context.js';
import { checkDevices } from './devices.js';
import {
  addFilters,
  checkTold,
  count,
  decisionFilter,
  type FilterOptions,
  kindList,
  oneOf,
  seconds,
} from './options.js';
import { ReadyFile } from './ready-file.js';
import { addRecording, Recording, type RecordOptions } from './recording.js';
import { jsonTeller, type Teller, tell } from './tell.js';
import { addViews, textTeller, type ViewOptions } from './views.js';

interface TraceOptions extends FilterOptions, RecordOptions, ViewOptions {
  json?: boolean;
  /** Of record: the view beside it. */
  text?: boolean;
  duration?: number;
  count?: number;
  readyFile?: string;
  strict?: boolean;
  kind?: Kind[];
  tier?: Tier;
  withoutHook: string[];
}

const hookNames = hooks.map(({ name }) => name);

/** After so long without a decision, say that we listen. */
const heartbeatMs = 5000;

/** While a recording is made and nothing else is shown, tell how it goes this often. */
const progressMs = 10_000;

export function addTrace(program: Command, context: Context): void {
  const command = program
    .command('trace')
    .description('watch this host decide about ARP requests, and say why it answered or stayed silent')
    .option('--json', 'one JSON object a line (docs/schema)')
    .option(
      '-o, --output <file>',
      'record into this file beside it: pcapng, for replay, report and Wireshark',
    );
  addLiveOptions(command).action((options: TraceOptions) =>
    trace({ ...options, text: !options.json }, context),
  );
}

export function addRecord(program: Command, context: Context): void {
  const command = program
    .command('record')
    .description('record what this host decides, and the state that it decides in, for replay and report')
    .requiredOption('-o, --output <file>', 'the file to make: pcapng, which Wireshark opens as it is')
    .addOption(new Option('--text', 'show the decisions beside it').conflicts('json'))
    .option('--json', 'write the decisions as JSON beside it, one object a line (docs/schema)');
  addLiveOptions(command).action((options: TraceOptions) => trace(options, context));
}

function addLiveOptions(command: Command): Command {
  command
    .option(
      '--kind <list>',
      `what to tell, separated by commas: ${kinds.join(',')}; by default decisions alone`,
      kindList,
    )
    .option('--duration <seconds>', 'end after so long', seconds('--duration'))
    .option('--count <n>', 'end after so many decisions', count('--count'))
    .option('--ready-file <path>', 'make this file once attached, remove it at the end')
    .option('--strict', 'exit 5 when records were lost')
    .option('--tier <tier>', `how to attach: ${tiers.join(', ')}; by default the best that works`, (value) =>
      oneOf('--tier', value, tiers),
    )
    .addOption(
      new Option('--without-hook <name>', 'leave a hook out, to see what it costs')
        .argParser((value: string, before: string[]) => [
          ...before,
          oneOf('--without-hook', value, hookNames),
        ])
        .default([])
        .hideHelp(),
    );
  addViews(command);
  addRecording(command);
  return addFilters(command);
}

async function trace(options: TraceOptions, context: Context): Promise<void> {
  checkTold(options, options.kind ?? ['decision']);
  const output = outputOf(context);
  // Attaching holds up the event loop: a signal that comes meanwhile is heard once it is done.
  let stopped = false;
  let onStop = () => {
    stopped = true;
  };
  context.onStop(() => onStop());
  let stream: LiveStream | undefined;
  // before a file is made that a slip of the pen would leave behind
  checkPlatform();
  await checkDevices(options.dev, options.netns);
  const recording = await Recording.open(options, () => void stream?.stop('error'));
  try {
    stream = openStream(options, context, recording);
  } catch (error) {
    await recording?.discard();
    throw error;
  }
  const live = stream;
  const batches = live.batches();
  let readyFile: ReadyFile | undefined;
  let timer: NodeJS.Timeout | undefined;
  const pulse =
    recording && !options.text && !options.json
      ? new Heartbeat(live, context, progressMs, () => `recording; ${recording.progress(live.seen())}`)
      : new Heartbeat(live, context, heartbeatMs, () => listening(live));
  try {
    if (options.readyFile !== undefined) readyFile = ReadyFile.make(options.readyFile);
    announce(live.start, options, context);
    onStop = () => void live.stop('signal');
    if (stopped) onStop();
    if (recording?.failed) void live.stop('error');
    output.onClosed(() => void live.stop('closed'));
    if (options.duration !== undefined) {
      timer = setTimeout(() => void live.stop('duration'), options.duration * 1000);
    }
    const teller = tellerFor(options, context);
    const end = await tell(batches, teller, output, {
      fold: options.fold ?? (options.text === true && !options.json),
      notice(event) {
        if ((event.schema === 'arpwhy.decision/1' || isNeighbourEvent(event)) && teller !== silentTeller)
          pulse.beat();
        if (event.schema === 'arpwhy.lost/1' && !options.json) {
          const what = event.where === 'ring' ? 'requests' : 'records of neighbours';
          say(context, `lost ${event.count} ${what}: the ring was full`);
        }
      },
    });
    await recording?.close();
    finish(end ?? (await live.stop('error')), options, context);
    recording?.tell(context);
    output.check();
    recording?.check();
  } finally {
    clearTimeout(timer);
    pulse.stop();
    await live.stop('error');
    await recording?.close();
    readyFile?.remove();
  }
}

function openStream(options: TraceOptions, context: Context, recording: Recording | null): LiveStream {
  return LiveStream.open({
    filter: decisionFilter(options),
    netns: options.netns.length > 0 ? options.netns : null,
    devices: options.dev.length > 0 ? options.dev : null,
    deferred: options.all,
    leaveOut: options.withoutHook,
    ...(options.kind ? { kinds: options.kind } : {}),
    ...(options.tier ? { tier: options.tier } : {}),
    ...(options.count === undefined ? {} : { count: options.count }),
    ...(recording ? { tap: recording.tap } : {}),
    onNote: (text) => say(context, text),
  });
}

/** A recording that is made alone shows nothing. */
const silentTeller: Teller = { event: () => '', onlyCounts: () => false, rest: () => '' };

function tellerFor(options: TraceOptions, context: Context): Teller {
  if (options.json) return jsonTeller();
  return options.text ? textTeller(options, context) : silentTeller;
}

/** Which tier, what that means for the reader, and that we listen. */
function announce(start: StartEvent, options: TraceOptions, context: Context): void {
  const scope = [
    options.netns.length > 0 ? `namespace ${options.netns.join(', ')}` : 'every namespace',
    options.dev.length > 0 ? `device ${options.dev.join(', ')}` : 'every device',
  ].join(', ');
  say(
    context,
    start.tier === 'tracepoint'
      ? `${start.tier} tier on ${start.kernel}: lookups are observed; rules and prefixes are inferred and marked ~`
      : `${start.tier} tier on ${start.kernel}: lookups, rules and prefixes are observed; what is inferred is marked ~`,
  );
  for (const { name, why, cost } of start.hooks.missing) say(context, `without ${name} (${why}): ${cost}`);
  tellMissingTools(context);
  say(context, `listening to ${scope}; ^C ends`);
}

/** Snapshots are taken with these; lookups are observed all the same. */
function tellMissingTools(context: Context): void {
  for (const tool of ['ip', 'nsenter']) {
    try {
      toolPath(tool);
    } catch (error) {
      say(context, `${(error as Error).message}; without it rules and prefixes stay unknown`);
    }
  }
}

function listening(stream: LiveStream): string {
  const seen = stream.seen();
  return `listening; ${seen === 0 ? 'no request' : `${seen} requests`} seen so far, none to tell just now`;
}

/** Says, while nothing is told, that we are at work and how many requests were seen. */
class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #quiet = true;

  constructor(stream: LiveStream, context: Context, everyMs: number, words: () => string) {
    this.#timer = setInterval(() => {
      if (this.#quiet && !stream.ending) say(context, words());
      this.#quiet = true;
    }, everyMs);
  }

  beat(): void {
    this.#quiet = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function finish(end: EndEvent, options: TraceOptions, context: Context): void {
  const { seen, delivered, folded, filtered, pending, lost } = end.accounts;
  const parts = [`${delivered} delivered`];
  if (folded > 0) parts.push(`${folded} folded`);
  if (filtered > 0) parts.push(`${filtered} filtered out`);
  if (pending > 0) parts.push(`${pending} still deferred`);
  if (end.accounts.abandoned > 0) parts.push(`${end.accounts.abandoned} abandoned`);
  parts.push(`${lost} lost`);
  const requests = seen === 1 ? '1 request' : `${seen} requests`;
  say(context, `${requests} in ${(end.durationNs / 1e9).toFixed(1)} s: ${parts.join(', ')}`);
  if (end.changesLost > 0) say(context, `${end.changesLost} changes of routes were too many to be told`);
  if (end.missed && end.missed.length > 0) say(context, missedWords(end.missed));
  if (end.neighbours) {
    const { delivered: told, filtered: out, lost: gone } = end.neighbours;
    say(context, `of neighbours: ${told} delivered, ${out} filtered out, ${gone} records lost`);
  }
  if (lost > 0) {
    const later = options.text ? ', or record it, which takes less, and look at it later' : '';
    say(context, `to lose fewer: narrow it with --netns, --dev, --target or --sender${later}`);
  }
  if (options.strict && (lost > 0 || end.changesLost > 0)) context.exitCode = exitCode.lost;
}

/** Most hooks are of every packet: these events are a bound for what is in no account. */
function missedWords(missed: readonly Missed[]): string {
  const all = missed.reduce((sum, { count }) => sum + count, 0);
  const hooks = missed.map(({ name, count }) => `${name} ${count}`).join(', ');
  return `the kernel kept ${all === 1 ? 'an event' : `${all} events`} from programs that ran just then (${hooks}): a request among them is in no count`;
}
