// Made by bpf/layout.c from bpf/record.h. Do not edit: run `make layout`.

export const recordVersion = 3;
export const maxLookups = 64;
export const maxNeighbours = 4;
export const settingsCount = 14;

export const record = {
  bytes: 224,
  size: 0,
  version: 4,
  cpu: 6,
  gates: 7,
  id: 8,
  startNs: 16,
  endNs: 24,
  replyNs: 32,
  net: 40,
  netns: 48,
  ifindex: 52,
  device: 56,
  deviceFlags: 72,
  frameLength: 76,
  flags: 80,
  deviceType: 82,
  addressLength: 84,
  packetType: 85,
  closed: 86,
  place: 87,
  arpBytes: 88,
  neighbours: 89,
  lookups: 90,
  flows: 91,
  arp: 92,
  destination: 120,
  source: 126,
  replyMac: 132,
  routeType: 138,
  routeError: 140,
  cut: 142,
  hz: 144,
  routeIfindex: 148,
  routeGateway: 152,
  outMediumId: 156,
  proxyDelay: 160,
  proxyQlen: 164,
  queued: 168,
  all: 172,
  dev: 188,
  stamps: 204,
} as const;

export const neighbour = {
  bytes: 20,
  change: 0,
  state: 1,
  oldState: 2,
  done: 3,
  mac: 4,
  oldMac: 10,
  err: 16,
} as const;

export const lookup = {
  bytes: 32,
  table: 0,
  iif: 4,
  device: 8,
  gateway: 12,
  metric: 16,
  role: 20,
  error: 21,
  flags: 22,
  gatewayFamily: 23,
  type: 24,
  protocol: 25,
  nexthops: 26,
  prefixLength: 27,
  rule: 28,
} as const;

export const flow = {
  bytes: 20,
  oif: 0,
  l3mdev: 4,
  mark: 8,
  sport: 12,
  dport: 14,
  dscp: 16,
  scope: 17,
  proto: 18,
} as const;

export const gates = {
  bytes: 24,
  seen: 0,
  value: 4,
} as const;

export const wide = {
  bytes: 128,
  all: 0,
  dev: 64,
} as const;

export const detail = {
  bytes: 48,
  skb: 0,
  first: 8,
  firstNs: 16,
  location: 24,
  replyLocation: 32,
  dropReason: 40,
  replyDropReason: 44,
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
  stampsMoved: 8192,
  wideSettings: 16384,
  hasDetail: 32768,
} as const;

export const role = { target: 1, source: 2, bareSender: 3, bareTarget: 4 } as const;

export const lookupFlag = {
  hasInfo: 1,
  hasFlow: 2,
  hasPrefix: 4,
  hasRule: 8,
  suppressed: 16,
  ruleOnly: 32,
  byInput: 64,
} as const;

export const gate = {
  routeInput: 0,
  validateSource: 1,
  ignore: 2,
  proxyNeighbour: 3,
  eventNs: 4,
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
