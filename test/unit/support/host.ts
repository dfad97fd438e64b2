import { formatIp, formatPrefix, parseIp } from '../../../src/decision/addresses.js';
import { changesBetween } from '../../../src/decision/changes.js';
import { lookUp } from '../../../src/decision/lookup.js';
import type { Decision, Route, Rule, Snapshot } from '../../../src/decision/types.js';
import type { Entry } from '../../../src/recording/reader.js';
import { Story } from '../../../src/recording/story.js';
import type { ChangeEvent } from '../../../src/stream/events.js';
import { asking, defaultRules, nexthop, route, rule, snapshot } from '../builders.js';
import { matched, replied } from '../example.js';
import { at, changed, find } from './told.js';

const names = {
  table: (id: number) => ({ 90: 'public_90', 254: 'main', 255: 'local' })[id] ?? null,
  protocol: String,
};

/** Devices: the guests ask on bond0.90, tap0 leads to one of them, bond0 to the gateway. */
export const devices = { 'bond0.90': asking, tap0: 9, bond0: 4, tap1: 10 };

export interface State {
  rules: Rule[];
  routes: Route[];
  settings?: NonNullable<Snapshot['settings']>;
  proxyNeighbours?: Snapshot['proxyNeighbours'];
}

/** As a hypervisor has it: what comes from the VLAN is looked up in its table, which knows the subnet. */
export const wellSet: State = {
  rules: [rule(32765, 90, { selector: 'iif bond0.90', iif: { name: 'bond0.90', index: asking } })],
  routes: [
    route(90, '192.0.2.0/24', asking),
    route(254, 'default', devices.bond0, { nexthops: [via('10.0.0.1')] }),
  ],
};

export function via(gateway: string, device = devices.bond0): Route['nexthops'][number] {
  return nexthop(device, { gateway: parseIp(gateway) ?? 0, gatewayFamily: 2 });
}

/** A host whose states, changes and decisions are recorded, and fit together as the kernel makes them. */
export class Host {
  readonly entries: Entry[] = [];
  readonly #log = new Map<ChangeEvent, [Snapshot, Snapshot]>();
  #state: State;
  #snapshot: Snapshot;

  constructor(state: State = wellSet) {
    this.#state = state;
    this.#snapshot = this.#take();
    this.#tell(0, { schema: 'arpwhy.snapshot/1', snapshot: this.#snapshot });
  }

  /** From now on it is so; seen a tenth of a second later at most. */
  change(seconds: number, next: (state: State) => Partial<State>, since = seconds - 0.1): this {
    const before = this.#snapshot;
    this.#state = { ...this.#state, ...next(this.#state) };
    this.#snapshot = this.#take();
    this.#tell(seconds, { schema: 'arpwhy.snapshot/1', snapshot: this.#snapshot });
    const changes = changesBetween(before, this.#snapshot, names);
    if (changes.length === 0) return this;
    const entry = changed(seconds, changes, {}, since);
    this.entries.push(entry);
    this.#log.set(entry.event as ChangeEvent, [before, this.#snapshot]);
    return this;
  }

  add(seconds: number, ...routes: Route[]): this {
    return this.change(seconds, (state) => ({ routes: [...state.routes, ...routes] }));
  }

  remove(seconds: number, prefix: string, table = 90): this {
    const isIt = (one: Route) => one.table === table && formatPrefix(one.prefix) === prefix;
    return this.change(seconds, ({ routes }) => ({ routes: routes.filter((one) => !isIt(one)) }));
  }

  /** Asked on bond0.90, and decided as the state says. */
  ask(seconds: number, target: string, sender = '192.0.2.1'): this {
    const [daddr, saddr] = [parseIp(target) ?? 0, parseIp(sender) ?? 0];
    const found = lookUp(this.#snapshot, { saddr, daddr, iif: asking });
    const hop = found?.ways[0];
    const answers = found?.outcome === 'match' && hop?.device !== asking;
    const reasons: Record<string, string> = {
      blackhole: 'blackholed',
      prohibit: 'prohibited',
      match: 'same-device',
    };
    const reason = answers ? 'proxy-arp' : (reasons[found?.outcome ?? ''] ?? found?.outcome ?? 'unknown');
    const step = {
      ...matched,
      rule: found?.rule ? { priority: found.rule.priority, selector: found.rule.selector } : null,
      table: found?.table == null ? null : { id: found.table, name: names.table(found.table) },
      outcome: found?.outcome ?? 'no-usable-route',
      route: found?.route
        ? {
            ...(matched.route as NonNullable<typeof matched.route>),
            prefix: formatPrefix(found.route.prefix),
            device: hop ? { index: hop.device, name: nameOf(hop.device) } : null,
            gateway: hop?.gateway ? formatIp(hop.gateway) : null,
          }
        : null,
    };
    this.#tell(seconds, {
      ...replied,
      device: { index: asking, name: 'bond0.90' },
      request: {
        ...replied.request,
        sender: { ...replied.request.sender, ip: sender },
        target: { ip: target },
      },
      settings: {},
      steps: [step],
      because: 0,
      verdict: { ...replied.verdict, action: answers ? 'replied' : 'silent', reason } as Decision['verdict'],
      reply: answers ? replied.reply : null,
    });
    return this;
  }

  find() {
    return find(this.entries);
  }

  episodes() {
    const story = new Story();
    for (const entry of this.entries) story.take(entry);
    story.finish();
    return story.episodes.all;
  }

  /** Whether a change makes a difference to a question. */
  moves(event: ChangeEvent, { target, sender }: { target: string; sender: string }): boolean {
    const asked = { daddr: parseIp(target) ?? 0, saddr: parseIp(sender) ?? 0, iif: asking };
    const [before, after] = (this.#log.get(event) ?? []).map((state) => lookUp(state, asked));
    return JSON.stringify(before) !== JSON.stringify(after);
  }

  #tell(seconds: number, event: object): void {
    const [ns, netns] = [String(at(seconds)), { inode: 100 + '0'.charCodeAt(0), name: 'node0' }];
    const told = {
      id: `s${this.entries.length}`,
      host: replied.host,
      time: '',
      monotonicNs: ns,
      ...event,
      netns,
    };
    this.entries.push({
      timeNs: at(seconds),
      event: told as unknown as Decision,
      bytes: Buffer.alloc(0),
      evidence: null,
    });
  }

  #take(): Snapshot {
    const links = Object.entries(devices).map(([name, index]) => ({ name, index }));
    const [local, ...rest] = defaultRules;
    return snapshot({
      rules: [local as Rule, ...this.#state.rules, ...rest].sort((a, b) => a.priority - b.priority),
      routes: this.#state.routes,
      ...(this.#state.settings ? { settings: this.#state.settings } : {}),
      proxyNeighbours: this.#state.proxyNeighbours ?? [],
      links,
    });
  }
}

function nameOf(index: number): string {
  return Object.entries(devices).find(([, one]) => one === index)?.[0] ?? `if${index}`;
}
