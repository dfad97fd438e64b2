/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* What the hooks of neighbour.bpf.c keep, and the records that are made of it. */
#ifndef ARPWHY_NEIGHBOUR_OBSERVE_H
#define ARPWHY_NEIGHBOUR_OBSERVE_H

#include "arp.h"
#include "neighbour-state.h"
#include "numbers.h"

#define ETH_P_IP	0x0800
#define NUD_VALID	0xde	/* PERMANENT | NOARP | REACHABLE | PROBE | STALE | DELAY */
#define NUD_INCOMPLETE	0x01
#define UPDATE_F_ADMIN	0x80000080u	/* bit 31 before 5.17, bit 7 since; ARP itself sets neither */
#define PF_KTHREAD	0x00200000
#define CNF_ARP_ANNOUNCE	17
#define ENTRY(at, field)	BPF_CORE_READ((struct neighbour___n *)(at), field)

static __always_inline bool learns(const struct arp_header *arp)
{
	return arp->op == bpf_htons(ARPOP_REPLY) ||
	       (arp->op == bpf_htons(ARPOP_REQUEST) && ip4(arp->sip) == ip4(arp->tip));
}

static __always_inline void see_arrival(struct cpu *me, struct sk_buff *skb)
{
	struct arrival arrival = {};
	struct arp_header arp;
	__u64 at;

	me->counters.frames++;
	/* its network header is not set yet: it begins at skb->data */
	if (bpf_probe_read_kernel(&arp, sizeof(arp), skb->data) || !learns(&arp))
		return;
	at = address(me, skb);
	arrival.ns = bpf_ktime_get_ns();
	arrival.cpu = bpf_get_smp_processor_id();
	arrival.event = next_event(me);
	bpf_map_update_elem(&arrivals, &at, &arrival, BPF_ANY);
}

/* The fields that every record has, where the device is in scope; NULL else, and while hooks come and go. */
static __always_inline struct arpwhy_event *begin_event(struct cpu *me, struct arpwhy_event *e, struct net_device *dev,
							 __u32 kind)
{
	struct in_device *in_dev;
	struct net *net;
	__u32 zero = 0;
	__u8 *attached = bpf_map_lookup_elem(&whole, &zero);

	if (!attached || !*attached || !dev)
		return NULL;
	__builtin_memset(e, 0, offsetof(struct arpwhy_event, lookup));
	net = BPF_CORE_READ(dev, nd_net.net);
	e->netns = BPF_CORE_READ(net, ns.inum);
	bpf_probe_read_kernel_str(e->device, sizeof(e->device), AT(dev, struct net_device, name));
	if (only_netns && !bpf_map_lookup_elem(&filter_netns, &e->netns))
		return NULL;
	if (only_devices && !bpf_map_lookup_elem(&filter_devices, e->device))
		return NULL;
	e->bytes = offsetof(struct arpwhy_event, lookup);
	e->version = ARPWHY_NEIGHBOUR_VERSION;
	e->cpu = bpf_get_smp_processor_id();
	e->kind = kind;
	e->id = (__sync_fetch_and_add(&me->ids, 1) + 1) * cpus + e->cpu;
	e->end_ns = bpf_ktime_get_ns();
	e->net = (__u64)net;
	e->cookie = BPF_CORE_READ((struct net___cookie *)net, net_cookie);
	e->ifindex = BPF_CORE_READ(dev, ifindex);
	e->device_flags = BPF_CORE_READ(dev, flags);
	e->device_type = BPF_CORE_READ(dev, type);
	e->address_len = BPF_CORE_READ(dev, addr_len);
	e->hz = CONFIG_HZ;
	e->stamps.fib = BPF_CORE_READ(net, ipv4.fib_seq);
	e->stamps.rules = BPF_CORE_READ(net, ipv4.rules_ops, fib_rules_seq);
	e->stamps.genid = BPF_CORE_READ(net, ipv4.rt_genid.counter);
	e->stamps.nexthop = BPF_CORE_READ(net, nexthop.seq);
	if (BPF_CORE_READ(net, ipv4.fib_has_custom_rules))
		e->flags |= ARPWHY_ENTRY_CUSTOM_RULES;
	in_dev = BPF_CORE_READ(dev, ip_ptr);
	if (!in_dev)
		return e;
	e->flags |= ARPWHY_ENTRY_HAS_IN_DEVICE;
#define SETTING(slot, index) \
	e->all[slot] = BPF_CORE_READ(net, ipv4.devconf_all, data[index]); \
	e->dev[slot] = BPF_CORE_READ(in_dev, cnf.data[index]);
	SETTING(ARPWHY_N_ARP_ACCEPT, CNF_ARP_ACCEPT)
	SETTING(ARPWHY_N_DROP_GRATUITOUS, CNF_DROP_GRATUITOUS_ARP)
	SETTING(ARPWHY_N_ROUTE_LOCALNET, CNF_ROUTE_LOCALNET)
	SETTING(ARPWHY_N_ARP_ANNOUNCE, CNF_ARP_ANNOUNCE)
	SETTING(ARPWHY_N_FORWARDING, CNF_FORWARDING)
#undef SETTING
	return e;
}

