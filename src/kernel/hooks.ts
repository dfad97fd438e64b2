import type { Tier } from '../decision/types.js';

/** A place in the kernel that is watched. */
export interface Hook {
  /** As it is shown: the tracepoint, or the kind of the hook and the function. */
  name: string;
  /** What has so many arguments as {@link Variant} asks for: a tracepoint, or a function. */
  of: { tracepoint: string } | { function: string };
  /** Without it nothing can be said. */
  required: boolean;
  /** What its absence costs a verdict. */
  cost: string;
  /** Loaded, but run by user space only. */
  onDemand: boolean;
  /** It is of no use, or would mislead, without the hook of this name, which is attached before it. */
  needs?: string;
  /** Its programs, the best first: one is loaded. */
  programs: readonly Variant[];
}

/** One of several programs for the same hook: kernels differ in what they hand to it. */
export interface Variant {
  program: string;
  /** How many arguments it has to have at least; 0: any. */
  arguments: number;
  /** A function of the kernel that it calls. */
  needs?: string;
}

const hook = (name: string, required: boolean, cost: string, programs?: readonly Variant[]): Hook => ({
  name,
  of: { tracepoint: name },
  required,
  cost,
  onDemand: false,
  programs: programs ?? [{ program: name, arguments: 0 }],
});

/**
 * In the order of attaching: what opens a pass comes last, so that nothing is opened that the others would miss
 * the end of.
 */
const tracepoints: readonly Hook[] = [
  // it says where since 6.12; before, the stack does
  hook('consume_skb', true, 'the end of a pass is not seen', [
    { program: 'consume_skb', arguments: 2, needs: 'bpf_rdonly_cast' },
    { program: 'consume_skb_by_stack', arguments: 0 },
  ]),
  // it says why since 5.17
  hook(
    'kfree_skb',
    false,
    'drops are not seen: filtered-in, filtered-out, malformed, ipv4-disabled, gratuitous-dropped, proxy-queue-full and proxy-queue-purged stay unreported or unknown',
    [
      { program: 'kfree_skb', arguments: 3, needs: 'bpf_rdonly_cast' },
      { program: 'kfree_skb_by_type', arguments: 3 },
      { program: 'kfree_skb_by_place', arguments: 0 },
    ],
  ),
  // a pointer of no type is followed by loads since 6.2
  hook('net_dev_queue', true, 'replies are not seen', [
    { program: 'net_dev_queue', arguments: 0, needs: 'bpf_rdonly_cast' },
    { program: 'net_dev_queue_by_type', arguments: 0 },
  ]),
  hook('fib_table_lookup', true, 'the lookups of a pass are not seen', [
    { program: 'fib_table_lookup', arguments: 0, needs: 'bpf_rdonly_cast' },
    { program: 'fib_table_lookup_by_copy', arguments: 0 },
  ]),
  hook('neigh_create', false, 'new neighbour entries are shown as updated'),
  hook('neigh_update', false, 'what a pass did to the neighbour table is not shown'),
  hook('neigh_update_done', false, 'the state of a neighbour entry after a pass is not shown'),
  hook('timer_expire_exit', false, 'second passes of deferred requests cannot be told from others'),
  hook('timer_expire_entry', false, 'second passes of deferred requests have no start and no deferral time'),
  hook('timer_start', false, 'deferred requests are seen only when their second pass ends them'),
  hook('netif_receive_skb', true, 'the start of a pass is not seen', [
    { program: 'netif_receive_skb', arguments: 0, needs: 'bpf_rdonly_cast' },
    { program: 'netif_receive_skb_by_type', arguments: 0 },
  ]),
  {
    name: 'generation',
    of: { tracepoint: 'generation' },
    required: false,
    onDemand: true,
    cost: 'snapshots cannot be proven: rules and prefixes stay unknown',
    programs: [{ program: 'generation', arguments: 0 }],
  },
];

/** What is seen at a function, and what its absence costs. It needs `kept`: arguments, which a kretprobe lacks. */
interface FunctionHook {
  name: string;
  cost: string;
  kept: boolean;
  /** Programs of fexit, which count arguments. */
  programs?: readonly Variant[];
}

