import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { LiveStream } from '../../src/stream/live.js';
import { World } from '../kernel/scenarios/world.js';
import { Cleanup } from '../kernel/support/cleanup.js';
import { validateEvent } from '../schema.js';
import { type Configuration, makeConfiguration, type Question } from './fuzz/configuration.js';
import { inquire, type Turn } from './fuzz/inquiry.js';
import { Random } from './fuzz/random.js';
import { hex } from './fuzz/replies.js';
import { Router } from './fuzz/router.js';
import { type Answer, complaints } from './fuzz/truths.js';

/**
 * Random routers and random requests, and each decision held against what others know: what the asker received,
 * what the kernel says of the route, and what comes when the very thing that a verdict names is changed.
 */
const seed = Number(process.env.ARPWHY_FUZZ_SEED ?? 20261122);
/** For longer hunts. */
const worlds = Number(process.env.ARPWHY_FUZZ_WORLDS ?? 24);
/** The first of them, to come back to one that was complained about. */
const firstWorld = Number(process.env.ARPWHY_FUZZ_FIRST ?? 0);
/** Worlds at a time: they are changed, asked and waited for together. */
const lanes = 8;
const requests = 6;
/** Of all first decisions: what is asked while nothing moves can nearly always be told. */
const mostUnknown = 0.15;

const cleanup = new Cleanup();
const decisions = new Map<string, Decision>();
let stream: LiveStream;
let failed: unknown = null;

beforeAll(() => {
  stream = LiveStream.open();
  collect().catch((error: unknown) => {
    failed = error;
  });
});

afterEach(() => cleanup.run());

afterAll(() => stream.stop('closed'));

async function collect(): Promise<void> {
  for await (const event of stream.events()) {
    validateEvent(event);
    // other traces' worlds are seen as well
    if (event.schema === 'arpwhy.decision/1') {
      decisions.set(keyOf(event.netns.name, event.request.sender.mac), event);
    }
  }
}

function keyOf(netns: string | null, mac: string | null): string {
  return `${netns} ${mac}`;
}

/** One world while it is inquired into. */
interface Lane {
  index: number;
  configuration: Configuration;
  router: Router;
  inquiry: AsyncGenerator<Turn, void, Answer[]>;
  turn: Turn | null;
  answers: Answer[];
  /** As they are now. */
  settings: Map<string, number>;
}

const found: string[] = [];
const told = new Map<string, number>();
const unknowns = new Map<string, number>();
let decided = 0;
let questions = 0;

