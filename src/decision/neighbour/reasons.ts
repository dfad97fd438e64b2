import type { LearningAction, NeighbourCause } from './types.js';

/** One reason of a learning: data that help, docs, views and reports are made from, as the reasons of verdicts are. */
export interface LearningReason {
  code: string;
  /** What the kernel may have done for this reason. */
  actions: readonly LearningAction[];
  sentence: string;
  check: string;
  change: string;
  /** What this reason cannot see; '' when there is nothing. */
  blind: string;
}

const row = (
  code: string,
  actions: readonly LearningAction[],
  sentence: string,
  check: string,
  change: string,
  blind = '',
): LearningReason => ({ code, actions, sentence, check, change, blind });

/** Codes are part of the contract: rows may be added, a code never changes its meaning. */
export const learningReasons: readonly LearningReason[] = [
  row(
    'solicited',
    ['updated', 'refreshed'],
    'The reply came to an entry that waited for one: this host had asked, or was probing the entry.',
    'the solicitation that `asked` names',
    'nothing: who answers first is believed',
    'a reply that nobody asked for, while the entry waits, looks the same',
  ),
  row(
    'gratuitous',
    ['updated'],
    'A gratuitous claim (sender and target are one address) replaces the MAC at once, whatever the locktime.',
    'who owns the address: ip neigh show to IP; both holders in `moved`',
    'a permanent entry: ip neigh replace IP lladdr MAC dev DEV nud permanent; drop_gratuitous_arp=1',
  ),
  row(
    'gratuitous-filled',
    ['updated'],
    'The entry had no MAC, and a gratuitous claim gave it one.',
    'who owns the address: ip neigh show to IP',
    'drop_gratuitous_arp=1',
  ),
  row(
    'locktime-passed',
    ['updated'],
    'Another MAC claims the address, and the entry was older than its locktime: the newest claim wins.',
    'who owns the address; both holders in `moved`; the decision that sent the reply, on the host of that MAC',
    'a permanent entry: ip neigh replace IP lladdr MAC dev DEV nud permanent',
  ),
  row(
    'unresolved-entry',
    ['updated'],
    'The entry had no MAC, because its resolution had failed: any claim is taken.',
    'ip neigh show to IP',
    'nothing',
  ),
  row(
    'request-answered',
    ['created', 'updated'],
    'This host took the gratuitous request to answer it, which makes an entry for its sender and believes it.',
    'the decision about that request',
    "what the decision says: the address is meant to be this host's, or proxied",
  ),
  row(
    'arp-accept',
    ['created'],
    'arp_accept is on: a claim that nobody asked for makes an entry.',
    'sysctl net/ipv4/conf/DEV/arp_accept net/ipv4/conf/all/arp_accept',
    'arp_accept=0 on DEV and on all, for the greater one counts',
  ),
  row('same-address', ['refreshed'], 'The entry holds this MAC already.', 'ip neigh show to IP', 'nothing'),
  row(
    'no-entry',
    ['ignored'],
    'There is no entry for the sender, and nobody in the kernel asked: without arp_accept such a claim makes none.',
    'ip neigh show to IP; detail asked-from-user-space: a program asked, which the kernel does not count as asking',
    'arp_accept=1 on DEV takes such claims',
  ),
  row(
    'locktime',
    ['ignored'],
    'Another MAC claims the address, but the entry was changed less than its locktime ago: the first claim wins.',
    'sysctl net/ipv4/neigh/DEV/locktime; who else answers for the address: moved never shows it, arping -D does',
    'a smaller locktime lets the last one win',
  ),
  row(
    'permanent-entry',
    ['ignored'],
    'The entry is permanent: no frame changes it.',
    'ip neigh show nud permanent',
    'ip neigh del IP dev DEV',
  ),
  row(
    'noarp-entry',
    ['ignored'],
    'The entry is of a kind that needs no ARP (NOARP).',
    'ip neigh show nud noarp',
    'ip neigh del IP dev DEV',
  ),
  row(
    'gratuitous-dropped',
    ['ignored'],
    'drop_gratuitous_arp is on, and sender and target are one address.',
    'sysctl net/ipv4/conf/DEV/drop_gratuitous_arp net/ipv4/conf/all/drop_gratuitous_arp',
    'drop_gratuitous_arp=0 on DEV and on all, for either switches it on',
  ),
  row(
    'source-not-unicast',
    ['ignored'],
    "arp_accept is on, but the sender is no unicast address here: this host's own, or a broadcast address.",
    'ip route show table local',
    'the sender',
  ),
  row(
    'source-not-in-subnet',
    ['ignored'],
    'arp_accept is 2, and the sender lies in no subnet of this device.',
    'ip address show dev DEV',
    'arp_accept=1 takes claims of any address',
  ),
  row(
    'own-address',
    ['ignored'],
    'The sender claims an address of this host, and the request was not answered.',
    'the decision about that request; ip address show to IP',
    'the sender, who has the same address',
  ),
  row(
    'no-sender',
    ['ignored'],
    'The sender is 0.0.0.0: it claims nothing.',
    'the frame itself (tcpdump -e arp)',
    'nothing',
  ),
  row(
    'neighbour-table-full',
    ['ignored'],
    'An entry was to be made, and the table of neighbours is full.',
    'ip -s neigh; sysctl net/ipv4/neigh/default/gc_thresh3',
    'a greater gc_thresh3',
  ),
  row(
    'target-invalid',
    ['ignored'],
    'The target is a multicast address, or 127/8 without route_localnet.',
    'the frame itself (tcpdump -e arp)',
    'the sender',
  ),
  row(
    'malformed',
    ['ignored'],
    'The ARP header fails a check: another hardware, protocol or length.',
    'the frame itself (tcpdump -e -xx arp)',
    'the sender',
  ),
  row(
    'not-for-us',
    ['ignored'],
    'The frame was sent to another MAC address; the device takes all it sees.',
    'the destination of the frame (tcpdump -e)',
    'nothing',
  ),
  row('device-noarp', ['ignored'], 'The device does no ARP.', 'ip link show DEV', 'ip link set DEV arp on'),
  row(
    'ipv4-disabled',
    ['ignored'],
    'The device has no IPv4 configuration.',
    'ip address show DEV; its MTU (at least 68)',
    'ip link set DEV up; ip link set DEV mtu 1500',
  ),
  row(
    'filtered-in',
    ['ignored'],
    'The frame was dropped on its way in, before ARP saw it.',
    'nft list ruleset; tc filter show dev DEV ingress; ip -d link show DEV (xdp)',
    'the filter named in detail',
    'native XDP drops a frame before every hook: nothing appears at all',
  ),
];

