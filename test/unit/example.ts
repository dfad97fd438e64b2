import type { Decision, DecisionStep } from '../../src/decision/types.js';

/** A table that was tried and had nothing. */
export function missed(id: number, name: string, priority: number, selector: string): DecisionStep {
  return {
    purpose: 'target',
    rule: { priority, selector },
    table: { id, name },
    outcome: 'no-usable-route',
    errno: 11,
    route: null,
    evidence: { rule: 'inferred', outcome: 'observed' },
  };
}

/** The route that justified it. */
export const matched: DecisionStep = {
  purpose: 'target',
  rule: { priority: 32766, selector: '' },
  table: { id: 254, name: 'main' },
  outcome: 'match',
  errno: 0,
  route: {
    type: 'unicast',
    prefix: '0.0.0.0/0',
    device: { index: 4, name: 'bond0' },
    gateway: '10.0.0.1',
    protocol: 'boot',
    metric: 0,
  },
  evidence: {
    rule: 'inferred',
    outcome: 'observed',
    prefix: 'inferred',
    device: 'observed',
    gateway: 'observed',
  },
};

/** The decision that the design shows: every field of the contract has a value. */
export const replied: Decision = {
  schema: 'arpwhy.decision/1',
  id: '7f3a-18',
  host: 'node0-4f1c',
  time: '2026-11-22T03:33:01.123456789Z',
  monotonicNs: '2769098612439',
  tier: 'tracepoint',
  netns: { inode: 4026532177, name: 'node0' },
  device: { index: 2, name: 'bond0.90' },
  request: {
    sender: { ip: '192.0.2.1', mac: '02:00:00:00:00:99' },
    target: { ip: '192.0.2.77' },
    destination: 'ff:ff:ff:ff:ff:ff',
    cast: 'broadcast',
  },
  steps: [missed(255, 'local', 0, ''), missed(90, 'public_90', 32765, 'iif bond0.90'), matched],
  because: 2,
  verdict: {
    action: 'replied',
    reason: 'proxy-arp',
    detail: null,
    candidates: null,
    evidence: 'observed',
    deferredNs: 443000000,
  },
  reply: { mac: 'a0:36:9f:59:be:ef', latencyNs: 13000 },
  settings: { forwarding: { dev: 1 }, proxy_arp: { all: 0, dev: 1 }, medium_id: { dev: -1, out: 0 } },
  neighbours: [
    { ip: '192.0.2.1', change: 'created', mac: '02:00:00:00:00:99', was: null, state: 'stale', pass: 1 },
  ],
  stamps: { fib: 18, rules: 3, genid: 41, nexthop: 0 },
  cut: 0,
  unknown: [],
};
