/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* A decision under construction: what a pass leaves behind on its CPU, and the record made of it. */
#ifndef ARPWHY_DECISION_H
#define ARPWHY_DECISION_H

#include "read.h"

static __always_inline bool between(__u64 what, __u64 start, __u64 end)
{
	return what >= start && what < end;
}

/*
 * Loops over the state of a CPU have no branches: the verifier would follow every combination of them. These
 * make a number of a comparison, and pick by it; opaque() keeps clang from making a branch of it again.
 */
static __always_inline __u64 opaque(__u64 value)
{
	asm volatile("" : "+r"(value));
	return value;
}

static __always_inline __u32 equal(__u64 a, __u64 b)
{
	__u64 difference = a ^ b;

	return 1 ^ (__u32)((difference | opaque(-difference)) >> 63);
}

static __always_inline __u32 not_before(__u64 time, __u64 start)
{
	return 1 ^ (__u32)(opaque(time - start) >> 63);
}

static __always_inline __u32 pick(__u32 condition, __u32 yes, __u32 no)
{
	__u32 mask = opaque(-(__u64)condition);

	return (yes & mask) | (no & ~mask);
}

/* The frame of this skb, FRAMES when it did not come in on this CPU. */
static __always_inline __u32 find_frame(struct cpu *me, __u64 skb)
{
	__u32 found = FRAMES;

	for (__u32 i = 0; i < FRAMES; i++)
		found = pick(equal(me->frames[i].skb, skb), i, found);
	return found;
}

/*
 * The frame of a request that was cloned on its way (a packet socket held it, a bridge flooded it): the
 * oldest one with its addresses.
 */
static __always_inline __u32 find_frame_by_flow(struct cpu *me, __be32 sip, __be32 tip)
{
	__u64 flow = (__u64)sip << 32 | tip;
	__u32 found = FRAMES;

	for (__u32 i = 0; i < FRAMES; i++) {
		__u32 at = (me->next_frame - 1 - i) & (FRAMES - 1);
		struct frame *f = &me->frames[at];
		__u32 used = 1 ^ equal(f->skb, 0);

		found = pick(used & equal((__u64)f->sip << 32 | f->tip, flow), at, found);
	}
	return found;
}

/* An ARP frame came in: remember when, and where the lookup log stood. */
static __always_inline void open_frame(struct cpu *me, struct sk_buff *skb, __u32 offset)
{
	struct arp_header arp;
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct net *net = BPF_CORE_READ(dev, nd_net.net);
	__u64 at = address(skb);
	__u32 i = find_frame(me, at);
	struct frame *f;
	__u32 bytes;

	if (i >= FRAMES) {		/* a bridge shows one skb twice: port, then bridge */
		i = me->next_frame++ & (FRAMES - 1);
		if (!me->frames[i & (FRAMES - 1)].skb)
			me->open++;
	}
	f = &me->frames[i & (FRAMES - 1)];
	bytes = read_arp_at(skb, BPF_CORE_READ(skb, data) + offset, &arp);
	f->skb = at;
	f->arp = arp_digest(&arp);
	f->ns = bpf_ktime_get_ns();
	f->net = (__u64)net;
	f->ifindex = BPF_CORE_READ(dev, ifindex);
	f->lookup = me->lookup;
	f->sip = ip4(arp.sip);
	f->tip = ip4(arp.tip);
	me->opened_ns = f->ns;
	me->counters.frames++;
	/* of a reply it is enough to know that it came in */
	if (bytes >= 8 && arp.op != bpf_htons(ARPOP_REQUEST))
		return;
	f->settings = settings_digest(net, dev);
	read_stamps(net, &f->stamps);
}

static __always_inline void forget_frame(struct cpu *me, __u32 i)
{
	if (i >= FRAMES || !me->frames[i & (FRAMES - 1)].skb)
		return;
	me->frames[i & (FRAMES - 1)].skb = 0;
	if (me->open)
		me->open--;
}

