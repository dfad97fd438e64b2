import type { DecisionStep, DeviceName, Evidence, Settings, Tier } from '../types.js';

/** What can be traced; decisions alone unless more is asked for. */
export type Kind = 'decision' | 'learning' | 'solicitation' | 'neighbour';

export const kinds: readonly Kind[] = ['decision', 'learning', 'solicitation', 'neighbour'];

export type LearningAction = 'created' | 'updated' | 'refreshed' | 'ignored';

/** Fields that all three have. */
interface Told {
  /** Unique in this trace. */
  id: string;
  host: string;
  time: string;
  monotonicNs: string;
  tier: Tier;
  netns: { inode: number; name: string | null };
  device: DeviceName;
  /** JSON pointers of what could not be seen. */
  unknown: string[];
}

/** An entry of the neighbour table at one time; the MAC is null while none is known. */
export interface Entry {
  state: string;
  mac: string | null;
}

/** What this host made of an ARP reply or a gratuitous request that came in. */
export interface Learning extends Told {
  schema: 'arpwhy.learning/1';
  claim: {
    operation: 'reply' | 'request';
    ip: string;
    mac: string;
    target: { ip: string; mac: string };
    /** Of the Ethernet header. */
    source: string | null;
    destination: string | null;
    cast: string;
  };
  entry: {
    /** The entry that the frame met; null when there was none. `ageNs`: since it was changed last. */
    met: (Entry & { ageNs: number }) | null;
    /** As it was left; null when there is none. */
    left: Entry | null;
  };
  /** The address changed hands: both holders. */
  moved: { from: string; to: string } | null;
  verdict: {
    action: LearningAction;
    reason: string;
    detail: string | null;
    candidates: string[] | null;
    evidence: Evidence;
  };
  /** The last who-has for this address that was seen to leave by this device. */
  asked: { id: string; by: 'kernel' | 'user-space'; roundTripNs: number } | null;
  settings: Settings;
}

export interface Process {
  pid: number;
  command: string;
}

export type Cause =
  | 'packet-sent'
  | 'packet-forwarded'
  | 'timer'
  | 'resolution-timer'
  | 'user-space'
  | 'netlink'
  | 'announcement'
  | 'kernel'
  | 'unknown';

/** A who-has of this host with its repetitions, told when it ended. */
export interface Solicitation extends Told {
  schema: 'arpwhy.solicitation/1';
  request: {
    target: { ip: string };
    /** The source that arp_announce picked. */
    sender: { ip: string; mac: string };
    destination: string | null;
    cast: 'broadcast' | 'unicast';
  };
  /** Why it was sent. `function`: the kernel function that sent it, where that is no known cause. */
  cause: { code: string; process: Process | null; function: string | null };
  /** The packet for which it was sent; null when it was not seen, or there was none. */
  packet: { source: string; target: string; protocol: number; from: DeviceName | null } | null;
  /** The lookups of that packet in the same send. */
  steps: DecisionStep[];
  /** Index of the step that chose device and next hop; null when none was seen in the same send. */
  because: number | null;
  /** Where `because` is null: what the table said when this was told, which need not be what chose it. */
  now: { text: string; time: string } | null;
  /** When each who-has of it was sent, CLOCK_MONOTONIC. */
  sent: { monotonicNs: string; cast: 'broadcast' | 'unicast' }[];
  end: {
    outcome: 'answered' | 'failed' | 'unanswered' | 'changed' | 'removed' | 'pending';
    mac: string | null;
    /** Of the learning that ended it. */
    learning: string | null;
    /** From the last who-has to the answer. */
    roundTripNs: number | null;
    /** Packets that came to wait for it, and those of them that were lost; null when that is not known. */
    waited: number | null;
    lost: number | null;
  };
  settings: Settings;
}

/** `address-changed`: the device's MAC; the others are of IPv4 addresses, see neighbourCauseSentences. */
export type NeighbourCause =
  | 'timer'
  | 'netlink'
  | 'ioctl'
  | 'garbage-collection'
  | 'link-down'
  | 'link-up'
  | 'address-changed'
  | 'noarp-changed'
  | 'address-added'
  | 'address-deleted'
  | 'unknown';

/** What changed an entry without any packet. */
export interface NeighbourChange extends Told {
  schema: 'arpwhy.neighbour/1';
  entry: { ip: string; was: Entry | null; is: Entry | null };
  /** `detail`: the kernel function that did it. */
  cause: {
    code: NeighbourCause;
    detail: string | null;
    process: Process | null;
  };
}

export type NeighbourEventTold = Learning | Solicitation | NeighbourChange;

const schemas = ['arpwhy.learning/1', 'arpwhy.solicitation/1', 'arpwhy.neighbour/1'];

export function isNeighbourEvent<T extends { schema: string }>(
  event: T,
): event is Extract<T, NeighbourEventTold> {
  return schemas.includes(event.schema);
}

/** Whether an event is of one of the kinds, or of none: starts, changes and losses belong to all. */
export function isOfKinds({ schema }: { schema: string }, wanted: readonly Kind[]): boolean {
  const kind = kinds.find((one) => schema === `arpwhy.${one}/1`);
  return kind === undefined || wanted.includes(kind);
}
