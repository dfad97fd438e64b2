import { describe, expect, it } from 'vitest';
import { causeOfQuestion, causeOfRemoval, isFromQueue } from '../../src/decision/neighbour/causes.js';
import { entryOf } from '../../src/decision/neighbour/learner.js';
import { isAnswer, judgeLearning } from '../../src/decision/neighbour/learning.js';
import { learningReason, learningReasons } from '../../src/decision/neighbour/reasons.js';
import { type AskedSeen, type LearnedSeen, nud, type TaskSeen } from '../../src/decision/neighbour/record.js';
import { learned, other, own, update, zeros } from './support/learned.js';

function reasonOf(seen: LearnedSeen, exists: boolean | null = null): string {
  return judgeLearning(seen, { exists }).reason;
}

describe('a learning is unknown where what was seen does not fit together', () => {
  it.each<[string, LearnedSeen]>([
    ['the end of the update was not seen', learned({ update: update({ after: null }) })],
    ['the entry is dead', learned({ update: update({ dead: true, err: -1 }) })],
    ['refused, and neither permanent nor NOARP', learned({ update: update({ err: -1 }) })],
    [
      'not overridden, though the locktime had passed',
      learned({
        arp: { ...learned().arp, senderMac: other },
        update: update({ after: { state: 4, mac: own } }),
      }),
    ],
    [
      'overridden within the locktime, and not gratuitous',
      learned({
        arp: { ...learned().arp, senderMac: other },
        update: update({ override: true, ageNs: 1e8, after: { state: 2, mac: other } }),
      }),
    ],
    [
      'overridden, and the entry holds a third MAC',
      learned({
        arp: { ...learned().arp, senderMac: other },
        update: update({ override: true, after: { state: 2, mac: '02:00:00:00:01:88' } }),
      }),
    ],
    [
      'made, though arp_accept is off',
      learned({ created: true, update: update({ before: { state: 0, mac: own } }) }),
    ],
    ['the sender is unicast, and no entry was made', learned({ senderType: 1 })],
    ['the type of the sender could not be told', learned({ senderType: 0 })],
    [
      'dropped, and no check of ARP failed',
      learned({ ending: { closed: 'dropped', place: 'arp_process', where: 'x' } }),
    ],
  ])('%s', (_, seen) => {
    expect(reasonOf(seen)).toBe('unknown');
  });

  it('an entry that is known to be there was met, or it was missed', () => {
    expect(judgeLearning(learned(), { exists: null })).toMatchObject({
      reason: 'no-entry',
      evidence: 'inferred',
    });
    expect(judgeLearning(learned(), { exists: true })).toMatchObject({
      reason: 'unknown',
      candidates: ['no-entry'],
    });
  });

  it('arp_accept that is on does not explain that there is no entry', () => {
    const settings = { all: { ...zeros }, dev: { ...zeros, arp_accept: 1 } };
    expect(judgeLearning(learned({ settings }), { exists: null })).toMatchObject({
      reason: 'unknown',
      candidates: ['source-not-unicast'],
    });
  });
});

describe('the table of reasons of learnings', () => {
  it('has each code once, and says something in every row', () => {
    expect(new Set(learningReasons.map(({ code }) => code)).size).toBe(learningReasons.length);
    for (const { sentence, check, change } of learningReasons) {
      expect([sentence, check, change]).not.toContain('');
    }
    expect(learningReason('locktime')?.actions).toEqual(['ignored']);
  });
});

function task(stack: string[], more: Partial<TaskSeen> = {}): TaskSeen {
  return { pid: 7, command: 'bash', kernelThread: false, stack, stackCut: false, ...more };
}

function asked(of: TaskSeen, bySocket = false): AskedSeen {
  const { kind: _kind, ...seen } = learned();
  return { ...seen, kind: 'asked', bySocket, task: of, arp: { ...seen.arp, operation: 1 } };
}

