/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* What the hooks leave in the state of their CPU between the two ends of a pass. */
#ifndef ARPWHY_OBSERVE_H
#define ARPWHY_OBSERVE_H

#include "decision.h"

#define QUEUE_WALK	64	/* as many as the default proxy_qlen; later ones have no start */

static __always_inline __u8 flow_dscp(enum reading how, const struct flowi4 *flow)
{
	const struct flowi_common___tos *tos = (void *)&flow->__fl_common;
	const struct flowi_common___dscp *dscp = (void *)&flow->__fl_common;

	if (bpf_core_field_exists(dscp->flowic_dscp))
		return READ(how, dscp, flowic_dscp);
	if (bpf_core_field_exists(tos->flowic_tos))
		return READ(how, tos, flowic_tos);
	return 0;
}

/* What a flow has beside addresses and the device it came in by: for ARP mostly nothing. */
static __always_inline void describe_flow(enum reading how, struct lookup *l, const struct flowi4 *flow)
{
	l->flow.oif = READ(how, flow, __fl_common.flowic_oif);
	l->flow.l3mdev = READ(how, flow, __fl_common.flowic_l3mdev);
	l->flow.mark = READ(how, flow, __fl_common.flowic_mark);
	l->flow.sport = READ(how, flow, uli.ports.sport);
	l->flow.dport = READ(how, flow, uli.ports.dport);
	l->flow.dscp = flow_dscp(how, flow);
	l->flow.scope = READ(how, flow, __fl_common.flowic_scope);
	l->flow.proto = READ(how, flow, __fl_common.flowic_proto);
	if (l->flow.oif | l->flow.l3mdev | l->flow.mark | l->flow.sport | l->flow.dport | l->flow.dscp |
	    l->flow.scope | l->flow.proto)
		l->what.flags |= ARPWHY_HAS_FLOW;
}

/*
 * The nexthop that the lookup showed, and its route where it can be told: fib_nh.nh_parent is only there when
 * the nexthop lies in the route's own array, not when it is a nexthop object.
 */
static __always_inline void describe_nexthop(enum reading how, struct cpu *me, struct lookup *l,
					     const struct fib_nh_common *nhc)
{
	__u64 at = address(me, nhc), info, first;
	int nexthops;

	l->what.device = nhc->nhc_oif;
	l->what.gateway_family = nhc->nhc_gw_family;
	if (l->what.gateway_family == AF_INET)
		l->what.gateway = nhc->nhc_gw.ipv4;
	if (how == BY_LOAD) {
		struct fib_info *of = CAST(at, struct fib_nh)->nh_parent;

		info = address(me, of);
		if (!info)
			return;
		nexthops = of->fib_nhs;
		l->what.type = of->fib_type;
		l->what.protocol = of->fib_protocol;
		l->what.metric = of->fib_priority;
	} else {
		__u32 first_field = bpf_core_field_offset(struct fib_info, fib_protocol) & ~7u;	/* loads want it aligned */
		__u8 fields[64];

		info = 0;
		bpf_probe_read_kernel(&info, sizeof(info), AT(at, struct fib_nh, nh_parent));
		if (!info || bpf_probe_read_kernel(fields, sizeof(fields), (void *)info + first_field))
			return;
		/* all in one copy: they lie close together, the protocol first */
#define INFO(field, type) (*(type *)(fields + (bpf_core_field_offset(struct fib_info, field) - first_field)))
		nexthops = INFO(fib_nhs, int);
		l->what.type = INFO(fib_type, __u8);
		l->what.protocol = INFO(fib_protocol, __u8);
		l->what.metric = INFO(fib_priority, __u32);
#undef INFO
	}
	first = (__u64)AT(info, struct fib_info, fib_nh);
	if (nexthops <= 0 || nexthops > 4096 || at < first ||
	    at >= first + nexthops * bpf_core_type_size(struct fib_nh)) {
		l->what.type = 0;
		l->what.protocol = 0;
		l->what.metric = 0;
		return;
	}
	l->what.flags |= ARPWHY_HAS_INFO;
	l->what.nexthops = nexthops > 255 ? 255 : nexthops;
}

static __always_inline void see_lookup(enum reading how, struct cpu *me, __u32 table, const struct flowi4 *flow,
				       const struct fib_nh_common *nhc, int err)
{
	struct lookup *l = &me->lookups[me->lookup++ & (LOOKUPS - 1)];

	__builtin_memset(&l->what, 0, sizeof(l->what));
	l->what.table = table;
	l->what.error = -err;
	l->what.iif = flow->__fl_common.flowic_iif;
	l->saddr = flow->saddr;
	l->daddr = flow->daddr;
	describe_flow(BY_TYPE, l, flow);
	if (nhc)
		describe_nexthop(how, me, l, nhc);
}

