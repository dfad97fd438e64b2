/**
 * The domain's types. IPv4 addresses are unsigned 32-bit numbers in host byte order (192.0.2.1 is 0xc0000201),
 * MAC addresses are lower-case text, times are nanoseconds of CLOCK_MONOTONIC as bigint.
 */

export type Ipv4 = number;

export type Action = 'replied' | 'silent' | 'dropped' | 'deferred';

export type Purpose = 'target' | 'source' | 'filter' | 'probe' | 'neighbour';

export type Outcome =
  | 'match'
  | 'no-usable-route'
  | 'unreachable'
  | 'prohibit'
  | 'blackhole'
  | 'suppressed'
  | 'no-table';

export type Evidence = 'observed' | 'inferred';

export type Tier = 'trampoline' | 'kprobe' | 'tracepoint';

/** The sysctls of net.ipv4.conf that a gate of ARP reads. */
export type SettingName =
  | 'forwarding'
  | 'proxy_arp'
  | 'send_redirects'
  | 'rp_filter'
  | 'arp_filter'
  | 'medium_id'
  | 'arp_ignore'
  | 'arp_accept'
  | 'accept_local'
  | 'src_valid_mark'
  | 'proxy_arp_pvlan'
  | 'route_localnet'
  | 'drop_gratuitous_arp'
  | 'bc_forwarding';

/** The generation counters of a network namespace, as the kernel had them at one end of a pass. */
export interface Stamps {
  /** net->ipv4.fib_seq */
  fib: number;
  /** net->ipv4.rules_ops->fib_rules_seq */
  rules: number;
  /** net->ipv4.rt_genid */
  genid: number;
  /** net->nexthop.seq */
  nexthop: number;
}

/** One fib_table_lookup as the kernel's tracepoint showed it. */
export interface Lookup {
  table: number;
  /** 0 for a match, else a positive errno. */
  errno: number;
  saddr: Ipv4;
  daddr: Ipv4;
  iif: number;
  oif: number;
  l3mdev: number;
  mark: number;
  dscp: number;
  proto: number;
  sport: number;
  dport: number;
  /** Of the nexthop that the lookup showed; 0 when it showed none. */
  device: number;
  gateway: Ipv4;
  /** AF_INET (2), AF_INET6 (10) or 0. */
  gatewayFamily: number;
  /** The route's own fields; null when the nexthop does not lead to its route (a nexthop object). */
  info: { type: number; protocol: number; nexthops: number; metric: number } | null;
  /** What hooks on functions saw of it; absent where there are none, as in the tracepoint tier. */
  seen?: LookupSeen;
}

/** Null is what was not seen: nothing follows from it. */
export interface LookupSeen {
  /** Priority of the rule that led here. */
  rule: number | null;
  /** Of the route that matched. */
  prefixLength: number | null;
  /** The rule took the match away again (fib4_rule_suppress); false: that was not seen. */
  suppressed: boolean;
  /** It was made before ip_route_input_noref returned: not by arp_filter. */
  byInput: boolean;
}

/** A rule that was seen to reject by itself, or to lead to a table that does not exist (then `table` is not 0). */
export interface RuleSeen {
  rule: number;
  table: number;
  /** Positive. */
  errno: number;
}

/** What functions returned in a pass, as far as hooks on them saw it. */
export interface GatesSeen {
  /** ip_route_input_noref: 0, a negative errno, or since 6.18 a drop reason. */
  routeInput?: number;
  /** fib_validate_source: 0 or 1 when the source is valid, else negative: an errno, or since 6.18 a drop reason. */
  validateSource?: number;
  /** arp_ignore: not 0 when it stops the request. */
  ignore?: number;
  /** pneigh_lookup: not 0 when there is a proxy neighbour. */
  proxyNeighbour?: number;
  /** neigh_event_ns: 0 when there was no room for the neighbour entry. */
  eventNs?: number;
}

/** What a pass did to the neighbour entry of its sender on the asking device: it touches no other. */
export interface NeighbourEvent {
  created: boolean;
  /** NUD_* before and after; `after` null when neigh_update_done was not seen. */
  before: { state: number; mac: string };
  after: { state: number; mac: string } | null;
  errno: number;
}