/* Frames that came in long ago were bridged on, or freed on another CPU: they are not processed here any more. */
static __always_inline void forget_all_frames(struct cpu *me)
{
	for (__u32 i = 0; i < FRAMES; i++)
		me->frames[i].skb = 0;
	me->open = 0;
}

/* The pass is over: what comes later belongs to another one. */
static __always_inline void close_window(struct cpu *me, __u64 now)
{
	me->closed_ns = now;
	me->closed_lookup = me->lookup;
}

static __always_inline bool all_attached(void)
{
	__u32 zero = 0;
	__u8 *attached = bpf_map_lookup_elem(&whole, &zero);

	return attached && *attached;
}

static __always_inline bool in_scope(struct net *net, const char *device)
{
	__u32 inode = BPF_CORE_READ(net, ns.inum);

	if (only_netns && !bpf_map_lookup_elem(&filter_netns, &inode))
		return false;
	return !only_devices || bpf_map_lookup_elem(&filter_devices, device);
}

static __always_inline void describe_route(struct arpwhy_record *r, struct sk_buff *skb)
{
	unsigned long refdst = BPF_CORE_READ(skb, _skb_refdst);
	struct rtable *rt = (struct rtable *)(refdst & SKB_DST_PTRMASK);
	struct in_device *in_dev;
	struct net_device *out;

	if (!rt)
		return;
	r->flags |= ARPWHY_HAS_DST;
	r->route_type = BPF_CORE_READ(rt, rt_type);
	r->route_error = BPF_CORE_READ(rt, dst.error);
	out = BPF_CORE_READ(rt, dst.dev);
	r->route_ifindex = BPF_CORE_READ(out, ifindex);
	if (BPF_CORE_READ(rt, rt_gw_family) == AF_INET)
		r->route_gateway = BPF_CORE_READ(rt, rt_gw4);
	in_dev = BPF_CORE_READ(out, ip_ptr);
	if (in_dev)
		r->out_medium_id = BPF_CORE_READ(in_dev, cnf.data[CNF_MEDIUM_ID]);
}

/* Settings, proxy queue and neighbour table as they are now. Returns the digest of the settings. */
static __always_inline __u64 describe_device(struct arpwhy_record *r, struct net *net, struct net_device *dev)
{
	struct in_device *in_dev = BPF_CORE_READ(dev, ip_ptr);
	struct neigh_parms *parms;
	struct neigh_table *table;
	__u32 words = bpf_core_field_size(struct neigh_parms, data) / sizeof(int);
	void *data;

	r->device_flags = BPF_CORE_READ(dev, flags);
	r->device_type = BPF_CORE_READ(dev, type);
	r->address_len = BPF_CORE_READ(dev, addr_len);
	if (BPF_CORE_READ(net, ipv4.fib_has_custom_rules))
		r->flags |= ARPWHY_CUSTOM_RULES;
	if (BPF_CORE_READ(net, ipv4.fib_has_custom_local_routes))
		r->flags |= ARPWHY_CUSTOM_LOCAL;
	if (BPF_CORE_READ(net, ipv4.fib_num_tclassid_users.counter))
		r->flags |= ARPWHY_CLASSID_USERS;
	if (!in_dev)
		return 0;
	r->flags |= ARPWHY_HAS_IN_DEVICE;
	if (!BPF_CORE_READ(in_dev, ifa_list))
		r->flags |= ARPWHY_NO_ADDRESS;
	parms = BPF_CORE_READ(in_dev, arp_parms);
	if (parms) {
		/* the enum of these slots has no name; its last are PROXY_QLEN, ANYCAST_DELAY, PROXY_DELAY, LOCKTIME */
		data = (void *)parms + bpf_core_field_offset(struct neigh_parms, data);
		bpf_probe_read_kernel(&r->proxy_delay, sizeof(__s32), data + (words - 2) * sizeof(int));
		bpf_probe_read_kernel(&r->proxy_qlen, sizeof(__s32), data + (words - 4) * sizeof(int));
		r->queued = BPF_CORE_READ(parms, qlen);
		table = BPF_CORE_READ(parms, tbl);
		if (table && BPF_CORE_READ(table, gc_entries.counter) >= BPF_CORE_READ(table, gc_thresh3))
			r->flags |= ARPWHY_TABLE_FULL;
	}
	return read_settings(net, in_dev, r->all, r->dev);
}

