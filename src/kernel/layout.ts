// Made by bpf/layout.c from bpf/record.h. Do not edit: run `make layout`.

export const recordVersion = 4;
export const maxLookups = 64;
export const maxNeighbours = 4;
export const settingsCount = 14;
export const noSlot = 255;
export const changeVersion = 1;

export const record = {
  bytes: 80,
  size: 0,
  version: 4,
  cpu: 6,
  id: 8,
  startNs: 16,
  endNs: 24,
  replyNs: 32,
  slot: 40,
  parts: 41,
  destination: 42,
  source: 48,
  senderMac: 54,
  senderIp: 60,
  targetMac: 64,
  targetIp: 70,
} as const;

export const wait = {
  bytes: 24,
  skb: 0,
  first: 8,
  firstNs: 16,
} as const;

export const body = {
  bytes: 152,
  net: 0,
  netns: 8,
  ifindex: 12,
  device: 16,
  deviceFlags: 32,
  frameLength: 36,
  flags: 40,
  deviceType: 42,
  addressLength: 44,
  packetType: 45,
  closed: 46,
  place: 47,
  neighbours: 48,
  lookups: 49,
  flows: 50,
  gates: 51,
  cut: 52,
  hz: 54,
  arp: 56,
  arpBytes: 64,
  replyMac: 66,
  routeType: 72,
  routeError: 74,
  routeIfindex: 76,
  routeGateway: 80,
  outMediumId: 84,
  proxyDelay: 88,
  proxyQlen: 92,
  queued: 96,
  all: 100,
  dev: 116,
  stamps: 132,
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
  bytes: 24,
  location: 0,
  replyLocation: 8,
  dropReason: 16,
  replyDropReason: 20,
} as const;

export const counters = {
  bytes: 80,
  seen: 0,
  lost: 8,
  lostPasses: 16,
  abandoned: 24,
  untracked: 32,
  cut: 40,
  lostFirstNs: 48,
  lostLastNs: 56,
  frames: 64,
  filtered: 72,
} as const;

export const generation = {
  bytes: 80,
  net: 0,
  links: 8,
  rules: 16,
  bindings: 24,
  stamps: 32,
  devices: 48,
  addresses: 52,
  netns: 56,
  partial: 60,
  strange: 64,
  ns: 72,
} as const;

export const change = {
  bytes: 184,
  size: 0,
  version: 4,
  what: 6,
  cause: 7,
  ns: 8,
  netns: 16,
  causeIfindex: 20,
  causeDevice: 24,
  pid: 40,
  parent: 44,
  name: 48,
  parentName: 64,
  kernelThread: 80,
  body: 88,
} as const;

export const way = {
  bytes: 36,
  known: 0,
  protocol: 1,
  nexthops: 2,
  gatewayFamily: 3,
  metric: 4,
  object: 8,
  ifindex: 12,
  gateway: 16,
  device: 20,
} as const;

export const changeRoute = {
  bytes: 88,
  table: 0,
  dst: 4,
  length: 8,
  type: 9,
  tos: 10,
  count: 12,
  way: 16,
  was: 52,
} as const;

export const changeRule = {
  bytes: 92,
  priority: 0,
  table: 4,
  target: 8,
  mark: 12,
  markMask: 16,
  src: 20,
  dst: 24,
  srcLength: 28,
  dstLength: 29,
  tos: 30,
  action: 31,
  invert: 32,
  l3mdev: 33,
  ipProtocol: 34,
  tunnel: 35,
  suppressPrefixLength: 36,
  suppressGroup: 40,
  sport: 44,
  dport: 48,
  uid: 52,
  iif: 60,
  oif: 76,
} as const;

export const changeLink = {
  bytes: 28,
  ifindex: 0,
  flags: 4,
  name: 8,
  carrier: 24,
} as const;

export const changeAddress = {
  bytes: 32,
  ip: 0,
  peer: 4,
  ifindex: 8,
  length: 12,
  scope: 13,
  device: 16,
} as const;

export const what = {
  routeAdded: 1,
  routeRemoved: 2,
  routeReplaced: 3,
  tableFlushed: 4,
  ruleAdded: 5,
  ruleRemoved: 6,
  link: 7,
  addressAdded: 8,
  addressRemoved: 9,
} as const;

export const cause = {
  message: 1,
  linkUp: 2,
  linkDown: 3,
  linkRemoved: 4,
  carrier: 5,
  linkEnslaved: 6,
  addressAdded: 7,
  addressRemoved: 8,
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

export const part = { body: 1, wait: 2 } as const;

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

/** Sysctl names in the order of `body.all` and `body.dev`. */
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
