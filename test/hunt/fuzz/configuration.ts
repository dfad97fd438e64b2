import type { Random } from './random.js';

/** A random router, as lines for `World.lines` and for `ip -batch`, and what is asked of it. */
export interface Configuration {
  /** Paths below net/ipv4/conf, such as `in0/proxy_arp`. */
  settings: Map<string, number>;
  /** For `ip -force -batch`: what the kernel does not take is left out. */
  ip: string[];
  /** Rules by priority, the kernel's own included, as words for `ip rule add`. */
  rules: Map<number, string>;
  /** Lines that make the filter `drops`, when there is one. */
  nft: string[];
  /** The mark that frames get on their way in. */
  mark: number;
  requests: Question[];
}

export interface Question {
  sender: string;
  target: string;
  to: 'router' | 'broadcast';
}

/** What the fuzzer moves, with the values it may have; the first is the one of a new namespace or world. */
const settingValues: Record<string, readonly number[]> = {
  proxy_arp: [0, 1],
  proxy_arp_pvlan: [0, 1],
  rp_filter: [0, 1, 2],
  arp_ignore: [0, 1, 2, 3, 8],
  arp_filter: [0, 1],
  accept_local: [0, 1],
  send_redirects: [1, 0],
  route_localnet: [0, 1],
  drop_gratuitous_arp: [0, 1],
  medium_id: [0, 1, 2, -1],
  src_valid_mark: [0, 1],
  bc_forwarding: [0, 1],
  ignore_routes_with_linkdown: [0, 1],
};

/** How often a setting of a scope is another one than usual. */
const oddSetting = 0.13;

export const scopes = ['all', 'in0', 'out0'] as const;

export function makeConfiguration(random: Random, requests: number): Configuration {
  const rules = random.chance(0.65) ? makeRules(random) : new Map<number, string>();
  const ip = [
    ...(random.chance(0.5) ? makeThirdDevice(random) : []),
    ...makeAddresses(random),
    ...makeNexthops,
    ...makeRoutes(random),
    ...makeProxyNeighbours(random),
    ...[...rules].map(([priority, words]) => `rule add pref ${priority} ${words}`),
  ];
  if (random.chance(0.3)) ip.push('link set out0 group 7');
  if (rules.size > 0 && random.chance(0.15)) {
    rules.set(900, 'lookup local');
    ip.push('rule add pref 900 lookup local', 'rule del pref 0');
  } else rules.set(0, 'lookup local');
  rules.set(32766, 'lookup main');
  rules.set(32767, 'lookup default');
  return {
    settings: makeSettings(random),
    ip,
    rules,
    nft: random.chance(0.12) ? makeDrop(random) : [],
    mark: random.chance(0.15) ? 1 : 0,
    requests: Array.from({ length: requests }, () => makeQuestion(random)),
  };
}

function makeSettings(random: Random): Map<string, number> {
  const settings = new Map<string, number>();
  for (const [name, values] of Object.entries(settingValues)) {
    for (const scope of scopes) {
      // most gates of proxying are only reached where it is on
      const odd = name === 'proxy_arp' && scope === 'in0' ? 0.6 : oddSetting;
      settings.set(`${scope}/${name}`, random.chance(odd) ? random.pick(values) : (values[0] as number));
    }
  }
  settings.set('in0/forwarding', random.chance(0.85) ? 1 : 0);
  settings.set('out0/forwarding', random.chance(0.85) ? 1 : 0);
  return settings;
}

const extraAddresses = [
  'address add 10.1.0.2/24 dev in0',
  'address add 10.9.0.1/24 dev in0 scope link',
  'address add 192.0.2.1/32 dev lo',
  'address add 192.0.2.2/32 dev lo scope host',
  'address add 10.7.0.1 peer 10.7.0.2/32 dev in0',
  'address add 10.8.0.1/16 dev out0',
  'address del 10.1.0.1/24 dev in0',
];

/** One more way out, which may have no carrier. */
function makeThirdDevice(random: Random): string[] {
  const lines = ['link add alt0 type veth peer name alt1', 'address add 10.3.0.1/24 dev alt0'];
  return random.chance(0.5)
    ? [...lines, 'link set alt1 up', 'link set alt0 up']
    : [...lines, 'link set alt0 up'];
}

function makeAddresses(random: Random): string[] {
  return extraAddresses.filter(() => random.chance(0.25));
}

const makeNexthops = [
  'nexthop add id 1 dev out0',
  'nexthop add id 2 via 10.2.0.9 dev out0',
  'nexthop add id 3 via 10.1.0.66 dev in0',
  'nexthop add id 4 group 2/3',
  'nexthop add id 5 blackhole',
];

const prefixes = [
  ...['0.0.0.0/0', '0.0.0.0/0', '10.0.0.0/8', '10.2.0.0/16', '10.2.0.0/28', '10.1.0.0/16', '10.1.0.9/32'],
  ...['203.0.113.0/24', '203.0.113.0/28', '203.0.113.5/32', '198.51.100.0/24', '198.51.100.0/25'],
  ...['192.0.2.0/24', '240.0.0.0/4', '127.0.0.0/8'],
];

const tables = ['main', 'main', 'main', 'main', 'default', '100', '100', '101', '102', 'local'];

const ways = [
  ...['dev out0', 'via 10.2.0.9', 'via 10.2.0.7 dev out0 onlink', 'dev in0', 'via 10.1.0.66', 'dev lo'],
  ...['nexthop via 10.2.0.9 nexthop via 10.1.0.66', 'nexthop via 10.2.0.9 nexthop via 10.2.0.7'],
  ...['dev alt0', 'via 10.3.0.9', 'nexthop via 10.3.0.9 nexthop via 10.2.0.9'],
  ...['nhid 1', 'nhid 2', 'nhid 3', 'nhid 4', 'nhid 5'],
];

