import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Load, type Sent, send } from './load.js';
import type { Row } from './rows.js';
import { Tool, type Used } from './tool.js';
import type { World } from './world.js';

/** How long each load lasts. */
export interface Durations {
  arpMs: number;
  udpMs: number;
}

/** One row, once. */
export interface Measured {
  arp: Sent;
  policy: Sent;
  plain: Sent | null;
  /** null without a tool. */
  tool: (Used & { requests: number; delivered: number | null; lost: number | null; bytes: number }) | null;
}

/** Before the flood, at this rate: a tool gets to know the router, as it does on any that lives longer. */
const warmUp = { ms: 300, rate: 5000 };
/** Of the requests of an untraced flood, so many have to be answered; what is missing is named. */
const leastAnswered = 0.999;

/** Packets first, while no request has come yet; then the flood of requests. */
export async function measure(
  world: World,
  row: Row | null,
  durations: Durations,
  plain: boolean,
): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-bench-'));
  let tool: Tool | null = null;
  try {
    if (row) tool = await Tool.start(row.command(world, directory), directory);
    const udp = { kind: 'udp', ms: durations.udpMs } as const;
    const policyRun = await checked(world, { ...udp, path: world.policy });
    const plainRun = plain ? await checked(world, { ...udp, path: world.plain }) : null;
    const warm = await checked(world, { kind: 'arp', path: world.arp, ...warmUp });
    const arp = await checked(world, { kind: 'arp', path: world.arp, ms: durations.arpMs });
    const runs = { arp, policy: policyRun, plain: plainRun };
    if (!row || !tool) return { ...runs, tool: null };
    const used = await tool.stop();
    const requests = warm.sent + arp.sent;
    return { ...runs, tool: { ...used, requests, ...(await row.account(tool, requests)) } };
  } finally {
    await tool?.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @throws {Error} when too few of the frames came out again for a rate to mean anything */
async function checked(world: World, load: Load): Promise<Sent> {
  const one = await send(world, load);
  if (one.answered < leastAnswered * one.sent) {
    throw new Error(`of ${one.sent} frames (${load.kind}) only ${one.answered} were answered or forwarded`);
  }
  return one;
}
