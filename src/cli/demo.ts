import { type Command, Option } from 'commander';
import type { Decision } from '../decision/types.js';
import { ArpwhyError, exitCode } from '../errors.js';
import { Tracer } from '../kernel/tracer.js';
import { ownPrefix } from '../lab/abandoned.js';
import { ganeti } from '../lab/ganeti.js';
import { Lab } from '../lab/lab.js';
import { ofPackage } from '../package-root.js';
import { findingOf } from '../recording/finding.js';
import { MergedReader } from '../recording/merge.js';
import { Story } from '../recording/story.js';
import { LiveStream } from '../stream/live.js';
import { ReportClock } from '../view/clock.js';
import { stepText } from '../view/explain.js';
import { LineView } from '../view/line.js';
import { type Style, styleFor } from '../view/style.js';
import { wrap } from '../view/wrap.js';
import { type Context, outputOf, say, widthOf } from './context.js';
import { expectedText } from './lab.js';
import { asExpected, type Played, Player } from './play.js';
import { Recording } from './recording.js';

/** The steps of the story; the lab has more. */
const story = ['healthy', 'flush', 'restore'];

export function addDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .description('a real incident in network namespaces, traced and explained')
    .addOption(new Option('--live', 'trace, and fail where the kernel refuses it').conflicts('recorded'))
    .addOption(
      new Option('--recorded', 'show the recorded incident: needs neither root nor BPF').conflicts('output'),
    )
    .option('-o, --output <file>', 'record it into this file')
    .option('--utc', 'show times in UTC')
    .action((options: DemoOptions) => demo(options, context));
}

interface DemoOptions {
  live?: boolean;
  recorded?: boolean;
  output?: string;
  utc?: boolean;
}

async function demo(options: DemoOptions, context: Context): Promise<void> {
  if (options.recorded) return recordedDemo(options, context);
  if (process.geteuid?.() !== 0) {
    throw new ArpwhyError(
      'not-permitted',
      'the demo builds network namespaces and traces them, and both need root: run "sudo arpwhy demo", or "arpwhy demo --recorded" to see a recorded one',
    );
  }
  // what refuses is told before anything is built
  try {
    Tracer.open().close();
  } catch (error) {
    const refused = error instanceof ArpwhyError && error.code === 'unsupported';
    if (!refused || options.live || options.output !== undefined) throw error;
    say(context, `this kernel cannot be traced: ${error.message}`);
    say(context, 'what follows is NOT this host: it is the same incident as it was recorded elsewhere');
    return recordedDemo(options, context);
  }
  return liveDemo(options, context);
}

async function liveDemo(options: DemoOptions, context: Context): Promise<void> {
  const output = outputOf(context);
  const style = styleFor(context.stdout, context.environment);
  // a recording is to be shown to others: a name without the number of a process
  const prefix = options.output === undefined ? ownPrefix('demo') : 'demo-';
  const router = `${prefix}${ganeti.router}`;
  let stopped = false;
  context.onStop(() => {
    stopped = true;
  });
  const lab = await Lab.up(ganeti, { prefix });
  let recording: Recording | null = null;
  try {
    recording = await Recording.open(options, () => {});
    const stream = LiveStream.open({ netns: [router], ...(recording ? { tap: recording.tap } : {}) });
    const view = new LineView({ utc: options.utc ?? false, style, ...widthOf(context) });
    const player = new Player(lab, stream);
    try {
      say(context, `${stream.start.tier} tier on ${stream.start.kernel}; what is inferred is marked ~`);
      await output.write(introduction(router, style));
      const shown: Played[] = [];
      for (const name of story) {
        if (stopped || output.isClosed) return;
        const step = await player.apply(name);
        await output.write(`\n${style('bold', `== ${name}`)}: ${step.summary}\n`);
        for await (const played of player.requests(step)) {
          shown.push(played);
          await output.write(view.decision(played.decision));
          if (!asExpected(played)) {
            await output.write(`             NOT as expected: ${expectedText(played.expected)}\n`);
          }
        }
      }
      await output.write(`\n${closing(shown, router, style)}\n`);
      if (shown.some((one) => !asExpected(one))) context.exitCode = exitCode.failed;
    } finally {
      await stream.stop('closed');
    }
    await recording?.close();
    recording?.tell(context);
    recording?.check();
  } finally {
    await recording?.close();
    await lab.down();
  }
  output.check();
}

