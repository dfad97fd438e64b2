import { randomBytes } from 'node:crypto';
import type { Learning } from '../decision/neighbour/types.js';
import type { Decision } from '../decision/types.js';
import { Chunk } from './chunk.js';
import { LearningJson } from './learning-json.js';

/** What lies between the fields that differ among decisions of one template. */
interface Template {
  decision: Decision;
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
 * Events as JSON, byte for byte as JSON.stringify has them. Decisions that share their steps (as those of
 * {@link Decider} do) differ in few fields: the text between these is made once.
 */
export class EventJson {
  readonly #templates = new WeakMap<object, Template>();
  readonly #alone = new Chunk(1 << 12);
  readonly #learnings = new LearningJson();

  of(event: object & { schema: string }): string {
    if (event.schema === 'arpwhy.learning/1') return this.#learnings.of(event as Learning);
    if (event.schema !== 'arpwhy.decision/1') return JSON.stringify(event);
    this.line(event, this.#alone);
    const line = this.#alone.take();
    return line.toString('utf8', 0, line.length - 1);
  }

  /** The same into a chunk, with a newline behind it: most of it is copied as bytes and never is text. */
  line(event: object & { schema: string }, to: Chunk): void {
    if (event.schema !== 'arpwhy.decision/1') {
      to.text(`${this.of(event)}\n`);
      return;
    }
    const decision = event as Decision;
    const template = this.#templateOf(decision);
    const { bytes } = template;
    to.bytes(bytes[0] as Buffer);
    to.string(decision.id);
    to.bytes(bytes[1] as Buffer);
    to.string(decision.time);
    to.bytes(bytes[2] as Buffer);
    to.string(decision.monotonicNs);
    const { request } = decision;
    const target = request.target.ip;
    if (target !== null && template.plain && asksAlike(request, template.decision.request)) {
      to.bytes(template.beforeTarget);
      to.string(target);
      to.bytes(template.behindTarget);
    } else {
      to.bytes(bytes[3] as Buffer);
      to.text(JSON.stringify(request));
      to.bytes(bytes[4] as Buffer);
    }
    let next = 5;
    if (template.deferred) {
      to.string(String(decision.verdict.deferredNs));
      to.bytes(bytes[next++] as Buffer);
    }
    if (template.timed) {
      to.string(String(decision.reply?.latencyNs));
      to.bytes(bytes[next++] as Buffer);
    }
    if (decision.neighbours === template.decision.neighbours) {
      to.bytes(template.end);
    } else {
      to.text(JSON.stringify(decision.neighbours));
      to.bytes(bytes[next] as Buffer);
      to.text('\n');
    }
  }

  #templateOf(decision: Decision): Template {
    let template = this.#templates.get(decision.steps);
    if (template === undefined || !shares(decision, template)) {
      template = templateOf(decision);
      this.#templates.set(decision.steps, template);
    }
    return template;
  }
}

/** The fields that a request has, in their order. */
function usual({ sender, target, destination, cast }: Decision['request']): Decision['request'] {
  return { sender: { ip: sender.ip, mac: sender.mac }, target: { ip: target.ip }, destination, cast };
}

/** Whether nothing but their targets tells two requests apart. */
function asksAlike(one: Decision['request'], other: Decision['request']): boolean {
  return (
    (one.sender === other.sender ||
      (one.sender.ip === other.sender.ip && one.sender.mac === other.sender.mac)) &&
    one.destination === other.destination &&
    one.cast === other.cast
  );
}

/** Whether all is the same but these fields. */
function shares(decision: Decision, { decision: known, deferred, timed }: Template): boolean {
  const { verdict, reply } = decision;
  return (
    decision.settings === known.settings &&
    decision.stamps === known.stamps &&
    decision.unknown === known.unknown &&
    decision.netns === known.netns &&
    decision.device === known.device &&
    decision.host === known.host &&
    decision.because === known.because &&
    decision.cut === known.cut &&
    decision.tier === known.tier &&
    (verdict === known.verdict || sameVerdict(verdict, known.verdict)) &&
    (verdict.deferredNs !== null) === deferred &&
    reply?.mac === known.reply?.mac &&
    ((reply?.latencyNs ?? null) !== null) === timed
  );
}

function sameVerdict(a: Decision['verdict'], b: Decision['verdict']): boolean {
  return (
    a.action === b.action &&
    a.reason === b.reason &&
    a.detail === b.detail &&
    a.candidates === b.candidates &&
    a.evidence === b.evidence
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
    decision,
    bytes,
    beforeTarget: Buffer.concat([bytes[3] as Buffer, Buffer.from(beforeTarget)]),
    behindTarget: Buffer.concat([Buffer.from(behindTarget), bytes[4] as Buffer]),
    end: Buffer.from(`${neighbours}${parts.at(-1)}\n`),
    deferred,
    timed,
    plain: JSON.stringify(usual(decision.request)) === JSON.stringify(decision.request),
  };
}
