import type { Command } from 'commander';
import { ArpwhyError } from '../errors.js';
import { findingOf } from '../recording/finding.js';
import { MergedReader } from '../recording/merge.js';
import { skewText } from '../recording/skew.js';
import { Story } from '../recording/story.js';
import { ReportClock } from '../view/clock.js';
import { countText } from '../view/count.js';
import { reportPage } from '../view/report-html.js';
import { reportText } from '../view/report-text.js';
import { styleFor } from '../view/style.js';
import { type Context, outputOf, say } from './context.js';
import { writeNewFile } from './new-file.js';
import { Progress } from './progress.js';

interface ReportOptions {
  output?: string;
  text?: boolean;
  utc?: boolean;
}

export function addReport(program: Command, context: Context): void {
  program
    .command('report <files...>')
    .description('what a recording tells: what changed, what was answered because of it, and for how long')
    .option('-o, --output <file>', 'make this HTML page: one file, for a browser or a printer')
    .option('--text', 'for the terminal; the default without -o')
    .option('--utc', 'times are in UTC')
    .action((files: string[], options: ReportOptions) => report(files, options, context));
}

async function report(files: string[], options: ReportOptions, context: Context): Promise<void> {
  const output = outputOf(context);
  let stopped = false;
  context.onStop(() => {
    stopped = true;
  });
  const reader = new MergedReader(files, { states: true });
  const story = new Story();
  const progress = new Progress(context);
  try {
    for await (const batch of reader.batches()) {
      for (const entry of batch) story.take(entry);
      if (stopped) return;
      progress.tick(() => `${countText(reader.decisions)} decisions read`);
    }
  } finally {
    progress.clear();
  }
  story.finish();
  const clock = new ReportClock(options.utc ?? false, story.firstNs ?? 0n, story.lastNs ?? 0n);
  const finding = findingOf(story, (ns) => clock.moment(ns));
  const problems = reader.problems();
  finding.caveats.push(...skewText(story.skew), ...problems);
  if (options.output !== undefined) {
    await writeNewFile(
      options.output,
      reportPage({ story, finding, clock, files, utc: options.utc ?? false }),
    );
    say(context, `the report is ${options.output}: ${finding.headline}`);
  }
  if (options.text || options.output === undefined) {
    const style = styleFor(context.stdout, context.environment);
    const columns = Math.min(context.stdout.columns ?? 100, 100);
    await output.write(reportText(story, finding, clock, style, columns));
  }
  output.check();
  const last = problems.pop();
  for (const problem of problems) say(context, problem);
  if (last !== undefined) throw new ArpwhyError('recording', last);
}
