/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Reading kernel structures: headers, stamps, settings. */
#ifndef ARPWHY_READ_H
#define ARPWHY_READ_H

#include "state.h"

struct arp_header {
	__be16 hrd;
	__be16 pro;
	__u8 hln;
	__u8 pln;
	__be16 op;
	__u8 sha[6];
	__u8 sip[4];
	__u8 tha[6];
	__u8 tip[4];
} __attribute__((packed));

_Static_assert(sizeof(struct arp_header) == ARPWHY_ARP_BYTES, "the header on the wire");

/* the pointer as a number: the verifier forbids arithmetic on trusted pointers */
static __always_inline __u64 address(const void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

static __always_inline __be32 ip4(const __u8 *bytes)
{
	__be32 ip;

	__builtin_memcpy(&ip, bytes, sizeof(ip));
	return ip;
}

/*
 * The ARP header as far as it is linear. Returns the number of bytes read.
 * A frame that comes in begins at skb->data: its network header is not set before the core has looked at it.
 */
static __always_inline __u32 read_arp_at(struct sk_buff *skb, const unsigned char *at, struct arp_header *arp)
{
	__u32 linear = BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len);
	__u32 pulled = at - BPF_CORE_READ(skb, data);

	__builtin_memset(arp, 0, sizeof(*arp));
	if (pulled < 64)
		linear -= pulled;
	if ((int)linear <= 0)
		return 0;
	if (linear >= sizeof(*arp)) {
		linear = sizeof(*arp);
		return bpf_probe_read_kernel(arp, sizeof(*arp), at) ? 0 : linear;
	}
	/* the verifier has to see the bound in the register that the helper gets */
	asm volatile("%0 &= 31" : "+r"(linear));
	if (bpf_probe_read_kernel(arp, linear, at))
		return 0;
	return linear;
}

static __always_inline __u32 read_arp(struct sk_buff *skb, struct arp_header *arp)
{
	return read_arp_at(skb, BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header), arp);
}

static __always_inline void read_stamps(struct net *net, struct arpwhy_stamps *stamps)
{
	stamps->fib = BPF_CORE_READ(net, ipv4.fib_seq);
	stamps->rules = BPF_CORE_READ(net, ipv4.rules_ops, fib_rules_seq);
	stamps->genid = BPF_CORE_READ(net, ipv4.rt_genid.counter);
	stamps->nexthop = BPF_CORE_READ(net, nexthop.seq);
}

static __always_inline __u64 mix(__u64 digest, __u64 value)
{
	digest = (digest ^ value) * 0x9e3779b97f4a7c15ULL;
	return digest ^ (digest >> 29);
}

/* What tells a frame from another one in the same skb: operation, sender and target. */
static __always_inline __u64 arp_digest(const struct arp_header *arp)
{
	__u64 sender = 0;

	__builtin_memcpy(&sender, arp->sha, sizeof(arp->sha));
	return mix(mix(sender, arp->op), (__u64)ip4(arp->sip) << 32 | ip4(arp->tip));
}

static __always_inline void pick_settings(const int *data, __s32 *to)
{
	to[ARPWHY_FORWARDING] = data[CNF_FORWARDING];
	to[ARPWHY_PROXY_ARP] = data[CNF_PROXY_ARP];
	to[ARPWHY_SEND_REDIRECTS] = data[CNF_SEND_REDIRECTS];
	to[ARPWHY_RP_FILTER] = data[CNF_RP_FILTER];
	to[ARPWHY_ARP_FILTER] = data[CNF_ARPFILTER];
	to[ARPWHY_MEDIUM_ID] = data[CNF_MEDIUM_ID];
	to[ARPWHY_ARP_IGNORE] = data[CNF_ARP_IGNORE];
	to[ARPWHY_ARP_ACCEPT] = data[CNF_ARP_ACCEPT];
	to[ARPWHY_ACCEPT_LOCAL] = data[CNF_ACCEPT_LOCAL];
	to[ARPWHY_SRC_VALID_MARK] = data[CNF_SRC_VMARK];
	to[ARPWHY_PROXY_ARP_PVLAN] = data[CNF_PROXY_ARP_PVLAN];
	to[ARPWHY_ROUTE_LOCALNET] = data[CNF_ROUTE_LOCALNET];
	to[ARPWHY_DROP_GRATUITOUS_ARP] = data[CNF_DROP_GRATUITOUS_ARP];
	to[ARPWHY_BC_FORWARDING] = data[CNF_BC_FORWARDING];
}

/* Both scopes of every setting. The digest tells whether one moved during a pass. */
static __always_inline __u64 read_settings(struct net *net, struct in_device *in_dev, __s32 *all, __s32 *dev)
{
	struct ipv4_devconf *of_all = BPF_CORE_READ(net, ipv4.devconf_all);
	int data[CNF_WORDS] = {};
	__u64 digest = 0;

	if (!bpf_probe_read_kernel(data, sizeof(data),
				   (void *)of_all + bpf_core_field_offset(struct ipv4_devconf, data)))
		pick_settings(data, all);
	if (!bpf_probe_read_kernel(data, sizeof(data),
				   (void *)in_dev + bpf_core_field_offset(struct in_device, cnf.data)))
		pick_settings(data, dev);
	for (int i = 0; i < ARPWHY_SETTINGS; i++)
		digest = mix(digest, ((__u64)(__u32)all[i] << 32) | (__u32)dev[i]);
	return digest;
}

static __always_inline __u64 settings_digest(struct net *net, struct net_device *dev)
{
	__s32 all[ARPWHY_SETTINGS] = {}, of_dev[ARPWHY_SETTINGS] = {};
	struct in_device *in_dev = BPF_CORE_READ(dev, ip_ptr);

	if (!in_dev)
		return 0;
	return read_settings(net, in_dev, all, of_dev);
}

#endif
