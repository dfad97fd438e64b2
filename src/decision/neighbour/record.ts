import type { Ipv4, Lookup, Pass, Stamps } from '../types.js';

export type EntrySetting =
  | 'arp_accept'
  | 'drop_gratuitous_arp'
  | 'route_localnet'
  | 'arp_announce'
  | 'forwarding';

/** What every record of the object for neighbours has. */
interface Seen {
  id: number;
  /** CLOCK_MONOTONIC. */
  endNs: bigint;
  /** `cookie`: unlike the others never given again. */
  netns: { address: bigint; inode: number; cookie: bigint };
  device: { index: number; name: string; noarp: boolean; type: number; addressLength: number };
  /** Of the entry, or the address asked for. */
  ip: Ipv4;
  /** Null when the device has no in_device. */
  settings: { all: Record<EntrySetting, number>; dev: Record<EntrySetting, number> } | null;
  stamps: Stamps;
  /** The namespace has rules of its own, or once had. */
  customRules: boolean;
}

/** What runs on the CPU, and the functions that led to the hook, the innermost first. */
export interface TaskSeen {
  pid: number;
  command: string;
  kernelThread: boolean;
  stack: readonly string[];
  /** The stack ends at the last entry that was read: there may be more of it. */
  stackCut: boolean;
}

export interface EntrySeen {
  /** NUD_* */
  state: number;
  mac: string;
}

/** An ARP header of a frame, with the addresses of its Ethernet header where they are known. */
export interface ArpSeen {
  hardwareType: number;
  protocolType: number;
  hardwareLength: number;
  protocolLength: number;
  operation: number;
  senderMac: string;
  senderIp: Ipv4;
  targetMac: string;
  targetIp: Ipv4;
  destination: string | null;
  source: string | null;
}

/** A reply or a gratuitous request that ARP let go of. */
export interface LearnedSeen extends Seen {
  kind: 'learned';
  /** What the kernel side says alike of a storm of claims: the same object for all of them. */
  alike: object;
  /** Null when it was not seen. */
  startNs: bigint | null;
  /** The same object for the same frame. */
  arp: ArpSeen;
  cast: Pass['frame']['cast'];
  ending: Pass['ending'];
  /** RTN_* of the route that the request was given; null when there was none. */
  routeType: number | null;
  /** A gratuitous request that was deferred is judged again. */
  secondPass: boolean;
  created: boolean;
  /** An entry was to be made, and the table was full. */
  noRoom: boolean;
  /** neigh_update of the sender's entry; null when it was not called. */
  update: {
    before: EntrySeen;
    /** Null when its end was not seen. */
    after: EntrySeen | null;
    /** Negative; 0 for success. */
    err: number;
    wanted: number;
    override: boolean;
    dead: boolean;
    /** Since the entry was changed last, and the locktime then, both in nanoseconds. */
    ageNs: number;
    locktimeNs: number;
    /** Packets that waited in the entry when the update began, and those that had come to wait. */
    queued: number;
    waited: number;
  } | null;
  /** The type of the sender's address was looked up: RTN_*, 0 when it could not be told; null when it was not. */
  senderType: number | null;
  /** That was before the entry was made or updated. */
  typedFirst: boolean;
  /** The last who-has for the sender's address that this host sent on the device. */
  asked: { id: number; ns: bigint; bySocket: boolean } | null;
}

export interface AskedSeen extends Seen {
  kind: 'asked';
  arp: ArpSeen;
  bySocket: boolean;
  task: TaskSeen;
}

/** The packet for which a who-has was sent, and the lookups of its flow that were made in the same send. */
export interface ForPacketSeen extends Seen {
  kind: 'for-packet';
  asked: number;
  packet: { source: Ipv4; target: Ipv4; protocol: number; iif: number; mark: number };
  /** CLOCK_MONOTONIC of the first of the lookups; null without any. */
  startNs: bigint | null;
  /** `fromAny`: the source was not chosen yet. */
  lookups: (Lookup & { fromAny: boolean; scope: number })[];
  cut: number;
}

export interface TimerSeen extends Seen {
  kind: 'timer';
  entry: EntrySeen;
  probes: number;
  queued: number;
  waited: number;
}

export interface AdminSeen extends Seen {
  kind: 'admin';
  entry: EntrySeen;
  before: EntrySeen;
  wanted: number;
  err: number;
  netlinkPid: number;
  task: TaskSeen;
}

export interface RemovedSeen extends Seen {
  kind: 'removed';
  entry: EntrySeen;
  task: TaskSeen;
}

export type NeighbourSeen = LearnedSeen | AskedSeen | ForPacketSeen | TimerSeen | AdminSeen | RemovedSeen;

/** include/uapi/linux/neighbour.h */
export const nud = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const;

/** NUD_VALID */
export function isValid(state: number): boolean {
  return (state & 0xde) !== 0;
}

/** Nothing is asked for it any more: valid, and not being probed. */
export function isResolved(state: number): boolean {
  return isValid(state) && state !== nud.probe;
}
