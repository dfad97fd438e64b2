// SPDX-License-Identifier: (GPL-2.0-only OR MIT)
/*
 * What a host learns and asks: an object of its own, loaded only when such events are wanted. Decisions pay nothing.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "neighbour-state.h"
#include "neighbour-observe.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* every received packet comes by here: leave at once unless it is ARP */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(n_netif_receive_skb, struct sk_buff *skb)
{
	struct cpu *me;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (me)
		see_arrival(me, skb);
	return 0;
}

/* every route lookup of the host comes by here: those of a send are picked out of the log when its who-has is known */
SEC("tp_btf/fib_table_lookup")
int BPF_PROG(n_fib_table_lookup, __u32 table, const struct flowi4 *flow, const struct fib_nh_common *nhc, int err)
{
	struct cpu *me = this_cpu();

	if (me)
		see_any_lookup(me, table, flow, nhc, err);
	return 0;
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(n_net_dev_queue, struct sk_buff *skb)
{
	struct cpu *me;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (me)
		see_question(me, ctx, skb);
	return 0;
}

SEC("tp_btf/consume_skb")
int BPF_PROG(n_consume_skb, struct sk_buff *skb, void *location)
{
	struct cpu *me;
	__u64 at;

	if (skb->protocol != bpf_htons(ETH_P_ARP) && skb->protocol != bpf_htons(ETH_P_IP))
		return 0;
	me = this_cpu();
	if (!me)
		return 0;
	at = address(me, location);
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (between(at, event_send_start, event_send_end) || between(at, neigh_probe_start, neigh_probe_end) ||
		    between(at, timer_handler_start, timer_handler_end))
			see_packet(me, skb);
		return 0;
	}
	if (between(at, arp_process_start, arp_process_end))
		end_frame(address(me, skb), at, 0, ARPWHY_CONSUMED, ARPWHY_IN_ARP_PROCESS);
	else if (between(at, arp_rcv_start, arp_rcv_end))
		end_frame(address(me, skb), at, 0, ARPWHY_CONSUMED, ARPWHY_IN_ARP_RCV);
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(n_kfree_skb, struct sk_buff *skb, void *location, enum skb_drop_reason reason)
{
	struct cpu *me;
	__u64 at;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (!me)
		return 0;
	at = address(me, location);
	if (between(at, arp_process_start, arp_process_end))
		end_frame(address(me, skb), at, reason, ARPWHY_DROPPED, ARPWHY_IN_ARP_PROCESS);
	else if (between(at, arp_rcv_start, arp_rcv_end))
		end_frame(address(me, skb), at, reason, ARPWHY_DROPPED, ARPWHY_IN_ARP_RCV);
	else
		drop_frame(me, skb, at, reason);
	return 0;
}

/* raw: before 6.2 the verifier gives no program a pointer to void, as the key is */
SEC("raw_tp/neigh_create")
int BPF_PROG(n_neigh_create, struct neigh_table *table, struct net_device *dev, const void *key,
	     const struct neighbour *neigh)
{
	struct cpu *me;

	if (BPF_CORE_READ(table, family) != AF_INET)
		return 0;
	me = this_cpu();
	if (me)
		see_new_entry(me, (__u64)neigh, key, dev);
	return 0;
}

/* raw for the same reason: the address may be none */
SEC("raw_tp/neigh_update")
int BPF_PROG(n_neigh_update, struct neighbour *neigh, const __u8 *lladdr, __u64 wanted, __u64 flags, __u64 pid)
{
	struct cpu *me;

	if (BPF_CORE_READ(neigh, tbl, family) != AF_INET)
		return 0;
	me = this_cpu();
	if (me)
		see_entry_update(me, (__u64)neigh, wanted, flags, pid);
	return 0;
}

SEC("raw_tp/neigh_update_done")
int BPF_PROG(n_neigh_update_done, struct neighbour *neigh, __u64 err)
{
	struct cpu *me;

	if (BPF_CORE_READ(neigh, tbl, family) != AF_INET)
		return 0;
	me = this_cpu();
	if (me)
		see_entry_updated(me, ctx, (__u64)neigh, err);
	return 0;
}

/* a packet to an entry that is not resolved waits, or is lost */
SEC("raw_tp/neigh_event_send_done")
int BPF_PROG(n_neigh_event_send_done, struct neighbour *neigh, __u64 rc)
{
	if (BPF_CORE_READ(neigh, tbl, family) == AF_INET && (__u32)rc)
		count_waiting((__u64)neigh);
	return 0;
}

SEC("raw_tp/neigh_timer_handler")
int BPF_PROG(n_neigh_timer_handler, struct neighbour *neigh, __u64 err)
{
	struct cpu *me;

	if (BPF_CORE_READ(neigh, tbl, family) != AF_INET)
		return 0;
	me = this_cpu();
	if (me)
		see_timer(me, (__u64)neigh);
	return 0;
}

SEC("raw_tp/neigh_cleanup_and_release")
int BPF_PROG(n_neigh_cleanup_and_release, struct neighbour *neigh, __u64 rc)
{
	struct cpu *me;

	if (BPF_CORE_READ(neigh, tbl, family) != AF_INET)
		return 0;
	me = this_cpu();
	if (me)
		see_removal(me, ctx, (__u64)neigh);
	return 0;
}

/* a gratuitous request that will be answered by proxy, later: what it did to the table it has done */
SEC("tp_btf/timer_start")
int BPF_PROG(n_timer_start, struct timer_list *timer)
{
	struct cpu *me;

	if ((__u64)timer->function != proxy_process)
		return 0;
	me = this_cpu();
	if (me)
		see_deferral(me, timer);
	return 0;
}