const functions: readonly FunctionHook[] = [
  {
    name: 'fib_table_lookup',
    cost: 'the matched prefix is inferred from a snapshot, or unknown',
    kept: true,
  },
  {
    name: 'fib4_rule_action',
    cost: 'the rule of a lookup is inferred from a snapshot, or unknown',
    kept: true,
  },
  { name: 'fib4_rule_suppress', cost: 'that a rule suppressed a route is inferred', kept: true },
  {
    name: 'ip_route_input_noref',
    cost: 'lookups of source validation and of arp_filter are told apart by their order',
    kept: true,
  },
  {
    name: 'fib_validate_source',
    cost: 'the result of source validation is worked out from its lookups',
    kept: true,
  },
  { name: 'arp_ignore', cost: 'arp_ignore is worked out from settings and a snapshot', kept: false },
  {
    name: 'pneigh_lookup',
    cost: 'proxy neighbours are taken from a snapshot',
    kept: false,
    // since 6.18 it makes no entry any more
    programs: [
      { program: 'fexit_pneigh_lookup_creat', arguments: 5 },
      { program: 'fexit_pneigh_lookup', arguments: 0 },
    ],
  },
  { name: 'neigh_event_ns', cost: 'a full neighbour table is told by its counters', kept: false },
];

function functionHook(kind: string, { name, cost, programs }: FunctionHook): Hook {
  return {
    name: `${kind}/${name}`,
    of: { function: name },
    required: false,
    cost,
    onDemand: false,
    programs: (kind === 'fexit' ? programs : undefined) ?? [{ program: `${kind}_${name}`, arguments: 0 }],
  };
}

/**
 * Where routes, rules, links and addresses change. `return` is seen alone, or with the entry before it: what began has
 * to be seen to end, or it would be taken for the cause of what comes later.
 */
interface ChangeHook {
  name: string;
  cost: string;
  seen: 'entry' | 'return' | 'both';
  /** A kretprobe needs arguments that a kprobe keeps. */
  kept?: boolean;
}

const changes: readonly ChangeHook[] = [
  { name: 'fib_table_insert', cost: 'new and replaced routes are not told with the process', seen: 'both' },
  { name: 'fib_table_delete', cost: 'deleted routes are not told with the process', seen: 'both' },
  {
    name: 'fib_table_flush',
    cost: 'routes that the kernel flushes are not told with their cause and process',
    seen: 'both',
  },
  {
    name: 'call_fib_notifiers',
    cost: 'changes of rules are not told with the process; of a flush only how many routes went',
    seen: 'return',
    kept: true,
  },
  {
    name: 'fib_create_info',
    cost: 'a new route is told as its message said it, and a replaced one as a new one',
    seen: 'return',
  },
  {
    name: 'fib_release_info',
    cost: 'a deleted route is told as its message said it, and a replaced one as a new one',
    seen: 'entry',
  },
  {
    name: 'fib_netdev_event',
    cost: 'that a link went up or down is not told as the cause of changed routes',
    seen: 'both',
  },
  {
    name: 'fib_inetaddr_event',
    cost: 'that an address came or went is not told as the cause of changed routes',
    seen: 'both',
  },
];

function changeHooks(entry: string, exit: string, { name, cost, seen, kept }: ChangeHook): Hook[] {
  const onEntry = functionHook(entry, { name, cost, kept: false });
  const onReturn = functionHook(exit, { name, cost, kept: false });
  if (seen === 'entry') return [onEntry];
  const alone = seen === 'return' && !(kept && exit === 'kretprobe');
  return alone ? [onReturn] : [onReturn, { ...onEntry, needs: onReturn.name }];
}

/** All hooks of a tier, in the order of attaching. The tracepoints are in each of them. */
export function hooksOf(tier: Tier): readonly Hook[] {
  switch (tier) {
    case 'trampoline':
      return [
        ...functions.map((one) => functionHook('fexit', one)),
        ...changes.flatMap((one) => changeHooks('fentry', 'fexit', one)),
        ...tracepoints,
      ];
    case 'kprobe':
      return [
        ...functions.flatMap((one) => [
          functionHook('kretprobe', one),
          ...(one.kept ? [functionHook('kprobe', one)] : []),
        ]),
        ...changes.flatMap((one) => changeHooks('kprobe', 'kretprobe', one)),
        ...tracepoints,
      ];
    case 'tracepoint':
      return tracepoints;
  }
}

/** The hook that tells of links, with their cause: where it is attached nobody else need watch them. */
export function seesLinks(attached: readonly string[]): boolean {
  return attached.some((name) => /^(fentry|kprobe)\/fib_netdev_event$/.test(name));
}

/** Best first. */
export const tiers: readonly Tier[] = ['trampoline', 'kprobe', 'tracepoint'];

/** The hook that tells whether a tier works at all: without it the tier shows no more than the next one. */
export const probeHooks: Record<Tier, string | null> = {
  trampoline: 'fexit/fib4_rule_action',
  kprobe: 'kretprobe/fib4_rule_action',
  tracepoint: null,
};

/** Every hook of every tier, by name. */
export const hooks: readonly Hook[] = [
  ...new Map(
    [...tiers]
      .reverse()
      .flatMap(hooksOf)
      .map((one) => [one.name, one]),
  ).values(),
];
