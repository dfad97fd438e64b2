import type { Decision, DecisionStep } from '../../../src/decision/types.js';
import type { Configuration } from './configuration.js';

/** One change that takes the cause of a verdict away, and its undoing; lines for `World.lines`. */
export interface Flip {
  /** What was taken away, in words; the same words for the same cause. */
  cause: string;
  open: string[];
  close: string[];
  /** The cause is a value that is looked at in the kernel's order of gates; a route or a rule is not. */
  setting: boolean;
}

/** The flip that has to change a verdict; null for one that no single change governs. */
export function flipOf(decision: Decision, configuration: Configuration): Flip | null {
  const { action, reason, detail } = decision.verdict;
  const { target } = decision.request;
  const step = becauseOf(decision);
  switch (action === 'silent' || action === 'dropped' ? reason : `${action} ${reason}`) {
    case 'forwarding-off':
      return sysctls(configuration, { 'in0/forwarding': 1 });
    case 'proxy-arp-off':
      return sysctls(configuration, { 'in0/proxy_arp': 1 });
    case 'same-device':
      return sysctls(configuration, { 'in0/proxy_arp_pvlan': 1 });
    case 'arp-ignore':
      return sysctls(configuration, { 'all/arp_ignore': 0, 'in0/arp_ignore': 0 });
    case 'arp-filter':
      return sysctls(configuration, { 'all/arp_filter': 0, 'in0/arp_filter': 0 });
    case 'gratuitous-dropped':
      return sysctls(configuration, { 'all/drop_gratuitous_arp': 0, 'in0/drop_gratuitous_arp': 0 });
    case 'medium-id':
      return sysctls(configuration, { 'in0/medium_id': 0 });
    case 'source-invalid':
      if (detail === 'rp-filter') return sysctls(configuration, { 'all/rp_filter': 0, 'in0/rp_filter': 0 });
      if (detail === 'own-address') return sysctls(configuration, { 'in0/accept_local': 1 });
      return decision.request.sender.ip?.startsWith('127.') && decision.steps.length === 0
        ? sysctls(configuration, { 'in0/route_localnet': 1 })
        : null;
    case 'target-invalid':
      if (detail === 'loopback') return sysctls(configuration, { 'in0/route_localnet': 1 });
      return null;
    case 'filtered-in':
    case 'filtered-out':
      return { cause: 'nft', open: ['nft delete table arp drops'], close: configuration.nft, setting: true };
    case 'unreachable':
    case 'prohibited':
    case 'blackholed':
      return step ? withoutRejection(step, configuration) : null;
    case 'no-route':
      return withRoute(decision);
    case 'probe-not-proxied': {
      const address = `address ADD ${target.ip}/32 dev in0`;
      // an older route for the very target goes first
      return usable(target.ip) && step?.route?.prefix !== `${target.ip}/32`
        ? {
            cause: `no address ${target.ip}`,
            open: [`ip ${address.replace('ADD', 'add')}`],
            close: [`ip ${address.replace('ADD', 'del')}`],
            setting: false,
          }
        : null;
    }
    case 'replied proxy-arp':
      return sysctls(configuration, { 'all/proxy_arp': 0, 'in0/proxy_arp': 0 });
    case 'replied proxy-arp-pvlan':
      return sysctls(configuration, { 'all/proxy_arp_pvlan': 0, 'in0/proxy_arp_pvlan': 0 });
    case 'replied proxy-neighbour': {
      const entry = `proxy ${target.ip} dev in0`;
      return {
        cause: `neigh ${entry}`,
        open: [`ip neigh del ${entry}`],
        close: [`ip neigh add ${entry}`],
        setting: false,
      };
    }
    default:
      return null;
  }
}

/** The gates that settings alone open, for a verdict that names none: the reason each stands for, and its flip. */
export function settingFlips(configuration: Configuration): [string, Flip][] {
  const flips: [string, Record<string, number>][] = [
    ['forwarding-off', { 'in0/forwarding': 1 }],
    ['proxy-arp-off', { 'in0/proxy_arp': 1 }],
    ['same-device', { 'in0/proxy_arp_pvlan': 1 }],
    ['arp-ignore', { 'all/arp_ignore': 0, 'in0/arp_ignore': 0 }],
    ['arp-filter', { 'all/arp_filter': 0, 'in0/arp_filter': 0 }],
    ['medium-id', { 'in0/medium_id': 0 }],
    ['source-invalid', { 'all/rp_filter': 0, 'in0/rp_filter': 0, 'in0/accept_local': 1 }],
  ];
  return flips.map(([reason, values]) => [reason, sysctls(configuration, values)]);
}

