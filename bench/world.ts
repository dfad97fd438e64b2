import { existsSync, readdirSync } from 'node:fs';
import { run } from '../dist/host/run.js';
import { batch, namespaceDirectory, plainSettings, waitUp, writeSettings } from '../dist/lab/namespace.js';

/** A wire pair through a router: what comes in on one device leaves by the other. */
export interface Path {
  /** The namespace that decides. */
  router: string;
  /** Its devices, and the asking namespace's device at the other end of `in`. */
  in: string;
  out: string;
  from: string;
  /** Interface indexes in the router, which no device of another namespace here has. */
  inIndex: number;
  outIndex: number;
  /** The router's MAC on `in`, the sender's address there, and the first of the addresses behind `out`. */
  mac: string;
  sender: string;
  target: string;
}

/**
 * The machine under load, as namespaces: an asker, a sink, a router with policy rules, one without.
 *
 * The policy router has five rules (local, two by incoming device, one for all, main). An ARP request that it
 * answers by proxy takes five lookups, a packet that it forwards seven, and one more in the sink that drops it.
 */
export class World {
  readonly asker: string;
  readonly sink: string;
  /** Requests, each answered by proxy ARP. */
  readonly arp: Path;
  /** Packets through the policy router, on other devices than the requests. */
  readonly policy: Path;
  /** Packets through a router that never had a rule of its own. */
  readonly plain: Path;

  /** Build it. What is there of it when something fails is removed. */
  static async up(): Promise<World> {
    await removeAbandoned();
    const world = new World();
    try {
      await world.#build();
    } catch (error) {
      await world.down();
      throw error;
    }
    return world;
  }

  private constructor() {
    const prefix = `bench${process.pid}-`;
    this.asker = `${prefix}asker`;
    this.sink = `${prefix}sink`;
    this.arp = path(`${prefix}policy`, 0);
    this.policy = path(`${prefix}policy`, 1);
    this.plain = path(`${prefix}plain`, 2);
  }

  async down(): Promise<void> {
    for (const name of this.#names()) {
      await run(['ip', 'netns', 'del', name], { allowFailure: true });
    }
  }

  #names(): string[] {
    return [this.asker, this.sink, this.policy.router, this.plain.router];
  }

  async #build(): Promise<void> {
    for (const name of this.#names()) {
      await run(['ip', 'netns', 'add', name]);
      await plainSettings(name);
      await batch(name, ['link set lo up']);
    }
    for (const one of [this.arp, this.policy, this.plain]) await this.#lay(one);
    const { router, in: device } = this.arp;
    await writeSettings(router, {
      [`ipv4/conf/${device}/proxy_arp`]: 1,
      [`ipv4/neigh/${device}/proxy_delay`]: 0,
    });
    await batch(router, [
      `route add 198.18.0.0/16 dev ${this.arp.out} table 100`,
      'route add 203.0.113.0/24 dev lo table 101',
      'route add 203.0.113.0/24 dev lo table 200',
      `rule add pref 100 iif ${this.arp.in} lookup 100`,
      `rule add pref 101 iif ${this.policy.in} lookup 101`,
      'rule add pref 200 lookup 200',
    ]);
  }

  async #lay(one: Path): Promise<void> {
    const { router, from, mac } = one;
    const n = Number(from.slice(-1));
    await batch(router, [
      `link add ${one.in} index ${one.inIndex} address ${mac} type veth peer name ${from} netns ${this.asker}`,
      `link add ${one.out} index ${one.outIndex} type veth peer name ${from} address 02:00:00:00:0${n}:0a netns ${this.sink}`,
    ]);
    await writeSettings(router, { 'ipv4/conf/all/forwarding': 1 });
    await batch(router, [
      `link set ${one.in} up`,
      `link set ${one.out} up`,
      `address add 10.${n}.0.1/24 dev ${one.in}`,
      `address add 10.${n}.1.1/24 dev ${one.out}`,
      `neigh add 10.${n}.1.2 lladdr 02:00:00:00:0${n}:0a dev ${one.out} nud permanent`,
    ]);
    await batch(this.asker, [`link set ${from} up`]);
    await batch(this.sink, [`link set ${from} up`]);
    await waitUp(router, [one.in, one.out]);
    if (one !== this.arp) await batch(router, [`route add 198.19.0.0/16 via 10.${n}.1.2 dev ${one.out}`]);
  }
}

function path(router: string, n: number): Path {
  return {
    router,
    in: `in${n}`,
    out: `out${n}`,
    from: `eth${n}`,
    inIndex: 100 + n,
    outIndex: 200 + n,
    mac: `02:00:00:00:0${n}:01`,
    sender: `10.${n}.0.2`,
    target: n === 0 ? '198.18.0.0' : '198.19.0.0',
  };
}

/** What runs that were killed left behind: their names carry the number of their process. */
async function removeAbandoned(): Promise<void> {
  const names = existsSync(namespaceDirectory) ? readdirSync(namespaceDirectory) : [];
  for (const name of names) {
    const pid = /^bench(\d+)-/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) await run(['ip', 'netns', 'del', name], { allowFailure: true });
  }
}
