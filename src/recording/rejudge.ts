import { decide } from '../decision/decide.js';
import { deviceAlone } from '../decision/kernel-release.js';
import { passNames } from '../decision/pass-names.js';
import type { Decision, NameTables, Pass, Snapshot } from '../decision/types.js';
import { Clock } from '../host/clock.js';
import { record, recordVersion } from '../kernel/layout.js';
import { decodeRecord } from '../kernel/wire.js';
import type { StartEvent } from '../stream/events.js';
import type { NamesEvent, SnapshotEvent } from './events-from-json.js';
import type { Entry } from './reader.js';
import { Shape } from './shape.js';
import { matchesFromJson } from './snapshot-json.js';

/** States kept: decisions refer to the newest ones. */
const mostKept = 256;
/** Names are few in each, and written once. */
const mostNames = 16_384;

export type Rejudged =
  | { state: 'same' }
  | { state: 'differs'; now: Decision; differences: Difference[] }
  /** `why` in words. */
  | { state: 'impossible'; why: string };

/** A field that is not what was recorded. */
export interface Difference {
  /** JSON pointer. */
  at: string;
  was: unknown;
  now: unknown;
}

/** Makes recorded decisions again, from the wire records and states beside them, by the rules of this version. */
export class Rejudge {
  /** By host and recording. */
  readonly #starts = new Map<string, { start: StartEvent; clock: Clock }>();
  readonly #snapshots = new Map<string, Snapshot>();
  /** By host and namespace. */
  readonly #newest = new Map<string, { key: string; snapshot: Snapshot }>();
  readonly #names = new Map<string, NamesEvent>();

  /** Take in what decisions refer to. Entries have to come in their order, with states and evidence. */
  take({ event, trace }: Entry): void {
    if (event.schema === 'arpwhy.start/1') {
      const clock = new Clock(BigInt(event.clockOffsetNs));
      this.#starts.set(`${event.host} ${trace}`, { start: event, clock });
    } else if (event.schema === 'arpwhy.snapshot/1') this.#keepSnapshot(event);
    else if (event.schema === 'arpwhy.names/1')
      keep(this.#names, `${event.host} ${event.id}`, event, mostNames);
  }

  /** Judge a decision again. */
  judge(decision: Decision, { bytes, evidence, trace }: Entry): Rejudged {
    const start = this.#starts.get(`${decision.host} ${trace}`);
    if (!start) return { state: 'impossible', why: 'its start event is missing' };
    if (!evidence?.record || !evidence.json)
      return { state: 'impossible', why: 'no wire record is beside it' };
    const version = evidence.record.length > 6 ? evidence.record.readUInt16LE(record.version) : 0;
    if (version !== recordVersion) {
      return {
        state: 'impossible',
        why: `its wire record is of version ${version}, made by arpwhy ${start.start.version}, and this one reads version ${recordVersion} alone; without --rejudge it shows what was decided then`,
      };
    }
    try {
      const now = this.#again(decision, evidence.record, evidence.firstRecord, evidence.json, start);
      if (JSON.stringify(now) === bytes.toString('utf8')) return { state: 'same' };
      return { state: 'differs', now, differences: differencesOf(decision, now) };
    } catch (error) {
      return { state: 'impossible', why: (error as Error).message };
    }
  }

  #again(
    decision: Decision,
    bytes: Buffer,
    firstBytes: Buffer | null,
    text: string,
    { start, clock }: { start: StartEvent; clock: Clock },
  ): Decision {
    const evidence = Shape.object(JSON.parse(text));
    const pass = passFrom(bytes, evidence);
    const first = firstBytes ? passFrom(firstBytes, evidence) : null;
    const snapshot = this.#snapshotOf(decision, evidence.textOrNull('snapshot'));
    const links = this.#snapshotOf(decision, evidence.textOrNull('links'))?.links ?? null;
    const matches = evidence.has('matches') ? matchesFromJson(evidence.get('matches')) : {};
    const names = this.#namesOf(decision, evidence.text('names'));
    return decide({ id: decision.id, first, pass }, snapshot && { snapshot, matches }, {
      host: decision.host,
      tier: start.tier,
      netnsName: decision.netns.name,
      names: passNames(names, links, pass),
      wallTime: (ns) => clock.format(ns),
      digits: (ns) => clock.digits(ns),
      deviceAlone: deviceAlone(start.kernel),
    });
  }

  /** The newest of each namespace stays: it holds for as long as nothing moves there. */
  #keepSnapshot({ host, id, netns, snapshot }: SnapshotEvent): void {
    const [place, key] = [`${host} ${netns.inode}`, `${host} ${id}`];
    const before = this.#newest.get(place);
    this.#newest.set(place, { key, snapshot });
    if (before) keep(this.#snapshots, before.key, before.snapshot);
  }

  #snapshotOf({ host, netns }: Decision, id: string | null): Snapshot | null {
    if (id === null) return null;
    const key = `${host} ${id}`;
    const newest = this.#newest.get(`${host} ${netns.inode}`);
    if (newest?.key === key) return newest.snapshot;
    const snapshot = this.#snapshots.get(key);
    if (snapshot)
      keep(this.#snapshots, key, snapshot); // what is referred to stays longer
    else throw new Error(`the state ${id}, which it was proven with, is missing`);
    return snapshot;
  }

  #namesOf({ host }: Decision, id: string): Omit<NameTables, 'device'> {
    const names = this.#names.get(`${host} ${id}`);
    if (!names) throw new Error(`the names ${id} are missing`);
    return {
      table: (number) => names.tables.get(number) ?? null,
      protocol: (number) => names.protocols.get(number) ?? String(number),
    };
  }
}

/** The oldest goes when there are too many. */
function keep<T>(map: Map<string, T>, key: string, value: T, most = mostKept): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as string);
}

function passFrom(bytes: Buffer, evidence: Shape): Pass {
  // the decoder asks for the place of the request's drop before it asks for that of the reply's
  const places = ['where', 'replyWhere']
    .filter((name) => evidence.has(name))
    .map((name) => evidence.text(name));
  return decodeRecord(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, {
    where: () => places.shift() ?? '',
  });
}

/** Leaves of JSON that differ, in the order of the later one. */
export function differencesOf(was: unknown, now: unknown, at = ''): Difference[] {
  if (was === now) return [];
  if (!isBranch(was) || !isBranch(now)) return [{ at: at || '/', was, now }];
  const keys = new Set([...Object.keys(now), ...Object.keys(was)]);
  return [...keys].flatMap((key) =>
    differencesOf(
      (was as Record<string, unknown>)[key],
      (now as Record<string, unknown>)[key],
      `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    ),
  );
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