/*
 * A frame that came in leaves again without having been processed: bridged on. What the host makes itself never came
 * in by a device; if its skb is that of a frame, the frame was freed elsewhere. Neither is that frame any longer.
 * Returns whether it is one that came in.
 */
static __always_inline bool leaves_again(struct cpu *me, struct sk_buff *skb, __u64 at)
{
	if (me->open)
		forget_frame(me, find_frame(me, at));
	return skb->skb_iif != 0;
}

/* An ARP frame is freed somewhere else than in ARP. */
static __always_inline void free_frame(struct cpu *me, struct sk_buff *skb)
{
	if (me->open)
		forget_frame(me, find_frame(me, address(me, skb)));
}

/* The entry of a reply that was dropped after a device had queued it: devices below queue the same skb after it. */
static __always_inline struct reply *queued_reply(struct cpu *me, __u64 skb)
{
	__u32 found = REPLIES;

	for (__u32 i = 0; i < REPLIES; i++) {
		__u32 slot = (me->next_reply - 1 - i) & (REPLIES - 1);

		found = pick(equal(me->replies[slot].skb, skb) & after(me->replies[slot].event, me->closed_event),
			     slot, found);
	}
	return found < REPLIES ? &me->replies[SLOT(found, REPLIES)] : NULL;
}

/* An ARP reply is queued on a device, or dropped on its way out. */
static __always_inline void see_reply(enum reading how, struct cpu *me, struct sk_buff *skb, __u64 location,
				      __u32 reason, bool dropped)
{
	struct arp_header arp __attribute__((aligned(8)));
	__u64 at = address(me, skb);
	struct reply *reply;

	if (leaves_again(me, skb, at))
		return;
	if (dropped) {
		reply = queued_reply(me, at);
		if (reply) {
			reply->dropped = 1;
			reply->location = location;
			reply->drop_reason = reason;
			return;
		}
	}
	if (read_arp(how, skb, &arp) < sizeof(arp) || arp.op != bpf_htons(ARPOP_REPLY))
		return;
	reply = &me->replies[me->next_reply++ & (REPLIES - 1)];
	reply->skb = at;
	reply->ns = bpf_ktime_get_ns();
	reply->event = ++me->event;
	reply->ifindex = device_of(how, me, skb)->ifindex;
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
	c->neigh = address(me, neigh);
	c->event = ++me->event;
	c->what.change = kind;
	return c;
}

/* The entry is still empty: its key and device are only in the arguments. */
static __always_inline void see_creation(struct cpu *me, const struct neighbour *neigh, const void *key,
					 struct net_device *dev)
{
	struct change *c;

	if (!address(me, neigh))	/* there was no room for it */
		return;
	c = new_change(me, neigh, ARPWHY_NEIGHBOUR_CREATED);
	bpf_probe_read_kernel(&c->ip, sizeof(c->ip), key);
	c->ifindex = BPF_CORE_READ(dev, ifindex);
}

static __always_inline void copy_mac(__u8 *to, const struct neighbour *neigh)
{
	for (int i = 0; i < 6; i++)
		to[i] = neigh->ha[i];
}

static __always_inline void see_update(struct cpu *me, const struct neighbour *neigh)
{
	struct change *c = new_change(me, neigh, ARPWHY_NEIGHBOUR_UPDATED);

	bpf_probe_read_kernel(&c->ip, sizeof(c->ip), AT(c->neigh, struct neighbour, primary_key));
	c->ifindex = neigh->dev->ifindex;
	c->what.old_state = neigh->nud_state;
	copy_mac(c->what.old_mac, neigh);
}

/* An update ends as the last one that began. */
static __always_inline void finish_change(struct cpu *me, struct neighbour *neigh, int err)
{
	struct change *c = &me->changes[(me->next_change - 1) & (CHANGES - 1)];

	if (c->neigh != address(me, neigh) || c->what.change != ARPWHY_NEIGHBOUR_UPDATED || c->what.done)
		return;
	c->what.done = 1;
	c->what.err = err;
	c->what.state = neigh->nud_state;
	copy_mac(c->what.mac, neigh);
}

/* A bridge carries the frame past this host: it is on its way out of a port that it did not come in by. */
static __always_inline bool carried_past(enum reading how, struct cpu *me, struct sk_buff *skb)
{
	struct net_device *dev = device_of(how, me, skb);

	return dev->ifindex != skb->skb_iif && !(BPF_CORE_READ_BITFIELD_PROBED(dev, priv_flags) & IFF_EBRIDGE);
}

