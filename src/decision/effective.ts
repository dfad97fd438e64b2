import type { Pass, SettingName, Settings } from './types.js';

/** How the kernel combines the two scopes of a setting (include/linux/inetdevice.h, IN_DEV_*). */
const combine: Record<SettingName, 'dev' | 'or' | 'and' | 'max'> = {
  forwarding: 'dev',
  medium_id: 'dev',
  proxy_arp: 'or',
  proxy_arp_pvlan: 'or',
  send_redirects: 'or',
  arp_filter: 'or',
  accept_local: 'or',
  src_valid_mark: 'or',
  route_localnet: 'or',
  drop_gratuitous_arp: 'or',
  bc_forwarding: 'and',
  rp_filter: 'max',
  arp_ignore: 'max',
  arp_accept: 'max',
};

/** The effective value of a setting, by its two scopes; null for one that is not known here. */
export function effectiveOf(name: string, all: number, dev: number): number | null {
  const how = Object.hasOwn(combine, name) ? combine[name as SettingName] : null;
  return how === null ? null : combined(how, all, dev);
}

function combined(how: 'dev' | 'or' | 'and' | 'max', all: number, dev: number): number {
  switch (how) {
    case 'dev':
      return dev;
    case 'or':
      return all !== 0 || dev !== 0 ? 1 : 0;
    case 'and':
      return all !== 0 && dev !== 0 ? 1 : 0;
    case 'max':
      return Math.max(all, dev);
  }
}

/**
 * The settings of a pass, as the kernel's gates read them. It remembers which ones were asked for: those are
 * what the decision shows.
 */
export class Gates {
  readonly consulted: Settings = {};
  readonly #pass: Pass;
  readonly #deviceAlone: ReadonlySet<SettingName>;

  /** @param deviceAlone settings whose `all` the kernel does not read */
  constructor(pass: Pass, deviceAlone: ReadonlySet<SettingName> = new Set()) {
    this.#pass = pass;
    this.#deviceAlone = deviceAlone;
  }

  /** The effective value; 0 when the device has no in_device. */
  read(name: SettingName): number {
    const { settings } = this.#pass;
    if (!settings) return 0;
    const all = settings.all[name];
    const dev = settings.dev[name];
    const how = this.#deviceAlone.has(name) ? 'dev' : combine[name];
    this.consulted[name] = how === 'dev' ? { dev } : { all, dev };
    return combined(how, all, dev);
  }

  outMediumId(): number {
    this.consulted.medium_id = { ...this.consulted.medium_id, out: this.#pass.outMediumId };
    return this.#pass.outMediumId;
  }

  proxyDelay(): number {
    this.consulted.proxy_delay = { dev: this.#pass.proxyDelay };
    return this.#pass.proxyDelay;
  }

  proxyQlen(): number {
    this.consulted.proxy_qlen = { dev: this.#pass.proxyQlen };
    return this.#pass.proxyQlen;
  }
}
