import type { Decision, Evidence } from '../../src/decision/types.js';
import { comparable } from './agree.js';

/** A hook on a function is left out, and a row is played: what that degrades. Anything else has to stay as it was. */
export interface Knob {
  function: string;
  /** The name of a row where it matters. */
  row: string;
  /** Makes of what is told with all hooks what is to be told without this one. */
  degrade?(decision: Decision): void;
}

export const knobs: readonly Knob[] = [
  {
    function: 'fib_table_lookup',
    row: 'the pattern of WireGuard: a longer prefix of main is not suppressed',
    degrade: ({ steps }) => {
      for (const { evidence } of steps) infer(evidence, 'prefix');
    },
  },
  {
    function: 'fib4_rule_action',
    row: 'the pattern of WireGuard: a longer prefix of main is not suppressed',
    degrade: ({ steps }) => {
      for (const { evidence } of steps) infer(evidence, 'rule');
    },
  },
  {
    function: 'fib4_rule_suppress',
    row: 'the pattern of WireGuard: the default route of main is suppressed',
    degrade: ({ steps }) => {
      for (const { outcome, evidence } of steps) if (outcome === 'suppressed') infer(evidence, 'outcome');
    },
  },
  {
    function: 'arp_ignore',
    row: 'arp_ignore 1: an address of another device',
    degrade: ({ verdict }) => infer(verdict, 'evidence'),
  },
  {
    function: 'pneigh_lookup',
    row: 'a proxy neighbour on the device',
    // that there was none needs no lookup to be seen: the neighbour entry that it makes is not there
    degrade: ({ verdict }) => {
      if (verdict.action === 'replied') infer(verdict, 'evidence');
    },
  },
  { function: 'ip_route_input_noref', row: 'arp_filter after source validation by lookup' },
  { function: 'fib_validate_source', row: 'rp_filter 1 on the device, and the sender on the other side' },
  {
    function: 'neigh_event_ns',
    row: 'no room for the sender, and arp_filter closed: arp_filter is asked first',
  },
];

/** As a row's. */
export function nameOf(knob: Knob): string {
  return `without ${knob.function}: ${knob.row}`;
}

function infer<K extends string>(of: { [field in K]?: Evidence }, field: K): void {
  if (of[field]) of[field] = 'inferred';
}

/** What is not as it should be without the hook: one line each. */
export function degradedWrongly(knob: Knob, whole: Decision, without: Decision): string[] {
  const expected = structuredClone(whole);
  knob.degrade?.(expected);
  const [wanted, got] = [expected, without].map((decision) => ({
    ...comparable(decision),
    unknown: decision.unknown,
    evidence: [decision.verdict.evidence, ...decision.steps.map(({ evidence }) => evidence)],
  }));
  return JSON.stringify(got) === JSON.stringify(wanted)
    ? []
    : [`${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`];
}
