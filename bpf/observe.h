/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* What the hooks leave in the state of their CPU between the two ends of a pass. */
#ifndef ARPWHY_OBSERVE_H
#define ARPWHY_OBSERVE_H

#include "decision.h"

#define QUEUE_WALK	64	/* as many as the default proxy_qlen; later ones have no start */

static __always_inline __u8 flow_dscp(const struct flowi4 *flow)
{
	const struct flowi_common___tos *tos = (void *)&flow->__fl_common;
	const struct flowi_common___dscp *dscp = (void *)&flow->__fl_common;
	__u8 value = 0;

	if (bpf_core_field_exists(dscp->flowic_dscp))
		bpf_probe_read_kernel(&value, 1, &dscp->flowic_dscp);
	else if (bpf_core_field_exists(tos->flowic_tos))
		bpf_probe_read_kernel(&value, 1, &tos->flowic_tos);
	return value;
}

/*
 * The nexthop that the lookup showed, and its route where it can be told: fib_nh.nh_parent is only there when
 * the nexthop lies in the route's own array, not when it is a nexthop object.
 */
static __always_inline void describe_nexthop(struct arpwhy_lookup *l, const struct fib_nh_common *nhc)
{
	struct fib_info *info = NULL;
	__u64 at, first;
	int nexthops;

	l->device = l->gateway = l->gateway_family = 0;
	l->type = l->protocol = l->nexthops = l->has_info = l->metric = 0;
	if (!nhc)
		return;
	l->device = nhc->nhc_oif;
	l->gateway_family = nhc->nhc_gw_family;
	if (l->gateway_family == AF_INET)
		l->gateway = nhc->nhc_gw.ipv4;
	at = address(nhc);
	bpf_probe_read_kernel(&info, sizeof(info), (void *)(at + bpf_core_field_offset(struct fib_nh, nh_parent)));
	if (!info)
		return;
	nexthops = BPF_CORE_READ(info, fib_nhs);
	first = (__u64)info + bpf_core_field_offset(struct fib_info, fib_nh);
	if (nexthops <= 0 || nexthops > 4096 || at < first ||
	    at >= first + nexthops * bpf_core_type_size(struct fib_nh))
		return;
	l->has_info = 1;
	l->nexthops = nexthops > 255 ? 255 : nexthops;
	l->type = BPF_CORE_READ(info, fib_type);
	l->protocol = BPF_CORE_READ(info, fib_protocol);
	l->metric = BPF_CORE_READ(info, fib_priority);
}

/*
 * A frame that came in leaves again without having been processed: bridged on, or freed elsewhere. Its skb may be
 * allocated anew for our own reply at once, so it must not be taken for the frame any longer.
 * Returns whether this is that frame.
 */
static __always_inline bool leaves_again(struct cpu *me, struct sk_buff *skb, const struct arp_header *arp)
{
	__u32 i = find_frame(me, address(skb));
	bool same;

	if (i >= FRAMES)
		return false;
	same = me->frames[i & (FRAMES - 1)].arp == arp_digest(arp);
	forget_frame(me, i);
	return same;
}

/* An ARP frame is freed somewhere else than in ARP. */
static __always_inline void free_frame(struct sk_buff *skb)
{
	struct cpu *me = this_cpu();

	if (me && me->open)
		forget_frame(me, find_frame(me, address(skb)));
}

/* An ARP reply is queued on a device, or dropped on its way out. */
static __always_inline void see_reply(struct cpu *me, struct sk_buff *skb, __u64 location, __u32 reason, bool dropped)
{
	struct arp_header arp;
	__u64 at = address(skb);
	struct reply *reply;
	__u32 bytes = read_arp(skb, &arp);

	if (leaves_again(me, skb, &arp))
		return;
	if (dropped) {
		__u32 found = REPLIES;

		/* the first device's entry is the oldest: devices below it queue the same skb after it */
		for (__u32 i = 0; i < REPLIES; i++) {
			__u32 slot = (me->next_reply - 1 - i) & (REPLIES - 1);

			found = pick(equal(me->replies[slot].skb, at) & not_before(me->replies[slot].ns, me->closed_ns),
				     slot, found);
		}
		if (found < REPLIES) {
			reply = &me->replies[found & (REPLIES - 1)];
			reply->dropped = 1;
			reply->location = location;
			reply->drop_reason = reason;
			return;
		}
	}
	if (bytes < sizeof(arp) || arp.op != bpf_htons(ARPOP_REPLY))
		return;
	reply = &me->replies[me->next_reply++ & (REPLIES - 1)];
	reply->skb = at;
	reply->ns = bpf_ktime_get_ns();
	reply->ifindex = BPF_CORE_READ(skb, dev, ifindex);
	reply->sip = ip4(arp.sip);
	reply->tip = ip4(arp.tip);
	__builtin_memcpy(reply->mac, arp.sha, sizeof(reply->mac));
	reply->queued = !dropped;
	reply->dropped = dropped;
	reply->location = location;
	reply->drop_reason = reason;
}

static __always_inline struct change *new_change(struct cpu *me, const struct neighbour *neigh, __u8 kind)
{
	struct change *c = &me->changes[me->next_change++ & (CHANGES - 1)];

	__builtin_memset(&c->what, 0, sizeof(c->what));
	c->neigh = address(neigh);
	c->ns = bpf_ktime_get_ns();
	c->what.change = kind;
	return c;
}

/* The entry is still empty: its key and device are only in the arguments. */
static __always_inline void see_creation(struct cpu *me, const struct neighbour *neigh, const void *key,
					 struct net_device *dev)
{
	struct change *c = new_change(me, neigh, ARPWHY_NEIGHBOUR_CREATED);

