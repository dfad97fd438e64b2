import { likeOf } from './alike-decision.js';
import type { Decision, DecisionStep } from './types.js';

/** What is kept of the decisions of one group. */
export interface Grouped {
  /** The first decision: the others agree with it in all that makes a group. */
  readonly first: Decision;
}

/**
 * Decisions that are told together: of one host, namespace, device, action, reason and justification (the step that
 * they are because of), and claiming the same MAC. All that {@link sameGroup} compares is true of each of them.
 * Finding a group builds no text, and takes a fraction of a microsecond.
 */
export class Groups<G extends Grouped> {
  /** By a hash, for there may be as many justifications as there are routes. */
  readonly #buckets = new Map<number, G[]>();
  readonly #make: (decision: Decision) => G;
  /** By the decision that others are told from: those are of one group. */
  #known = new WeakMap<Decision, G>();
  #size = 0;

  constructor(make: (decision: Decision) => G) {
    this.#make = make;
  }

  get size(): number {
    return this.#size;
  }

  /** The group of a decision, made where there is none yet. */
  of(decision: Decision): G {
    const like = likeOf(decision);
    let group = this.#known.get(like);
    if (group === undefined) {
      group = this.#find(decision);
      this.#known.set(like, group);
    }
    return group;
  }

  #find(decision: Decision): G {
    const hash = groupHash(decision);
    let bucket = this.#buckets.get(hash);
    if (bucket === undefined) {
      bucket = [];
      this.#buckets.set(hash, bucket);
    }
    for (const group of bucket) if (sameGroup(group.first, decision)) return group;
    const group = this.#make(decision);
    bucket.push(group);
    this.#size++;
    return group;
  }

  delete(group: G): void {
    const hash = groupHash(group.first);
    const bucket = this.#buckets.get(hash);
    const at = bucket?.indexOf(group) ?? -1;
    if (!bucket || at < 0) return;
    this.#known = new WeakMap();
    if (bucket.length === 1) this.#buckets.delete(hash);
    else bucket.splice(at, 1);
    this.#size--;
  }
}

/** The step that justified a decision; null where no lookup did. */
export function justification(decision: Decision): DecisionStep | null {
  return decision.because === null ? null : (decision.steps[decision.because] ?? null);
}

function sameGroup(a: Decision, b: Decision): boolean {
  return (
    a.netns.inode === b.netns.inode &&
    sameDevice(a.device, b.device) &&
    a.verdict.action === b.verdict.action &&
    a.verdict.reason === b.verdict.reason &&
    a.verdict.detail === b.verdict.detail &&
    a.verdict.evidence === b.verdict.evidence &&
    a.reply?.mac === b.reply?.mac &&
    a.host === b.host &&
    sameStep(justification(a), justification(b)) &&
    ruleUnseen(a) === ruleUnseen(b) &&
    sameList(a.verdict.candidates, b.verdict.candidates)
  );
}

/** Its rule was not seen: another matter than there being none. */
function ruleUnseen(decision: Decision): boolean {
  return decision.unknown.length > 0 && decision.unknown.includes(`/steps/${decision.because}/rule`);
}

function sameStep(a: DecisionStep | null, b: DecisionStep | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.outcome === b.outcome &&
    a.purpose === b.purpose &&
    a.errno === b.errno &&
    a.table?.id === b.table?.id &&
    a.rule?.priority === b.rule?.priority &&
    a.rule?.selector === b.rule?.selector &&
    sameRoute(a.route, b.route) &&
    a.evidence.rule === b.evidence.rule &&
    a.evidence.outcome === b.evidence.outcome &&
    a.evidence.prefix === b.evidence.prefix &&
    a.evidence.device === b.evidence.device &&
    a.evidence.gateway === b.evidence.gateway
  );
}

function sameRoute(a: DecisionStep['route'], b: DecisionStep['route']): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.prefix === b.prefix &&
    sameDevice(a.device, b.device) &&
    a.gateway === b.gateway &&
    a.type === b.type &&
    a.protocol === b.protocol &&
    a.metric === b.metric &&
    a.table?.id === b.table?.id
  );
}

/** Made again, a device has another index, and is meant by its name. */
function sameDevice(a: Decision['device'] | null, b: Decision['device'] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.name === b.name && (a.name !== null || a.index === b.index);
}

function sameList(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === b) return true;
  return a?.length === b?.length && (a ?? []).every((item, i) => item === b?.[i]);
}

/** Of what differs most between groups. */
function groupHash(decision: Decision): number {
  const step = justification(decision);
  const { index, name } = decision.device;
  let hash = mix(decision.netns.inode, name === null ? index : textHash(name));
  hash = mix(hash, textHash(decision.verdict.reason));
  if (step === null) return hash;
  hash = mix(hash, step.table?.id ?? -1);
  hash = mix(hash, step.rule?.priority ?? -1);
  return mix(hash, textHash(step.route?.prefix ?? ''));
}

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x9e3779b1) | 0;
}

function textHash(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
