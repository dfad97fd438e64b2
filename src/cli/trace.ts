import { type Command, Option } from 'commander';
import { exitCode } from '../errors.js';
import { toolPath } from '../host/run.js';
import { hooks } from '../kernel/hooks.js';
import type { EndEvent, StartEvent } from '../stream/events.js';
import { LiveStream } from '../stream/live.js';
import { LineView } from '../view/line.js';
import { styleFor } from '../view/style.js';
import { type Context, outputOf, say, widthOf } from './context.js';
import { checkDevices } from './devices.js';
import { addFilters, count, decisionFilter, type FilterOptions, oneOf, seconds } from './options.js';
import { ReadyFile } from './ready-file.js';
import { jsonTeller, TextTeller, tell } from './tell.js';

interface TraceOptions extends FilterOptions {
  json?: boolean;
  duration?: number;
  count?: number;
  readyFile?: string;
  strict?: boolean;
  utc?: boolean;
  fold?: boolean;
  verbose?: boolean;
  quiet?: boolean;
  tier?: string;
  withoutHook: string[];
}

const hookNames = hooks.map(({ name }) => name);

/** After so long without a decision, say that we listen. */
const heartbeatMs = 5000;

export function addTrace(program: Command, context: Context): void {
  const command = program
    .command('trace')
    .description('watch this host decide about ARP requests, and say why it answered or stayed silent')
    .option('--json', 'one JSON object a line (docs/schema)')
    .option('--duration <seconds>', 'end after so long', seconds('--duration'))
    .option('--count <n>', 'end after so many decisions', count('--count'))
    .option('--ready-file <path>', 'make this file once attached, remove it at the end')
    .option('--strict', 'exit 5 when records were lost')
    .option('--fold', 'count decisions that repeat instead of telling each (in text unless --no-fold)')
    .option('--no-fold', 'tell each decision (in JSON unless --fold)')
    .addOption(new Option('-v, --verbose', 'text: all steps, settings and the rest').conflicts('json'))
    .addOption(new Option('-q, --quiet', 'text: one line for each').conflicts(['json', 'verbose']))
    .option('--utc', 'text: show times in UTC')
    .option('--tier <tier>', 'how to attach: tracepoint', (value) => oneOf('--tier', value, ['tracepoint']))
    .addOption(
      new Option('--without-hook <name>', 'leave a hook out, to see what it costs')
        .argParser((value: string, before: string[]) => [
          ...before,
          oneOf('--without-hook', value, hookNames),
        ])
        .default([])
        .hideHelp(),
    );
  addFilters(command).action((options: TraceOptions) => trace(options, context));
}

async function trace(options: TraceOptions, context: Context): Promise<void> {
  const output = outputOf(context);
  // Attaching holds up the event loop: a signal that comes meanwhile is heard once it is done.
  let stopped = false;
  let onStop = () => {
    stopped = true;
  };
  context.onStop(() => onStop());
  const stream = LiveStream.open({
    filter: decisionFilter(options),
    netns: options.netns.length > 0 ? options.netns : null,
    devices: options.dev.length > 0 ? options.dev : null,
    deferred: options.all,
    leaveOut: options.withoutHook,
    ...(options.count === undefined ? {} : { count: options.count }),
    onNote: (text) => say(context, text),
  });
  const batches = stream.batches();
  let readyFile: ReadyFile | undefined;
  let timer: NodeJS.Timeout | undefined;
  let heartbeat: Heartbeat | undefined;
  try {
    await checkDevices(options.dev, options.netns);
    if (options.readyFile !== undefined) readyFile = ReadyFile.make(options.readyFile);
    announce(stream.start, options, context);
    onStop = () => void stream.stop('signal');
    if (stopped) onStop();
    output.onClosed(() => void stream.stop('closed'));
    if (options.duration !== undefined) {
      timer = setTimeout(() => void stream.stop('duration'), options.duration * 1000);
    }
    const pulse = new Heartbeat(stream, context);
    heartbeat = pulse;
    const teller = options.json ? jsonTeller() : textTeller(options, context);
    const end = await tell(batches, teller, output, {
      fold: options.fold ?? !options.json,
      notice(event) {
        if (event.schema === 'arpwhy.decision/1') pulse.beat();
        if (event.schema === 'arpwhy.lost/1' && !options.json) {
          say(context, `lost ${event.count} requests: the ring was full`);
        }
      },
    });
    output.check();
    finish(end ?? (await stream.stop('error')), options, context);
  } finally {
    clearTimeout(timer);
    heartbeat?.stop();
    await stream.stop('error');
    readyFile?.remove();
  }
}

/** Which tier, what that means for the reader, and that we listen. */
function announce(start: StartEvent, options: TraceOptions, context: Context): void {
  const scope = [
    options.netns.length > 0 ? `namespace ${options.netns.join(', ')}` : 'every namespace',
    options.dev.length > 0 ? `device ${options.dev.join(', ')}` : 'every device',
  ].join(', ');
  say(
    context,
    `${start.tier} tier on ${start.kernel}: lookups are observed; rules and prefixes are inferred and marked ~`,
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

function textTeller(options: TraceOptions, context: Context): TextTeller {
  const view = new LineView({
    utc: options.utc ?? false,
    style: styleFor(context.stdout, context.environment),
    detail: options.verbose ? 'whole' : options.quiet ? 'brief' : 'usual',
    ...widthOf(context),
  });
  const asked = [options.action, options.reason, options.target, options.sender];
  return new TextTeller(view, options.silent || asked.some((filter) => filter.length > 0));
}

/** Says, while nothing happens, that we listen and how many requests were seen. */
class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #quiet = true;

  constructor(stream: LiveStream, context: Context) {
    this.#timer = setInterval(() => {
      if (this.#quiet && !stream.ending) {
        const seen = stream.seen();
        say(
          context,
          `listening; ${seen === 0 ? 'no request' : `${seen} requests`} seen so far, none to tell just now`,
        );
      }
      this.#quiet = true;
    }, heartbeatMs);
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
  if (lost > 0) say(context, 'to lose fewer: narrow it with --netns or --dev, or write into a file');
  if (options.strict && lost > 0) context.exitCode = exitCode.lost;
}