static __always_inline void send_event(struct cpu *me, struct arpwhy_event *e, __u32 bytes)
{
	e->bytes = bytes;
	me->counters.seen++;
	if (!bpf_ringbuf_output(&records, e, bytes, 0))
		return;
	me->counters.lost++;
	if (!me->counters.lost_first_ns)
		me->counters.lost_first_ns = e->end_ns;
	me->counters.lost_last_ns = e->end_ns;
}

static __always_inline void describe_task(struct arpwhy_event *e, void *ctx)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct task_struct___n *task = (void *)bpf_get_current_task();

	e->pid = ids;
	e->tgid = ids >> 32;
	bpf_get_current_comm(e->command, sizeof(e->command));
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		e->flags |= ARPWHY_ENTRY_KERNEL_THREAD;
	bpf_get_stack(ctx, e->stack, sizeof(e->stack), 0);
}

static __always_inline void describe_entry(struct arpwhy_event *e, __u64 neigh)
{
	__u32 *waited = bpf_map_lookup_elem(&waiting, &neigh);

	e->neigh = neigh;
	bpf_probe_read_kernel(&e->ip, sizeof(e->ip), AT(neigh, struct neighbour, primary_key));
	bpf_probe_read_kernel(e->mac, sizeof(e->mac), AT(neigh, struct neighbour, ha));
	e->state = ENTRY(neigh, nud_state);
	e->probes = ENTRY(neigh, probes.counter);
	e->queued = ENTRY(neigh, arp_queue.qlen);
	e->waited = waited ? *waited : 0;
	if (ENTRY(neigh, dead))
		e->flags |= ARPWHY_ENTRY_DEAD;
}

/* What the end of arp_process, or neigh_event_ns, did to the sender's entry since a point. */
static __always_inline void take_entry(struct cpu *me, struct arpwhy_event *e, __u32 from)
{
	struct updating *u = &me->updating;
	struct making *m = &me->making;
	__u32 first = 0;

	if (m->ip == e->ip && m->ifindex == e->ifindex && after(m->event, from)) {
		e->flags |= m->neigh ? ARPWHY_ENTRY_CREATED : ARPWHY_ENTRY_NO_ROOM;
		e->neigh = m->neigh;
		first = m->event;
	}
	if (u->neigh && u->ip == e->ip && u->ifindex == e->ifindex && after(u->event, from)) {
		e->flags |= ARPWHY_ENTRY_UPDATED;
		e->neigh = u->neigh;
		e->old_state = u->old_state;
		e->wanted = u->wanted;
		e->update_flags = u->flags;
		e->age = u->age;
		e->locktime = u->locktime;
		e->queued = u->queued;
		e->waited = u->waited;
		__builtin_memcpy(e->old_mac, u->old_mac, sizeof(e->old_mac));
		if (u->dead)
			e->flags |= ARPWHY_ENTRY_DEAD;
		if (u->done) {
			e->flags |= ARPWHY_ENTRY_DONE;
			e->err = u->err;
			e->state = u->state;
			__builtin_memcpy(e->mac, u->mac, sizeof(e->mac));
		}
		if (!first)
			first = u->event;
	}
	for (__u32 i = 0; i < BARE; i++) {
		struct bare *b = &me->bare[(me->next_bare - 1 - i) & (BARE - 1)];

		if (b->ip != e->ip || !after(b->event, from))
			continue;
		e->sender_type = b->type;
		e->flags |= ARPWHY_ENTRY_SENDER_TYPED;
		if (!first || after(first, b->event))
			e->flags |= ARPWHY_ENTRY_TYPED_FIRST;
	}
}

