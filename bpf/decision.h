/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* A decision under construction: what a pass left behind goes into its record. */
#ifndef ARPWHY_DECISION_H
#define ARPWHY_DECISION_H

#include "send.h"
#include "window.h"

static __always_inline bool all_attached(void)
{
	__u32 zero = 0;
	__u8 *attached = bpf_map_lookup_elem(&whole, &zero);

	return attached && *attached;
}

static __always_inline struct deferred *find_deferred(__u64 skb)
{
	if (!deferred_requests)
		return NULL;
	return bpf_map_lookup_elem(&deferrals, &skb);
}

static __always_inline void forget_deferred(__u64 skb)
{
	if (!bpf_map_delete_elem(&deferrals, &skb))
		__sync_fetch_and_sub(&deferred_requests, 1);
}

static __always_inline void describe_route(enum reading how, struct cpu *me, struct arpwhy_body *b, struct sk_buff *skb)
{
	__u64 at = READ(how, skb, _skb_refdst) & SKB_DST_PTRMASK;
	struct rtable *rt = how == BY_LOAD ? CAST(at, struct rtable) : (struct rtable *)at;
	struct in_device *in_dev;
	struct net_device *out;

	if (!at)
		return;
	b->flags |= ARPWHY_HAS_DST;
	b->route_type = READ(how, rt, rt_type);
	b->route_error = READ(how, rt, dst.error);
	out = READ(how, rt, dst.dev);
	if (READ(how, rt, rt_gw_family) == AF_INET)
		b->route_gateway = READ(how, rt, rt_gw4);
	b->route_ifindex = READ(how, out, ifindex);
	/* arp_fwd_proxy asks for it unless the asking device's is 0 or -1 */
	if (!b->dev[ARPWHY_MEDIUM_ID] && !(b->flags & ARPWHY_WIDE_SETTINGS))
		return;
	in_dev = BPF_CORE_READ(out, ip_ptr);
	if (in_dev)
		b->out_medium_id = BPF_CORE_READ(in_dev, cnf.data[CNF_MEDIUM_ID]);
}

/* Settings, proxy queue and neighbour table as they are now. */
static __always_inline void describe_device(enum reading how, struct cpu *me, struct arpwhy_body *b, struct net *net,
					    struct net_device *dev, struct settings *now)
{
	struct in_device *in_dev = READ(how, dev, ip_ptr);
	struct neigh_parms *parms;
	struct neigh_table *table;
	__u32 words = bpf_core_field_size(struct neigh_parms, data) / sizeof(int);
	int *data;

	b->device_flags = READ(how, dev, flags);
	b->device_type = READ(how, dev, type);
	b->address_len = READ(how, dev, addr_len);
	if (READ(how, net, ipv4.fib_has_custom_rules))
		b->flags |= ARPWHY_CUSTOM_RULES;
	if (READ(how, net, ipv4.fib_has_custom_local_routes))
		b->flags |= ARPWHY_CUSTOM_LOCAL;
	if (READ(how, net, ipv4.fib_num_tclassid_users.counter))
		b->flags |= ARPWHY_CLASSID_USERS;
	read_settings(how, me, net, in_dev, now);
	if (!in_dev)
		return;
	b->flags |= ARPWHY_HAS_IN_DEVICE;
	if (!READ(how, in_dev, ifa_list))
		b->flags |= ARPWHY_NO_ADDRESS;
	if (now->rest) {
		b->flags |= ARPWHY_WIDE_SETTINGS;
	} else {
		__builtin_memcpy(b->all, now->all, sizeof(b->all));
		__builtin_memcpy(b->dev, now->dev, sizeof(b->dev));
	}
	parms = READ(how, in_dev, arp_parms);
	if (!parms)
		return;
	/* the enum of these slots has no name; its last are PROXY_QLEN, ANYCAST_DELAY, PROXY_DELAY, LOCKTIME */
	data = AT(parms, struct neigh_parms, data);
	if (how == BY_LOAD) {
		b->proxy_delay = data[words - 2];
		b->proxy_qlen = data[words - 4];
	} else {
		bpf_probe_read_kernel(&b->proxy_delay, sizeof(__s32), data + words - 2);
		bpf_probe_read_kernel(&b->proxy_qlen, sizeof(__s32), data + words - 4);
	}
	table = READ(how, parms, tbl);
	/* since 5.16 each device has a queue of its own to fill, before there was one for all */
	if (bpf_core_field_exists(parms->qlen))
		b->queued = READ(how, parms, qlen);
	else if (table)
		b->queued = BPF_CORE_READ(table, proxy_queue.qlen);
	if (table && READ(how, table, gc_entries.counter) >= READ(how, table, gc_thresh3))
		b->flags |= ARPWHY_TABLE_FULL;
}

