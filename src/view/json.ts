import { randomBytes } from 'node:crypto';
import type { Decision } from '../decision/types.js';
import type { Chunk } from './chunk.js';

/** What lies between the fields that differ among decisions of one template. */
interface Template {
  decision: Decision;
  parts: string[];
  /** The parts, as UTF-8. */
  bytes: Buffer[];
  /** The neighbours of its decision, the last part and a newline, as UTF-8. */
  end: Buffer;
  deferred: boolean;
  timed: boolean;
  /** Its request has the usual fields in their order, and none beside them. */
  plain: boolean;
  /** Of its decision. */
  neighbours: string;
}

/** What needs no escape: a recording may hold something else where an address should be. */
const notOfAddresses = /[^0-9a-z.:]/;

/** Stands for a field in a template: no name on a device or in a packet can be like it. */
const mark = randomBytes(12).toString('hex');
const marked = new RegExp(`"${mark}\\d"`);

/**
 * Events as JSON, byte for byte as JSON.stringify has them. Decisions that share their steps (as those of
 * {@link Decider} do) differ in few fields: the text between these is made once.
 */
export class EventJson {
  readonly #templates = new WeakMap<object, Template>();

  of(event: object & { schema: string }): string {
    return event.schema === 'arpwhy.decision/1' ? this.#decision(event as Decision) : JSON.stringify(event);
  }

  /** The same into a chunk, with a newline behind it: most of it is copied as bytes and never is text. */
  line(event: object & { schema: string }, to: Chunk): void {
    if (event.schema !== 'arpwhy.decision/1') {
      to.text(`${JSON.stringify(event)}\n`);
      return;
    }
    const decision = event as Decision;
    const template = this.#templateOf(decision);
    const { parts, bytes } = template;
    to.text(
      `${parts[0]}"${decision.id}"${parts[1]}"${decision.time}"${parts[2]}"${decision.monotonicNs}"${parts[3]}${requestJson(decision.request, template)}`,
    );
    let next = 4;
    to.bytes(bytes[next++] as Buffer);
    if (template.deferred) {
      to.text(String(decision.verdict.deferredNs));
      to.bytes(bytes[next++] as Buffer);
    }
    if (template.timed) {
      to.text(String(decision.reply?.latencyNs));
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

  #decision(decision: Decision): string {
    const { verdict, reply, request } = decision;
    const template = this.#templateOf(decision);
    const { parts } = template;
    let text = `${parts[0]}"${decision.id}"${parts[1]}"${decision.time}"${parts[2]}"${decision.monotonicNs}"${parts[3]}${requestJson(request, template)}${parts[4]}`;
    let next = 5;
    if (template.deferred) text += `${verdict.deferredNs}${parts[next++]}`;
    if (template.timed) text += `${reply?.latencyNs}${parts[next++]}`;
    return `${text}${neighboursJson(decision, template)}${parts[next]}`;
  }
}

function requestJson(request: Decision['request'], { plain }: Template): string {
  return plain ? plainRequest(request) : JSON.stringify(request);
}

function plainRequest({ sender, target, destination, cast }: Decision['request']): string {
  return `{"sender":{"ip":${quoted(sender.ip)},"mac":${quoted(sender.mac)}},"target":{"ip":${quoted(target.ip)}},"destination":${quoted(destination)},"cast":${quoted(cast)}}`;
}

function quoted(address: string | null): string {
  if (address === null) return 'null';
  return notOfAddresses.test(address) ? JSON.stringify(address) : `"${address}"`;
}

function neighboursJson({ neighbours }: Decision, template: Template): string {
  if (neighbours !== template.decision.neighbours) return JSON.stringify(neighbours);
  return template.neighbours;
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
  return {
    decision,
    parts,
    bytes: parts.map((part) => Buffer.from(part)),
    end: Buffer.from(`${neighbours}${parts.at(-1)}\n`),
    deferred,
    timed,
    plain: plainRequest(decision.request) === JSON.stringify(decision.request),
    neighbours,
  };
}
