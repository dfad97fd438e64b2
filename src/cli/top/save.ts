import type { Decision } from '../../decision/types.js';
import { ArpwhyError } from '../../errors.js';
import { Clock } from '../../host/clock.js';
import { RecordingFiles } from '../../recording/files.js';
import { Recorder } from '../../recording/recorder.js';
import type { Accounts, EndEvent, StartEvent } from '../../stream/events.js';
import { some } from '../../view/count.js';
import { type Happening, KeepTap } from './keep.js';

export interface Saved {
  start: StartEvent;
  /** Those that are kept of the rows on the screen, in any order. */
  decisions: readonly Decision[];
  happenings: readonly Happening[];
  /** Requests that were counted, and lost, until now: what is not in the file was left out of it. */
  counted: number;
  lost: number;
  /** When it ends: the time of day, and CLOCK_MONOTONIC. */
  time: string;
  monotonicNs: bigint;
}

/**
 * Write a recording of what is on the screen: decisions, what each was made from, and the states of namespaces.
 * @returns how many decisions are in it
 * @throws {ArpwhyError} `output` when the file cannot be made or written
 */
export async function saveRecording(path: string, saved: Saved): Promise<number> {
  const files = await RecordingFiles.open({
    path,
    numbered: false,
    keep: null,
    compress: false,
    onError: () => {},
  });
  const steps = inOrder(saved);
  const beganNs = steps[0]?.ns ?? saved.monotonicNs;
  const recorder = new Recorder(files, {
    ...{ rotation: null, command: 'arpwhy top' },
    ...{ beganNs, ownNs: saved.monotonicNs },
  });
  recorder.start(saved.start);
  for (const { run } of steps) run(recorder);
  recorder.end(endOf(saved, recorder.decisions));
  await recorder.close();
  if (files.failed) throw files.failed;
  return recorder.decisions;
}

interface Step {
  /** CLOCK_MONOTONIC */
  ns: bigint;
  run(recorder: Recorder): void;
}

/** Decisions and what happened, by their times. */
function inOrder({ decisions, happenings }: Saved): Step[] {
  const steps: Step[] = [];
  for (const one of happenings) {
    steps.push({ ns: one.ns, run: (recorder) => tellAgain(recorder, one) });
  }
  for (const decision of new Set(decisions)) {
    const evidence = KeepTap.evidenceOf(decision);
    if (!evidence) continue;
    const ns = BigInt(decision.monotonicNs);
    steps.push({ ns, run: (recorder) => recorder.decision(decision, evidence) });
  }
  return steps.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
}

function tellAgain(recorder: Recorder, one: Happening): void {
  if (one.kind === 'state') recorder.state(one.state);
  else if (one.kind === 'link') recorder.link(one.netns, one.notice, one.heldNs);
  else recorder.change(one.event);
}

function endOf({ start, counted, lost, time, monotonicNs }: Saved, delivered: number): EndEvent {
  const none = { folded: 0, pending: 0, abandoned: 0 };
  const accounts: Accounts = {
    seen: counted + lost,
    delivered,
    filtered: counted - delivered,
    lost,
    ...none,
  };
  return {
    schema: 'arpwhy.end/1',
    host: start.host,
    time,
    monotonicNs: monotonicNs.toString(),
    durationNs: Number(monotonicNs - BigInt(start.monotonicNs)),
    why: 'closed',
    accounts,
    cut: 0,
    untracked: 0,
    frames: 0,
    changesLost: 0,
  };
}

/** How a live table saves: into a file of the working directory whose name tells host and time. */
export function saver(start: StartEvent, tap: KeepTap) {
  const clock = new Clock(BigInt(start.clockOffsetNs));
  return async (decisions: Decision[], counted: number, lost: number): Promise<string> => {
    const monotonicNs = process.hrtime.bigint();
    const time = clock.format(monotonicNs);
    const path = `arpwhy-${start.host}-${time.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.pcapng`;
    try {
      const { happenings } = tap;
      const saved = await saveRecording(path, {
        start,
        decisions,
        happenings,
        counted,
        lost,
        time,
        monotonicNs,
      });
      return `saved ${some(saved, 'decision')}: arpwhy report ${path}`;
    } catch (error) {
      if (error instanceof ArpwhyError) return error.message;
      throw error;
    }
  };
}