export function becauseOf(decision: Decision): DecisionStep | null {
  return decision.because === null ? null : (decision.steps[decision.because] ?? null);
}

/** The cause of a verdict in words, as a flip has it: after the flip, not the same words again. */
export function sameCause(decision: Decision, before: Decision, flip: Flip): boolean {
  const { verdict } = decision;
  if (verdict.reason !== before.verdict.reason || verdict.detail !== before.verdict.detail) return false;
  if (verdict.action !== before.verdict.action) return false;
  if (flip.cause.startsWith('r')) return causeOfStep(becauseOf(decision)) === flip.cause;
  return true;
}

/** Make the rule that led to a step reject by itself: then this is what the kernel has to come to. */
export function rejectingRule(step: DecisionStep, configuration: Configuration): Flip | null {
  const { rule } = step;
  const words = rule ? configuration.rules.get(rule.priority) : undefined;
  if (!rule || words === undefined) return null;
  const selector = words.replace(/\s*(lookup|suppress_\S+) \S+/g, '').trim();
  return {
    cause: `rule ${rule.priority}`,
    open: [
      `ip rule add pref ${rule.priority} ${selector} blackhole`.replace('  ', ' '),
      `ip rule del pref ${rule.priority} ${words}`,
    ],
    close: [
      `ip rule add pref ${rule.priority} ${words}`,
      `ip rule del pref ${rule.priority} ${selector} blackhole`.replace('  ', ' '),
    ],
    setting: false,
  };
}

function sysctls(configuration: Configuration, values: Record<string, number>): Flip {
  const lines = (value: (path: string) => number | undefined) =>
    Object.keys(values).map((path) => `sysctl conf/${path}=${value(path)}`);
  return {
    cause: `sysctl ${Object.keys(values).join(' ')}`,
    open: lines((path) => values[path]),
    close: lines((path) => configuration.settings.get(path)),
    setting: true,
  };
}

function causeOfStep(step: DecisionStep | null): string {
  if (!step) return '';
  if (!step.table) return `rule ${step.rule?.priority}`;
  return `route ${step.route?.type} ${step.route?.prefix} ${step.table.id} ${step.route?.metric}`;
}

function withoutRejection(step: DecisionStep, configuration: Configuration): Flip | null {
  if (!step.table) {
    const priority = step.rule?.priority ?? -1;
    const words = configuration.rules.get(priority);
    if (words === undefined) return null;
    return {
      cause: causeOfStep(step),
      open: [`ip rule del pref ${priority} ${words}`],
      close: [`ip rule add pref ${priority} ${words}`],
      setting: false,
    };
  }
  const { route } = step;
  if (!route?.prefix || !['unreachable', 'prohibit', 'blackhole'].includes(String(route.type))) return null;
  const scope = `table ${(route.table ?? step.table).id} metric ${route.metric} proto ${route.protocol}`;
  const added = (way: RegExp) =>
    configuration.ip.some((line) => way.test(line) && line.includes(` ${route.prefix} `));
  const words =
    route.type === 'blackhole' && !added(/ blackhole /) && added(/ nhid 5$/)
      ? `${route.prefix} nhid 5 ${scope}`
      : `${route.type} ${route.prefix} ${scope}`;
  return {
    cause: causeOfStep(step),
    open: [`ip route del ${words}`],
    // it was the first of its prefix
    close: [`ip route prepend ${words}`],
    setting: false,
  };
}

/** A route for the target alone, in the last table that was asked and had none. */
function withRoute(decision: Decision): Flip | null {
  const target = decision.request.target.ip;
  const step = decision.steps.findLast(
    ({ purpose, outcome, table }) =>
      purpose === 'target' && table !== null && ['no-usable-route', 'no-table'].includes(outcome),
  );
  if (!step?.table || !target || !usable(target)) return null;
  const words = `${target}/32 dev out0 table ${step.table.id} metric 1`;
  return {
    cause: `no route ${words}`,
    open: [`ip route add ${words}`],
    close: [`ip route del ${words}`],
    setting: false,
  };
}

/** The kernel takes it as an address of a host, in each of the networks here. */
function usable(ip: string | null): ip is string {
  const first = Number(ip?.split('.')[0]);
  return ip !== null && first !== 0 && first !== 127 && first < 224 && !/\.(0|255)$/.test(ip);
}