/* The reply of this flow that the asking device's queue took, or that was dropped before. */
static __always_inline void take_reply(struct cpu *me, struct arpwhy_record *r, struct arpwhy_body *b,
				       struct arpwhy_detail *detail, __u32 from, __be32 sip, __be32 tip)
{
	__u64 flow = (__u64)tip << 32 | sip;
	__u32 found = REPLIES;
	struct reply *reply;

	for (__u32 i = 0; i < REPLIES; i++) {
		struct reply *one = &me->replies[i];

		found = pick(equal((__u64)one->sip << 32 | one->tip, flow) & equal(one->ifindex, b->ifindex) &
			     after(one->event, from), i, found);
	}
	if (found >= REPLIES)
		return;
	reply = &me->replies[SLOT(found, REPLIES)];
	r->reply_ns = reply->ns;
	r->end_ns = reply->ns;
	__builtin_memcpy(b->reply_mac, reply->mac, sizeof(b->reply_mac));
	if (reply->queued)
		b->flags |= ARPWHY_REPLY_QUEUED;
	if (reply->dropped) {
		b->flags |= ARPWHY_REPLY_DROPPED;
		detail->reply_location = reply->location;
		detail->reply_drop_reason = reply->drop_reason;
	}
}

/* What happened to the sender's neighbour entry since the pass began, behind the record. */
__noinline int take_changes(__u32 from, __u32 ifindex, __be32 sip)
{
	struct cpu *me = this_cpu();
	struct arpwhy_neighbour *to;
	__u32 taken = 0, logged;

	if (!me)
		return 0;
	to = (struct arpwhy_neighbour *)(me->out.bytes + WHOLE);
	logged = me->next_change - me->closed_change;
	if (logged > CHANGES)
		logged = CHANGES;
	for (__u32 i = 0; i < CHANGES; i++) {
		struct change *c = &me->changes[(me->next_change - logged + i) & (CHANGES - 1)];

		if (i >= logged)
			break;
		to[taken & (ARPWHY_MAX_NEIGHBOURS - 1)] = c->what;
		taken += equal(c->ip, sip) & equal(c->ifindex, ifindex) & after(c->event, from);
		if (taken == ARPWHY_MAX_NEIGHBOURS)
			break;
	}
	return taken;
}

/* Some of the log of lookups, at most TURN from `from` on: what take_lookups takes of them. */
__noinline int take_lookups_of(__u32 from, __u32 logged, __be32 sip, __be32 tip)
{
	struct cpu *me = this_cpu();
	struct arpwhy_lookup *to;
	__u32 taken, more;
	__u64 at;

	if (!me)
		return 0;
	at = me->take.at;
	if (at > WHOLE + ARPWHY_MAX_NEIGHBOURS * sizeof(struct arpwhy_neighbour))
		return 0;
	to = (struct arpwhy_lookup *)(me->out.bytes + at);
	taken = me->take.taken;
	more = me->take.more;
	for (__u32 i = 0; i < TURN; i++) {
		struct lookup *l = &me->lookups[(from + i) & (LOOKUPS - 1)];
		__u64 flow = (__u64)l->saddr << 32 | l->daddr;
		__u32 role = 0;

		if (i >= logged)
			break;
		role = pick(equal(flow, tip), ARPWHY_BARE_TARGET, role);
		role = pick(equal(flow, sip), ARPWHY_BARE_SENDER, role);
		role = pick(equal(flow, (__u64)tip << 32 | sip), ARPWHY_FOR_SOURCE, role);
		role = pick(equal(flow, (__u64)sip << 32 | tip), ARPWHY_FOR_TARGET, role);
		to[taken & (ARPWHY_MAX_LOOKUPS - 1)] = l->what;
		to[taken & (ARPWHY_MAX_LOOKUPS - 1)].role = role;
		to[taken & (ARPWHY_MAX_LOOKUPS - 1)].flags |=
			pick(functions & before(from + i, me->input), ARPWHY_BY_INPUT, 0);
		taken += 1 ^ equal(role, 0);
		more |= -(1 ^ equal(role, 0)) & l->what.flags & ARPWHY_HAS_FLOW;
	}
	me->take.taken = taken;
	me->take.more = more;
	return 0;
}