/** One run of arp_process over a request, or its end before or after that, as one wire record tells it. */
export interface Pass {
  /** The wire record itself, a copy: there where a recording wants it. */
  record?: Buffer | undefined;
  /** Of the wire record, what it does not share with those of {@link alike} passes. */
  ownRecord?: Buffer | undefined;
  /** Passes with the same one differ in ids and times alone: what was worked out for one of them holds for all. */
  alike: object;
  id: number;
  /** The pass that deferred this request; null when none is known. */
  first: number | null;
  firstNs: bigint | null;
  /** Null when the start was not seen. */
  startNs: bigint | null;
  endNs: bigint;
  /** Of a pass that was deferred, redone or dropped; else 0n. */
  skb: bigint;
  netns: { address: bigint; inode: number };
  device: { index: number; name: string; noarp: boolean; type: number; addressLength: number };
  frame: {
    length: number;
    /** How many bytes of the ARP header were there; fields beyond them are 0. */
    arpBytes: number;
    hardwareType: number;
    protocolType: number;
    hardwareLength: number;
    protocolLength: number;
    operation: number;
    senderMac: string;
    senderIp: Ipv4;
    targetIp: Ipv4;
    /** Of the Ethernet header; null when they are not known. */
    destination: string | null;
    source: string | null;
    cast: 'broadcast' | 'unicast' | 'multicast' | 'otherhost' | 'loopback';
  };
  ending: {
    closed: 'consumed' | 'dropped' | 'deferred';
    place: 'arp_process' | 'arp_rcv' | 'netfilter' | 'tc' | 'xdp' | 'proxy-queue';
    /** For a drop: the kernel function and its reason, as text. */
    where: string | null;
  };
  secondPass: boolean;
  /** The final route (`skb_dst`); null when ip_route_input left none. */
  route: { type: number; error: number; device: number; gateway: Ipv4 } | null;
  reply: { mac: string; ns: bigint; queued: boolean; dropped: boolean; where: string | null } | null;
  /** Null when the device has no in_device. */
  settings: { all: Record<SettingName, number>; dev: Record<SettingName, number> } | null;
  /** A sysctl changed while the pass ran. */
  settingsMoved: boolean;
  outMediumId: number;
  /** In the sysctl's unit, hundredths of a second. */
  proxyDelay: number;
  proxyQlen: number;
  /** Requests on the proxy queue for this device at the end of the pass. */
  queued: number;
  noAddress: boolean;
  customRules: boolean;
  customLocalRoutes: boolean;
  classidUsers: boolean;
  neighbourTableFull: boolean;
  /** At the end of the pass. */
  stamps: Stamps;
  /** One of them was another at its start. */
  stampsMoved: boolean;
  neighbours: NeighbourEvent[];
  lookups: Lookup[];
  /** Lookups that did not fit into the record. */
  cut: number;
  /** From hooks on functions; absent where there are none. */
  rulesSeen?: RuleSeen[] | undefined;
  gatesSeen?: GatesSeen | undefined;
}

export interface Rule {
  priority: number;
  /** As iproute2 prints it, without `from all`; '' when the rule takes everything. */
  selector: string;
  invert: boolean;
  from: Prefix | null;
  to: Prefix | null;
  tos: number;
  mark: number;
  markMask: number;
  /** `index` null: there is no such device now, the rule is detached and matches nothing. */
  iif: { name: string; index: number | null } | null;
  oif: { name: string; index: number | null } | null;
  l3mdev: boolean;
  /** 0: any. */
  ipProtocol: number;
  sports: Range | null;
  dports: Range | null;
  /** The rule selects a tunnel id, which no flow of ARP has. */
  tunnel: boolean;
  uids: Range | null;
  action: 'lookup' | 'goto' | 'nop' | 'unreachable' | 'prohibit' | 'blackhole';
  table: number;
  goto: number | null;
  suppressPrefixLength: number;
  suppressGroup: number;
}

/** Both ends belong to it. */
export interface Range {
  from: number;
  to: number;
}

export interface Prefix {
  ip: Ipv4;
  length: number;
}

export interface Nexthop {
  device: number;
  gateway: Ipv4;
  gatewayFamily: number;
  dead: boolean;
  linkdown: boolean;
}

