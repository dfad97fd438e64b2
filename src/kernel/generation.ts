import type { Rule, Stamps } from '../decision/types.js';
import { decodeStamps } from './body.js';
import * as layout from './layout.js';

/**
 * The state of a namespace's routing at one moment, as far as it can be told without reading all of it: the
 * kernel's counters, and digests of what no counter covers (device names, groups, carriers, sysctls, and which
 * device a rule means). Two equal generations mean that nothing between them changed that a lookup depends on.
 */
export interface Generation {
  stamps: Stamps;
  /** Equal for equal generations. */
  key: string;
  /** The part of it that routes do not move: rules, devices, addresses, nexthop objects. */
  rulesKey: string;
  /** When it was read: CLOCK_MONOTONIC. */
  ns: bigint;
  netns: { address: bigint; inode: number };
  /** More devices or rules than the digests cover: a rename among the rest would not be noticed. */
  partial: boolean;
  /** A rule selects by what `ip rule` need not show: what it prints is then no state that can be followed. */
  strangeRules: boolean;
  /** Devices and priorities of the rules as the kernel has them: see {@link bindingsOf}. */
  bindings: bigint;
}

export function decodeGeneration(buffer: Buffer): Generation {
  const view = new DataView(buffer.buffer, buffer.byteOffset, layout.generation.bytes);
  const { generation } = layout;
  const stamps = decodeStamps(view, generation.stamps);
  const links = view.getBigUint64(generation.links, true);
  const rules = view.getBigUint64(generation.rules, true);
  const devices = view.getUint32(generation.devices, true);
  const addresses = view.getUint32(generation.addresses, true);
  const rulesKey = [
    stamps.rules,
    stamps.nexthop,
    devices,
    addresses,
    links.toString(36),
    rules.toString(36),
  ].join('.');
  return {
    stamps,
    key: `${stamps.fib}.${stamps.genid}/${rulesKey}`,
    rulesKey,
    ns: view.getBigUint64(generation.ns, true),
    netns: {
      address: view.getBigUint64(generation.net, true),
      inode: view.getUint32(generation.netns, true),
    },
    partial: view.getUint32(generation.partial, true) !== 0,
    bindings: view.getBigUint64(generation.bindings, true),
    strangeRules: view.getUint32(generation.strange, true) !== 0,
  };
}

export function sameStamps(a: Stamps, b: Stamps): boolean {
  return a.fib === b.fib && a.rules === b.rules && a.genid === b.genid && a.nexthop === b.nexthop;
}

/** As `bindings` of a generation, of rules that were read: what their devices' names mean. */
export function bindingsOf(rules: readonly Rule[]): bigint {
  let digest = 0n;
  for (const { iif, oif, priority } of rules) {
    digest = mix(digest, (BigInt(boundTo(iif)) << 32n) | BigInt(boundTo(oif)));
    digest = mix(digest, BigInt(priority));
  }
  return digest;
}

/** 0 for a rule of no device; -1 for one whose device is not there. */
function boundTo(device: Rule['iif']): number {
  return device === null ? 0 : device.index === null ? 0xffffffff : device.index;
}

/** As in bpf/read.h. */
function mix(digest: bigint, value: bigint): bigint {
  const product = BigInt.asUintN(64, (digest ^ value) * 0x9e3779b97f4a7c15n);
  return product ^ (product >> 29n);
}
