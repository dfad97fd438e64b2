import type { Gates } from '../effective.js';
import type { Replay } from '../rules.js';
import type { Parsed, Series } from '../series.js';
import type { Action, Evidence, Pass, Purpose, Snapshot } from '../types.js';

export interface Judgement {
  action: Action;
  /** A code of the reason table, or `unknown`. */
  reason: string;
  detail: string | null;
  /** With `unknown`: the reasons that the evidence leaves. */
  candidates: string[] | null;
  evidence: Evidence;
  /** The series whose last step justified the verdict; null where the gate that closed looked nothing up. */
  because: Purpose | null;
}

/** All that a judgement may rest on. Replays and snapshot are null unless they are proven for this pass. */
export interface Evidences {
  pass: Pass;
  gates: Gates;
  parsed: Parsed;
  replays: Map<Series, Replay | null>;
  snapshot: Snapshot | null;
}

type More = Partial<Pick<Judgement, 'detail' | 'evidence' | 'because'>>;

export function verdict(action: Action, reason: string, more: More = {}): Judgement {
  return { action, reason, detail: null, candidates: null, evidence: 'observed', because: null, ...more };
}

export function unknown(action: Action, candidates: string[]): Judgement {
  return { action, reason: 'unknown', detail: null, candidates, evidence: 'observed', because: null };
}

export function lastOf(parsed: Parsed, purpose: Purpose) {
  return parsed.series.find((series) => series.purpose === purpose)?.lookups.at(-1) ?? null;
}

export function replayOf(evidences: Evidences, purpose: Purpose): Replay | null {
  const series = evidences.parsed.series.find((one) => one.purpose === purpose);
  return series ? (evidences.replays.get(series) ?? null) : null;
}