const sending = ['__dev_queue_xmit', 'arp_xmit', 'arp_solicit', 'neigh_probe', '__neigh_event_send'];
const packet = { source: 1, target: 2, protocol: 17, iif: 0, mark: 0 };

describe('why a who-has was sent', () => {
  it('names the process in task context alone', () => {
    const of = asked(task([...sending, 'udp_sendmsg', 'do_syscall_64']));
    expect(causeOfQuestion(of, packet)).toMatchObject({
      code: 'packet-sent',
      process: { pid: 7, command: 'bash' },
    });
  });

  it('names nobody in a softirq, on top of whom it ever runs', () => {
    const of = asked(task([...sending, 'ip_rcv', 'net_rx_action', 'handle_softirqs', 'udp_sendmsg']));
    expect(causeOfQuestion(of, { ...packet, iif: 3 })).toMatchObject({
      code: 'packet-forwarded',
      process: null,
    });
    expect(causeOfQuestion(of, packet)).toMatchObject({ code: 'packet-sent', process: null });
    expect(causeOfQuestion(of, null)).toMatchObject({ code: 'unknown', process: null });
  });

  it('tells no packet where there was none', () => {
    const of = asked(task([...sending, 'neigh_add', 'rtnetlink_rcv_msg'], { command: 'ip' }));
    expect(causeOfQuestion(of, null)).toMatchObject({ code: 'netlink', process: { command: 'ip' } });
    const driver = asked(task([...sending, 'mlx5e_tc_tun_update', 'worker_thread'], { kernelThread: true }));
    expect(causeOfQuestion(driver, null)).toMatchObject({
      code: 'unknown',
      process: null,
      function: 'mlx5e_tc_tun_update',
    });
  });

  it('knows a packet that is none of IPv4 by who waits with it', () => {
    const of = asked(task([...sending, 'neigh_resolve_output', 'ip6_finish_output2', 'udpv6_sendmsg']));
    expect(causeOfQuestion(of, null)).toMatchObject({ code: 'packet-sent', process: { command: 'bash' } });
  });

  it('names nobody where the stack was cut', () => {
    const of = asked(task(sending, { stackCut: true }));
    expect(causeOfQuestion(of, packet)).toMatchObject({ code: 'unknown', process: null });
  });

  it('knows a timer, though it interrupts a task that sends', () => {
    const timer = [
      '__dev_queue_xmit',
      'arp_solicit',
      'neigh_timer_handler',
      'handle_softirqs',
      '__neigh_event_send',
    ];
    const all = asked(task(timer));
    const one = { ...all, arp: { ...all.arp, destination: own } };
    expect(causeOfQuestion(one, null)).toMatchObject({ code: 'timer', process: null });
    all.arp.destination = 'ff:ff:ff:ff:ff:ff';
    expect(causeOfQuestion(all, null)).toMatchObject({ code: 'resolution-timer', process: null });
    // what was resolved, and does not answer by itself any more
    expect(causeOfQuestion(all, null, true)).toMatchObject({ code: 'timer', process: null });
  });

  it('knows what a timer only led to: the error for packets that waited in another entry', () => {
    const of = asked(
      task([...sending, 'icmp_send', 'arp_error_report', 'neigh_timer_handler', 'handle_softirqs']),
    );
    expect(causeOfQuestion(of, packet)).toMatchObject({ code: 'packet-sent', process: null });
  });

  it.each([
    [
      'what it wrote into a tap device is answered',
      'icmp_reply ip_rcv __netif_receive_skb tun_get_user vfs_write',
    ],
    [
      'what it deleted leaves an error to be sent',
      '__icmp_send arp_error_report neigh_invalidate neigh_delete',
    ],
    ['it empties the queue of another', '__qdisc_run __dev_queue_xmit udp_sendmsg'],
  ])('does not name the task that runs when %s', (_, stack) => {
    const of = asked(task([...sending, ...stack.split(' ')]));
    expect(causeOfQuestion(of, packet)).toMatchObject({ code: 'packet-sent', process: null });
  });

  it('knows a frame that waited in the queue of a device above', () => {
    const below = [
      '?',
      '__dev_queue_xmit',
      'br_dev_queue_push_xmit',
      'br_dev_xmit',
      '__qdisc_run',
      'net_tx_action',
    ];
    expect(isFromQueue(asked(task(below)))).toBe(true);
    // asked for the end of a tunnel, whose own queue is emptied
    expect(isFromQueue(asked(task([...sending, 'vxlan_xmit', '__qdisc_run'])))).toBe(false);
  });

  it('names a function that it does not know', () => {
    const bond = ['?', 'bpf_trace_run1', '__dev_queue_xmit', 'arp_xmit', 'bond_arp_send', 'worker_thread'];
    expect(causeOfQuestion(asked(task(bond, { kernelThread: true })), null)).toMatchObject({
      code: 'kernel',
      function: 'bond_arp_send',
    });
  });
});

