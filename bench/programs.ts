import { Tracer } from '../dist/kernel/tracer.js';
import { type Load, scanTargets, send } from './load.js';
import { setRunStats } from './run-stats.js';
import type { World } from './world.js';

const frames = 200_000;
/** Requests for as many targets, kept as wire records. */
const scanned = 8192;
/** Bytes of wire records after which no further batch is kept. */
const mostKept = 2 << 20;

/** One BPF program under one kind of load. */
export interface ProgramCost {
  name: string;
  runsPerFrame: number;
  nsPerRun: number;
}

export interface Programs {
  arp: ProgramCost[];
  udp: ProgramCost[];
  /** Batches of wire records: of a storm for few targets, and of one request for each of many. */
  storm: Buffer[];
  scan: Buffer[];
}

/**
 * How often each program runs and for how long, as the kernel measures it: its own clock reads are in it, some
 * 20 ns a run. In a tracer of our own, so that the wire records can be kept.
 */
export async function measurePrograms(world: World): Promise<Programs> {
  setRunStats('1');
  let keptBytes = 0;
  let kept: Buffer[] = [];
  const tracer = Tracer.open({
    tap: (batch) => {
      if (keptBytes < mostKept) kept.push(Buffer.from(batch));
      keptBytes += batch.length;
    },
  });
  const records = () => {
    while (tracer.drain().more);
    const batches = kept;
    [kept, keptBytes] = [[], 0];
    return batches;
  };
  try {
    tracer.onRecords(() => tracer.drain());
    const udp = await costs(tracer, world, { kind: 'udp', path: world.policy, count: frames });
    const arp = await costs(tracer, world, { kind: 'arp', path: world.arp, count: frames });
    const storm = records();
    await send(world, { kind: 'arp', path: world.arp, count: scanned, targets: scanTargets });
    return { arp, udp, storm, scan: records() };
  } finally {
    tracer.close();
    setRunStats('0');
  }
}

async function costs(tracer: Tracer, world: World, load: Load): Promise<ProgramCost[]> {
  const before = tracer.runStats();
  const { answered } = await send(world, load);
  return tracer
    .runStats()
    .map(({ name, runs, ns }, i) => {
      const [newRuns, newNs] = [runs - (before[i]?.runs ?? 0), ns - (before[i]?.ns ?? 0)];
      return { name, runsPerFrame: newRuns / answered, nsPerRun: newRuns > 0 ? newNs / newRuns : 0 };
    })
    .filter(({ runsPerFrame }) => runsPerFrame > 0.01);
}