/* Where a dropped frame was on its way in; 0 when that is none of our business. */
static __always_inline __u8 place_of_drop(enum reading how, struct cpu *me, struct sk_buff *skb, __u64 at,
					  __u64 location, __u32 drop_reason)
{
	if (between(location, arp_rcv_start, arp_rcv_end))
		return ARPWHY_IN_ARP_RCV;
	if (between(location, arp_process_start, arp_process_end))
		return ARPWHY_IN_ARP_PROCESS;
	if (find_deferred(at))
		return ARPWHY_IN_PROXY_QUEUE;
	if (find_frame(me, at) >= FRAMES)
		return 0;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP) &&
	    drop_reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP))
		return carried_past(how, me, skb) ? 0 : ARPWHY_IN_NETFILTER;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS) &&
	    drop_reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS))
		return ARPWHY_IN_TC;
	if (between(location, xdp_generic_start, xdp_generic_end) ||
	    between(location, xdp_receive_start, xdp_receive_end) ||
	    (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_XDP) &&
	     drop_reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_XDP)))
		return ARPWHY_IN_XDP;
	return 0;
}

/*
 * The same on kernels whose drops have no reason. In the core of receiving only a frame that tc saw, and that no
 * bridge or bond took over, was dropped by tc: theirs are dropped there too.
 */
static __always_inline __u8 place_without_reason(struct cpu *me, struct sk_buff *skb, __u64 location)
{
	if (between(location, nf_hook_slow_start, nf_hook_slow_end))
		return carried_past(BY_TYPE, me, skb) ? 0 : ARPWHY_IN_NETFILTER;
	if (between(location, receive_core_start, receive_core_end) && !skb->dev->rx_handler &&
	    BPF_CORE_READ_BITFIELD_PROBED(skb, tc_at_ingress))
		return ARPWHY_IN_TC;
	return 0;
}

/* Where a frame that was processed to the end was let go; 0 when that is none of our business. */
static __always_inline __u32 place_of_end(__u64 location)
{
	if (between(location, arp_process_start, arp_process_end))
		return ARPWHY_IN_ARP_PROCESS;
	return between(location, arp_rcv_start, arp_rcv_end) ? ARPWHY_IN_ARP_RCV : 0;
}

/* Who called the function that a program runs in: the return address above those in [start, end). 0 when not found. */
static __always_inline __u64 caller_of(struct cpu *me, void *ctx, __u64 start, __u64 end)
{
	__u64 found = 0;
	long bytes;

	__builtin_memset(me->stack, 0, sizeof(me->stack));
	bytes = bpf_get_stack(ctx, me->stack, sizeof(me->stack), 0);
	if (bytes <= 0)
		return 0;
	for (int i = STACK - 2; i >= 0; i--) {
		if (between(me->stack[i], start, end))
			found = me->stack[i + 1];
	}
	return found;
}

/* The proxy timer lies in its table, and so does the queue. Returns 0 for the table of another family. */
static __always_inline struct neigh_table *arp_table_of(struct cpu *me, struct timer_list *timer)
{
	struct neigh_table *table = (void *)(address(me, timer) - bpf_core_field_offset(struct neigh_table, proxy_timer));

	return BPF_CORE_READ(table, family) == AF_INET ? table : NULL;
}

static __always_inline void defer_pass(struct cpu *me, struct timer_list *timer)
{
	struct neigh_table *table = arp_table_of(me, timer);

	if (table)
		end_pass((__u64)BPF_CORE_READ(table, proxy_queue.prev), 0, 0, ARPWHY_DEFERRED, ARPWHY_IN_ARP_PROCESS);
}

/* What the second pass of a queued request starts from. */
__noinline int begin_second_pass(__u64 skb, __u64 now)
{
	struct net_device *dev = BPF_CORE_READ((struct sk_buff *)skb, dev);
	struct net *net = BPF_CORE_READ(dev, nd_net.net);
	struct deferred *d = find_deferred(skb);
	struct cpu *me = this_cpu();

	if (!d || !me)
		return 0;
	d->start_ns = now;
	read_settings(BY_COPY, me, net, BPF_CORE_READ(dev, ip_ptr), &d->settings);
	read_stamps(BY_COPY, net, &d->stamps);
	return 0;
}

/* The timer redoes what is due on the queue. What each request starts from is read now, before the first. */
static __always_inline void begin_redo(struct cpu *me, struct timer_list *timer)
{
	struct neigh_table *table = arp_table_of(me, timer);
	__u64 now = bpf_ktime_get_ns(), skb, end;

	if (!table)
		return;
	me->in_timer = 1;
	me->timer_ns = now;
	me->closed_ns = now;
	close_window(me);
	end = (__u64)table + bpf_core_field_offset(struct neigh_table, proxy_queue);
	skb = (__u64)BPF_CORE_READ(table, proxy_queue.next);
	for (int i = 0; i < QUEUE_WALK && skb != end; i++) {
		begin_second_pass(skb, now);
		skb = (__u64)BPF_CORE_READ((struct sk_buff *)skb, next);
	}
}

#endif