/*
 * Lookups of this request's addresses since `from`: a flow of its own, or none but the address looked up. They
 * go into the record at offset `at`. The loops have no branch but their ends, and the functions are global: the
 * verifier would follow every combination of branches, anew for every caller. It follows every turn of a loop, too:
 * so a few turns are a function, and verified once.
 */
__noinline int take_lookups(__u64 at, __u32 from, __be32 sip, __be32 tip)
{
	struct cpu *me = this_cpu();
	__u32 logged, excess;

	if (!me)
		return 0;
	logged = me->lookup - from;
	excess = beyond(logged, LOOKUPS);
	from += excess;
	logged -= excess;
	me->take.at = at;
	me->take.taken = 0;
	me->take.more = 0;
	for (__u32 i = 0; i < LOOKUPS; i += TURN) {
		if (i >= logged)
			break;
		take_lookups_of(from + i, logged - i, sip, tip);
	}
	me->out.body.cut = excess;
	me->out.body.flows = me->take.more != 0;		/* how many, take_flows counts */
	if (me->take.taken <= ARPWHY_MAX_LOOKUPS)
		return me->take.taken;
	/* they went round and wrote over the first ones: those that are left are not a whole */
	me->out.body.cut += me->take.taken;
	return 0;
}

/* As take_lookups_of. */
__noinline int take_flows_of(__u32 from, __u32 logged, __be32 sip, __be32 tip)
{
	struct cpu *me = this_cpu();
	struct arpwhy_flow *to;
	__u32 taken;
	__u64 at;

	if (!me)
		return 0;
	at = me->take.at;
	if (at > WHOLE + ARPWHY_MAX_NEIGHBOURS * sizeof(struct arpwhy_neighbour) +
	    ARPWHY_MAX_LOOKUPS * sizeof(struct arpwhy_lookup))
		return 0;
	to = (struct arpwhy_flow *)(me->out.bytes + at);
	taken = me->take.taken;
	for (__u32 i = 0; i < TURN; i++) {
		struct lookup *l = &me->lookups[(from + i) & (LOOKUPS - 1)];
		__u64 flow = (__u64)l->saddr << 32 | l->daddr;

		if (i >= logged)
			break;
		to[taken & (ARPWHY_MAX_LOOKUPS - 1)] = l->flow;
		taken += (equal(flow, tip) | equal(flow, sip) | equal(flow, (__u64)tip << 32 | sip) |
			  equal(flow, (__u64)sip << 32 | tip)) & (l->what.flags >> 1) & 1;
	}
	me->take.taken = taken;
	return 0;
}

/*
 * The rest of the flows of the lookups that were taken, where they have any, at offset `at`: once more through the
 * log, for most passes have none.
 */
__noinline int take_flows(__u64 at, __u32 from, __be32 sip, __be32 tip)
{
	struct cpu *me = this_cpu();
	__u32 logged, excess;

	if (!me)
		return 0;
	logged = me->lookup - from;
	excess = beyond(logged, LOOKUPS);
	from += excess;
	logged -= excess;
	me->take.at = at;
	me->take.taken = 0;
	for (__u32 i = 0; i < LOOKUPS; i += TURN) {
		if (i >= logged)
			break;
		take_flows_of(from + i, logged - i, sip, tip);
	}
	return me->take.taken;
}

/* What the gates of this pass returned, at offset `at`. Returns how many of them were seen. */
__noinline int take_gates(__u64 at, __u32 from)
{
	struct cpu *me = this_cpu();
	struct arpwhy_gates *to;
	__u32 seen = 0;

	if (!me)
		return 0;
	asm volatile("" : "+r"(at));
	if (at > sizeof(me->out.bytes) - sizeof(*to))
		return 0;
	to = (struct arpwhy_gates *)(me->out.bytes + at);
	for (__u32 i = 0; i < ARPWHY_GATES; i++) {
		struct gate *gate = &me->gates[i];

		to->value[i] = gate->value;
		seen |= (after(gate->event, from) & (1 ^ equal(gate->event, 0))) << i;
	}
	to->seen = seen;
	return seen != 0;
}

