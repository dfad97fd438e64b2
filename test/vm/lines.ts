import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Decision, Tier } from '../../src/decision/types.js';
import type { StartEvent } from '../../src/stream/events.js';

/** What judges a row: a tier, or the programs that see what a host learns and asks, tracepoints in every tier. */
export type Judge = Tier | 'neighbours';

/** What the machine tells the host. */
export type Line = TierLine | RowLine | EndLine;

/** All has been told: so many rows. */
export interface EndLine {
  kind: 'end';
  rows: number;
}

export interface TierLine {
  kind: 'tier';
  tier: Judge;
  /** Why the kernel does not offer it; null when it does. */
  refused: string | null;
  hooks: StartEvent['hooks'] | null;
}

export interface RowLine {
  kind: 'row';
  row: string;
  tier: Judge;
  state: 'passed' | 'failed' | 'skipped';
  why: string;
  /** Why tiers or kernels may differ about it; null when they may not. */
  differs: string | null;
  /** Why older kernels do something else, which is looked at by itself. */
  before?: string;
  decisions: Decision[];
  /** What a row with changes showed of them, as text for people has it. */
  changes?: string;
}

/** A serial line takes each byte by itself, and a tenth of them will do. */
export function pack(lines: readonly Line[]): string {
  return `${deflateRawSync(JSON.stringify(lines)).toString('base64')}\n`;
}

/** @returns none of a line that was cut, as the last one of a machine that is stopped */
export function unpack(text: string): Line[] {
  try {
    return JSON.parse(inflateRawSync(Buffer.from(text, 'base64')).toString());
  } catch {
    return [];
  }
}
