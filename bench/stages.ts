import { Decider, type DeciderNamespace } from '../dist/decision/decider.js';
import { Joiner } from '../dist/decision/join.js';
import type { Pass, Proof } from '../dist/decision/types.js';
import { Clock } from '../dist/host/clock.js';
import { IprouteNames } from '../dist/host/names.js';
import { type NetnsPlace, namedNamespaces } from '../dist/host/netns.js';
import { takeSnapshot } from '../dist/host/snapshot.js';
import { Decoder } from '../dist/kernel/wire.js';
import { Chunk } from '../dist/view/chunk.js';
import { EventJson } from '../dist/view/json.js';
import { LineView } from '../dist/view/line.js';
import { type Spread, spread } from './numbers.js';
import type { World } from './world.js';

/** What happens to a record in user space, one stage after the other: items a second of each, on one core. */
export interface Stages {
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
/** So much text is put together before it goes. */
const mostAtOnce = 1 << 16;

/**
 * @param before what the ring gave before the batches
 * @param batches wire records as the ring gave them, of requests to the policy router
 * @param repeats they repeat, and what a stage remembers of them it may use; or each is met for the first time
 */
export async function measureStages(
  world: World,
  before: readonly Buffer[],
  batches: readonly Buffer[],
  stageMs: number,
  repeats: boolean,
): Promise<Stages> {
  const { place, proof, namespace } = await proofOf(world);
  const clock = Clock.now();
  const around = { host: 'bench', tier: 'tracepoint' as const, deviceAlone: new Set<never>() };
  // a record may mean what came long before it, so there is one decoder, which has seen all of that
  const decoder = new Decoder({ where: String });
  for (const batch of before) decoder.decode(batch, batch.length);
  const deciders = perRun(repeats, () => new Decider(around, clock));
  const jsons = perRun(repeats, () => new EventJson());
  const view = new LineView({ utc: true });

  const decodeAll = () => batches.flatMap((batch) => decoder.decode(batch, batch.length));
  const passes: Pass[] = decodeAll();
  const joiner = new Joiner('bench');
  const requests = passes
    .filter(({ netns }) => netns.inode === place.inode)
    .flatMap((pass) => joiner.add(pass) ?? [])
    .slice(0, mostKept);
  const decideAll = () => {
    const decider = deciders();
    return requests.map((request) => decider.decide(request, proof, namespace));
  };
  const decisions = decideAll();
  const unproven = decisions.find(({ unknown }) => unknown.length > 0);
  if (unproven) throw new Error(`a decision is not proven: ${unproven.unknown.join(', ')}`);
  const writeAll = () => {
    const json = jsons();
    const chunk = new Chunk();
    for (const decision of decisions) {
      json.line(decision, chunk);
      if (chunk.length >= mostAtOnce) chunk.take();
    }
    return decisions;
  };
  return {
    bytesPerRecord: batches.reduce((sum, { length }) => sum + length, 0) / passes.length,
    decode: pace(stageMs, decodeAll),
    decide: pace(stageMs, decideAll),
    text: pace(stageMs, () => decisions.map((decision) => view.decision(decision))),
    json: pace(stageMs, writeAll),
  };
}

/** What is proven of the policy router, as a trace would have read it. */
async function proofOf(
  world: World,
): Promise<{ place: NetnsPlace; proof: Proof; namespace: DeciderNamespace }> {
  const { router } = world.arp;
  const place = namedNamespaces().find(({ name }) => name === router);
  const snapshot = place ? await takeSnapshot(place, true) : null;
  if (!place || !snapshot) throw new Error(`cannot read the rules and routes of ${router}`);
  const names = new IprouteNames(router, (index) => snapshot.links.get(index)?.name ?? null);
  return {
    place,
    proof: { snapshot, matches: {} },
    namespace: { name: router, namesAt: () => names, names },
  };
}

/** The same one for all runs over the items, or a new one for each. */
function perRun<T>(same: boolean, make: () => T): () => T {
  if (!same) return make;
  const one = make();
  return () => one;
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