export interface Route {
  table: number;
  prefix: Prefix;
  /** RTN_* */
  type: number;
  tos: number;
  protocol: number;
  metric: number;
  nexthops: Nexthop[];
  viaObject: boolean;
}

export interface Link {
  index: number;
  name: string;
  group: number;
  ignoreLinkdown: boolean;
  /** Set up by the administrator; absent where nobody read it. */
  up?: boolean;
  /** It has a carrier (LOWER_UP). */
  carrier?: boolean;
  /** It takes no part in ARP (NOARP). */
  noarp?: boolean;
}

/** The sysctls of a device, or of `all`, that can be read without entering the namespace. */
export interface DeviceSettings {
  device: string;
  forwarding: number;
  proxy_arp: number;
  rp_filter: number;
}

export interface Address {
  ip: Ipv4;
  /** The far end of a point-to-point address; absent when there is none. */
  peer?: Ipv4;
  prefixLength: number;
  /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
  scope: number;
  device: number;
}

/** Rules, routes, links and addresses of one namespace at one time. */
export interface Snapshot {
  rules: Rule[];
  /** By table; in the order of the kernel's dump within a prefix. */
  routes: Map<number, Route[]>;
  /** False: a table was too large to dump; prefixes have to be asked for one by one. */
  complete: boolean;
  links: Map<number, Link>;
  addresses: Address[];
  proxyNeighbours: { ip: Ipv4; device: number | null }[];
  /** Absent where nobody read them. */
  settings?: DeviceSettings[];
}

/** What the kernel answered to `ip route get fibmatch` for one lookup, proven like a snapshot. */
export interface FibMatch {
  table: number;
  prefix: Prefix;
  type: number;
  protocol: number;
  metric: number;
  device: number | null;
  gateway: Ipv4 | null;
}

/** What is known about the host at the time of a pass, beyond the pass itself. Only proven things are in it. */
export interface Proof {
  snapshot: Snapshot;
  /** Answers for tables that the snapshot could not hold: keyed by purpose. */
  matches: Partial<Record<Purpose, FibMatch>>;
}

/** A request with the passes that judged it. */
export interface Request {
  id: string;
  /** The pass that deferred it; null when there was none or it was not seen. */
  first: Pass | null;
  /** The deciding pass. */
  pass: Pass;
}

/** Names that a decision shows but the kernel does not know by itself. */
export interface NameTables {
  table(id: number): string | null;
  protocol(id: number): string;
  device(index: number): string | null;
}

// ---- the contract ----

export interface DeviceName {
  index: number;
  name: string | null;
}

export interface DecisionStep {
  purpose: Purpose;
  /** `selector` null: not known, though the rule was seen. */
  rule: { priority: number; selector: string | null } | null;
  table: { id: number; name: string | null } | null;
  outcome: Outcome;
  errno: number;
  route: {
    type: string | null;
    prefix: string | null;
    device: DeviceName | null;
    gateway: string | null;
    protocol: string | null;
    metric: number | null;
    /** Only where the route lies in another table than was looked up: without rules, local is merged with main. */
    table?: { id: number; name: string | null };
  } | null;
  evidence: Partial<Record<'rule' | 'outcome' | 'prefix' | 'device' | 'gateway', Evidence>>;
}

export interface Verdict {
  action: Action;
  reason: string;
  detail: string | null;
  candidates: string[] | null;
  evidence: Evidence;
  deferredNs: number | null;
}

export type Settings = Record<string, { all?: number; dev?: number; out?: number }>;

export interface Decision {
  schema: 'arpwhy.decision/1';
  id: string;
  host: string;
  time: string;
  monotonicNs: string;
  tier: Tier;
  netns: { inode: number; name: string | null };
  device: DeviceName;
  request: {
    sender: { ip: string | null; mac: string | null };
    target: { ip: string | null };
    destination: string | null;
    cast: Pass['frame']['cast'];
  };
  steps: DecisionStep[];
  because: number | null;
  verdict: Verdict;
  reply: { mac: string; latencyNs: number | null } | null;
  settings: Settings;
  neighbours: {
    ip: string;
    change: 'created' | 'updated' | 'refreshed' | 'failed';
    mac: string | null;
    was: string | null;
    state: string;
    pass: 1 | 2;
  }[];
  stamps: Stamps;
  cut: number;
  unknown: string[];
}
