import { decide } from '../dist/decision/decide.js';
import { Joiner } from '../dist/decision/join.js';
import type { Decision, Pass, Proof, Request } from '../dist/decision/types.js';
import { Clock } from '../dist/host/clock.js';
import { IprouteNames } from '../dist/host/names.js';
import { type NetnsPlace, namedNamespaces } from '../dist/host/netns.js';
import { takeSnapshot } from '../dist/host/snapshot.js';
import { decodeBatch } from '../dist/kernel/wire.js';
import { LineView } from '../dist/view/line.js';
import { type Spread, spread } from './numbers.js';
import type { World } from './world.js';

/** What happens to a record in user space, one stage after the other: items a second of each, on one core. */
export interface Stages {
  records: number;
  bytesPerRecord: number;
  decode: Spread | null;
  decide: Spread | null;
  text: Spread | null;
  json: Spread | null;
}

/** Each stage is measured so often, for so long, after one time to warm up. */
const times = 5;
/** Of so many requests: what is kept costs every collection of garbage, and a stream keeps nothing. */
const mostKept = 4096;

/** @param batches wire records as the ring gave them, of requests to the policy router */
export async function measureStages(
  world: World,
  batches: readonly Buffer[],
  stageMs: number,
): Promise<Stages> {
  const names = { where: String };
  const decodeAll = () => batches.flatMap((batch) => [...decodeBatch(batch, batch.length, names)]);
  const { place, decideOne } = await decider(world);
  const joiner = new Joiner('bench');
  const passes: Pass[] = decodeAll();
  const requests = passes
    .filter(({ netns }) => netns.inode === place.inode)
    .flatMap((pass) => joiner.add(pass) ?? [])
    .slice(0, mostKept);
  const decisions = requests.map(decideOne);
  const unproven = decisions.find(({ unknown }) => unknown.length > 0);
  if (unproven) throw new Error(`a decision is not proven: ${unproven.unknown.join(', ')}`);
  const view = new LineView({ utc: true });
  const bytes = batches.reduce((sum, { length }) => sum + length, 0);
  return {
    records: passes.length,
    bytesPerRecord: bytes / passes.length,
    decode: pace(stageMs, decodeAll),
    decide: pace(stageMs, () => each(requests, decideOne)),
    text: pace(stageMs, () => each(decisions, (decision) => view.decision(decision))),
    json: pace(stageMs, () => each(decisions, (decision) => `${JSON.stringify(decision)}\n`)),
  };
}

async function decider(
  world: World,
): Promise<{ place: NetnsPlace; decideOne: (request: Request) => Decision }> {
  const { router } = world.arp;
  const place = namedNamespaces().find(({ name }) => name === router);
  const snapshot = place ? await takeSnapshot(place, true) : null;
  if (!place || !snapshot) throw new Error(`cannot read the rules and routes of ${router}`);
  const proof: Proof = { snapshot, matches: {} };
  const clock = Clock.now();
  const around = {
    host: 'bench',
    tier: 'tracepoint' as const,
    netnsName: router,
    names: new IprouteNames(router, (index) => snapshot.links.get(index)?.name ?? null),
    wallTime: (ns: bigint) => clock.format(ns),
  };
  return { place, decideOne: (request) => decide(request, proof, around) };
}

/** Nothing is kept: what is made is let go at once, as in a stream. */
function each<T>(items: readonly T[], make: (item: T) => unknown): { length: number } {
  for (const item of items) make(item);
  return items;
}

/** Items a second. @param work goes over all items once */
function pace(ms: number, work: () => { length: number }): Spread | null {
  const rates: number[] = [];
  for (let time = 0; time <= times; time++) {
    const start = performance.now();
    let [items, took] = [0, 0];
    while (took < ms) {
      items += work().length;
      took = performance.now() - start;
    }
    if (time > 0) rates.push((items / took) * 1000);
  }
  return spread(rates);
}