it(`no wrong reason, seed ${seed}`, { timeout: 60_000 + worlds * 10_000 }, async () => {
  for (let begun = 0; begun < worlds; begun += lanes) {
    const round = await Promise.all(
      Array.from({ length: Math.min(lanes, worlds - begun) }, (_, i) => openLane(firstWorld + begun + i)),
    );
    for (let open = round; open.length > 0; open = open.filter(({ turn }) => turn !== null)) await step(open);
    await cleanup.run();
  }
  report();
  expect(found.join('\n\n')).toBe('');
  const first = worlds * requests;
  expect([...unknowns.values()].reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(mostUnknown * first);
});

async function openLane(index: number): Promise<Lane> {
  const configuration = makeConfiguration(new Random(seed * 1000 + index), requests);
  const world = cleanup.add(await World.up(`c${process.pid}x${index}-`), (one) => one.down());
  const router = await Router.configured(world, configuration);
  cleanup.add(router, (one) => one.replies.stop());
  const lane: Omit<Lane, 'inquiry'> = {
    index,
    configuration,
    router,
    turn: null,
    answers: [],
    settings: new Map(configuration.settings),
  };
  const inquiry = inquire(configuration, (words, answers) => complain(lane, words, answers));
  const first = (await inquiry.next()).value ?? null;
  return Object.assign(lane, { inquiry, turn: first });
}

/** One turn of every lane: change, hold still, ask, and hold what comes against the truths. */
async function step(open: Lane[]): Promise<void> {
  await Promise.all(open.map(change));
  if (open.some(({ turn }) => turn?.ask.length)) {
    await stream.settled();
    const asked = await Promise.all(open.map(send));
    await delivered(
      open.flatMap(({ router }, i) => (asked[i] ?? []).map((mac) => keyOf(router.world.router, mac))),
    );
    await Promise.all(open.map((lane, i) => answer(lane, asked[i] ?? [])));
  }
  for (const lane of open) {
    if (lane.turn?.ask.length === 0) lane.answers = [];
    const first = lane.answers.length === requests;
    for (const one of lane.answers) judge(lane, one, first);
    lane.turn = (await lane.inquiry.next(lane.answers)).value ?? null;
  }
}

async function change(lane: Lane): Promise<void> {
  const { router, turn, settings } = lane;
  for (const line of turn?.change ?? []) {
    const [, path, value] = /^sysctl conf\/(\S+)=(-?\d+)$/.exec(line) ?? [];
    if (path) settings.set(path, Number(value));
  }
  for (const line of turn?.change ?? []) {
    await router.world.lines([line]).catch((error: unknown) => {
      // what a decision names is not there
      complain(lane, String(error), lane.answers);
    });
  }
}

async function send({ router, turn, configuration }: Lane): Promise<string[]> {
  const macs: string[] = [];
  for (const i of turn?.ask ?? []) {
    const question = configuration.requests[i] as Question;
    // Unique, so that every answer finds its request. Among several nexthops the kernel chooses by the last two bytes.
    questions++;
    const senderMac = `02:aa:${hex(questions >> 8)}:${hex(questions & 255)}:00:${hex(i)}`;
    await router.world.send({ ...question, senderMac });
    macs.push(senderMac);
  }
  return macs;
}

async function delivered(keys: string[]): Promise<void> {
  const deadline = Date.now() + 5000;
  while (keys.some((key) => !decisions.has(key))) {
    if (failed) throw failed;
    if (Date.now() > deadline) throw new Error(`no decision: ${keys.filter((key) => !decisions.has(key))}`);
    await stream.settled();
  }
}

async function answer(lane: Lane, macs: string[]): Promise<void> {
  lane.answers = [];
  if (macs.length === 0) return;
  const { router, configuration, turn } = lane;
  await router.replies.complete();
  lane.answers = await Promise.all(
    macs.map(async (mac, i) => ({
      decision: decisions.get(keyOf(router.world.router, mac)) as Decision,
      replies: router.replies.to(mac),
      fibmatch: await router.fibmatch(configuration.requests[turn?.ask[i] ?? 0] as Question),
    })),
  );
}

function judge(lane: Lane, one: Answer, first: boolean): void {
  decided++;
  const { action, reason, candidates } = one.decision.verdict;
  count(told, `${action} ${reason}`);
  if (first && reason === 'unknown') {
    count(unknowns, `${action} ${candidates}`);
  }
  for (const words of complaints(one, lane.settings, lane.configuration)) complain(lane, words, [one]);
}

function complain(
  lane: Pick<Lane, 'index' | 'configuration' | 'settings'>,
  words: string,
  answers: Answer[],
): void {
  complainTo((text) => found.push(text), lane, words, answers);
}

function complainTo(
  say: (text: string) => void,
  { index, configuration, settings }: Pick<Lane, 'index' | 'configuration' | 'settings'>,
  words: string,
  answers: Answer[],
): void {
  const odd = [...settings].filter(([path, value]) => value !== (path.endsWith('send_redirects') ? 1 : 0));
  say(
    [
      `seed ${seed}, world ${index}: ${words}`,
      `sysctl ${odd.map(([path, value]) => `${path}=${value}`).join(' ')}`,
      ...configuration.ip,
      ...configuration.nft,
      ...answers.map((one) => JSON.stringify(one)),
    ].join('\n  '),
  );
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function report(): void {
  const list = (counts: Map<string, number>) =>
    [...counts].sort(([, a], [, b]) => b - a).map(([key, n]) => `${n} ${key}`);
  console.log(
    [
      `seed ${seed}: ${decided} decisions in ${worlds} worlds, ${questions} requests`,
      `told: ${list(told).join(', ')}`,
      `unknown at first: ${list(unknowns).join(', ') || 'none'} of ${worlds * requests}`,
    ].join('\n'),
  );
}
