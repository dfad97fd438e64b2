import type { ReadStream } from 'node:tty';
import { type Command, Option } from 'commander';
import { kinds } from '../decision/neighbour/types.js';
import { type Order, orders } from '../decision/tally/order.js';
import { ArpwhyError, exitCode } from '../errors.js';
import { checkPlatform } from '../kernel/rights.js';
import { LiveStream } from '../stream/live.js';
import { bothTaps } from '../stream/tap.js';
import { asciiGlyphs, type Glyphs, glyphsFor } from '../view/glyphs.js';
import { styleFor } from '../view/style.js';
import { type Grouping, groupings } from '../view/top/listing.js';
import { type Context, say } from './context.js';
import { checkDevices } from './devices.js';
import {
  addDecisionFilters,
  checkTold,
  decisionFilter,
  type FilterOptions,
  oneOf,
  seconds,
} from './options.js';
import { ReadyFile } from './ready-file.js';
import { addRecording, Recording, type RecordOptions } from './recording.js';
import { KeepTap } from './top/keep.js';
import { type NeighbourOptions, topOfNeighbours } from './top/neighbours.js';
import { reportOnce } from './top/once.js';
import { RecordingPlayer } from './top/player.js';
import { saver } from './top/save.js';
import { Session, type SessionOptions } from './top/session.js';
import { liveSource } from './top/source.js';
import type { TerminalOutput } from './top/terminal.js';

export interface TopOptions extends FilterOptions, RecordOptions {
  once?: boolean;
  json?: boolean;
  neighbours?: boolean;
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
    .command('top [files...]')
    .description(
      'a live table of what this host answers for, for whom, and because of what; or of recordings',
    )
    .option('--once', `print one table and end: of recordings, or after ${onceSeconds} s (or --duration)`)
    .option('--json', 'with --once: one JSON object (docs/schema)')
    .option('--neighbours', 'instead: who holds which address, since when, and how often it changed hands')
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
    .option('--utc', 'show times in UTC')
    .option(
      '-o, --output <file>',
      'record into this file beside it, whatever is filtered on the screen: pcapng, for replay, report and Wireshark',
    );
  addRecording(command);
  addDecisionFilters(command, 'begin with silent rows shown').action(
    (files: string[], options: TopOptions) =>
      files.length > 0 ? topOfRecordings(files, options, context) : topLive(options, context),
  );
}

async function topLive(options: TopOptions, context: Context): Promise<void> {
  checkTold(options, options.neighbours ? kinds : ['decision']);
  const once = isOnce(options, context);
  // Attaching holds up the event loop: a signal that comes meanwhile is heard once it is done.
  let stopped = false;
  let onStop = () => {
    stopped = true;
  };
  context.onStop(() => onStop());
  let onNote = (text: string) => say(context, text);
  checkPlatform();
  await checkDevices(options.dev, options.netns);
  // the table goes on when nothing can be recorded any more, and says so
  const recording = await Recording.open(options, () => {});
  const keep = once || options.neighbours ? null : new KeepTap();
  const taps = [recording?.tap, keep].filter((tap) => tap != null);
  let stream: LiveStream;
  try {
    stream = LiveStream.open({
      netns: options.netns.length > 0 ? options.netns : null,
      devices: options.dev.length > 0 ? options.dev : null,
      // what is chosen on the screen can be changed there, and saved
      ...(once || options.neighbours ? { filter: decisionFilter(options) } : {}),
      ...(options.neighbours ? { kinds } : {}),
      ...(taps.length > 0 ? { tap: taps.reduce(bothTaps) } : {}),
      onNote: (text) => onNote(text),
    });
  } catch (error) {
    await recording?.discard();
    throw error;
  }
  let readyFile: ReadyFile | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    onStop = () => void stream.stop('signal');
    if (stopped) onStop();
    const duration = options.duration ?? (once ? onceSeconds : null);
    if (duration !== null) timer = setTimeout(() => void stream.stop('duration'), duration * 1000);
    if (options.readyFile !== undefined) readyFile = ReadyFile.make(options.readyFile);
    const source = liveSource(stream);
    let lost: number;
    if (options.neighbours) {
      lost = await topOfNeighbours(source, neighbourOptions(options, once, context), context);
    } else if (keep) {
      const session = new Session(source, {
        ...sessionOptions(options, context),
        ...(recording ? { recorder: () => recording.state() } : {}),
        filter: decisionFilter(options),
        save: saver(stream.start, keep),
      });
      onNote = (text) => session.say(text);
      await session.run();
      lost = session.lost;
    } else {
      lost = await reportOnce(
        source,
        { ...options, lasts: duration, glyphs: glyphsOf(options, context) },
        context,
      );
    }
    if (lost > 0) say(context, `lost ${lost} requests: the ring was full`);
    if (options.strict && lost > 0) context.exitCode = exitCode.lost;
    await recording?.close();
    recording?.tell(context);
    recording?.check();
  } finally {
    clearTimeout(timer);
    await stream.stop('error');
    await recording?.close();
    readyFile?.remove();
  }
}

async function topOfRecordings(files: string[], options: TopOptions, context: Context): Promise<void> {
  const once = isOnce(options, context);
  const filter = { ...decisionFilter(options), netns: options.netns, devices: options.dev };
  if (options.duration !== undefined || options.readyFile !== undefined) {
    throw new ArpwhyError('usage', 'a recording is as long as it is: leave out --duration and --ready-file');
  }
  if (files.includes('-')) {
    throw new ArpwhyError('usage', 'top reads a recording more than once: name its file, not -');
  }
  if (options.output !== undefined) {
    throw new ArpwhyError('usage', 'it is recorded already: -o belongs to a live table');
  }
  const whole = once || options.neighbours === true;
  const source = await RecordingPlayer.open(files, { filter: whole ? filter : null, paced: !whole });
  context.onStop(() => source.stop());
  let lost: number;
  if (options.neighbours) {
    lost = await topOfNeighbours(source, neighbourOptions(options, true, context), context);
  } else if (once) {
    lost = await reportOnce(source, { ...options, lasts: null, glyphs: glyphsOf(options, context) }, context);
  } else {
    const session = new Session(source, { ...sessionOptions(options, context), filter, save: null });
    await session.run();
    lost = session.lost;
  }
  if (options.strict && lost > 0) context.exitCode = exitCode.lost;
  const problems = source.problems();
  const last = problems.pop();
  for (const problem of problems) say(context, problem);
  if (last !== undefined) throw new ArpwhyError('recording', last);
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

function neighbourOptions(options: TopOptions, once: boolean, context: Context): NeighbourOptions {
  return { once, json: options.json ?? false, utc: options.utc ?? false, glyphs: glyphsOf(options, context) };
}

function glyphsOf({ ascii }: TopOptions, { environment }: Context): Glyphs {
  return ascii ? asciiGlyphs : glyphsFor(environment);
}

function sessionOptions(options: TopOptions, context: Context): Omit<SessionOptions, 'filter' | 'save'> {
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
    silent: options.silent,
    order: options.order,
    grouping: options.group,
    fadeMs: options.fade * 1000,
  };
}