static __always_inline void count_loss(struct cpu *me, struct arpwhy_record *r, __u32 closed)
{
	if (closed == ARPWHY_DEFERRED)
		me->counters.lost_passes++;
	else
		me->counters.lost++;
	if (!me->counters.lost_first_ns)
		me->counters.lost_first_ns = r->end_ns;
	me->counters.lost_last_ns = r->end_ns;
}

/*
 * A pass ended while the record of another one is being made on this CPU, in the same memory: it is lost. One that was
 * deferred before stays so until its skb is seen again.
 */
static __always_inline void count_interrupting(struct cpu *me, __u64 at, __u32 closed)
{
	__u64 now = bpf_ktime_get_ns();

	if (find_deferred(at))
		return;
	if (closed == ARPWHY_DEFERRED) {
		me->counters.untracked++;
		return;
	}
	me->counters.seen++;
	me->counters.lost++;
	if (!me->counters.lost_first_ns)
		me->counters.lost_first_ns = now;
	me->counters.lost_last_ns = now;
}

/* A request whose addresses are not asked for. When it is deferred, its first pass stands for it: it may be purged. */
static __always_inline void count_filtered(enum reading how, struct cpu *me, struct net_device *dev, struct net *net)
{
	char name[ARPWHY_IFNAMSIZ];

	if (me->in_timer)
		return;
	if (only_netns || only_devices) {
		read_name(how, dev, name);
		if (!in_scope(READ(how, net, ns.inum), name))
			return;
	}
	me->counters.seen++;
	me->counters.filtered++;
}

/* Where the window of a pass begins: at its frame, or at its timer, and never before the end of the pass before it. */
struct window {
	__u32 event;
	__u32 lookup;
};

static __always_inline void describe_start(struct cpu *me, struct arpwhy_record *r, struct arpwhy_body *b,
					   __u32 frame, struct deferred *waiting, const struct settings *settings,
					   struct window *window)
{
	window->event = me->closed_event;
	window->lookup = me->closed_lookup;
	if (waiting) {
		me->wait.first = waiting->id;
		me->wait.first_ns = waiting->first_ns;
		/* no second pass: its wait ended here, on a CPU that may have been idle since before it began */
		if (b->place == ARPWHY_IN_PROXY_QUEUE) {
			r->start_ns = r->end_ns = bpf_ktime_get_ns();
			window->event = me->event;
			window->lookup = me->lookup;
			return;
		}
		if (waiting->start_ns && me->in_timer) {
			r->start_ns = waiting->start_ns;
			b->flags |= ARPWHY_HAS_START;
			if (!same_stamps(&waiting->stamps, &b->stamps))
				b->flags |= ARPWHY_STAMPS_MOVED;
			if (!same_settings(&waiting->settings, settings))
				b->flags |= ARPWHY_SETTINGS_MOVED;
		}
	} else if (frame < FRAMES) {
		struct frame *f = &me->frames[SLOT(frame, FRAMES)];

		r->start_ns = f->ns;
		if ((int)(f->event - window->event) > 0)
			window->event = f->event;
		if ((int)(f->lookup - window->lookup) > 0)
			window->lookup = f->lookup;
		if (f->net == b->net) {
			b->flags |= ARPWHY_HAS_START;
			if (!same_stamps(&f->stamps, &b->stamps))
				b->flags |= ARPWHY_STAMPS_MOVED;
			if (f->ifindex == b->ifindex && !same_settings(&f->settings, settings))
				b->flags |= ARPWHY_SETTINGS_MOVED;
		}
	}
	if (!me->in_timer && frame >= FRAMES)
		return;
	if (!r->start_ns)
		r->start_ns = me->timer_ns;
	if (r->start_ns < me->closed_ns)
		r->start_ns = me->closed_ns;
}