	bpf_probe_read_kernel(&c->what.ip, sizeof(c->what.ip), key);
	c->what.ifindex = dev->ifindex;
}

static __always_inline void see_update(struct cpu *me, const struct neighbour *neigh)
{
	struct change *c = new_change(me, neigh, ARPWHY_NEIGHBOUR_UPDATED);

	bpf_probe_read_kernel(&c->what.ip, sizeof(c->what.ip),
			      (void *)(c->neigh + bpf_core_field_offset(struct neighbour, primary_key)));
	c->what.ifindex = BPF_CORE_READ(neigh, dev, ifindex);
	c->what.old_state = BPF_CORE_READ(neigh, nud_state);
	bpf_probe_read_kernel(c->what.old_mac, sizeof(c->what.old_mac),
			      (void *)(c->neigh + bpf_core_field_offset(struct neighbour, ha)));
}

static __always_inline void finish_change(struct cpu *me, struct neighbour *neigh, int err)
{
	__u64 at = address(neigh);
	__u32 found = CHANGES;
	struct change *c;

	for (__u32 i = 0; i < CHANGES; i++) {
		__u32 slot = (me->next_change + i) & (CHANGES - 1);

		c = &me->changes[slot];
		found = pick(equal(c->neigh, at) & equal(c->what.change, ARPWHY_NEIGHBOUR_UPDATED), slot, found);
	}
	if (found >= CHANGES)
		return;
	c = &me->changes[found & (CHANGES - 1)];
	if (c->what.done)
		return;
	c->what.done = 1;
	c->what.err = err;
	c->what.state = neigh->nud_state;
	bpf_probe_read_kernel(c->what.mac, sizeof(c->what.mac),
			      (void *)(at + bpf_core_field_offset(struct neighbour, ha)));
}

/* A bridge carries the frame past this host: it is on its way out of a port that it did not come in by. */
static __always_inline bool carried_past(__u64 skb)
{
	struct net_device *dev = BPF_CORE_READ((struct sk_buff *)skb, dev);

	if (BPF_CORE_READ(dev, ifindex) == BPF_CORE_READ((struct sk_buff *)skb, skb_iif))
		return false;
	return !(BPF_CORE_READ_BITFIELD_PROBED(dev, priv_flags) & IFF_EBRIDGE);
}

/* Where a dropped frame was on its way in; 0 when that is none of our business. */
static __always_inline __u8 place_of_drop(struct cpu *me, __u64 at, __u64 location, __u32 drop_reason)
{
	if (between(location, arp_rcv_start, arp_rcv_end))
		return ARPWHY_IN_ARP_RCV;
	if (bpf_map_lookup_elem(&deferrals, &at) && !between(location, arp_process_start, arp_process_end))
		return ARPWHY_IN_PROXY_QUEUE;
	if (between(location, arp_process_start, arp_process_end))
		return ARPWHY_IN_ARP_PROCESS;
	if (find_frame(me, at) >= FRAMES)
		return 0;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP) &&
	    drop_reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP))
		return carried_past(at) ? 0 : ARPWHY_IN_NETFILTER;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS) &&
	    drop_reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS))
		return ARPWHY_IN_TC;
	if (between(location, xdp_generic_start, xdp_generic_end) ||
	    (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_XDP) &&
	     drop_reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_XDP)))
		return ARPWHY_IN_XDP;
	return 0;
}

/* The proxy timer lies in its table, and so does the queue. Returns 0 for the table of another family. */
static __always_inline struct neigh_table *arp_table_of(struct timer_list *timer)
{
	struct neigh_table *table = (void *)(address(timer) - bpf_core_field_offset(struct neigh_table, proxy_timer));

	return BPF_CORE_READ(table, family) == AF_INET ? table : NULL;
}

static __always_inline void defer_pass(struct timer_list *timer)
{
	struct neigh_table *table = arp_table_of(timer);

	if (table)
		end_pass((__u64)BPF_CORE_READ(table, proxy_queue.prev), 0, 0, ARPWHY_DEFERRED, ARPWHY_IN_ARP_PROCESS);
}

/* What the second pass of a queued request starts from. */
__noinline int begin_second_pass(__u64 skb, __u64 now)
{
	struct net_device *dev = BPF_CORE_READ((struct sk_buff *)skb, dev);
	struct net *net = BPF_CORE_READ(dev, nd_net.net);
	struct deferred *d = bpf_map_lookup_elem(&deferrals, &skb);

	if (!d)
		return 0;
	d->start_ns = now;
	d->settings = settings_digest(net, dev);
	read_stamps(net, &d->stamps);
	return 0;
}

/* The timer redoes what is due on the queue. What each request starts from is read now, before the first. */
static __always_inline void begin_redo(struct cpu *me, struct timer_list *timer)
{
	struct neigh_table *table = arp_table_of(timer);
	__u64 now = bpf_ktime_get_ns(), skb, end;

	if (!table)
		return;
	me->in_timer = 1;
	me->timer_ns = now;
	close_window(me, now);
	end = (__u64)table + bpf_core_field_offset(struct neigh_table, proxy_queue);
	skb = (__u64)BPF_CORE_READ(table, proxy_queue.next);
	for (int i = 0; i < QUEUE_WALK && skb != end; i++) {
		begin_second_pass(skb, now);
		skb = (__u64)BPF_CORE_READ((struct sk_buff *)skb, next);
	}
}

#endif