/* The reply of this flow that the asking device's queue took, or that was dropped before. */
static __always_inline void take_reply(struct cpu *me, struct arpwhy_record *r, __be32 sip, __be32 tip)
{
	__u64 flow = (__u64)tip << 32 | sip;
	__u32 found = REPLIES;
	struct reply *reply;

	for (__u32 i = 0; i < REPLIES; i++) {
		struct reply *one = &me->replies[i];

		found = pick(equal((__u64)one->sip << 32 | one->tip, flow) & equal(one->ifindex, r->ifindex) &
			     not_before(one->ns, r->start_ns), i, found);
	}
	if (found >= REPLIES)
		return;
	reply = &me->replies[found & (REPLIES - 1)];
	r->reply_ns = reply->ns;
	__builtin_memcpy(r->reply_mac, reply->mac, sizeof(r->reply_mac));
	if (reply->queued)
		r->flags |= ARPWHY_REPLY_QUEUED;
	if (reply->dropped) {
		r->flags |= ARPWHY_REPLY_DROPPED;
		r->reply_location = reply->location;
		r->reply_drop_reason = reply->drop_reason;
	}
}

/* Changes of the neighbour table since the pass began, behind the record. */
__noinline int take_changes(__u64 start_ns)
{
	struct cpu *me = this_cpu();
	struct arpwhy_neighbour *to;
	__u32 taken = 0;

	if (!me)
		return 0;
	to = (struct arpwhy_neighbour *)(me->out.bytes + sizeof(struct arpwhy_record));
	for (__u32 i = 0; i < CHANGES; i++) {
		struct change *c = &me->changes[(me->next_change + i) & (CHANGES - 1)];

		to[taken & (ARPWHY_MAX_NEIGHBOURS - 1)] = c->what;
		taken += (1 ^ equal(c->neigh, 0)) & not_before(c->ns, start_ns);
		if (taken == ARPWHY_MAX_NEIGHBOURS)
			break;
	}
	return taken;
}

/*
 * Lookups of this request's addresses since `from`: a flow of its own, or none but the address looked up. They
 * go into the record at offset `at`. The loop has no branch but its end, and the function is global: the
 * verifier would follow every combination of branches, anew for every caller.
 */
__noinline int take_lookups(__u64 at, __u32 from, __be32 sip, __be32 tip)
{
	struct cpu *me = this_cpu();
	struct arpwhy_lookup *to;
	struct arpwhy_record *r;
	__u32 logged, taken = 0;

	if (!me)
		return 0;
	asm volatile("" : "+r"(at));
	if (at > sizeof(*r) + ARPWHY_MAX_NEIGHBOURS * sizeof(struct arpwhy_neighbour))
		return 0;
	r = &me->out.record;
	to = (struct arpwhy_lookup *)(me->out.bytes + at);
	logged = me->lookup - from;
	if (logged > LOOKUPS) {
		r->cut = logged - LOOKUPS;
		from = me->lookup - LOOKUPS;
		logged = LOOKUPS;
	}
	for (__u32 i = 0; i < LOOKUPS; i++) {
		struct arpwhy_lookup *l = &me->lookups[(from + i) & (LOOKUPS - 1)];
		__u64 flow = (__u64)l->saddr << 32 | l->daddr;

		if (i >= logged)
			break;
		to[taken & (ARPWHY_MAX_LOOKUPS - 1)] = *l;
		taken += equal(flow, (__u64)sip << 32 | tip) | equal(flow, (__u64)tip << 32 | sip) |
			 equal(flow, sip) | equal(flow, tip);
	}
	if (taken > ARPWHY_MAX_LOOKUPS) {
		/* they went round and wrote over the first ones: those that are left are not a whole */
		r->cut += taken;
		taken = 0;
	}
	return taken;
}

