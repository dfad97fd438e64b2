import { formatIp } from '../decision/addresses.js';
import { stepsOfWalk } from '../decision/decide.js';
import { causeOfQuestion } from '../decision/neighbour/causes.js';
import { type AskedSeen, type ForPacketSeen, nud } from '../decision/neighbour/record.js';
import { settingsOf } from '../decision/neighbour/settings.js';
import type { Solicitation } from '../decision/neighbour/types.js';
import { routeOf } from '../decision/routes.js';
import type { Lookup, Pass, Proof } from '../decision/types.js';
import { RouteNow } from '../host/route-now.js';
import type { NeighbourSurroundings } from './neighbours.js';
import { castOf, type Ending, type Question } from './questions.js';
import { walkOf } from './walk.js';

type Told = Omit<
  Solicitation,
  'request' | 'cause' | 'packet' | 'steps' | 'because' | 'now' | 'sent' | 'end' | 'settings' | 'unknown'
>;

/** One that ended, and waits for the proof of its lookups. */
interface Ended {
  question: Question;
  end: Solicitation['end'];
  now: Solicitation['now'];
  /** The tables are being asked, or were. */
  asking: boolean;
  asked: boolean;
  until: number;
}

/** Tells of who-has that ended: proves their lookups as those of decisions are proven, or asks what the tables say now. */
export class Solicitations {
  readonly #around: NeighbourSurroundings;
  readonly #told: (seen: AskedSeen) => Told;
  readonly #emit: (event: Solicitation) => void;
  readonly #ended: Ended[] = [];
  readonly #routeNow = new RouteNow();

  constructor(
    around: NeighbourSurroundings,
    told: (seen: AskedSeen) => Told,
    emit: (event: Solicitation) => void,
  ) {
    this.#around = around;
    this.#told = told;
    this.#emit = emit;
  }

  add(question: Question, end: Ending): void {
    this.#ended.push({
      question,
      end: { mac: null, learning: null, roundTripNs: null, waited: null, lost: null, ...end },
      now: null,
      asking: false,
      asked: false,
      until: performance.now() + this.#around.patienceMs,
    });
  }

  /** Tell what can be told. Returns whether anything still waits for a proof. */
  tick(now: number): boolean {
    for (const one of this.#ended.splice(0)) if (!this.#tell(one, now)) this.#ended.push(one);
    return this.#ended.length > 0;
  }

  close(): void {
    this.#routeNow.close();
  }

  /** False while its lookups wait for their proof, or the table is being asked. */
  #tell(ended: Ended, now: number): boolean {
    const { question, end } = ended;
    const { asked, packet, sent } = question;
    const namespace = this.#around.namespaces.of(asked);
    const walk = packet && walkOf(packet);
    const chosen = walk?.series.lookups.at(-1) ?? null;
    const unknown: string[] = [];
    let steps: Solicitation['steps'] = [];
    let proof: Proof | null = null;
    if (walk && chosen && mayLeadTo(chosen, asked)) {
      const cover = namespace.history.covers(walk.pass);
      const patient = now < ended.until && !namespace.unreachable;
      if (cover.state === 'wait' && patient) return false;
      proof = cover.state === 'held' ? namespace.proofFor(walk.pass, cover.generation) : null;
      if (cover.state === 'held' && !proof && patient && namespace.expects(cover.generation)) {
        namespace.prepare(walk.pass, now);
        return false;
      }
      if (leadsTo(chosen, asked) || (proof && severalLeadTo(chosen, asked, proof, walk.pass))) {
        const usable = proof && canBeFollowed(packet, proof) ? proof : null;
        steps = stepsOfWalk(walk.series, walk.pass, usable, namespace.namesAt(walk.pass, proof), unknown);
      }
    }
    const because = steps.length > 0 ? steps.length - 1 : null;
    if (because === null && this.#askNow(ended, now)) return false;
    const { arp } = asked;
    const from = packet?.packet.iif ?? 0;
    const links = namespace.namesAt(walk?.pass ?? walkPass(asked), proof);
    this.#emit({
      ...this.#told(asked),
      request: {
        target: { ip: formatIp(arp.targetIp) },
        sender: { ip: formatIp(arp.senderIp), mac: arp.senderMac },
        destination: arp.destination,
        cast: castOf(asked),
      },
      cause: causeOfQuestion(asked, packet?.packet ?? null, question.timerState === nud.probe),
      packet: packet && {
        source: formatIp(packet.packet.source),
        target: formatIp(packet.packet.target),
        protocol: packet.packet.protocol,
        from: from === 0 ? null : { index: from, name: links.device(from) },
      },
      steps,
      because,
      now: ended.now,
      sent: sent.map(({ ns, cast }) => ({ monotonicNs: this.#around.digits(ns), cast })),
      end,
      settings: settingsOf(asked, ['arp_announce']),
      unknown,
    });
    return true;
  }

  /** What the tables say now, where the send looked nothing up. True while that is being asked. */
  #askNow(ended: Ended, now: number): boolean {
    const { asked, packet } = ended.question;
    const { place } = this.#around.namespaces.of(asked);
    if (now >= ended.until || ended.asked || !place) return false;
    if (!ended.asking) {
      ended.asking = true;
      void this.#routeNow
        .ask(place, formatIp(packet?.packet.target ?? asked.ip), packet?.packet.mark)
        .then((text) => {
          const time = this.#around.wallTime(process.hrtime.bigint());
          if (text !== null) ended.now = { text, time };
          ended.asked = true;
        });
    }
    return true;
  }
}

function walkPass({ netns, device, endNs }: AskedSeen): Pass {
  return { netns, device, startNs: endNs, endNs } as unknown as Pass;
}

/** Which of several nexthops is used is chosen later: then the route has to say that one of them leads there. */
function mayLeadTo(lookup: Lookup, asked: AskedSeen): boolean {
  return lookup.errno === 0 && (leadsTo(lookup, asked) || (lookup.info?.nexthops ?? 0) > 1);
}

/** Whether a lookup's nexthop is what was asked for, on the device on which it was. */
function leadsTo({ device, gateway, gatewayFamily, daddr, errno }: Hop, asked: AskedSeen): boolean {
  if (errno !== 0) return false;
  return device === asked.device.index && (gatewayFamily === 2 ? gateway : daddr) === asked.ip;
}

type Hop = Pick<Lookup, 'device' | 'gateway' | 'gatewayFamily' | 'daddr' | 'errno'>;

function severalLeadTo(lookup: Lookup, asked: AskedSeen, proof: Proof, { customRules }: Pass): boolean {
  const met = routeOf(proof, 'target', lookup, !customRules);
  if (!met || met === 'unseen') return false;
  return met.route?.nexthops.some((hop) => leadsTo({ ...lookup, ...hop }, asked)) ?? false;
}

/**
 * A rule for a user cannot be followed: who sent the packet is not in its flow. Nor can a lookup that skips routes of a
 * wider scope (SO_DONTROUTE): what scope a route has was not read.
 */
function canBeFollowed({ lookups }: ForPacketSeen, { snapshot }: Proof): boolean {
  return lookups.every(({ scope }) => scope === 0) && snapshot.rules.every(({ uids }) => uids === null);
}