describe('why an entry left the table', () => {
  it.each([
    ['neigh_periodic_work', 'garbage-collection'],
    ['neigh_flush_dev.isra.0 neigh_ifdown fib_disable_ip fib_netdev_event', 'link-down'],
    ['neigh_flush_dev neigh_ifdown fib_disable_ip fib_inetaddr_event', 'address-deleted'],
    // the device is deleted, and its addresses with it: the flush is of the one
    ['neigh_flush_dev neigh_ifdown fib_inetaddr_event inetdev_event fib_netdev_event', 'address-deleted'],
    ['neigh_flush_dev neigh_carrier_down', 'link-down'],
    ['neigh_flush_dev neigh_ifdown something_new', 'unknown'],
    ['neigh_remove_one arp_invalidate arp_ioctl', 'ioctl'],
    ['neigh_remove_one arp_invalidate fib_add_ifaddr fib_inetaddr_event rtnetlink_rcv_msg', 'address-added'],
    [
      'neigh_flush_dev neigh_changeaddr arp_netdev_event notifier_call_chain __dev_notify_flags',
      'noarp-changed',
    ],
    [
      'neigh_flush_dev neigh_changeaddr arp_netdev_event notifier_call_chain netif_set_mac_address __dev_notify_flags',
      'address-changed',
    ],
    ['neigh_remove_one neigh_delete rtnetlink_rcv_msg', 'netlink'],
    ['neigh_remove_one arp_invalidate fib_add_ifaddr fib_netdev_event dev_open', 'link-up'],
    ['neigh_flush_dev neigh_changeaddr', 'address-changed'],
    ['something_new', 'unknown'],
  ])('%s: %s', (stack, code) => {
    const seen = task(['?', 'neigh_cleanup_and_release', ...stack.split(' ')]);
    expect(causeOfRemoval(seen)).toMatchObject({ code });
  });

  it('names no process in a thread of the kernel', () => {
    const seen = task(['neigh_cleanup_and_release', 'neigh_carrier_down'], { kernelThread: true });
    expect(causeOfRemoval(seen)).toMatchObject({ code: 'link-down', process: null });
  });
});

it('a carrier that is lost names nobody: who runs may only have looked at the device', () => {
  const seen = task([
    'neigh_cleanup_and_release',
    'neigh_carrier_down',
    'linkwatch_sync_dev',
    'carrier_show',
  ]);
  expect(causeOfRemoval(seen)).toMatchObject({ code: 'link-down', process: null });
});

it('an entry that is not resolved has no MAC, whatever stands there', () => {
  expect(entryOf({ state: nud.failed, mac: own })).toEqual({ state: 'failed', mac: null });
  expect(entryOf({ state: nud.probe, mac: own })).toEqual({ state: 'probe', mac: own });
});

it('a reply about an own address that is meant for this host is an answer, to an announcement', () => {
  const reply = { operation: 2, senderIp: 1, senderMac: own, targetIp: 1, targetMac: '02:00:00:00:00:02' };
  expect(isAnswer(reply as never)).toBe(true);
  expect(isAnswer({ ...reply, targetMac: own } as never)).toBe(false);
});