static __always_inline __u64 wake_flags(__u64 now)
{
	if (now - last_wake_ns < wake_interval_ns)
		return BPF_RB_NO_WAKEUP;
	last_wake_ns = now;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void count_loss(struct cpu *me, struct arpwhy_record *r)
{
	if (r->closed == ARPWHY_DEFERRED)
		me->counters.lost_passes++;
	else
		me->counters.lost++;
	if (!me->counters.lost_first_ns)
		me->counters.lost_first_ns = r->end_ns;
	me->counters.lost_last_ns = r->end_ns;
}

/*
 * The start of this pass: the frame that came in, or for a second pass the timer that redid it; never before
 * the end of the pass that ran on this CPU before it.
 */
static __always_inline __u32 describe_start(struct cpu *me, struct arpwhy_record *r, __u32 frame,
					    struct deferred *waiting, __u64 *settings)
{
	__u32 from = me->closed_lookup;

	if (waiting) {
		r->first = waiting->id;
		r->first_ns = waiting->first_ns;
		/* no second pass: its wait ended here, on a CPU that may have been idle since before it began */
		if (r->place == ARPWHY_IN_PROXY_QUEUE) {
			r->start_ns = r->end_ns;
			return me->lookup;
		}
		if (waiting->start_ns && me->in_timer) {
			r->start_ns = waiting->start_ns;
			r->stamps_start = waiting->stamps;
			*settings = waiting->settings;
			r->flags |= ARPWHY_HAS_START;
		}
	} else if (frame < FRAMES) {
		struct frame *f = &me->frames[frame & (FRAMES - 1)];

		r->start_ns = f->ns;
		if ((int)(f->lookup - from) > 0)
			from = f->lookup;
		if (f->net == r->net) {
			r->stamps_start = f->stamps;
			r->flags |= ARPWHY_HAS_START;
		}
		*settings = f->ifindex == r->ifindex && f->net == r->net ? f->settings : 0;
	}
	if (!r->start_ns && me->in_timer)
		r->start_ns = me->timer_ns;
	if (r->start_ns < me->closed_ns)
		r->start_ns = me->closed_ns;
	return from;
}

/*
 * A pass ended: gather what it left on this CPU and send it. Global, so that it is verified once, and called
 * with numbers alone, as the oldest kernels want it.
 * closed: enum arpwhy_closed; place: enum arpwhy_place
 */
__noinline int end_pass(__u64 at, __u64 location, __u32 drop_reason, __u32 closed, __u32 place)
{
	struct sk_buff *skb = (struct sk_buff *)at;
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct net *net = BPF_CORE_READ(dev, nd_net.net);
	__u64 settings_start = 0, settings;
	struct cpu *me = this_cpu();
	__u32 frame, from, taken, bytes, arp_bytes;
	struct arpwhy_record *r;
	struct deferred *waiting;
	struct arp_header arp;
	__be32 sip, tip;

	if (!me)
		return 0;
	r = &me->out.record;
	frame = find_frame(me, at);
	arp_bytes = read_arp(skb, &arp);
	/* a header too short to hold an operation may have been a request */
	if (arp_bytes >= 8 && arp.op != bpf_htons(ARPOP_REQUEST))
		goto out;
	__builtin_memset(r, 0, sizeof(*r));
	r->end_ns = bpf_ktime_get_ns();
	r->arp_bytes = arp_bytes;
	if (frame < FRAMES)
		r->flags |= ARPWHY_SAME_SKB;
	sip = ip4(arp.sip);
	tip = ip4(arp.tip);
	if (!all_attached())
		goto out;
	waiting = bpf_map_lookup_elem(&deferrals, &at);
	if (waiting && (closed == ARPWHY_DEFERRED || (!me->in_timer && place != ARPWHY_IN_PROXY_QUEUE))) {
		me->counters.abandoned++;	/* its skb lives again, so it is gone: we did not see how */
		bpf_map_delete_elem(&deferrals, &at);
		waiting = NULL;
	}
	if (frame >= FRAMES && !waiting && !me->in_timer)
		frame = find_frame_by_flow(me, sip, tip);

	bpf_probe_read_kernel_str(r->device, sizeof(r->device), (void *)dev + bpf_core_field_offset(struct net_device, name));
	if (!in_scope(net, r->device)) {
		if (waiting) {		/* it was in scope when it was deferred */
			me->counters.abandoned++;
			bpf_map_delete_elem(&deferrals, &at);
		}
		goto out;
	}

	r->version = ARPWHY_RECORD_VERSION;
	r->cpu = bpf_get_smp_processor_id();
	r->id = ++me->ids * cpus + r->cpu;
	r->skb = at;
	r->net = (__u64)net;
	r->netns = BPF_CORE_READ(net, ns.inum);
	r->ifindex = BPF_CORE_READ(dev, ifindex);
	r->location = location;
	r->closed = closed;
	r->place = place;
	r->drop_reason = drop_reason;
	r->packet_type = BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
	r->frame_len = BPF_CORE_READ(skb, len);
	r->hz = CONFIG_HZ;
	__builtin_memcpy(r->arp, &arp, sizeof(arp));
	if (BPF_CORE_READ(skb, mac_header) != 0xffff)
		bpf_probe_read_kernel(r->destination, sizeof(r->destination),
				      BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, mac_header));
	if (place == ARPWHY_IN_ARP_PROCESS || place == ARPWHY_IN_PROXY_QUEUE) {
		struct neighbour_cb *cb = (void *)skb + bpf_core_field_offset(struct sk_buff, cb);

		if (waiting || (me->in_timer && BPF_CORE_READ(cb, flags) & LOCALLY_ENQUEUED))
			r->flags |= ARPWHY_SECOND_PASS;
	}
	settings = describe_device(r, net, dev);
	from = describe_start(me, r, frame, waiting, &settings_start);
	if (settings_start && settings_start != settings)
		r->flags |= ARPWHY_SETTINGS_MOVED;
	if (place == ARPWHY_IN_ARP_PROCESS)
		describe_route(r, skb);
	read_stamps(net, &r->stamps_end);
	if (r->start_ns)
		take_reply(me, r, sip, tip);
	taken = r->start_ns ? take_changes(r->start_ns) : 0;
	asm volatile("" : "+r"(taken));
	if (taken > ARPWHY_MAX_NEIGHBOURS)
		goto out;
	r->neighbours = taken;
	bytes = sizeof(*r) + taken * sizeof(struct arpwhy_neighbour);
	r->lookups = take_lookups(bytes, from, sip, tip);
	bytes += r->lookups * sizeof(struct arpwhy_lookup);
	r->bytes = bytes;
	me->counters.cut += r->cut;

	if (closed == ARPWHY_DEFERRED) {
		struct deferred d = { .id = r->id, .first_ns = r->start_ns };

		/* not remembered: the second pass will stand for the whole request */
		if (bpf_map_update_elem(&deferrals, &at, &d, BPF_ANY)) {
			me->counters.untracked++;
			goto out;
		}
	}
	if (!waiting)
		me->counters.seen++;
	else
		bpf_map_delete_elem(&deferrals, &at);
	asm volatile("" : "+r"(bytes));		/* or clang drops the check that the verifier needs */
	if (bytes > sizeof(me->out.bytes))
		goto out;
	if (bpf_ringbuf_output(&records, r, bytes, wake_flags(r->end_ns)))
		count_loss(me, r);
out:
	forget_frame(me, frame);
	close_window(me, bpf_ktime_get_ns());
	return 0;
}

#endif
