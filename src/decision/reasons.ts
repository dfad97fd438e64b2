import type { Action } from './types.js';

/** One reason of a verdict: data that help, docs, views and reports are made from. */
export interface Reason {
  code: string;
  action: Action;
  /** What happened, for a network engineer. */
  sentence: string;
  /** What to look at. */
  check: string;
  /** The setting or command that changes it. */
  change: string;
  /** What this reason cannot see; '' when there is nothing. */
  blind: string;
  /** The sysctl whose value closed the gate, or opened it; null where it was none. */
  setting: string | null;
}

const settings: Record<string, string> = {
  'forwarding-off': 'forwarding',
  'proxy-arp': 'proxy_arp',
  'proxy-arp-pvlan': 'proxy_arp_pvlan',
  'proxy-arp-off': 'proxy_arp',
  'medium-id': 'medium_id',
  'arp-ignore': 'arp_ignore',
  'gratuitous-dropped': 'drop_gratuitous_arp',
  'proxy-queue-full': 'proxy_qlen',
};

const row = (
  code: string,
  action: Action,
  sentence: string,
  check: string,
  change: string,
  blind = '',
): Reason => ({ code, action, sentence, check, change, blind, setting: settings[code] ?? null });

/** Codes are part of the contract: rows may be added, a code never changes its meaning. */
export const reasons: readonly Reason[] = [
  row(
    'local-address',
    'replied',
    'The target is an address of this host.',
    'ip address show to TARGET',
    'arp_ignore=1 answers only on the device that has the address',
  ),
  row(
    'local-route',
    'replied',
    'A route of type local covers the target, though no device has it as an address (AnyIP).',
    'ip route show table all type local',
    'ip route del local PREFIX table TABLE',
  ),
  row(
    'proxy-arp',
    'replied',
    'proxy_arp is on, and the route to the target leads out through another device than the request came in on.',
    'the route of `because`: is it meant to cover the target?',
    'the route or rule that led there; proxy_arp=0 on DEV and on all, for either switches it on',
  ),
  row(
    'proxy-arp-pvlan',
    'replied',
    'proxy_arp_pvlan is on, and the route to the target leads back out of the device the request came in on.',
    'sysctl net/ipv4/conf/DEV/proxy_arp_pvlan net/ipv4/conf/all/proxy_arp_pvlan',
    'proxy_arp_pvlan=0 on DEV and on all, for either switches it on',
  ),
  row(
    'proxy-neighbour',
    'replied',
    'A proxy entry for the target stands in the neighbour table, and its route leads elsewhere.',
    'ip neigh show proxy',
    'ip neigh del proxy TARGET dev DEV',
  ),
  row(
    'no-route',
    'silent',
    'No rule led to a route for the target.',
    'ip route get TARGET from SENDER iif DEV',
    'add the route, or the rule that leads to its table',
    'a missing table, a throw route and a dead nexthop look the same as no match',
  ),
  row(
    'unreachable',
    'silent',
    'A route or rule of type unreachable covers the target.',
    'ip route show table all type unreachable; ip rule',
    'ip route del unreachable PREFIX table TABLE',
  ),
  row(
    'prohibited',
    'silent',
    'A route or rule of type prohibit covers the target.',
    'ip route show table all type prohibit; ip rule',
    'ip route del prohibit PREFIX table TABLE',
  ),
  row(
    'blackholed',
    'silent',
    'A route or rule of type blackhole covers the target.',
    'ip route show table all type blackhole; ip rule',
    'ip route del blackhole PREFIX table TABLE',
  ),
  row(
    'forwarding-off',
    'silent',
    'The target is not local, and the device the request came in on does not forward, so proxying is not considered.',
    'sysctl net/ipv4/conf/DEV/forwarding',
    'sysctl -w net/ipv4/conf/DEV/forwarding=1',
  ),
  row(
    'proxy-arp-off',
    'silent',
    'The target lies behind another device, but proxy ARP is off and no proxy neighbour has it.',
    'sysctl net/ipv4/conf/DEV/proxy_arp net/ipv4/conf/all/proxy_arp; ip neigh show proxy',
    'sysctl -w net/ipv4/conf/DEV/proxy_arp=1 (if this host is to answer for it)',
  ),
  row(
    'same-device',
    'silent',
    'The route to the target leads back out of the device the request came in on: its owner hears the request itself.',
    'the route of `because`',
    'nothing, as a rule; proxy_arp_pvlan=1 answers all the same',
  ),
  row(
    'medium-id',
    'silent',
    'Both devices are said to be on the same medium, or one of them has medium_id -1, which forbids proxy ARP.',
    'sysctl net/ipv4/conf/DEV/medium_id (of both devices)',
    'sysctl -w net/ipv4/conf/DEV/medium_id=0',
  ),
  row(
    'arp-ignore',
    'silent',
    'The target is local, but arp_ignore restricts which local addresses are answered for.',
    'sysctl net/ipv4/conf/DEV/arp_ignore net/ipv4/conf/all/arp_ignore (the greater of the two counts)',
    'arp_ignore=0 on DEV and on all, for the greater of the two counts',
  ),
  row(
    'arp-filter',
    'silent',
    'The target is local, but the route back to the sender leaves through another device, or there is none.',
    'ip route get SENDER from TARGET',
    'the route to the sender; arp_filter=0 on DEV and on all, for either switches it on',
  ),
  row(
    'source-invalid',
    'silent',
    'The sender is no valid source here.',
    'detail: rp-filter (the route back to it uses another device, or there is none), own-address (it is one of this host), martian',
    'rp_filter lower on DEV and on all, for the greater of the two counts; accept_local=1 for own-address',
  ),
  row(
    'target-invalid',
    'silent',
    'The target cannot be asked for: multicast, broadcast, loopback or zero.',
    'the request itself',
    'route_localnet=1 allows 127/8',
  ),
  row(
    'gratuitous-dropped',
    'silent',
    'The sender announces its own address, and drop_gratuitous_arp is on.',
    'sysctl net/ipv4/conf/DEV/drop_gratuitous_arp net/ipv4/conf/all/drop_gratuitous_arp',
    'drop_gratuitous_arp=0 on DEV and on all, for either switches it on',
  ),
  row(
    'probe-not-proxied',
    'silent',
    'A probe from 0.0.0.0 is answered only for an address of this host, and the target is none.',
    'ip address show to TARGET',
    'nothing: probes are never proxied',
  ),
  row(
    'self-probe',
    'silent',
    'The sender asks for its own address; proxy_arp_pvlan does not answer that.',
    'the request itself',
    'nothing',
  ),
  row(
    'neighbour-table-full',
    'silent',
    'The target is local, but no neighbour entry could be made for the sender.',
    'ip -4 neigh | wc -l (in every namespace: they share one table); sysctl net/ipv4/neigh/default/gc_thresh3 (on the host itself)',
    'sysctl -w net/ipv4/neigh/default/gc_thresh3=4096 (on the host itself)',
  ),
  row(
    'not-for-us',
    'silent',
    'The frame was sent to another MAC address, or in a VLAN that no device here is for; the device takes all it sees.',
    'the destination of the frame, and its VLAN tag (tcpdump -e)',
    'nothing',
  ),
  row('device-noarp', 'silent', 'The device does no ARP.', 'ip link show DEV', 'ip link set DEV arp on'),
  row(
    'ipv4-disabled',
    'silent',
    'The device has no IPv4 configuration.',
    'ip address show DEV; its MTU (at least 68)',
    'ip link set DEV up; ip link set DEV mtu 1500',
  ),
  row(
    'malformed',
    'silent',
    'The ARP header fails a check: it is cut short, or of another hardware, protocol or length.',
    'the frame itself (tcpdump -e -xx arp)',
    'the sender',
  ),
  row(
    'proxy-queue-full',
    'dropped',
    'The answer was to be delayed, but the proxy queue of this device is full.',
    'sysctl net/ipv4/neigh/DEV/proxy_qlen',
    'a greater proxy_qlen there, or proxy_delay=0',
  ),
  row(
    'proxy-queue-purged',
    'dropped',
    'The request waited for its delay, and the device went down before.',
    'ip link show DEV',
    'nothing',
  ),
  row(
    'filtered-in',
    'dropped',
    'The request was dropped on its way in, before ARP saw it.',
    'nft list ruleset; tc filter show dev DEV ingress; ip -d link show DEV (xdp)',
    'the filter named in detail',
    'native XDP drops a frame before every hook: no decision appears at all',
  ),
  row(
    'filtered-out',
    'dropped',
    'The kernel answered, and its reply was dropped on the way out.',
    'nft list ruleset; tc filter show dev DEV egress; tc -s qdisc show dev DEV',
    'the filter named in detail',
    'a reply dropped after the pass ended, by hardware or a queue, counts as replied',
  ),
  row(
    'proxy-delay',
    'deferred',
    'The kernel will answer by proxy after a random delay; a second pass decides again.',
    'sysctl net/ipv4/neigh/DEV/proxy_delay',
    'sysctl -w net/ipv4/neigh/DEV/proxy_delay=0',
  ),
];

/** Not a row: it stands for the reasons in `candidates`, between which the evidence does not tell. */
export const unknownSentence =
  'The evidence leaves more than one reason, or none; `candidates` and `unknown` say which and why.';

export function reason(code: string): Reason | undefined {
  return reasons.find((one) => one.code === code);
}