const wayless = ['unreachable', 'prohibit', 'blackhole', 'throw'];

function makeRoutes(random: Random): string[] {
  const count = 2 + random.below(9);
  return Array.from({ length: count }, () => {
    const prefix = random.pick(prefixes);
    const type = random.chance(0.3) ? random.pick(wayless) : random.chance(0.07) ? 'local' : 'unicast';
    const way = type === 'unicast' ? random.pick(ways) : type === 'local' ? 'dev lo' : '';
    const words = ['route append', type, prefix, 'table', random.pick(tables)];
    if (random.chance(0.3)) words.push('metric', String(random.pick([10, 20, 100])));
    if (random.chance(0.15)) words.push('tos', random.pick(['0x04', '0x10']));
    if (random.chance(0.2)) words.push('proto', random.pick(['static', 'bird', '99']));
    words.push(way);
    return words.filter((word) => word !== '').join(' ');
  });
}

const selectors = [
  ...['', '', 'iif in0', 'iif in0', 'iif out0', 'iif lo', 'iif gone0', 'oif in0', 'oif out0'],
  ...['from 10.1.0.0/24', 'from 10.1.0.9', 'from 10.2.0.0/16', 'from 203.0.113.0/24'],
  ...['to 203.0.113.0/24', 'to 10.2.0.0/24', 'to 10.1.0.0/24', 'to 198.51.100.0/25', 'iif in0 to 10.0.0.0/8'],
  ...['fwmark 1', 'fwmark 0/1', 'tos 0x10', 'uidrange 0-0', 'uidrange 5-9'],
  ...['ipproto udp', 'ipproto udp dport 53', 'not fwmark 1'],
];

function makeRules(random: Random): Map<number, string> {
  const rules = new Map<number, string>();
  const count = 1 + random.below(5);
  for (let i = 0; i < count; i++) {
    const priority = 1000 + 1000 * i + random.below(500);
    const selector = random.pick(selectors);
    const not = selector !== '' && random.chance(0.15) ? 'not ' : '';
    rules.set(priority, `${not}${selector} ${makeAction(random, i)}`.trim());
  }
  // a rule may lead to one that follows it, and that one has to be there
  return rules;
}

function makeAction(random: Random, at: number): string {
  const what = random.next();
  if (what < 0.08) return random.pick(['unreachable', 'prohibit', 'blackhole']);
  if (what < 0.16) return random.pick(['goto 32766', 'goto 32767', `goto ${(at + 3) * 1000}`]);
  if (what < 0.19) return 'nop';
  const table = random.pick(['100', '100', '101', '102', 'main', 'default', '250']);
  const suppress = random.next();
  if (suppress < 0.15) return `lookup ${table} suppress_prefixlength ${random.pick([0, 8, 24])}`;
  if (suppress < 0.22) return `lookup ${table} suppress_ifgroup ${random.pick([0, 7])}`;
  return `lookup ${table}`;
}

function makeProxyNeighbours(random: Random): string[] {
  const lines: string[] = [];
  for (const ip of ['203.0.113.5', '10.2.0.5', '198.51.100.7']) {
    if (random.chance(0.3)) lines.push(`neigh add proxy ${ip} dev ${random.chance(0.8) ? 'in0' : 'out0'}`);
  }
  return lines;
}

function makeDrop(random: Random): string[] {
  const hook = random.pick(['input', 'output']);
  const match = random.pick([
    '',
    'arp operation request',
    'arp operation reply',
    'arp daddr ip 10.2.0.0/16',
    'arp saddr ip 203.0.113.0/24',
  ]);
  return [
    'nft add table arp drops',
    `nft add chain arp drops hooked { type filter hook ${hook} priority 0; }`,
    `nft add rule arp drops hooked ${match} drop`.replace('  ', ' '),
  ];
}

const senders = [
  ...['10.1.0.9', '10.1.0.9', '10.1.0.9', '10.1.0.9', '10.1.0.9', '10.1.0.9', '10.1.0.77', '10.2.0.5'],
  ...['203.0.113.9', '198.51.100.9', '10.1.0.1', '10.2.0.1', '192.0.2.1', '0.0.0.0', '0.0.0.0'],
  ...['127.0.0.1', '224.0.0.1', '255.255.255.255', '10.1.0.255', '0.1.2.3', '10.9.0.5'],
];

const targets = [
  ...['10.1.0.1', '10.1.0.1', '10.1.0.2', '10.2.0.1', '10.9.0.1', '192.0.2.1', '192.0.2.2', '10.7.0.1'],
  ...['10.2.0.5', '10.2.0.5', '10.2.0.9', '10.2.0.200', '10.1.0.77', '10.7.0.2', '10.8.0.1', '10.8.3.4'],
  ...[
    '203.0.113.5',
    '203.0.113.5',
    '203.0.113.77',
    '198.51.100.7',
    '198.51.100.200',
    '192.0.2.77',
    '8.8.8.8',
  ],
  ...['10.1.0.255', '10.2.0.255', '255.255.255.255', '10.1.0.0', '127.0.0.1', '127.1.2.3', '224.0.0.5'],
  ...['0.0.0.0', '0.1.2.3', '240.0.0.1'],
];

function makeQuestion(random: Random): Question {
  const target = random.pick(targets);
  const sender = random.chance(0.06) ? target : random.pick(senders);
  return { sender, target, to: random.chance(0.4) ? 'broadcast' : 'router' };
}