/* ARP let a frame go. Of replies and gratuitous requests it is told what the host learned. Global: verified once. */
__noinline int end_frame(__u64 at, __u64 location, __u32 reason, __u32 closed, __u32 place)
{
	struct sk_buff *skb = (void *)at;
	struct cpu *me = this_cpu();
	struct question_key key = {};
	struct question *question;
	struct arrival *arrival;
	struct arp_header arp;
	struct arpwhy_event *e;
	struct neighbour_cb *cb;
	unsigned char *head;
	__u64 dst, start = 0;
	__u32 from;
	__u16 mac;

	if (!me)
		return 0;
	from = me->closed_event;
	head = BPF_CORE_READ(skb, head);
	if ((int)(BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len)) < (int)sizeof(arp) ||
	    bpf_probe_read_kernel(&arp, sizeof(arp), head + BPF_CORE_READ(skb, network_header)) || !learns(&arp))
		goto out;
	arrival = bpf_map_lookup_elem(&arrivals, &at);
	if (arrival) {
		start = arrival->ns;
		if (arrival->cpu == bpf_get_smp_processor_id() && after(arrival->event, from))
			from = arrival->event;
		bpf_map_delete_elem(&arrivals, &at);
	}
	e = begin_event(me, &me->out, BPF_CORE_READ(skb, dev), ARPWHY_LEARNED);
	if (!e)
		goto out;
	e->start_ns = start;
	if (start)
		e->flags |= ARPWHY_ENTRY_KNOWN_START;
	e->arp_bytes = sizeof(arp);
	e->ip = ip4(arp.sip);
	__builtin_memcpy(e->arp, &arp, sizeof(arp));
	mac = BPF_CORE_READ(skb, mac_header);
	if (mac != 0xffff)
		bpf_probe_read_kernel(e->destination, 12, head + mac);
	e->packet_type = BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
	e->closed = closed;
	e->place = place;
	e->location = location;
	e->drop_reason = reason;
	cb = AT(skb, struct sk_buff, cb);
	if (BPF_CORE_READ(cb, flags) & LOCALLY_ENQUEUED && place == ARPWHY_IN_ARP_PROCESS && closed != ARPWHY_DEFERRED)
		e->flags |= ARPWHY_ENTRY_SECOND_PASS;
	dst = BPF_CORE_READ(skb, _skb_refdst) & SKB_DST_PTRMASK;
	if (dst) {
		e->flags |= ARPWHY_ENTRY_HAS_DST;
		e->route_type = BPF_CORE_READ((struct rtable *)dst, rt_type);
	}
	take_entry(me, e, from);
	key.cookie = e->cookie;
	key.ifindex = e->ifindex;
	key.ip = e->ip;
	question = bpf_map_lookup_elem(&questions, &key);
	if (question) {
		e->asked_ns = question->ns;
		e->asked_id = question->id;
		if (question->by_socket)
			e->flags |= ARPWHY_ENTRY_ASKED_BY_SOCKET;
	}
	send_event(me, e, offsetof(struct arpwhy_event, stack));
out:
	me->closed_event = me->event;
	return 0;
}

/* A frame that came in was dropped before ARP had it. */
static __always_inline void drop_frame(struct cpu *me, struct sk_buff *skb, __u64 location, __u32 reason)
{
	__u64 at = address(me, skb);
	__u32 place = 0;

	if (!bpf_map_lookup_elem(&arrivals, &at))
		return;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP) &&
	    reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NETFILTER_DROP)) {
		struct net_device *dev = skb->dev;

		/* a bridge carries it past this host: it is on its way out of a port that it did not come in by */
		if (dev->ifindex == skb->skb_iif || BPF_CORE_READ(dev, priv_flags) & IFF_EBRIDGE)
			place = ARPWHY_IN_NETFILTER;
	} else if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS) &&
		   reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS)) {
		place = ARPWHY_IN_TC;
	} else if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_XDP) &&
		   reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_XDP)) {
		place = ARPWHY_IN_XDP;
	}
	if (place)
		end_frame(at, location, reason, ARPWHY_DROPPED, place);
	else
		bpf_map_delete_elem(&arrivals, &at);
}

