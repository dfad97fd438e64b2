import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/host/run.js';
import { batch, inside, plainSettings, waitUp, writeSettings } from '../../../src/lab/namespace.js';

/** Sends requests; `make` builds it. */
export const arpgen = fileURLToPath(new URL('../../../bench/arpgen', import.meta.url));

/** A request that a pair's host sends, and what its router is to decide about it. */
export interface Asked {
  /** The router's device. */
  device: string;
  sender: string;
  target: string;
  action: string;
  reason: string;
}

const one = (device: string, sender: string, target: string, verdict: string): Asked => {
  const [action = '', reason = ''] = verdict.split(' ');
  return { device, sender, target, action, reason };
};

/** One of each kind that a router without a proxy delay decides at once. */
export const kinds = {
  local: one('r0', '192.0.2.66', '192.0.2.1', 'replied local-address'),
  sameDevice: one('r0', '192.0.2.66', '192.0.2.99', 'silent same-device'),
  proxied: one('r0', '192.0.2.77', '198.51.100.7', 'replied proxy-arp'),
  noRoute: one('r0', '192.0.2.77', '203.0.113.9', 'silent no-route'),
  otherLocal: one('r1', '198.51.100.66', '198.51.100.1', 'replied local-address'),
  notProxied: one('r1', '198.51.100.66', '192.0.2.99', 'silent proxy-arp-off'),
};

/** A router with two networks, and a host with a leg in each: two namespaces, two veths. */
export class Pair {
  readonly router: string;
  readonly host: string;

  static async up(prefix: string): Promise<Pair> {
    const pair = new Pair(prefix);
    try {
      for (const netns of [pair.router, pair.host]) {
        await run(['ip', 'netns', 'add', netns]);
        await plainSettings(netns);
      }
      await pair.wire('r0', '192.0.2.1/24');
      await pair.wire('r1', '198.51.100.1/24');
    } catch (error) {
      await pair.down();
      throw error;
    }
    return pair;
  }

  private constructor(prefix: string) {
    this.router = `${prefix}r`;
    this.host = `${prefix}h`;
  }

  /** Make a device of the router, with its far end at the host and the settings of a new one. */
  async wire(device: string, address: string): Promise<void> {
    const far = farEnd(device);
    await batch(this.router, [
      `link add ${device} type veth peer name ${far} netns ${this.host}`,
      `address add ${address} dev ${device}`,
      `link set ${device} up`,
    ]);
    await batch(this.host, [`link set ${far} up`]);
    await waitUp(this.router, [device]);
    await this.set({
      'ipv4/conf/all/forwarding': 1,
      [`ipv4/conf/${device}/forwarding`]: 1,
      [`ipv4/conf/${device}/proxy_arp`]: device === 'r0' ? 1 : 0,
      [`ipv4/neigh/${device}/proxy_delay`]: 0,
    });
  }

  /** Write the router's sysctls, named by their path below /proc/sys/net. */
  set(settings: Record<string, number>): Promise<void> {
    return writeSettings(this.router, settings);
  }

  /** Send one request by broadcast, or more of the same. */
  async ask({ device, sender, target }: Omit<Asked, 'action' | 'reason'>, count = 1): Promise<void> {
    const what = ['--dev', farEnd(device), '--sender', sender, '--target', target, '--count', String(count)];
    await run(inside(this.host, [arpgen, ...what]));
  }

  /** The processes that live in either namespace, as `ip` and `nsenter` of a trace do for a moment. */
  inhabitants(): number[] {
    const inodes = [this.router, this.host].map((name) => statSync(`/run/netns/${name}`).ino);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return inodes.includes(statSync(`/proc/${pid}/ns/net`).ino);
        } catch {
          return false; // it ended meanwhile
        }
      });
  }

  async down(): Promise<void> {
    for (const netns of [this.router, this.host]) {
      await run(['ip', 'netns', 'del', netns], { allowFailure: true });
    }
  }
}

/** "r0" → "h0" */
function farEnd(device: string): string {
  return device.replace('r', 'h');
}
