import type { Decision } from '../../../src/decision/types.js';
import type { Configuration } from './configuration.js';
import type { Fibmatch } from './router.js';

/** One request: what was decided, and what is known of it from elsewhere. */
export interface Answer {
  decision: Decision;
  /** MAC addresses that the asker received replies from. */
  replies: readonly string[];
  fibmatch: Fibmatch;
}

/** What is wrong with a decision, in words; none when nothing is. */
export function complaints(
  { decision, replies, fibmatch }: Answer,
  settings: ReadonlyMap<string, number>,
  configuration: Configuration,
): string[] {
  return [
    ...wrongAction(decision, replies),
    ...wrongRoute(decision, fibmatch, configuration.rules.size > 3),
    ...wrongRefusal(decision, fibmatch),
    ...wrongSettings(decision, settings),
  ];
}

function wrongAction({ verdict, reply }: Decision, replies: readonly string[]): string[] {
  const wanted = verdict.action === 'replied' ? 1 : 0;
  if (replies.length !== wanted) return [`${verdict.action}, but the asker got ${replies.length} replies`];
  return wanted && reply?.mac !== replies[0] ? [`answered by ${replies[0]}, not ${reply?.mac}`] : [];
}

/** The last step for the target is what `ip route get fibmatch` finds, when the kernel gives an answer at all. */
function wrongRoute(decision: Decision, fibmatch: Fibmatch, withRules: boolean): string[] {
  const step = decision.steps.findLast(({ purpose }) => purpose === 'target');
  if (fibmatch.refusal !== null || !step) return [];
  if (step.outcome !== 'match') return [`${step.outcome}, but the kernel finds ${JSON.stringify(fibmatch)}`];
  const found: string[] = [];
  const { route, table } = step;
  // without rules of its own, main and local are one trie
  const same = (one?: number | null) => (!withRules && one === 255 ? 254 : one);
  if (same(table?.id) !== same(fibmatch.table)) found.push(`table ${table?.id}, not ${fibmatch.table}`);
  if (!route) return [...found, 'a match without a route'];
  if (route.prefix !== null && route.prefix !== fibmatch.prefix) {
    found.push(`prefix ${route.prefix}, not ${fibmatch.prefix}`);
  }
  if (route.device?.name && !fibmatch.devices.includes(route.device.name)) {
    found.push(`device ${route.device.name}, not ${fibmatch.devices}`);
  }
  if (route.gateway ? !fibmatch.gateways.includes(route.gateway) : noneShown(decision, step, fibmatch)) {
    found.push(`gateway ${route.gateway}, not ${fibmatch.gateways}`);
  }
  return found;
}

function noneShown(decision: Decision, step: Decision['steps'][number], fibmatch: Fibmatch): boolean {
  const at = decision.steps.indexOf(step);
  return fibmatch.gateways.length > 0 && !decision.unknown.includes(`/steps/${at}/route/gateway`);
}

/** How the kernel refuses the same lookup. Without forwarding, each is "No route to host". */
function wrongRefusal({ verdict, settings }: Decision, { refusal }: Fibmatch): string[] {
  if (verdict.action !== 'silent') return [];
  const forwards = settings.forwarding?.dev !== 0;
  const wanted: Record<string, string> = {
    'no-route': 'Network is unreachable',
    prohibited: 'Permission denied',
    blackholed: 'Invalid argument',
    'forwarding-off': 'No route to host',
  };
  const rejects = ['no-route', 'prohibited', 'blackholed', 'unreachable'].includes(verdict.reason);
  // a rule and a route that are both called unreachable refuse differently
  if (verdict.reason === 'unreachable' && forwards) {
    return /Network is unreachable|No route to host/.test(refusal ?? '')
      ? []
      : [`unreachable, but: ${refusal}`];
  }
  // kernels since 6.14 do not tell these apart
  if (verdict.reason === 'source-invalid') {
    return /^Invalid (cross-device link|argument)/.test(refusal ?? '')
      ? []
      : [`source-invalid, but: ${refusal}`];
  }
  const expected = rejects && !forwards ? 'No route to host' : wanted[verdict.reason];
  if (expected === undefined || refusal?.includes(expected)) return [];
  return [`${verdict.reason} ${verdict.detail ?? ''}, but the kernel says: ${refusal ?? 'a route'}`];
}

/** The settings shown are the ones that were written. */
function wrongSettings(decision: Decision, settings: ReadonlyMap<string, number>): string[] {
  const found: string[] = [];
  for (const [name, values] of Object.entries(decision.settings)) {
    for (const [scope, device] of [
      ['all', 'all'],
      ['dev', 'in0'],
    ] as const) {
      const wanted = settings.get(`${device}/${name}`);
      if (values[scope] !== undefined && wanted !== undefined && values[scope] !== wanted) {
        found.push(`${name}.${scope} is shown as ${values[scope]}, and is ${wanted}`);
      }
    }
  }
  return found;
}

/** The place of a reason in the kernel's order of gates: opening one never shows an earlier one. */
export function rank({ steps, verdict: { action, reason, detail } }: Decision): number {
  if (action === 'replied') return 100;
  if (reason === 'source-invalid') return steps.length === 0 && detail === 'martian' ? 4 : 7;
  if (reason === 'target-invalid') return detail === 'loopback' || detail === 'multicast' ? 1 : 5;
  return ranks[reason] ?? Number.NaN;
}

const ranks: Record<string, number> = {
  'filtered-in': 0,
  'gratuitous-dropped': 2,
  'no-route': 5,
  unreachable: 5,
  prohibited: 5,
  blackholed: 5,
  'forwarding-off': 6,
  'same-device': 8,
  'self-probe': 9,
  'proxy-arp-off': 9,
  'medium-id': 10,
  'arp-ignore': 8,
  'arp-filter': 9,
  'probe-not-proxied': 9,
  'filtered-out': 12,
};