static __always_inline void see_deferral(struct cpu *me, struct timer_list *timer)
{
	struct neigh_table *table = (void *)(address(me, timer) - bpf_core_field_offset(struct neigh_table, proxy_timer));
	__u64 skb;

	if (BPF_CORE_READ(table, family) != AF_INET)
		return;
	skb = (__u64)BPF_CORE_READ(table, proxy_queue.prev);
	if (bpf_map_lookup_elem(&arrivals, &skb))
		end_frame(skb, 0, 0, ARPWHY_DEFERRED, ARPWHY_IN_ARP_PROCESS);
}

/* The type that an address has by this lookup: fib_table_lookup found its route, or none, which makes it RTN_UNICAST. */
static __always_inline __u8 type_of(struct cpu *me, const struct fib_nh_common *nhc, int err)
{
	__u64 at = address(me, nhc), info = 0;

	if (err || !at)
		return 1;
	bpf_probe_read_kernel(&info, sizeof(info), AT(at, struct fib_nh, nh_parent));
	return info ? BPF_CORE_READ((struct fib_info *)info, fib_type) : 0;
}

static __always_inline __u8 flow_dscp(const struct flowi4 *flow)
{
	const struct flowi_common___tos *tos = (void *)&flow->__fl_common;
	const struct flowi_common___dscp *dscp = (void *)&flow->__fl_common;

	if (bpf_core_field_exists(dscp->flowic_dscp))
		return dscp->flowic_dscp;
	if (bpf_core_field_exists(tos->flowic_tos))
		return tos->flowic_tos;
	return 0;
}

static __always_inline void see_any_lookup(struct cpu *me, __u32 table, const struct flowi4 *flow,
					   const struct fib_nh_common *nhc, int err)
{
	struct sent_lookup *l;
	__u64 info = 0, at, first;
	int nexthops;

	if (!flow->saddr && !flow->__fl_common.flowic_iif && !flow->__fl_common.flowic_oif) {
		struct bare *b = &me->bare[__sync_fetch_and_add(&me->next_bare, 1) & (BARE - 1)];

		b->ip = flow->daddr;
		b->type = type_of(me, nhc, err);
		b->event = next_event(me);
		return;
	}
	l = &me->lookups[__sync_fetch_and_add(&me->next_lookup, 1) & (SENT_LOOKUPS - 1)];
	__builtin_memset(&l->what, 0, sizeof(l->what));
	__builtin_memset(&l->flow, 0, sizeof(l->flow));
	l->ns = bpf_ktime_get_ns();
	l->pid = bpf_get_current_pid_tgid();
	l->saddr = flow->saddr;
	l->daddr = flow->daddr;
	l->what.table = table;
	l->what.error = -err;
	l->what.iif = flow->__fl_common.flowic_iif;
	l->flow.oif = flow->__fl_common.flowic_oif;
	l->flow.l3mdev = flow->__fl_common.flowic_l3mdev;
	l->flow.mark = flow->__fl_common.flowic_mark;
	l->flow.sport = flow->uli.ports.sport;
	l->flow.dport = flow->uli.ports.dport;
	l->flow.dscp = flow_dscp(flow);
	l->flow.scope = flow->__fl_common.flowic_scope;
	l->flow.proto = flow->__fl_common.flowic_proto;
	if (!nhc)
		return;
	l->what.device = nhc->nhc_oif;
	l->what.gateway_family = nhc->nhc_gw_family;
	if (l->what.gateway_family == AF_INET)
		l->what.gateway = nhc->nhc_gw.ipv4;
	/* the route of a nexthop that lies in the route's own array; of a nexthop object it cannot be told */
	at = address(me, nhc);
	bpf_probe_read_kernel(&info, sizeof(info), AT(at, struct fib_nh, nh_parent));
	if (!info)
		return;
	nexthops = BPF_CORE_READ((struct fib_info *)info, fib_nhs);
	first = (__u64)AT(info, struct fib_info, fib_nh);
	if (nexthops <= 0 || nexthops > 4096 || at < first || at >= first + nexthops * bpf_core_type_size(struct fib_nh))
		return;
	l->what.flags |= ARPWHY_HAS_INFO;
	l->what.nexthops = nexthops > 255 ? 255 : nexthops;
	l->what.type = BPF_CORE_READ((struct fib_info *)info, fib_type);
	l->what.protocol = BPF_CORE_READ((struct fib_info *)info, fib_protocol);
	l->what.metric = BPF_CORE_READ((struct fib_info *)info, fib_priority);
}

