import { type AskedSeen, type ForPacketSeen, nud, type TaskSeen } from './record.js';
import type { NeighbourCause, NeighbourChange, Process, Solicitation } from './types.js';

/**
 * Why a who-has was sent, by the functions that led to it.
 * @param packet that it was sent for; null when it was not seen
 * @param probed the timer that sent it was seen to probe a resolved entry
 */
export function causeOfQuestion(
  { task, arp, bySocket }: AskedSeen,
  packet: ForPacketSeen['packet'] | null,
  probed = false,
): Solicitation['cause'] {
  if (bySocket) return { code: 'user-space', process: processOf(task), function: null };
  const own = ownStack(task);
  const has = (name: string) => own.includes(name);
  if (isByTimer({ task })) {
    // a resolved entry is asked itself before all are
    const probe = probed || arp.destination !== 'ff:ff:ff:ff:ff:ff';
    return { code: probe ? 'timer' : 'resolution-timer', process: null, function: null };
  }
  if (has('__neigh_event_send')) {
    // what came in by a device goes on
    if (packet && packet.iif !== 0) return { code: 'packet-forwarded', process: null, function: null };
    // a softirq forwards, and answers
    if (inSoftirq(task)) return { code: packet ? 'packet-sent' : 'unknown', process: null, function: null };
    if (task.stackCut) return { code: 'unknown', process: null, function: null };
    if (packet || has('neigh_resolve_output')) {
      return { code: 'packet-sent', process: processOf(task), function: null };
    }
    // without any packet: NTF_USE and NTF_MANAGED
    if (has('neigh_add')) return { code: 'netlink', process: processOf(task), function: null };
    return { code: 'unknown', process: null, function: own[own.indexOf('__neigh_event_send') + 1] ?? null };
  }
  const sender = own.find((name) => !plumbing.test(name)) ?? null;
  if (sender !== null && arp.senderIp === arp.targetIp) {
    return { code: 'announcement', process: null, function: null };
  }
  return { code: sender === null ? 'unknown' : 'kernel', process: null, function: sender };
}

/** The timer of an entry asks once more; not what it makes the kernel send, such as an error for packets that waited. */
export function isByTimer({ task }: Pick<AskedSeen, 'task'>): boolean {
  const own = ownStack(task);
  const send = own.indexOf('__neigh_event_send');
  const timer = own.indexOf('neigh_timer_handler');
  return timer >= 0 && (send < 0 || timer < send);
}

/** A frame that waited in the queue of a device above: it was asked there. */
export function isFromQueue({ task }: Pick<AskedSeen, 'task'>): boolean {
  const queue = task.stack.findIndex((name) => dequeuing.includes(name));
  return queue >= 0 && !task.stack.slice(0, queue).some((name) => asking.test(name));
}

const dequeuing = ['__qdisc_run', 'net_tx_action'];
const asking = /^(arp_|neigh_|__neigh_|packet_|tpacket_)/;

/** What every who-has goes through on its way to the queue, and the program that saw it. */
const plumbing =
  /^(\?|bpf_.*|__bpf_.*|__traceiter_.*|__dev_queue_xmit|dev_queue_xmit|arp_xmit.*|arp_send.*|nf_hook.*)$/;

/** Why an entry left the table. */
export function causeOfRemoval(task: TaskSeen): NeighbourChange['cause'] {
  const own = ownStack(task).map((name) => name.replace(/\..*/, ''));
  for (const { by, within, code } of removals) {
    const at = own.indexOf(by);
    if (at < 0) continue;
    const outer = own
      .slice(at + 1)
      .find((name) => !notifying.test(name) && (within?.any?.includes(name) ?? true));
    if (within && outer !== within.is) continue;
    return {
      code,
      detail: by,
      process: nobodys.includes(by) || code === 'garbage-collection' ? null : processOf(task),
    };
  }
  return {
    code: 'unknown',
    detail: own.find((name) => !afterRemoval.test(name)) ?? null,
    process: null,
  };
}

const afterRemoval =
  /^(\?|bpf_.*|__bpf_.*|__traceiter_.*|neigh_cleanup_and_release|neigh_remove_one|neigh_flush_dev.*)$/;

