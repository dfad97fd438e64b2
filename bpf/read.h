/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * Reading kernel structures: headers, stamps, settings. Where the verifier knows the type of a pointer a field is one
 * load; a number from somewhere else takes a helper's copy. The code is the same, told by its first argument.
 */
#ifndef ARPWHY_READ_H
#define ARPWHY_READ_H

#include "arp.h"
#include "state.h"

enum reading {
	BY_LOAD,	/* since 6.2: loads, also of what a number points to */
	BY_TYPE,	/* loads of what comes with its type */
	BY_COPY,
};

/*
 * The type of what a number points to, so that its fields are loads, too. Only programs call it that are loaded where
 * it is.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define CAST(number, type)	((type *)bpf_rdonly_cast((const void *)(number), bpf_core_type_id_kernel(type)))

#define READ(how, p, a)		((how) == BY_COPY ? BPF_CORE_READ(p, a) : (p)->a)
#define READ2(how, p, a, b)	((how) == BY_COPY ? BPF_CORE_READ(p, a, b) : (p)->a->b)
#define ETHERNET_BYTES	14
#define HEADER_WORDS	(ARPWHY_ARP_BYTES / 4)

#define FRAME_PAD	2

/* an Ethernet frame with ARP in it, the latter aligned */
struct arp_frame {
	__u8 pad[FRAME_PAD];
	__u8 destination[6];
	__u8 source[6];
	__be16 protocol;
	struct arp_header arp;
} __attribute__((aligned(8)));

_Static_assert(__builtin_offsetof(struct arp_frame, arp) == FRAME_PAD + ETHERNET_BYTES, "words as they lie in memory");

/* the pointer as a number: the verifier forbids arithmetic on trusted pointers */
static __always_inline __u64 address(struct cpu *me, const void *pointer)
{
	*(volatile __u64 *)&me->pointer = (__u64)pointer;
	return *(volatile __u64 *)&me->pointer;
}

/*
 * The device of an skb. The verifier looks by name, through all of the kernel's types, for what it may trust behind a
 * pointer that it trusts itself, which takes milliseconds: so the skb is a number first.
 */
static __always_inline struct net_device *device_of(enum reading how, struct cpu *me, struct sk_buff *skb)
{
	return how == BY_LOAD ? CAST(address(me, skb), struct sk_buff)->dev : READ(how, skb, dev);
}

/*
 * Memory, where loads can be had: as part of a type that is a long row of words. Two at a time: the kernel checks the
 * address at each load, which takes more than the load.
 */
static __always_inline void load_words(__u64 at, __u32 *to, const __u32 words)
{
	struct ipv4_devconf *row = CAST(at - bpf_core_field_offset(struct ipv4_devconf, data), struct ipv4_devconf);
	const __u64 *pairs = AT(row, struct ipv4_devconf, data);

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < words / 2; i++)
		((__u64 *)to)[i] = pairs[i];
	if (words % 2)
		to[words - 1] = row->data[words - 1];
}

/*
 * The ARP header at an address, as far as it is linear.
 * linear: how many bytes of the skb lie there; returns how many of them were read
 */
static __always_inline __u32 read_arp_at(enum reading how, const unsigned char *at, __u32 linear,
					 struct arp_header *arp)
{
	if ((int)linear >= (int)sizeof(*arp)) {
		if (how == BY_LOAD) {
			load_words((__u64)at, (__u32 *)arp, HEADER_WORDS);
			return sizeof(*arp);
		}
		return bpf_probe_read_kernel(arp, sizeof(*arp), at) ? 0 : sizeof(*arp);
	}
	__builtin_memset(arp, 0, sizeof(*arp));
	if ((int)linear <= 0)
		return 0;
	/* the verifier has to see the bound in the register that the helper gets */
	asm volatile("%0 &= 31" : "+r"(linear));
	return bpf_probe_read_kernel(arp, linear, at) ? 0 : linear;
}

/* The ARP header of an skb whose network header is set. Returns the number of bytes read. */
static __always_inline __u32 read_arp(enum reading how, struct sk_buff *skb, struct arp_header *arp)
{
	__u32 linear = READ(how, skb, len) - READ(how, skb, data_len);

	return read_arp_at(how, READ(how, skb, head) + READ(how, skb, network_header), linear, arp);
}

/* The same with the Ethernet header before it, all zero where there is none. */
static __always_inline __u32 read_frame(enum reading how, struct sk_buff *skb, struct arp_frame *frame)
{
	__u32 linear = READ(how, skb, len) - READ(how, skb, data_len);
	__u32 network = READ(how, skb, network_header), mac = READ(how, skb, mac_header);
	unsigned char *head = READ(how, skb, head);

	if ((int)linear >= (int)sizeof(frame->arp) && network - mac == ETHERNET_BYTES) {
		if (how == BY_LOAD && mac >= FRAME_PAD) {
			load_words((__u64)head + mac - FRAME_PAD, (__u32 *)frame, sizeof(*frame) / 4);
			return sizeof(frame->arp);
		}
		return bpf_probe_read_kernel(frame->destination, ETHERNET_BYTES + sizeof(frame->arp), head + mac) ?
			0 : sizeof(frame->arp);
	}
	__builtin_memset(frame, 0, sizeof(*frame));
	if (mac != 0xffff)
		bpf_probe_read_kernel(frame->destination, ETHERNET_BYTES, head + mac);
	return read_arp_at(how, head + network, linear, &frame->arp);
}

