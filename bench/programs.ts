import { readFileSync, writeFileSync } from 'node:fs';
import { Tracer } from '../dist/kernel/tracer.js';
import { type Load, send } from './load.js';
import type { World } from './world.js';

const statsFile = '/proc/sys/kernel/bpf_stats_enabled';
/** Bytes of wire records after which no further batch is kept. */
const mostKept = 1 << 20;

/** One BPF program under one kind of load. */
export interface ProgramCost {
  name: string;
  runsPerFrame: number;
  nsPerRun: number;
}

export interface Programs {
  arp: ProgramCost[];
  udp: ProgramCost[];
  /** Batches of wire records from the requests. */
  batches: Buffer[];
}

/**
 * How often each program runs and for how long, as the kernel measures it: its own clock reads are in it, some
 * 20 ns a run. In a tracer of our own, so that the wire records can be kept.
 */
export async function measurePrograms(world: World, frames: number): Promise<Programs> {
  const before = readFileSync(statsFile, 'latin1');
  writeFileSync(statsFile, '1');
  const batches: Buffer[] = [];
  let kept = 0;
  const tracer = Tracer.open({
    tap: (batch) => {
      if (kept >= mostKept) return;
      kept += batch.length;
      batches.push(Buffer.from(batch));
    },
  });
  try {
    tracer.onRecords(() => tracer.drain());
    const udp = await costs(tracer, world, { kind: 'udp', path: world.policy, count: frames });
    const arp = await costs(tracer, world, { kind: 'arp', path: world.arp, count: frames });
    while (tracer.drain().more);
    return { arp, udp, batches };
  } finally {
    tracer.close();
    writeFileSync(statsFile, before);
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
    .filter(({ runsPerFrame }) => runsPerFrame > 0.001);
}