/* What few records have goes behind the rest, at offset `bytes`. Returns the offset behind it, 0 when that is too far. */
static __always_inline __u32 append_rare(struct cpu *me, struct net *net, struct net_device *dev, __u32 bytes,
					 const struct arpwhy_detail *detail)
{
	struct arpwhy_body *b = &me->out.body;

	if (b->flags & ARPWHY_WIDE_SETTINGS) {
		struct in_device *in_dev = BPF_CORE_READ(dev, ip_ptr);
		int *data = (int *)me->scratch;
		struct arpwhy_wide *wide;

		asm volatile("" : "+r"(bytes));		/* or clang drops the check that the verifier needs */
		if (bytes > sizeof(me->out.bytes) - sizeof(*wide))
			return 0;
		wide = (struct arpwhy_wide *)(me->out.bytes + bytes);
		__builtin_memset(wide, 0, sizeof(*wide));
		if (!bpf_probe_read_kernel(data, CNF_BYTES, settings_of_all(BY_COPY, net)))
			unpack_settings(data, wide->all);
		if (!bpf_probe_read_kernel(data, CNF_BYTES, settings_of_device(in_dev)))
			unpack_settings(data, wide->dev);
		bytes += sizeof(*wide);
	}
	if (b->flags & ARPWHY_HAS_DETAIL) {
		asm volatile("" : "+r"(bytes));
		if (bytes > sizeof(me->out.bytes) - sizeof(*detail))
			return 0;
		__builtin_memcpy(me->out.bytes + bytes, detail, sizeof(*detail));
		bytes += sizeof(*detail);
	}
	return bytes;
}

/*
 * A pass ended: gather what it left on this CPU and send it.
 * closed: enum arpwhy_closed; place: enum arpwhy_place
 */