/*
 * It left an upper device just before: the same frame, on its way through the devices below. Who it was that asked, and
 * what a softirq interrupted, end the search: a packet in a tunnel was queued before its outer one was asked for.
 */
static __always_inline bool is_below(const struct arpwhy_event *e)
{
	__u32 queues = 0, going = 1;

	for (__u32 i = 0; i < ARPWHY_STACK; i++) {
		__u64 at = e->stack[i] - 1;	/* a return address lies behind its call */

		going &= 1 ^ (within(at, softirq_start, softirq_end) | within(at, napi_poll_start, napi_poll_end) |
			      within(at, event_send_start, event_send_end) | within(at, neigh_probe_start, neigh_probe_end) |
			      within(at, timer_handler_start, timer_handler_end));
		queues += going & within(at, queue_xmit_start, queue_xmit_end);
	}
	return queues > 1;
}

/* A who-has reaches a queue. One that came in by a device is not ours: it is bridged on. */
static __always_inline void see_question(struct cpu *me, void *ctx, struct sk_buff *skb)
{
	struct question_key key = {};
	struct question question = {};
	struct arp_header arp;
	struct arpwhy_event *e;
	unsigned char *head;
	__u64 at;

	if (skb->skb_iif) {
		at = address(me, skb);
		bpf_map_delete_elem(&arrivals, &at);
		return;
	}
	head = skb->head;
	if (bpf_probe_read_kernel(&arp, sizeof(arp), head + skb->network_header) || arp.op != bpf_htons(ARPOP_REQUEST))
		return;
	at = address(me, skb->dev);
	e = begin_event(me, &me->out, (void *)at, ARPWHY_ASKED);
	if (!e)
		return;
	e->ip = ip4(arp.tip);
	e->arp_bytes = sizeof(arp);
	__builtin_memcpy(e->arp, &arp, sizeof(arp));
	if (skb->mac_header != 0xffff)
		bpf_probe_read_kernel(e->destination, 12, head + skb->mac_header);
	at = address(me, skb);
	if (BPF_CORE_READ((struct sk_buff___n *)at, sk))
		e->flags |= ARPWHY_ENTRY_BY_SOCKET;
	describe_task(e, ctx);
	if (is_below(e))
		return;
	if (!(e->flags & ARPWHY_ENTRY_BY_SOCKET)) {
		me->question = e->id;
		me->question_ns = e->end_ns;
		me->question_ip = e->ip;
		me->question_ifindex = e->ifindex;
	}
	key.cookie = e->cookie;
	key.ifindex = e->ifindex;
	key.ip = e->ip;
	question.ns = e->end_ns;
	question.id = e->id;
	question.by_socket = (e->flags & ARPWHY_ENTRY_BY_SOCKET) != 0;
	bpf_map_update_elem(&questions, &key, &question, BPF_ANY);
	send_event(me, e, offsetof(struct arpwhy_event, lookup));
}

/* Lookups of a packet's flow that this CPU made just now, for the same task. Without branches: see window.h. */
__noinline int take_sent_lookups(__be32 saddr, __be32 daddr, __u32 iif)
{
	struct cpu *me = this_cpu();
	__u64 now = bpf_ktime_get_ns(), pid = bpf_get_current_pid_tgid();
	__u32 taken = 0;

	if (!me)
		return 0;
	for (__u32 i = 0; i < SENT_LOOKUPS; i++) {
		struct sent_lookup *l = &me->lookups[(me->next_lookup + i) & (SENT_LOOKUPS - 1)];
		__u32 fits = equal(l->daddr, daddr) & (equal(l->saddr, saddr) | equal(l->saddr, 0)) &
			     equal(l->what.iif, iif) & equal(l->pid, pid) &
			     ((opaque(now - l->ns - SAME_SEND_NS) >> 63) & 1);

		/* the send began with the first of them */
		me->out.start_ns |= -(__u64)(fits & equal(taken, 0)) & l->ns;
		me->out.lookup[taken & (ARPWHY_SEND_LOOKUPS - 1)] = l->what;
		me->out.flow[taken & (ARPWHY_SEND_LOOKUPS - 1)] = l->flow;
		me->out.lookup[taken & (ARPWHY_SEND_LOOKUPS - 1)].role = equal(l->saddr, 0) ? ARPWHY_BARE_TARGET : ARPWHY_FOR_TARGET;
		taken += fits;
	}
	return taken;
}

