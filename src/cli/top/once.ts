import type { Accounts, EndEvent } from '../../stream/events.js';
import type { Glyphs } from '../../view/glyphs.js';
import { type Listing, listRows } from '../../view/top/listing.js';
import { jsonReport, tableReport } from '../../view/top/report.js';
import { type Context, outputOf, widthOf } from '../context.js';
import { decisionFilter, isAsked } from '../options.js';
import { Progress } from '../progress.js';
import type { TopOptions } from '../top.js';
import { Counter } from './counter.js';
import type { TopSource } from './source.js';

export interface OnceOptions extends Pick<TopOptions, 'json' | 'group' | 'order' | 'silent'> {
  /** How many seconds it lasts; null where it is as long as it is. */
  lasts: number | null;
  glyphs: Glyphs;
}

/** A table that is not for a terminal may be so wide. */
const plainColumns = 120;

/**
 * Count until the source ends, and print one table, or one object.
 * @returns requests that were lost
 */
export async function reportOnce(
  source: TopSource,
  options: OnceOptions & TopOptions,
  context: Context,
): Promise<number> {
  const output = outputOf(context);
  output.onClosed(() => source.stop('closed'));
  const counter = new Counter();
  const progress = new Progress(context);
  const startedMs = source.now();
  const timer = setInterval(() => {
    counter.advance(source.now());
    listing(source, counter, options); // asks for the subnets that marks depend on
    progress.show(progressText(source, startedMs, options.lasts));
  }, 1000);
  let end: EndEvent | null = null;
  try {
    for await (const moment of source.moments()) {
      counter.take(moment);
      const last = moment.events.at(-1);
      if (last?.schema === 'arpwhy.end/1') end = last;
    }
  } finally {
    clearInterval(timer);
    progress.clear();
  }
  const list = listing(source, counter, options);
  await output.write(
    options.json
      ? `${JSON.stringify(jsonReport(list, source.start, spanOf(source, counter, end, startedMs)))}\n`
      : tableReport(list, {
          glyphs: options.glyphs,
          now: source.now(),
          columns: widthOf(context).columns ?? plainColumns,
        }),
  );
  output.check();
  return counter.lost;
}

function progressText(source: TopSource, startedMs: number, lasts: number | null): string {
  const so = `${source.seen()} requests so far`;
  if (lasts === null) return `reading ${source.recording}: ${so}`;
  const left = Math.max(0, Math.ceil(lasts - (source.now() - startedMs) / 1000));
  return `listening, ${left} s left: ${so}`;
}

/** JSON has all, always. */
function listing(source: TopSource, counter: Counter, options: OnceOptions & TopOptions): Listing {
  const filter = decisionFilter(options);
  return listRows(counter.all, {
    grouping: options.json ? 'justification' : options.group,
    order: options.order,
    reversed: false,
    silent: options.json === true || options.silent || isAsked(filter),
    filter,
    fadeMs: Number.POSITIVE_INFINITY,
    now: source.now(),
    subnets: (decision) => source.subnets(decision),
  });
}

/** The span that was counted: of a live trace as its end tells, of recordings as far as they were read. */
function spanOf(
  source: TopSource,
  counter: Counter,
  end: EndEvent | null,
  startedMs: number,
): Pick<EndEvent, 'time' | 'monotonicNs' | 'durationNs' | 'accounts'> {
  if (source.recording === null && end) return end;
  const { all } = counter.all.totals;
  const none = { folded: 0, filtered: 0, pending: 0, abandoned: 0 };
  const accounts: Accounts = { seen: all + counter.lost, delivered: all, lost: counter.lost, ...none };
  const { start } = source;
  const { time, monotonicNs } = end ?? counter.last ?? start;
  return { time, monotonicNs, durationNs: Math.round((source.now() - startedMs) * 1e6), accounts };
}
