import type { ReadStream } from 'node:tty';
import { type Command, Option } from 'commander';
import { type Order, orders } from '../decision/tally/order.js';
import { exitCode } from '../errors.js';
import { DeviceSubnets } from '../host/subnets.js';
import type { EndEvent } from '../stream/events.js';
import { LiveStream } from '../stream/live.js';
import { asciiGlyphs, type Glyphs, glyphsFor } from '../view/glyphs.js';
import { styleFor } from '../view/style.js';
import { type Grouping, groupings, listRows } from '../view/top/listing.js';
import { jsonReport, tableReport } from '../view/top/report.js';
import { type Context, outputOf, say, widthOf } from './context.js';
import { checkDevices } from './devices.js';
import { addFilters, decisionFilter, type FilterOptions, oneOf, seconds } from './options.js';
import { Progress } from './progress.js';
import { ReadyFile } from './ready-file.js';
import { Counter } from './top/counter.js';
import { Session } from './top/session.js';
import { liveSource } from './top/source.js';
import type { TerminalOutput } from './top/terminal.js';

interface TopOptions extends FilterOptions {
  once?: boolean;
  json?: boolean;
  duration?: number;
  order: Order;
  group: Grouping;
  fade: number;
  ascii?: boolean;
  utc?: boolean;
  strict?: boolean;
  readyFile?: string;
}

/** So long `--once` listens unless told otherwise. */
const onceSeconds = 5;
const fadeSeconds = 60;

export function addTop(program: Command, context: Context): void {
  const command = program
    .command('top')
    .description('a live table of what this host answers for, for whom, and because of what')
    .option('--once', `listen for a while (${onceSeconds} s unless --duration), print one table and end`)
    .option('--json', 'with --once: one JSON object (docs/schema)')
    .option('--duration <seconds>', 'end after so long', seconds('--duration'))
    .addOption(
      new Option('--order <order>', `begin with this order: ${orders.join(', ')}`)
        .argParser((value: string) => oneOf('--order', value, orders))
        .default('alarm'),
    )
    .addOption(
      new Option('--group <group>', `a line for each ${groupings.join(', ')}`)
        .argParser((value: string) => oneOf('--group', value, groupings))
        .default('justification'),
    )
    .option('--fade <seconds>', 'rows not seen for so long fade', seconds('--fade'), fadeSeconds)
    .option('--ascii', 'draw with ASCII alone (as where the locale is not UTF-8)')
    .option('--ready-file <path>', 'make this file once attached, remove it at the end')
    .option('--strict', 'exit 5 when records were lost')
    .option('--utc', 'show times in UTC');
  addFilters(command).action((options: TopOptions) => top(options, context));
}

async function top(options: TopOptions, context: Context): Promise<void> {
  const once = isOnce(options, context);
  // Attaching holds up the event loop: a signal that comes meanwhile is heard once it is done.
  let stopped = false;
  let onStop = () => {
    stopped = true;
  };
  context.onStop(() => onStop());
  let onNote = (text: string) => say(context, text);
  const stream = LiveStream.open({
    netns: options.netns.length > 0 ? options.netns : null,
    devices: options.dev.length > 0 ? options.dev : null,
    // what is chosen on the screen can be changed there
    ...(once ? { filter: decisionFilter(options) } : {}),
    onNote: (text) => onNote(text),
  });
  let readyFile: ReadyFile | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    await checkDevices(options.dev, options.netns);
    onStop = () => void stream.stop('signal');
    if (stopped) onStop();
    const duration = options.duration ?? (once ? onceSeconds : null);
    if (duration !== null) timer = setTimeout(() => void stream.stop('duration'), duration * 1000);
    if (options.readyFile !== undefined) readyFile = ReadyFile.make(options.readyFile);
    let lost: number;
    if (once) {
      lost = (await reportOnce(stream, duration ?? onceSeconds, options, context)).accounts.lost;
    } else {
      const session = new Session(liveSource(stream), sessionOptions(options, context));
      onNote = (text) => session.say(text);
      await session.run();
      lost = session.lost;
    }
    if (lost > 0) say(context, `lost ${lost} requests: the ring was full`);
    if (options.strict && lost > 0) context.exitCode = exitCode.lost;
  } finally {
    clearTimeout(timer);
    await stream.stop('error');
    readyFile?.remove();
  }
}

/** Where nobody can press keys, or the screen cannot be drawn, there is one table. */
function isOnce({ once, json }: TopOptions, { stdin, stdout, environment }: Context): boolean {
  return (
    once === true ||
    json === true ||
    stdout.isTTY !== true ||
    stdin.isTTY !== true ||
    !environment.TERM ||
    environment.TERM === 'dumb'
  );
}

function glyphsOf({ ascii }: TopOptions, { environment }: Context): Glyphs {
  return ascii ? asciiGlyphs : glyphsFor(environment);
}

function sessionOptions(options: TopOptions, context: Context) {
  const { netns, dev } = options;
  return {
    input: context.stdin as ReadStream,
    output: context.stdout as unknown as TerminalOutput,
    style: styleFor(context.stdout, context.environment),
    glyphs: glyphsOf(options, context),
    utc: options.utc ?? false,
    scope: [
      netns.length > 0 ? `namespace ${netns.join(', ')}` : 'every namespace',
      dev.length > 0 ? `device ${dev.join(', ')}` : 'every device',
    ].join(', '),
    filter: decisionFilter(options),
    silent: options.silent,
    order: options.order,
    grouping: options.group,
    fadeMs: options.fade * 1000,
  };
}

async function reportOnce(
  stream: LiveStream,
  duration: number,
  options: TopOptions,
  context: Context,
): Promise<EndEvent> {
  const output = outputOf(context);
  output.onClosed(() => void stream.stop('closed'));
  const progress = new Progress(context);
  const source = liveSource(stream);
  const counter = new Counter(source);
  const subnets = new DeviceSubnets();
  const until = source.now() + duration * 1000;
  const list = () =>
    listRows(counter.all, {
      grouping: options.json ? 'justification' : options.group,
      order: options.order,
      reversed: false,
      silent: options.json || showsSilent(options),
      filter: decisionFilter(options),
      fadeMs: Number.POSITIVE_INFINITY,
      now: source.now(),
      subnets: ({ netns, device }) => subnets.of(netns.inode, device.index),
    });
  const timer = setInterval(() => {
    counter.tick();
    list(); // asks for the subnets that marks depend on
    const left = Math.max(0, Math.ceil((until - source.now()) / 1000));
    progress.show(`arpwhy: listening, ${left} s left; ${source.seen()} requests so far`);
  }, 1000);
  counter.tick();
  let end: EndEvent | null = null;
  try {
    for await (const batch of source.batches()) {
      counter.take(batch);
      const last = batch.at(-1);
      if (last?.schema === 'arpwhy.end/1') end = last;
    }
  } finally {
    clearInterval(timer);
    progress.clear();
  }
  end ??= await stream.stop('error');
  const listing = list();
  const text = options.json
    ? `${JSON.stringify(jsonReport(listing, stream.start, end))}\n`
    : tableReport(listing, {
        glyphs: glyphsOf(options, context),
        now: source.now(),
        columns: widthOf(context).columns ?? 120,
      });
  await output.write(text);
  output.check();
  return end;
}

function showsSilent({ silent, action, reason, target, sender }: TopOptions): boolean {
  return silent || [action, reason, target, sender].some((filter) => filter.length > 0);
}