/* The address that a packet's entry is of. */
static __always_inline __be32 next_hop(__u64 dst, __be32 target)
{
	struct rtable *route = (void *)dst;

	return dst && BPF_CORE_READ(route, rt_gw_family) == AF_INET ? BPF_CORE_READ(route, rt_gw4) : target;
}

/* neigh_probe lets go of its copy of the packet for which it asked: the who-has went out just before. */
static __always_inline void see_packet(struct cpu *me, struct sk_buff *skb)
{
	struct iphdr_n ip;
	struct arpwhy_event *e;
	__u32 taken;
	__u64 at, dst;

	if (!me->question || bpf_ktime_get_ns() - me->question_ns > SAME_SEND_NS)
		return;
	if (bpf_probe_read_kernel(&ip, sizeof(ip), skb->head + skb->network_header))
		return;
	/* a filter, or a program that resolves by itself, may have kept its who-has back: the last one is another's then */
	dst = skb->_skb_refdst & SKB_DST_PTRMASK;
	if (next_hop(dst, ip.daddr) != me->question_ip || (__u32)skb->dev->ifindex != me->question_ifindex)
		return;
	at = address(me, skb->dev);
	e = begin_event(me, &me->out, (void *)at, ARPWHY_FOR_PACKET);
	if (!e)
		return;
	e->asked_id = me->question;
	me->question = 0;
	e->packet_source = ip.saddr;
	e->packet_target = ip.daddr;
	e->packet_proto = ip.protocol;
	e->packet_iif = skb->skb_iif;
	at = address(me, skb);
	e->packet_mark = BPF_CORE_READ((struct sk_buff___n *)at, mark);
	/* what this host sends is looked up as from lo */
	taken = take_sent_lookups(ip.saddr, ip.daddr, e->packet_iif ? e->packet_iif : 1);
	if (taken > ARPWHY_SEND_LOOKUPS) {
		e->cut = taken;
		taken = 0;
	}
	e->lookups = taken;
	send_event(me, e, sizeof(*e));
}

static __always_inline void see_new_entry(struct cpu *me, __u64 neigh, const void *key, struct net_device *dev)
{
	struct making *m = &me->making;

	m->neigh = neigh;
	bpf_probe_read_kernel(&m->ip, sizeof(m->ip), key);
	m->ifindex = BPF_CORE_READ(dev, ifindex);
	m->event = next_event(me);
}

static __always_inline void see_entry_update(struct cpu *me, __u64 neigh, __u8 wanted, __u32 flags, __u32 pid)
{
	__u32 words = bpf_core_field_size(struct neigh_parms___n, data) / sizeof(int);
	__u32 *waited = bpf_map_lookup_elem(&waiting, &neigh);
	struct updating *u = flags & UPDATE_F_ADMIN ? &me->admin : &me->updating;
	struct neigh_parms___n *parms = ENTRY(neigh, parms);
	int *data = AT(parms, struct neigh_parms___n, data);

	u->neigh = neigh;
	u->event = next_event(me);
	bpf_probe_read_kernel(&u->ip, sizeof(u->ip), AT(neigh, struct neighbour, primary_key));
	u->ifindex = BPF_CORE_READ((struct neighbour___n *)neigh, dev, ifindex);
	u->flags = flags;
	u->pid = pid;
	u->wanted = wanted;
	u->old_state = ENTRY(neigh, nud_state);
	bpf_probe_read_kernel(u->old_mac, sizeof(u->old_mac), AT(neigh, struct neighbour, ha));
	u->age = bpf_jiffies64() - ENTRY(neigh, updated);
	/* the enum of these slots has no name; LOCKTIME is the last */
	u->locktime = 0;
	bpf_probe_read_kernel(&u->locktime, sizeof(u->locktime), data + words - 1);
	u->queued = ENTRY(neigh, arp_queue.qlen);
	u->waited = waited ? *waited : 0;
	u->dead = ENTRY(neigh, dead);
	u->done = 0;
	if (flags & UPDATE_F_ADMIN) {
		__u64 task = bpf_get_current_pid_tgid();

		bpf_map_update_elem(&by_task, &task, u, BPF_ANY);
	}
}

