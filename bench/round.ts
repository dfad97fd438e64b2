import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Load, type Sent, send } from './load.js';
import type { Account, Row } from './rows.js';
import { Tool, type Used } from './tool.js';
import type { World } from './world.js';

/** How long each load lasts. */
export interface Durations {
  arpMs: number;
  udpMs: number;
}

/** One run of a row. */
export interface Measured {
  /** The flood of requests. */
  arp: Sent;
  /** Packets through the policy router; null when only requests were sent. */
  policy: Sent | null;
  /** Packets through the router without rules of its own; null where a tool does not look at that one. */
  plain: Sent | null;
  /** null without a tool. */
  tool: ToolResult | null;
}

export interface ToolResult extends Used, Account {
  /** Sent while it was attached, those that warm it up too. */
  requests: number;
}

/** Before the flood, at this rate: a tool gets to know the router, as it does where it runs for longer. */
const warmUp = { ms: 250, rate: 5000 };
/** When fewer of the frames come out again, something is broken, and a rate means nothing. */
const leastAnswered = 0.9;

/** Run the loads, packets first, while no request has come yet; with a tool, or without one. */
export async function measure(world: World, row: Row | null, { arpMs, udpMs }: Durations): Promise<Measured> {
  const udp = { kind: 'udp', ms: udpMs } as const;
  const everywhere = row === null || !row.peer;
  return traced(world, row, async () => ({
    policy: await checked(world, { ...udp, path: world.policy }),
    plain: everywhere ? await checked(world, { ...udp, path: world.plain }) : null,
    warm: row ? await checked(world, { kind: 'arp', path: world.arp, ...warmUp }) : null,
    arp: await checked(world, { kind: 'arp', path: world.arp, ms: arpMs }),
  }));
}

/** Requests at a rate that a tool should carry for as long as it comes. */
export async function sustain(
  world: World,
  row: Row,
  { rate, seconds, targets }: { rate: number; seconds: number; targets: number },
): Promise<Measured> {
  return traced(world, row, async () => ({
    policy: null,
    plain: null,
    warm: await checked(world, { kind: 'arp', path: world.arp, ...warmUp }),
    arp: await checked(world, { kind: 'arp', path: world.arp, rate, count: rate * seconds, targets }),
  }));
}

async function traced(
  world: World,
  row: Row | null,
  load: () => Promise<Omit<Measured, 'tool'> & { warm: Sent | null }>,
): Promise<Measured> {
  if (!row) {
    const { warm, ...sent } = await load();
    return { ...sent, tool: null };
  }
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-bench-'));
  let tool: Tool | null = null;
  try {
    tool = await Tool.start(row.command(world, directory), directory);
    const { warm, ...sent } = await load();
    const used = await tool.stop();
    const requests = (warm?.sent ?? 0) + sent.arp.sent;
    return { ...sent, tool: { requests, ...used, ...(await row.account(tool, requests)) } };
  } finally {
    await tool?.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @throws {Error} when too few of the frames came out again */
async function checked(world: World, load: Load): Promise<Sent> {
  const one = await send(world, load);
  if (one.answered < leastAnswered * one.sent) {
    throw new Error(`of ${one.sent} frames (${load.kind}) only ${one.answered} were answered or forwarded`);
  }
  return one;
}
