/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* The ARP header, and how to get at what has no name in C. */
#ifndef ARPWHY_ARP_H
#define ARPWHY_ARP_H

#include "record.h"

/* the address of a field, for what has no name in C: parts of arrays */
/* (of a number, too: clang must not fold it into a load, which CO-RE would check against the size of the whole array) */
#define AT(p, type, field) ({ \
	__u64 offset = bpf_core_field_offset(type, field); \
	asm volatile("" : "+r"(offset)); \
	(void *)(p) + offset; \
})

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

static __always_inline __be32 ip4(const __u8 *bytes)
{
	__be32 ip;

	__builtin_memcpy(&ip, bytes, sizeof(ip));
	return ip;
}

#endif