/* task_out is free. Where it is not, a softirq came in between: what it has to tell is counted as lost. */
static __always_inline bool take_task_out(struct cpu *me)
{
	if (!me->task_busy) {
		me->task_busy = 1;
		return true;
	}
	me->counters.seen++;
	me->counters.lost++;
	return false;
}

static __always_inline void see_entry_updated(struct cpu *me, void *ctx, __u64 neigh, int err)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct updating *u = &me->updating;
	struct arpwhy_event *e;

	/* resolved or given up: no packet waits any more */
	if (ENTRY(neigh, nud_state) != NUD_INCOMPLETE)
		bpf_map_delete_elem(&waiting, &neigh);
	if (u->neigh == neigh && !u->done) {
		u->done = 1;
		u->err = err;
		u->state = ENTRY(neigh, nud_state);
		bpf_probe_read_kernel(u->mac, sizeof(u->mac), AT(neigh, struct neighbour, ha));
		return;
	}
	u = bpf_map_lookup_elem(&by_task, &task);
	if (!u || u->neigh != neigh || !take_task_out(me))
		return;
	e = begin_event(me, &me->task_out, BPF_CORE_READ((struct neighbour___n *)neigh, dev), ARPWHY_ADMIN);
	if (e) {
		describe_entry(e, neigh);
		describe_task(e, ctx);
		e->err = err;
		e->flags |= ARPWHY_ENTRY_UPDATED | ARPWHY_ENTRY_DONE;
		e->old_state = u->old_state;
		e->wanted = u->wanted;
		e->update_flags = u->flags;
		e->netlink_pid = u->pid;
		e->age = u->age;
		__builtin_memcpy(e->old_mac, u->old_mac, sizeof(e->old_mac));
		send_event(me, e, offsetof(struct arpwhy_event, lookup));
	}
	me->task_busy = 0;
	bpf_map_delete_elem(&by_task, &task);
}

static __always_inline void count_waiting(__u64 neigh)
{
	__u32 *waited, one = 1;

	/* none waits where the kernel asks without a packet */
	if (ENTRY(neigh, nud_state) & NUD_VALID || !ENTRY(neigh, arp_queue.qlen))
		return;
	waited = bpf_map_lookup_elem(&waiting, &neigh);
	if (waited)
		__sync_fetch_and_add(waited, 1);
	else
		bpf_map_update_elem(&waiting, &neigh, &one, BPF_ANY);
}

/* The timer of an entry ran: the state that it left. */
static __always_inline void see_timer(struct cpu *me, __u64 neigh)
{
	struct arpwhy_event *e = begin_event(me, &me->out, BPF_CORE_READ((struct neighbour___n *)neigh, dev), ARPWHY_TIMER);

	if (!e)
		return;
	describe_entry(e, neigh);
	if (!(e->state & NUD_VALID) && !e->queued)
		bpf_map_delete_elem(&waiting, &neigh);
	send_event(me, e, offsetof(struct arpwhy_event, stack));
}

static __always_inline void see_removal(struct cpu *me, void *ctx, __u64 neigh)
{
	struct arpwhy_event *e;

	bpf_map_delete_elem(&waiting, &neigh);
	if (!take_task_out(me))
		return;
	e = begin_event(me, &me->task_out, BPF_CORE_READ((struct neighbour___n *)neigh, dev), ARPWHY_REMOVED);
	if (e) {
		describe_entry(e, neigh);
		describe_task(e, ctx);
		send_event(me, e, offsetof(struct arpwhy_event, lookup));
	}
	me->task_busy = 0;
}

#endif
