// SPDX-License-Identifier: (GPL-2.0-only OR MIT)
/*
 * The tracepoints, which every tier has: thin programs, one a hook. The work is in decision.h. What the other tiers add
 * is in trampoline.h and kprobe.h, and who changed the routes in change.h.
 */
#include <linux/bpf.h>
#include "kernel.h"
#include "registers.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "observe.h"
#include "generation.h"
#include "trampoline.h"
#include "kprobe.h"
#include "change-trampoline.h"
#include "change-kprobe.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* every received packet comes by here: leave at once unless it is ARP */
static __always_inline int see_frame(enum reading how, struct sk_buff *skb)
{
	__be16 protocol = skb->protocol;
	struct cpu *me;
	__u32 offset = 0;

	if (protocol != bpf_htons(ETH_P_ARP)) {
		__be16 inner = 0;

		/* a tag that the hardware left in the frame */
		if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
			return 0;
		offset = 4;
		bpf_probe_read_kernel(&inner, sizeof(inner), skb->data + 2);
		if (inner != bpf_htons(ETH_P_ARP))
			return 0;
	}
	me = this_cpu();
	if (me)
		open_frame(how, me, skb, offset);
	return 0;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(netif_receive_skb, struct sk_buff *skb)
{
	return see_frame(BY_LOAD, skb);
}

/* before 6.2 */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(netif_receive_skb_by_type, struct sk_buff *skb)
{
	return see_frame(BY_TYPE, skb);
}

/* every route lookup of the host comes by here: leave at once unless an ARP frame is on its way */
static __always_inline int log_lookup(enum reading how, __u32 table, const struct flowi4 *flow,
				      const struct fib_nh_common *nhc, int err)
{
	struct cpu *me = this_cpu();

	if (!me || !me->busy)
		return 0;
	if (!(me->lookup % STALE_EVERY) && !me->in_timer && bpf_ktime_get_ns() - me->opened_ns > STALE_NS) {
		forget_all_frames(me);
		return 0;
	}
	see_lookup(how, me, table, flow, nhc, err);
	return 0;
}

SEC("tp_btf/fib_table_lookup")
int BPF_PROG(fib_table_lookup, __u32 table, const struct flowi4 *flow, const struct fib_nh_common *nhc, int err)
{
	return log_lookup(BY_LOAD, table, flow, nhc, err);
}

/* before 6.2 */
SEC("tp_btf/fib_table_lookup")
int BPF_PROG(fib_table_lookup_by_copy, __u32 table, const struct flowi4 *flow, const struct fib_nh_common *nhc,
	     int err)
{
	return log_lookup(BY_COPY, table, flow, nhc, err);
}

static __always_inline int see_queued(enum reading how, struct sk_buff *skb)
{
	struct cpu *me;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (me && me->busy)
		see_reply(how, me, skb, 0, 0, false);
	return 0;
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue, struct sk_buff *skb)
{
	return see_queued(BY_LOAD, skb);
}

/* before 6.2 */
SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue_by_type, struct sk_buff *skb)
{
	return see_queued(BY_TYPE, skb);
}

SEC("tp_btf/consume_skb")
int BPF_PROG(consume_skb, struct sk_buff *skb, void *location)
{
	struct cpu *me;
	__u32 place;
	__u64 at;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (!me)
		return 0;
	at = address(me, location);
	place = place_of_end(at);
	if (place)
		end_pass_by(BY_LOAD, me, skb, address(me, skb), at, 0, ARPWHY_CONSUMED, place);
	else
		free_frame(me, skb);
	return 0;
}

/* before 6.12 it does not say where: the return address of consume_skb does */
SEC("tp_btf/consume_skb")
int BPF_PROG(consume_skb_by_stack, struct sk_buff *skb)
{
	struct cpu *me;
	__u32 place;
	__u64 at;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (!me)
		return 0;
	at = caller_of(me, ctx, consume_skb_start, consume_skb_end);
	place = place_of_end(at);
	if (place)
		end_pass(address(me, skb), at, 0, ARPWHY_CONSUMED, place);
	else
		free_frame(me, skb);
	return 0;
}

static __always_inline int see_drop(enum reading how, struct sk_buff *skb, void *location, __u32 reason)
{
	struct cpu *me;
	__u64 at, frame;
	__u8 place;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (!me)
		return 0;
	at = address(me, location);
	frame = address(me, skb);
	place = place_of_drop(how, me, skb, frame, at, reason);
	if (place)
		end_pass(frame, at, reason, ARPWHY_DROPPED, place);
	else if (me->busy)
		see_reply(how, me, skb, at, reason, true);
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb, struct sk_buff *skb, void *location, enum skb_drop_reason reason)
{
	return see_drop(BY_LOAD, skb, location, reason);
}

/* before 6.2 */
SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb_by_type, struct sk_buff *skb, void *location, enum skb_drop_reason reason)
{
	return see_drop(BY_TYPE, skb, location, reason);
}

/* before 5.17 it does not say why: only the place tells */
SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb_by_place, struct sk_buff *skb, void *location)
{
	struct cpu *me;
	__u64 at, frame;
	__u8 place;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (!me)
		return 0;
	at = address(me, location);
	frame = address(me, skb);
	place = place_of_drop(BY_TYPE, me, skb, frame, at, 0);
	if (!place && find_frame(me, frame) < FRAMES)
		place = place_without_reason(me, skb, at);
	if (place)
		end_pass(frame, at, 0, ARPWHY_DROPPED, place);
	else if (me->busy)
		see_reply(BY_TYPE, me, skb, at, 0, true);
	return 0;
}

/* raw: before 6.2 the verifier gives no program a pointer to void, as the key is */
SEC("raw_tp/neigh_create")
int BPF_PROG(neigh_create, struct neigh_table *table, struct net_device *dev, const void *key,
	     const struct neighbour *neigh)
{
	struct cpu *me;

	if (BPF_CORE_READ(table, family) != AF_INET)
		return 0;
	me = this_cpu();
	if (me && me->busy)
		see_creation(me, neigh, key, dev);
	return 0;
}

/* before the kernel decides whether to override: the state that was */
SEC("tp_btf/neigh_update")
int BPF_PROG(neigh_update, struct neighbour *neigh)
{
	struct cpu *me;

	if (neigh->tbl->family != AF_INET)
		return 0;
	me = this_cpu();
	if (me && me->busy)
		see_update(me, neigh);
	return 0;
}

SEC("tp_btf/neigh_update_done")
int BPF_PROG(neigh_update_done, struct neighbour *neigh, int err)
{
	struct cpu *me;

	if (neigh->tbl->family != AF_INET)
		return 0;
	me = this_cpu();
	if (me && me->busy)
		finish_change(me, neigh, err);
	return 0;
}

/* pneigh_enqueue always sets the proxy timer: the request is the last one on the queue then */
SEC("tp_btf/timer_start")
int BPF_PROG(timer_start, struct timer_list *timer)
{
	struct cpu *me;

	if ((__u64)timer->function != proxy_process)
		return 0;
	me = this_cpu();
	if (me && !me->in_timer)
		defer_pass(me, timer);
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(timer_expire_entry, struct timer_list *timer)
{
	struct cpu *me;

	if ((__u64)timer->function != proxy_process)
		return 0;
	me = this_cpu();
	if (me)
		begin_redo(me, timer);
	return 0;
}

SEC("tp_btf/timer_expire_exit")
int BPF_PROG(timer_expire_exit, struct timer_list *timer)
{
	struct cpu *me;

	if ((__u64)timer->function != proxy_process)
		return 0;
	me = this_cpu();
	if (me)
		me->in_timer = 0;
	return 0;
}
