/** A hook of the tracepoint tier. */
export interface Hook {
  /** The BPF program, named as its tracepoint. */
  name: string;
  /** Without it nothing can be said. */
  required: boolean;
  /** What its absence costs a verdict. */
  cost: string;
  /** Loaded, but run by user space only. */
  onDemand: boolean;
}

const hook = (name: string, required: boolean, cost: string): Hook => ({
  name,
  required,
  cost,
  onDemand: false,
});

/**
 * In the order of attaching: what opens a pass comes last, so that nothing is opened that the others would miss
 * the end of.
 */
export const hooks: readonly Hook[] = [
  hook('consume_skb', true, 'the end of a pass is not seen'),
  hook(
    'kfree_skb',
    false,
    'drops are not seen: filtered-in, filtered-out, malformed, ipv4-disabled, gratuitous-dropped, proxy-queue-full and proxy-queue-purged stay unreported or unknown',
  ),
  hook('net_dev_queue', true, 'replies are not seen'),
  hook('fib_table_lookup', true, 'the lookups of a pass are not seen'),
  hook('neigh_create', false, 'new neighbour entries are shown as updated'),
  hook('neigh_update', false, 'what a pass did to the neighbour table is not shown'),
  hook('neigh_update_done', false, 'the state of a neighbour entry after a pass is not shown'),
  hook('timer_expire_exit', false, 'second passes of deferred requests cannot be told from others'),
  hook('timer_expire_entry', false, 'second passes of deferred requests have no start and no deferral time'),
  hook('timer_start', false, 'deferred requests are seen only when their second pass ends them'),
  hook('netif_receive_skb', true, 'the start of a pass is not seen'),
  {
    name: 'generation',
    required: false,
    onDemand: true,
    cost: 'snapshots cannot be proven: rules and prefixes stay unknown',
  },
];
