import { type AskedSeen, type ForPacketSeen, nud, type TaskSeen } from './record.js';
import type { NeighbourChange, Process, Solicitation } from './types.js';

/**
 * Why a who-has was sent, by the functions that led to it.
 * @param packet that it was sent for; null when it was not seen
 */
export function causeOfQuestion(
  asked: AskedSeen,
  packet: ForPacketSeen['packet'] | null,
): Solicitation['cause'] {
  const { task, arp, bySocket } = asked;
  if (bySocket) return { code: 'user-space', process: processOf(task), function: null };
  const own = ownStack(task);
  const has = (name: string) => own.includes(name);
  if (has('neigh_timer_handler')) return { code: 'timer', process: null, function: null };
  if (has('__neigh_event_send')) {
    // what came in by a device goes on
    if (packet && packet.iif !== 0) return { code: 'packet-forwarded', process: null, function: null };
    // a softirq forwards, and answers
    if (inSoftirq(task)) return { code: packet ? 'packet-sent' : 'unknown', process: null, function: null };
    return task.stackCut
      ? { code: 'unknown', process: null, function: null }
      : { code: 'packet-sent', process: processOf(task), function: null };
  }
  const sender = own.find((name) => !plumbing.test(name)) ?? null;
  if (sender !== null && arp.senderIp === arp.targetIp) {
    return { code: 'announcement', process: null, function: sender };
  }
  return { code: sender === null ? 'unknown' : 'kernel', process: null, function: sender };
}

/** It left an upper device just before: the same frame again, on its way through the devices below. */
export function isRepeatedBelow({ task }: AskedSeen): boolean {
  return ownStack(task).filter((name) => name === '__dev_queue_xmit').length > 1;
}

/** What every who-has goes through on its way to the queue, and the program that saw it. */
const plumbing =
  /^(\?|bpf_.*|__bpf_.*|__traceiter_.*|__dev_queue_xmit|dev_queue_xmit|arp_xmit.*|arp_send.*|nf_hook.*)$/;

/** Why an entry left the table. */
export function causeOfRemoval(task: TaskSeen): NeighbourChange['cause'] {
  const own = ownStack(task);
  for (const [name, code] of removals) {
    const found = own.find((one) => one.replace(/\..*/, '') === name);
    if (found === undefined) continue;
    const byTask = code !== 'garbage-collection';
    return { code, detail: name, process: byTask ? processOf(task) : null };
  }
  return {
    code: 'unknown',
    detail: own.find((name) => !afterRemoval.test(name)) ?? null,
    process: null,
  };
}

const afterRemoval = /^(\?|bpf_.*|__bpf_.*|__traceiter_.*|neigh_cleanup_and_release|neigh_flush_dev.*)$/;

/** In this order: the first that is in the stack. */
const removals: [string, NeighbourChange['cause']['code']][] = [
  ['neigh_periodic_work', 'garbage-collection'],
  ['neigh_forced_gc', 'garbage-collection'],
  ['neigh_alloc', 'garbage-collection'],
  ['arp_invalidate', 'ioctl'],
  ['neigh_delete', 'netlink'],
  ['neigh_changeaddr', 'address-changed'],
  ['neigh_carrier_down', 'link-down'],
  ['neigh_ifdown', 'link-down'],
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

/** Whoever runs on the CPU, where it is the one who acts: not in a softirq, nor a thread of the kernel. */
export function processOf(task: TaskSeen): Process | null {
  if (inSoftirq(task) || task.kernelThread || task.stackCut) return null;
  return { pid: task.pid, command: task.command };
}

const softirqs = ['handle_softirqs', '__do_softirq', '__napi_poll', 'process_backlog', 'net_rx_action'];

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