/** Beside the package: made by `arpwhy demo -o`. */
const recordedPath = ofPackage('demo/incident.pcapng.gz');

/** The incident as it was recorded, and what a report says of it. */
async function recordedDemo(options: DemoOptions, context: Context): Promise<void> {
  const output = outputOf(context);
  const style = styleFor(context.stdout, context.environment);
  const view = new LineView({ utc: options.utc ?? false, style, ...widthOf(context) });
  const story = new Story();
  for await (const batch of new MergedReader([recordedPath], { states: true }).batches()) {
    for (const entry of batch) {
      story.take(entry);
      const { event } = entry;
      if (event.schema === 'arpwhy.start/1') {
        say(context, `recorded in the ${event.tier} tier on ${event.kernel}; what is inferred is marked ~`);
        await output.write(`${introduction(`demo-${ganeti.router}`, style)}\n`);
      } else if (event.schema === 'arpwhy.decision/1') await output.write(view.decision(event));
      else if (event.schema === 'arpwhy.change/1') await output.write(view.change(event));
    }
  }
  story.finish();
  const clock = new ReportClock(options.utc ?? false, story.firstNs ?? 0n, story.lastNs ?? 0n);
  const { headline, paragraphs } = findingOf(story, (ns) => clock.moment(ns));
  const told = paragraphs.flatMap((text) => [
    '',
    ...wrap(text, Math.min(context.stdout.columns ?? 100, 100)),
  ]);
  await output.write(`\n${style('bold', headline)}${told.join('\n')}\n\n`);
  await output.write('The same as a page for others: arpwhy report demo/incident.pcapng.gz -o report.html\n');
  output.check();
}

function introduction(router: string, style: Style): string {
  return [
    '',
    style('bold', 'A host that answers for everything'),
    `${router} is a Ganeti node: guests live behind tap0, and proxy ARP on bond0.90 answers for them in the VLAN.`,
    'Rules send what comes in on bond0.90 to table public_90; table main has a default route over bond0.',
    'A host in the VLAN asks for a guest (192.0.2.10) and for an address that nobody has (192.0.2.99).',
    '',
  ].join('\n');
}

/** What went wrong, told from the decisions that were seen. */
function closing(shown: Played[], router: string, style: Style): string {
  const wrong = shown.filter((one) => !asExpected(one));
  if (wrong.length > 0) {
    return `${wrong.length} of ${shown.length} decisions were not as expected: this demo proves nothing.`;
  }
  const rogue = shown.find(({ step, decision }) => step === 'flush' && isRogue(decision, shown));
  if (!rogue) return 'No address was answered after the flush that was not answered before.';
  const { decision } = rogue;
  const target = decision.request.target.ip;
  const because = decision.steps[decision.because ?? -1];
  const before = shown.find(
    ({ step, decision: other }) => step === 'healthy' && other.request.target.ip === target,
  );
  const emptied = decision.steps.find(
    (one) => one.purpose === 'target' && one.outcome === 'no-usable-route' && one.table?.id !== 255,
  );
  const beforeStep = before?.decision.steps[before.decision.because ?? -1];
  return [
    style('bold', 'What went wrong'),
    `Before, ${router} stayed silent about ${target}: ${beforeStep ? stepText(beforeStep) : ''} leads back to where the question came from.`,
    `Then bond0.90 went down and up again, and the kernel flushed its routes from table ${emptied?.table?.name ?? '?'} without a word.`,
    `The rule still led there, found no usable route, and the lookup fell through to ${because ? stepText(because) : '?'}.`,
    `That route leads out of another device than the question came in on, so proxy ARP answered with ${decision.reply?.mac}:`,
    'for this address, and in the same way for every address of the VLAN. Putting the routes back made it silent again.',
    'To be safe from it, give that table a last resort that no device takes away: ip route add unreachable default',
    'metric 4294967295 table 90 (the worst metric: any real default route wins).',
    'On a host of yours: arpwhy trace --action replied',
  ].join('\n');
}

/** Answered now, and silent while all was well. */
function isRogue(decision: Decision, shown: Played[]): boolean {
  return (
    decision.verdict.action === 'replied' &&
    shown.some(
      (one) =>
        one.step === 'healthy' &&
        one.decision.request.target.ip === decision.request.target.ip &&
        one.decision.verdict.action === 'silent',
    )
  );
}
