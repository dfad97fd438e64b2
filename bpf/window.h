/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Frames that came in, and the window of events that belongs to a pass. */
#ifndef ARPWHY_WINDOW_H
#define ARPWHY_WINDOW_H

#include "numbers.h"
#include "read.h"

/* By how much a number is more than another, 0 where it is not. A branch would have a loop behind it followed twice. */
static __always_inline __u32 beyond(__u32 number, __u32 most)
{
	return (__u32)opaque(opaque((__u64)most - number) >> 63) * (number - most);
}

static __always_inline __u32 pick(__u32 condition, __u32 yes, __u32 no)
{
	__u32 mask = opaque(-(__u64)condition);

	return (yes & mask) | (no & ~mask);
}

/* Searches are rare, and global: the verifier follows every turn of their loops. Both return FRAMES for nothing. */
__noinline int search_frame(__u64 skb)
{
	struct cpu *me = this_cpu();
	__u32 found = FRAMES;

	if (!me)
		return found;
	for (__u32 i = 0; i < FRAMES; i++)
		found = pick(equal(me->frames[i].skb, skb), i, found);
	return found;
}

__noinline int search_flow(__be32 sip, __be32 tip)
{
	struct cpu *me = this_cpu();
	__u64 flow = (__u64)sip << 32 | tip;
	__u32 found = FRAMES;

	if (!me)
		return found;
	for (__u32 i = 0; i < FRAMES; i++) {
		__u32 at = (me->next_frame - 1 - i) & (FRAMES - 1);
		struct frame *f = &me->frames[at];
		__u32 used = 1 ^ equal(f->skb, 0);

		found = pick(used & equal((__u64)f->sip << 32 | f->tip, flow), at, found);
	}
	return found;
}

/* The frame of this skb, FRAMES when it did not come in on this CPU. */
static __always_inline __u32 find_frame(struct cpu *me, __u64 skb)
{
	__u32 found = me->expected_frame & (FRAMES - 1);
	__u32 last = (me->next_frame - 1) & (FRAMES - 1);

	if (me->frames[found].skb == skb)
		return found;
	if (!me->open)
		return FRAMES;
	if (me->frames[last].skb == skb)
		return last;
	if (me->open == 1 && me->frames[last].skb)	/* it is the only one */
		return FRAMES;
	return search_frame(skb);
}

/*
 * The frame of a request that was cloned on its way (a packet socket held it, a bridge flooded it): the
 * oldest one with its addresses.
 */
static __always_inline __u32 find_frame_by_flow(struct cpu *me, __be32 sip, __be32 tip)
{
	return me->open ? search_flow(sip, tip) : FRAMES;
}

/* Whether the filters of the trace let a device through. */
static __always_inline bool in_scope(__u32 netns, const char *device)
{
	if (only_netns && !bpf_map_lookup_elem(&filter_netns, &netns))
		return false;
	return !only_devices || bpf_map_lookup_elem(&filter_devices, device);
}

/* Whether the filters let the addresses of a request through. What is cut is for the reader to judge. */
static __always_inline bool asked_for(const struct arp_header *arp, __u32 bytes)
{
	struct prefix target = { .length = 32, .ip = ip4(arp->tip) }, sender = { .length = 32, .ip = ip4(arp->sip) };

	if (bytes < sizeof(*arp))
		return true;
	return (!only_targets || bpf_map_lookup_elem(&filter_targets, &target)) &&
	       (!only_senders || bpf_map_lookup_elem(&filter_senders, &sender));
}

/*
 * Whether a frame that came in will not be processed as one that is asked for. It will be as it came, and as one of
 * this device, unless something takes it over before ARP sees it: a master, a tag, a program of tc.
 */
static __always_inline bool out_of_scope(struct sk_buff *skb, struct net_device *dev, struct net *net,
					 const struct arp_header *arp, __u32 bytes)
{
	char name[ARPWHY_IFNAMSIZ];

	if ((!only_netns && !only_devices && !only_targets && !only_senders) || dev->rx_handler)
		return false;
	if (!bpf_core_field_exists(skb->vlan_all) || skb->vlan_all)
		return false;
	if (bpf_core_field_exists(dev->tcx_ingress) ? dev->tcx_ingress != NULL : dev->miniq_ingress != NULL)
		return false;
	if (!asked_for(arp, bytes))
		return true;
	if (!only_netns && !only_devices)
		return false;
	read_name(BY_TYPE, dev, name);
	return !in_scope(net->ns.inum, name);
}

/*
 * An ARP frame came in: of a request remember when, and where the lookup log stood. A header too short to hold an
 * operation may be a request.
 * A frame that comes in begins at skb->data: its network header is not set before the core has looked at it.
 */
static __always_inline void open_frame(enum reading how, struct cpu *me, struct sk_buff *skb, __u32 offset)
{
	struct arp_header arp __attribute__((aligned(8)));
	struct net_device *dev;
	struct net *net;
	struct frame *f;
	__u32 i, bytes;
	__u64 at;

	me->counters.frames++;
	bytes = read_arp_at(how, skb->data + offset, skb->len - skb->data_len - offset, &arp);
	if (bytes >= 8 && arp.op != bpf_htons(ARPOP_REQUEST))
		return;
	dev = device_of(how, me, skb);
	net = dev->nd_net.net;
	if (!offset && out_of_scope(skb, dev, net, &arp, bytes))
		return;
	at = address(me, skb);
	i = find_frame(me, at);
	if (i >= FRAMES) {		/* a bridge shows one skb twice: port, then bridge */
		i = me->next_frame++ & (FRAMES - 1);
		if (!me->open)
			me->expected_frame = i;
		if (!me->frames[i].skb)
			me->open++;
	}
	f = &me->frames[SLOT(i, FRAMES)];
	f->skb = at;
	f->ns = bpf_ktime_get_ns();
	f->net = address(me, net);
	f->ifindex = dev->ifindex;
	f->event = ++me->event;
	f->lookup = me->lookup;
	f->sip = ip4(arp.sip);
	f->tip = ip4(arp.tip);
	me->opened_ns = f->ns;
	read_settings(BY_TYPE, me, net, dev->ip_ptr, &f->settings);
	read_stamps(BY_TYPE, net, &f->stamps);
}

static __always_inline void forget_frame(struct cpu *me, __u32 i)
{
	if (i >= FRAMES || !me->frames[SLOT(i, FRAMES)].skb)
		return;
	me->frames[SLOT(i, FRAMES)].skb = 0;
	me->expected_frame = i + 1;
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
static __always_inline void close_window(struct cpu *me)
{
	me->closed_event = me->event;
	me->closed_lookup = me->lookup;
	me->closed_change = me->next_change;
}

static __always_inline __u32 before(__u32 position, __u32 point)
{
	return opaque((__u32)(position - point)) >> 31 & 1;
}

#endif