static __always_inline int end_pass_by(enum reading how, struct cpu *me, struct sk_buff *skb, __u64 at, __u64 location,
				       __u32 drop_reason, __u32 closed, __u32 place)
{
	struct arpwhy_detail *detail = &me->detail;
	struct arp_frame packet;
	struct settings settings;
	struct arpwhy_record *r;
	struct arpwhy_body *b;
	struct deferred *waiting;
	struct net_device *dev;
	struct window window;
	__u32 frame, taken, bytes, arp_bytes;
	struct net *net;
	__be32 sip, tip;
	bool mine = false;

	r = &me->out.record;
	b = &me->out.body;
	frame = find_frame(me, at);
	dev = device_of(how, me, skb);
	net = READ(how, dev, nd_net.net);
	if ((only_netns || only_devices) && frame >= FRAMES && !me->in_timer && !find_deferred(at)) {
		char name[ARPWHY_IFNAMSIZ];

		read_name(how, dev, name);
		if (!in_scope(READ(how, net, ns.inum), name))
			goto out;	/* what it left is its own: no other pass is to find it */
	}
	arp_bytes = read_frame(how, skb, &packet);
	/* a header too short to hold an operation may have been a request */
	if (arp_bytes >= 8 && packet.arp.op != bpf_htons(ARPOP_REQUEST))
		goto out;
	if (!all_attached())
		goto out;
	if (!asked_for(&packet.arp, arp_bytes)) {
		count_filtered(how, me, dev, net);
		goto out;
	}
	if (*(volatile __u32 *)&me->making) {
		count_interrupting(me, at, closed);
		goto out;
	}
	*(volatile __u32 *)&me->making = 1;
	mine = true;
	__builtin_memset(me->out.bytes, 0, WHOLE);
	__builtin_memset(&me->wait, 0, sizeof(me->wait));
	__builtin_memset(detail, 0, sizeof(*detail));
	b->arp_bytes = arp_bytes;
	if (frame < FRAMES)
		b->flags |= ARPWHY_SAME_SKB;
	sip = ip4(packet.arp.sip);
	tip = ip4(packet.arp.tip);
	waiting = find_deferred(at);
	if (waiting && (closed == ARPWHY_DEFERRED || (!me->in_timer && place != ARPWHY_IN_PROXY_QUEUE))) {
		me->counters.abandoned++;	/* its skb lives again, so it is gone: we did not see how */
		forget_deferred(at);
		waiting = NULL;
	}
	if (frame >= FRAMES && !waiting && !me->in_timer)
		frame = find_frame_by_flow(me, sip, tip);

	b->netns = READ(how, net, ns.inum);
	read_name(how, dev, b->device);
	if (!in_scope(b->netns, b->device)) {
		if (waiting) {		/* it was in scope when it was deferred */
			me->counters.abandoned++;
			forget_deferred(at);
		}
		goto out;
	}

	r->version = ARPWHY_RECORD_VERSION;
	r->cpu = bpf_get_smp_processor_id();
	r->id = ++me->ids * cpus + r->cpu;
	b->net = address(me, net);
	b->ifindex = READ(how, dev, ifindex);
	b->closed = closed;
	b->place = place;
	b->packet_type = how == BY_LOAD ? BPF_CORE_READ_BITFIELD(skb, pkt_type) : BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
	b->frame_len = READ(how, skb, len);
	b->hz = CONFIG_HZ;
	__builtin_memcpy(b->arp, &packet.arp, sizeof(b->arp));
	__builtin_memcpy(r->destination, packet.destination, sizeof(r->destination));
	__builtin_memcpy(r->source, packet.source, sizeof(r->source));
	__builtin_memcpy(r->sha, packet.arp.sha, sizeof(packet.arp) - sizeof(b->arp));
	if (waiting || (me->in_timer && (place == ARPWHY_IN_ARP_PROCESS || place == ARPWHY_IN_PROXY_QUEUE))) {
		struct neighbour_cb *cb = AT(skb, struct sk_buff, cb);

		if (waiting || BPF_CORE_READ(cb, flags) & LOCALLY_ENQUEUED)
			b->flags |= ARPWHY_SECOND_PASS;
	}
	describe_device(how, me, b, net, dev, &settings);
	read_stamps(how, net, &b->stamps);
	describe_start(me, r, b, frame, waiting, &settings, &window);
	if (place == ARPWHY_IN_ARP_PROCESS)
		describe_route(how, me, b, skb);
	bytes = WHOLE;
	taken = 0;
	if (r->start_ns) {
		take_reply(me, r, b, detail, window.event, sip, tip);
		taken = take_changes(window.event, b->ifindex, sip);
	}
	if (!r->end_ns)
		r->end_ns = bpf_ktime_get_ns();
	asm volatile("" : "+r"(taken));
	if (taken > ARPWHY_MAX_NEIGHBOURS)
		goto out;
	b->neighbours = taken;
	bytes += taken * sizeof(struct arpwhy_neighbour);
	taken = take_lookups(bytes, window.lookup, sip, tip);
	asm volatile("" : "+r"(taken));
	if (taken > ARPWHY_MAX_LOOKUPS)
		goto out;
	b->lookups = taken;
	bytes += taken * sizeof(struct arpwhy_lookup);
	if (b->flows) {
		taken = taken ? take_flows(bytes, window.lookup, sip, tip) : 0;
		asm volatile("" : "+r"(taken));
		if (taken > ARPWHY_MAX_LOOKUPS)
			goto out;
		b->flows = taken;
		bytes += taken * sizeof(struct arpwhy_flow);
	}
	if (functions && r->start_ns && take_gates(bytes, window.event)) {
		b->gates = 1;
		bytes += sizeof(struct arpwhy_gates);
	}
	me->counters.cut += b->cut;

	if (closed == ARPWHY_DROPPED || b->flags & ARPWHY_REPLY_DROPPED) {
		b->flags |= ARPWHY_HAS_DETAIL;
		detail->location = location;
		detail->drop_reason = drop_reason;
	}
	if (b->flags & (ARPWHY_HAS_DETAIL | ARPWHY_WIDE_SETTINGS))
		bytes = append_rare(me, net, dev, bytes, detail);
	if (waiting || closed != ARPWHY_CONSUMED) {
		r->parts |= ARPWHY_HAS_WAIT;
		me->wait.skb = at;
	}
	if (closed == ARPWHY_DEFERRED) {
		struct deferred *d = (struct deferred *)me->scratch;

		__builtin_memset(d, 0, sizeof(*d));
		d->id = r->id;
		d->first_ns = r->start_ns;
		/* not remembered: the second pass will stand for the whole request */
		if (bpf_map_update_elem(&deferrals, &at, d, BPF_ANY)) {
			me->counters.untracked++;
			goto out;
		}
		__sync_fetch_and_add(&deferred_requests, 1);
	}
	if (!waiting)
		me->counters.seen++;
	else
		forget_deferred(at);
	if (send(bytes))
		count_loss(me, r, closed);
	me->closed_ns = r->end_ns;
out:
	if (mine)
		*(volatile __u32 *)&me->making = 0;
	forget_frame(me, frame);
	close_window(me);
	return 0;
}

/* Global, so that it is verified once for all but the hottest hook, and called with numbers alone. */
__noinline int end_pass(__u64 at, __u64 location, __u32 drop_reason, __u32 closed, __u32 place)
{
	struct cpu *me = this_cpu();

	return me ? end_pass_by(BY_COPY, me, (struct sk_buff *)at, at, location, drop_reason, closed, place) : 0;
}

#endif
