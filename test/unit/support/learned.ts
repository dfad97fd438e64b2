import type { LearnedSeen } from '../../../src/decision/neighbour/record.js';

export const [own, other] = ['02:00:00:00:01:09', '02:00:00:00:01:77'];
export const zeros = {
  arp_accept: 0,
  drop_gratuitous_arp: 0,
  route_localnet: 0,
  arp_announce: 0,
  forwarding: 0,
};

/** A reply of 10.1.0.9 to 10.1.0.1 that met nothing. */
export function learned(more: Partial<LearnedSeen> = {}): LearnedSeen {
  return {
    kind: 'learned',
    alike: {},
    id: 1,
    endNs: 2_000_000n,
    startNs: 1_000_000n,
    netns: { address: 1n, inode: 1, cookie: 1n },
    device: { index: 2, name: 'eth0', noarp: false, type: 1, addressLength: 6 },
    ip: 0x0a010009,
    settings: { all: { ...zeros }, dev: { ...zeros } },
    stamps: { fib: 1, rules: 1, genid: 1, nexthop: 1 },
    customRules: false,
    arp: {
      hardwareType: 1,
      protocolType: 0x0800,
      hardwareLength: 6,
      protocolLength: 4,
      operation: 2,
      senderMac: own,
      senderIp: 0x0a010009,
      targetMac: '02:00:00:00:01:01',
      targetIp: 0x0a010001,
      destination: '02:00:00:00:01:01',
      source: own,
    },
    cast: 'unicast',
    ending: { closed: 'consumed', place: 'arp_process', where: null },
    routeType: null,
    secondPass: false,
    created: false,
    noRoom: false,
    update: null,
    senderType: null,
    typedFirst: false,
    asked: null,
    ...more,
  };
}

/** Of an entry that holds the MAC of the claim. */
export function update(more: Partial<NonNullable<LearnedSeen['update']>> = {}): LearnedSeen['update'] {
  return {
    before: { state: 4, mac: own },
    after: { state: 2, mac: own },
    err: 0,
    wanted: 2,
    override: false,
    dead: false,
    ageNs: 5e9,
    locktimeNs: 1e9,
    queued: 0,
    waited: 0,
    ...more,
  };
}
