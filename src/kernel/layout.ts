// Made by bpf/layout.c from bpf/record.h. Do not edit: run `make layout`.

export const recordVersion = 1;
export const maxLookups = 64;
export const maxNeighbours = 4;
export const settingsCount = 14;

export const record = {
  bytes: 360,
  size: 0,
  version: 4,
  neighbours: 6,
  lookups: 7,
  id: 8,
  first: 16,
  startNs: 24,
  endNs: 32,
  replyNs: 40,
  firstNs: 48,
  skb: 56,
  net: 64,
  location: 72,
  replyLocation: 80,
  netns: 88,
  ifindex: 92,
  device: 96,
  deviceFlags: 112,
  deviceType: 116,
  addressLength: 118,
  packetType: 119,
  closed: 120,
  place: 121,
  arpBytes: 122,
  cpu: 123,
  frameLength: 124,
  arp: 128,
  destination: 156,
  flags: 162,
  dropReason: 164,
  replyDropReason: 168,
  replyMac: 172,
  routeType: 178,
  routeError: 180,
  cut: 182,
  routeIfindex: 184,
  routeGateway: 188,
  outMediumId: 192,
  proxyDelay: 196,
  proxyQlen: 200,
  queued: 204,
  hz: 208,
  all: 212,
  dev: 268,
  stampsStart: 324,
  stampsEnd: 340,
} as const;

export const neighbour = {
  bytes: 28,
  ip: 0,
  ifindex: 4,
  change: 8,
  state: 9,
  oldState: 10,
  done: 11,
  mac: 12,
  oldMac: 18,
  err: 24,
} as const;

export const lookup = {
  bytes: 56,
  table: 0,
  err: 4,
  saddr: 8,
  daddr: 12,
  iif: 16,
  oif: 20,
  l3mdev: 24,
  mark: 28,
  dscp: 32,
  scope: 33,
  proto: 34,
  hasInfo: 35,
  sport: 36,
  dport: 38,
  device: 40,
  gateway: 44,
  gatewayFamily: 48,
  type: 49,
  protocol: 50,
  nexthops: 51,
  metric: 52,
} as const;

export const counters = {
  bytes: 72,
  seen: 0,
  lost: 8,
  lostPasses: 16,
  abandoned: 24,
  untracked: 32,
  cut: 40,
  lostFirstNs: 48,
  lostLastNs: 56,
  frames: 64,
} as const;

export const generation = {
  bytes: 64,
  net: 0,
  links: 8,
  rules: 16,
  stamps: 24,
  devices: 40,
  addresses: 44,
  netns: 48,
  partial: 52,
  ns: 56,
} as const;

export const closed = { consumed: 1, dropped: 2, deferred: 3 } as const;

export const place = {
  arpProcess: 1,
  arpRcv: 2,
  netfilter: 3,
  tc: 4,
  xdp: 5,
  proxyQueue: 6,
} as const;

export const flag = {
  hasInDevice: 1,
  hasDst: 2,
  hasStart: 4,
  secondPass: 8,
  replyQueued: 16,
  replyDropped: 32,
  settingsMoved: 64,
  noAddress: 128,
  customRules: 256,
  customLocal: 512,
  classidUsers: 1024,
  tableFull: 2048,
  sameSkb: 4096,
} as const;

/** Sysctl names in the order of `record.all` and `record.dev`. */
export const settingNames = [
  'forwarding',
  'proxy_arp',
  'send_redirects',
  'rp_filter',
  'arp_filter',
  'medium_id',
  'arp_ignore',
  'arp_accept',
  'accept_local',
  'src_valid_mark',
  'proxy_arp_pvlan',
  'route_localnet',
  'drop_gratuitous_arp',
  'bc_forwarding',
] as const;
