import type { Change } from '../../../src/decision/changes.js';
import type { Decision, DecisionStep, Settings } from '../../../src/decision/types.js';
import { type Finding, findingOf } from '../../../src/recording/finding.js';
import type { Entry } from '../../../src/recording/reader.js';
import { Story } from '../../../src/recording/story.js';
import type { ChangeEvent } from '../../../src/stream/events.js';
import { ReportClock } from '../../../src/view/clock.js';
import { matched, replied } from '../example.js';

/** What a recording tells, for the report to find something in: on bond0.90 in node0 unless told. */

/** Seconds after 03:30:00 UTC. */
export const at = (seconds: number) => 1_795_231_800_000_000_000n + BigInt(Math.round(seconds * 1e9));

export interface Place {
  netns?: string;
  device?: string;
  sender?: string;
  settings?: Settings;
  /** The recording. */
  trace?: string;
}

export interface Way {
  action: string;
  reason: string;
  /** Null where the kernel has no rules but its own, and asks none. */
  rule: number | null;
  table: [number, string];
  route: Partial<NonNullable<DecisionStep['route']>>;
}

/** The subnet's own route: no proxy for the device that asked. */
export const own = (vlan = 90): Way => ({
  action: 'silent',
  reason: 'same-device',
  rule: 32765,
  table: [vlan, `public_${vlan}`],
  route: { prefix: '192.0.2.0/24', device: { index: 2, name: `bond0.${vlan}` }, gateway: null },
});
/** The default route, for whatever is asked. */
export const rogue = (gateway = '10.0.0.1'): Way => ({
  action: 'replied',
  reason: 'proxy-arp',
  rule: 32766,
  table: [254, 'main'],
  route: { prefix: '0.0.0.0/0', gateway },
});
export const guest = (vlan = 90): Way => ({
  action: 'replied',
  reason: 'proxy-arp',
  rule: 32765,
  table: [vlan, `public_${vlan}`],
  route: { prefix: '192.0.2.10/32', device: { index: 9, name: 'tap0' }, gateway: null },
});

const inodeOf = (netns: string) => 100 + netns.charCodeAt(netns.length - 1);

export function asked(seconds: number, target: string, way: Way, place: Place = {}): Entry {
  const { netns = 'node0', device = 'bond0.90', sender = '192.0.2.1', settings = {} } = place;
  const route = { ...(matched.route as NonNullable<DecisionStep['route']>), ...way.route };
  const [id, name] = way.table;
  const step: DecisionStep = {
    ...matched,
    rule: way.rule === null ? null : { priority: way.rule, selector: '' },
    table: { id, name },
    route,
  };
  const event: Decision = {
    ...replied,
    netns: { inode: inodeOf(netns), name: netns },
    device: { index: 2, name: device },
    request: {
      ...replied.request,
      sender: { ...replied.request.sender, ip: sender },
      target: { ip: target },
    },
    settings,
    steps: [step],
    because: 0,
    verdict: { ...replied.verdict, action: way.action as 'replied', reason: way.reason as 'proxy-arp' },
    reply: way.action === 'replied' ? replied.reply : null,
  };
  const { trace = 'a' } = place;
  return { timeNs: at(seconds), event, bytes: Buffer.alloc(0), evidence: null, trace };
}

let changeCount = 0;
/** A change that came about in the tenth of a second before it was seen, or since then. */
export function changed(
  seconds: number,
  changes: Partial<Change>[],
  place: Place = {},
  since = seconds - 0.1,
): Entry {
  const { netns = 'node0' } = place;
  const event: ChangeEvent = {
    schema: 'arpwhy.change/1',
    id: `c${++changeCount}`,
    host: replied.host,
    time: '2026-11-22T03:30:00.000000000Z',
    monotonicNs: String(at(seconds)),
    fromNs: String(at(since)),
    netns: { inode: inodeOf(netns), name: netns },
    evidence: 'inferred',
    cause: null,
    process: null,
    kernelThread: null,
    flushed: [],
    lost: 0,
    changes: changes.map((one) => ({
      object: 'route',
      change: 'removed',
      text: '',
      was: null,
      device: null,
      table: null,
      ...one,
    })),
    more: 0,
  };
  return { timeNs: at(seconds), event, bytes: Buffer.alloc(0), evidence: null };
}

export const subnetRoute = (change: 'removed' | 'added', vlan = 90): Partial<Change> => ({
  change,
  text: `192.0.2.0/24 dev bond0.${vlan}`,
  device: { index: 2, name: `bond0.${vlan}` },
  table: { id: vlan, name: `public_${vlan}` },
});
export const elsewhere: Partial<Change> = {
  change: 'added',
  text: '203.0.113.0/24 via 10.0.0.7 dev bond0',
  device: { index: 4, name: 'bond0' },
  table: { id: 254, name: 'main' },
};
export const link = (name: string, now: string, was: string): Partial<Change> => ({
  object: 'link',
  change: 'changed',
  text: `${name}, ${now}`,
  was: `${name}, ${was}`,
  device: { index: 4, name },
});

export function find(entries: Entry[]): Finding {
  const story = new Story();
  for (const entry of entries.sort((a, b) => Number(a.timeNs - b.timeNs))) story.take(entry);
  story.finish();
  const clock = new ReportClock(true, story.firstNs ?? 0n, story.lastNs ?? 0n);
  return findingOf(story, (ns) => clock.moment(ns));
}
