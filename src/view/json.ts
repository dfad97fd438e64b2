import { randomBytes } from 'node:crypto';
import { AlikeDecision } from '../decision/alike-decision.js';
import type { Learning } from '../decision/neighbour/types.js';
import type { SecondsText } from '../decision/seconds.js';
import type { Decision } from '../decision/types.js';
import { Chunk } from './chunk.js';
import { LearningJson } from './learning-json.js';

/** What lies between the fields that differ among decisions that say the same. */
interface Template {
  /** As UTF-8; the quotes of strings belong to them. */
  bytes: Buffer[];
  /** What stands around the target of a request that has its sender, destination and cast. */
  beforeTarget: Buffer;
  behindTarget: Buffer;
  /** The neighbours of its decision, the last part and a newline, as UTF-8. */
  end: Buffer;
  deferred: boolean;
  timed: boolean;
  /** Its request has the usual fields in their order, and none beside them. */
  plain: boolean;
}

/** Stands for a field in a template: no name on a device or in a packet can be like it. */
const mark = randomBytes(12).toString('hex');
const marked = new RegExp(`"${mark}\\d"`);

/**
 * Events as JSON, byte for byte as JSON.stringify has them. Decisions that say what another one said
 * ({@link AlikeDecision}) differ in few fields: the text between these is made once.
 */
export class EventJson {
  readonly #templates = new WeakMap<Decision, Template>();
  readonly #alone = new Chunk(1 << 12);
  readonly #learnings = new LearningJson();

  of(event: object & { schema: string }): string {
    if (event.schema === 'arpwhy.learning/1') return this.#learnings.of(event as Learning);
    if (!(event instanceof AlikeDecision)) return JSON.stringify(event);
    this.line(event, this.#alone);
    const line = this.#alone.take();
    return line.toString('utf8', 0, line.length - 1);
  }

  /** The same into a chunk, with a newline behind it: most of it is copied as bytes and never is text. */
  line(event: object & { schema: string }, to: Chunk): void {
    if (!(event instanceof AlikeDecision)) {
      to.text(`${this.of(event)}\n`);
      return;
    }
    const template = this.#templateOf(event.like);
    const { bytes } = template;
    const { wall, monotonic } = event.telling;
    const { ns } = event;
    to.bytes(bytes[0] as Buffer);
    to.string(event.id);
    to.bytes(bytes[1] as Buffer);
    putTime(to, wall, ns);
    to.bytes(bytes[2] as Buffer);
    putTime(to, monotonic, ns);
    if (template.plain && asksAlike(event)) {
      to.bytes(template.beforeTarget);
      to.ip(event.of.pass.frame.targetIp);
      to.bytes(template.behindTarget);
    } else {
      to.bytes(bytes[3] as Buffer);
      to.text(JSON.stringify(event.request));
      to.bytes(bytes[4] as Buffer);
    }
    let next = 5;
    if (template.deferred) {
      putNumber(to, event.deferredNs ?? event.like.verdict.deferredNs);
      to.bytes(bytes[next++] as Buffer);
    }
    if (template.timed) {
      putNumber(to, event.latencyNs ?? event.like.reply?.latencyNs ?? null);
      to.bytes(bytes[next++] as Buffer);
    }
    if (event.sharesNeighbours) {
      to.bytes(template.end);
    } else {
      to.text(JSON.stringify(event.neighbours));
      to.bytes(bytes[next] as Buffer);
      to.text('\n');
    }
  }

  #templateOf(like: Decision): Template {
    let template = this.#templates.get(like);
    if (template === undefined) {
      template = templateOf(like);
      this.#templates.set(like, template);
    }
    return template;
  }
}

function putTime(to: Chunk, seconds: SecondsText, ns: bigint): void {
  const within = seconds.within(ns);
  if (within < 0) {
    to.string(String(ns));
    return;
  }
  to.string(seconds.text);
  to.nanoseconds(within);
  to.string(seconds.end);
}

/** Times may lie before those that they are measured from, where clocks of CPUs differ. */
function putNumber(to: Chunk, value: number | null): void {
  if (value !== null && value >= 0) to.digits(value);
  else to.string(String(value));
}

/** The fields that a request has, in their order. */
function usual({ sender, target, destination, cast }: Decision['request']): Decision['request'] {
  return { sender: { ip: sender.ip, mac: sender.mac }, target: { ip: target.ip }, destination, cast };
}

/** Whether nothing but its target tells the request apart from the one of the decision that it is told from. */
function asksAlike({ of, likeFrame }: AlikeDecision): boolean {
  const { frame } = of.pass;
  return (
    frame.senderIp === likeFrame.senderIp &&
    frame.senderMac === likeFrame.senderMac &&
    frame.destination === likeFrame.destination &&
    frame.cast === likeFrame.cast
  );
}

function templateOf(decision: Decision): Template {
  const { verdict, reply } = decision;
  const deferred = verdict.deferredNs !== null;
  const timed = (reply?.latencyNs ?? null) !== null;
  const text = JSON.stringify({
    ...decision,
    id: `${mark}0`,
    time: `${mark}1`,
    monotonicNs: `${mark}2`,
    request: `${mark}3`,
    verdict: deferred ? { ...verdict, deferredNs: `${mark}4` } : verdict,
    reply: timed && reply ? { ...reply, latencyNs: `${mark}5` } : reply,
    neighbours: `${mark}6`,
  });
  const parts = text.split(marked);
  const neighbours = JSON.stringify(decision.neighbours);
  const bytes = parts.map((part, i) => Buffer.from(`${i > 0 && i < 4 ? '"' : ''}${part}${i < 3 ? '"' : ''}`));
  const request = { ...decision.request, target: { ip: `${mark}7` } };
  const [beforeTarget = '', behindTarget = ''] = JSON.stringify(request).split(`${mark}7`);
  return {
    bytes,
    beforeTarget: Buffer.concat([bytes[3] as Buffer, Buffer.from(beforeTarget)]),
    behindTarget: Buffer.concat([Buffer.from(behindTarget), bytes[4] as Buffer]),
    end: Buffer.from(`${neighbours}${parts.at(-1)}\n`),
    deferred,
    timed,
    plain:
      decision.request.target.ip !== null &&
      JSON.stringify(usual(decision.request)) === JSON.stringify(decision.request),
  };
}