static __always_inline void read_stamps(enum reading how, struct net *net, struct arpwhy_stamps *stamps)
{
	stamps->fib = READ(how, net, ipv4.fib_seq);
	stamps->rules = READ2(how, net, ipv4.rules_ops, fib_rules_seq);
	stamps->genid = READ(how, net, ipv4.rt_genid.counter);
	stamps->nexthop = READ(how, net, nexthop.seq);
}

/* The bytes of a little-endian word before its first NUL; *more is false when there is one. */
static __always_inline __u64 before_nul(__u64 word, bool *more)
{
	__u64 nul = (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;

	*more = !nul;
	return nul ? word & (((nul & -nul) >> 7) - 1) : word;
}

/* The name of a device, with zeros behind it: in the kernel the rest of a longer, former name may stand there. */
static __always_inline void read_name(enum reading how, struct net_device *dev, char *to)
{
	const __u64 *name = AT(dev, struct net_device, name);
	__u64 words[ARPWHY_IFNAMSIZ / 8] = {};
	bool more;

	if (how == BY_COPY) {
		bpf_probe_read_kernel(words, sizeof(words), name);
	} else {
		words[0] = name[0];
		words[1] = name[1];
	}
	words[0] = before_nul(words[0], &more);
	words[1] = more ? before_nul(words[1], &more) : 0;
	__builtin_memcpy(to, words, sizeof(words));
}

static __always_inline __u64 mix(__u64 digest, __u64 value)
{
	digest = (digest ^ value) * 0x9e3779b97f4a7c15ULL;
	return digest ^ (digest >> 29);
}

/* Calls X(slot, index): where a setting goes, and where it lies in ipv4_devconf.data. */
#define EACH_SETTING(X) \
	X(ARPWHY_FORWARDING, CNF_FORWARDING) \
	X(ARPWHY_PROXY_ARP, CNF_PROXY_ARP) \
	X(ARPWHY_SEND_REDIRECTS, CNF_SEND_REDIRECTS) \
	X(ARPWHY_RP_FILTER, CNF_RP_FILTER) \
	X(ARPWHY_ARP_FILTER, CNF_ARPFILTER) \
	X(ARPWHY_MEDIUM_ID, CNF_MEDIUM_ID) \
	X(ARPWHY_ARP_IGNORE, CNF_ARP_IGNORE) \
	X(ARPWHY_ARP_ACCEPT, CNF_ARP_ACCEPT) \
	X(ARPWHY_ACCEPT_LOCAL, CNF_ACCEPT_LOCAL) \
	X(ARPWHY_SRC_VALID_MARK, CNF_SRC_VMARK) \
	X(ARPWHY_PROXY_ARP_PVLAN, CNF_PROXY_ARP_PVLAN) \
	X(ARPWHY_ROUTE_LOCALNET, CNF_ROUTE_LOCALNET) \
	X(ARPWHY_DROP_GRATUITOUS_ARP, CNF_DROP_GRATUITOUS_ARP) \
	X(ARPWHY_BC_FORWARDING, CNF_BC_FORWARDING)

/* One scope, a byte each. Returns what does not fit. */
static __always_inline __u64 pack_settings(const int *data, __u64 *bytes)
{
	__u64 low = 0, high = 0, rest = 0;
	__u32 value;

#define X(slot, index) \
	value = data[index]; \
	rest |= value >> 8; \
	if ((slot) < 8) \
		low |= (__u64)(value & 0xff) << 8 * ((slot) & 7); \
	else \
		high |= (__u64)(value & 0xff) << 8 * ((slot) & 7);
	EACH_SETTING(X)
#undef X
	bytes[0] = low;
	bytes[1] = high;
	return rest;
}

static __always_inline void unpack_settings(const int *data, __s32 *to)
{
#define X(slot, index) to[slot] = data[index];
	EACH_SETTING(X)
#undef X
}

static __always_inline const int *settings_of_all(enum reading how, struct net *net)
{
	return AT(READ(how, net, ipv4.devconf_all), struct ipv4_devconf, data);
}

static __always_inline const int *settings_of_device(struct in_device *in_dev)
{
	return AT(in_dev, struct in_device, cnf.data);
}

/* Both scopes of every setting, all zero without an in_device. */
static __always_inline void read_settings(enum reading how, struct cpu *me, struct net *net, struct in_device *in_dev,
					  struct settings *to)
{
	int *data = (int *)me->scratch;		/* not on the stack, which is small */

	__builtin_memset(to, 0, sizeof(*to));
	if (!in_dev)
		return;
	if (how != BY_COPY) {
		to->rest = pack_settings(settings_of_all(how, net), to->all) |
			   pack_settings(settings_of_device(in_dev), to->dev) << 32;
		return;
	}
	if (!bpf_probe_read_kernel(data, CNF_BYTES, settings_of_all(how, net)))
		to->rest = pack_settings(data, to->all);
	if (!bpf_probe_read_kernel(data, CNF_BYTES, settings_of_device(in_dev)))
		to->rest |= pack_settings(data, to->dev) << 32;
}

static __always_inline bool same_settings(const struct settings *a, const struct settings *b)
{
	return !((a->all[0] ^ b->all[0]) | (a->all[1] ^ b->all[1]) | (a->dev[0] ^ b->dev[0]) |
		 (a->dev[1] ^ b->dev[1]) | (a->rest ^ b->rest));
}

static __always_inline bool same_stamps(const struct arpwhy_stamps *a, const struct arpwhy_stamps *b)
{
	return !((a->fib ^ b->fib) | (a->rules ^ b->rules) | (a->genid ^ b->genid) | (a->nexthop ^ b->nexthop));
}

#endif