/** What lies between an event of a device and who hears of it. */
const notifying = /^(\?|arp_netdev_event|(raw_|blocking_)?notifier_call_chain|call_netdevice_notifiers.*)$/;

/** A carrier is lost elsewhere: whoever runs has at most looked at the device, and thereby had the kernel notice. */
const nobodys = ['neigh_carrier_down'];

interface Removal {
  /** The function in the stack. */
  by: string;
  /** The next outside of it that is one of `any` (null: any that does not only pass it on) has to be `is`. */
  within?: { any: readonly string[] | null; is: string };
  code: NeighbourCause;
}

/** Who disables IPv4 on a device, and with it flushes its entries: fib_disable_ip of either. */
const disabling = ['fib_inetaddr_event', 'fib_netdev_event'];

/** In this order: the first that holds. */
const removals: readonly Removal[] = [
  { by: 'neigh_periodic_work', code: 'garbage-collection' },
  { by: 'neigh_forced_gc', code: 'garbage-collection' },
  // or inlined: to make room is all that the making of an entry removes others for
  { by: 'neigh_alloc', code: 'garbage-collection' },
  { by: '___neigh_create', code: 'garbage-collection' },
  { by: 'arp_ioctl', code: 'ioctl' },
  // a broadcast address is no neighbour's any more
  { by: 'arp_invalidate', within: { any: disabling, is: 'fib_inetaddr_event' }, code: 'address-added' },
  { by: 'arp_invalidate', within: { any: disabling, is: 'fib_netdev_event' }, code: 'link-up' },
  { by: 'neigh_delete', code: 'netlink' },
  // NETDEV_CHANGE, of IFF_NOARP; else NETDEV_CHANGEADDR
  { by: 'neigh_changeaddr', within: { any: null, is: '__dev_notify_flags' }, code: 'noarp-changed' },
  { by: 'neigh_changeaddr', code: 'address-changed' },
  { by: 'neigh_carrier_down', code: 'link-down' },
  { by: 'neigh_ifdown', within: { any: disabling, is: 'fib_inetaddr_event' }, code: 'address-deleted' },
  { by: 'neigh_ifdown', within: { any: disabling, is: 'fib_netdev_event' }, code: 'link-down' },
];

/** Who changed an entry by hand. */
export function causeOfChange(task: TaskSeen): NeighbourChange['cause'] {
  const own = ownStack(task);
  const has = (name: string) => own.includes(name);
  if (has('rtnetlink_rcv_msg')) return { code: 'netlink', detail: null, process: processOf(task) };
  if (has('arp_ioctl')) return { code: 'ioctl', detail: null, process: processOf(task) };
  return { code: 'unknown', detail: own.find((name) => !updating.test(name)) ?? null, process: null };
}

const updating = /^(\?|bpf_.*|__bpf_.*|__traceiter_.*|__?neigh_update)$/;

/**
 * Whoever runs on the CPU, where it is the one who acts: not in a softirq, nor a thread of the kernel; and not where the
 * kernel receives, answers or empties a queue on top of what a task does (one that writes into a tap device, say).
 */
export function processOf(task: TaskSeen): Process | null {
  if (inSoftirq(task) || task.kernelThread || task.stackCut) return null;
  if (task.stack.some((name) => onBehalfOfOthers.test(name))) return null;
  return { pid: task.pid, command: task.command };
}

const softirqs = ['handle_softirqs', '__do_softirq', '__napi_poll', 'process_backlog', 'net_rx_action'];

const onBehalfOfOthers =
  /^(__qdisc_run|net_tx_action|(__)?netif_receive_skb.*|napi_gro_.*|ip6?_rcv.*|(__)?icmp6?_send|neigh_invalidate)$/;

function inSoftirq({ stack }: TaskSeen): boolean {
  return stack.some((name) => softirqs.includes(name));
}

/** A softirq runs on top of whatever it interrupted: what lies below it is another's. */
function ownStack({ stack }: TaskSeen): readonly string[] {
  const below = stack.findIndex((name) => softirqs.includes(name));
  return below < 0 ? stack : stack.slice(0, below);
}

/** Entries that need no ARP come and go by themselves. */
export function isNoArp(state: number): boolean {
  return state === nud.noarp;
}