export function learningReason(code: string): LearningReason | undefined {
  return learningReasons.find((one) => one.code === code);
}

/** Why a who-has was sent, and how it ended, in words. */
export const causeSentences: Record<string, string> = {
  'packet-sent': 'a packet of this host had no neighbour entry to go by',
  'packet-forwarded': 'a packet that this host forwards had no neighbour entry to go by',
  timer: 'the entry was stale and in use, or set to be probed: its timer asks whether it still holds',
  'resolution-timer':
    'the entry has no MAC yet: its timer asks again, or asks first for an entry that is kept resolved (managed)',
  'user-space': 'a program sent it by a packet socket; the kernel does not count it as asking',
  netlink: 'a program has the kernel keep an entry resolved, or use it (ip neigh … managed, … use)',
  announcement: 'the kernel announces an address of its own',
  kernel: 'the kernel sent it by itself',
  unknown: 'what led to it was not seen',
};

/** What changed an entry without any packet, in words. */
export const neighbourCauseSentences: Record<NeighbourCause, string> = {
  timer: 'its timer: it was not used, not confirmed, or nobody answered',
  netlink: 'a program changed it (ip neigh)',
  ioctl: 'a program changed it by the old ioctl (arp)',
  'garbage-collection': 'the table was cleaned of entries that are not used',
  'link-down': 'the device went down, lost its carrier, or was deleted',
  'link-up': 'the device came up with an address whose broadcast address this is',
  'address-changed': "the device's own MAC address was changed",
  'noarp-changed': 'ARP was switched on or off on the device',
  'address-added': 'an address was added to the device, whose broadcast address this is',
  'address-deleted': 'the last address of the device was deleted, which disables IPv4 there',
  unknown: 'what led to it was not seen',
};
