/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * The wire record of what a host learns and asks: one fixed struct for each kind, host byte order but for fields named
 * __be32 and the ARP header. This file is the only statement of the layout; bpf/neighbour-layout.c turns it into
 * src/kernel/neighbour-layout.ts and a test compares the two.
 */
#ifndef ARPWHY_NEIGHBOUR_RECORD_H
#define ARPWHY_NEIGHBOUR_RECORD_H

#include "record.h"

#define ARPWHY_NEIGHBOUR_VERSION	2
#define ARPWHY_STACK			32	/* return addresses, the innermost first */
#define ARPWHY_SEND_LOOKUPS		16	/* lookups of one packet that a record holds */

enum arpwhy_neighbour_kind {
	ARPWHY_LEARNED = 1,	/* an ARP reply or a gratuitous request came in, and ARP let it go */
	ARPWHY_ASKED = 2,	/* a who-has of this host reached the queue of its device */
	ARPWHY_FOR_PACKET = 3,	/* the packet for which the last who-has of this CPU was sent */
	ARPWHY_TIMER = 4,	/* the timer of an entry ran */
	ARPWHY_ADMIN = 5,	/* an entry was changed by netlink or ioctl */
	ARPWHY_REMOVED = 6,	/* an entry leaves the table */
};

enum arpwhy_entry_flag {
	ARPWHY_ENTRY_CREATED = 1 << 0,
	ARPWHY_ENTRY_NO_ROOM = 1 << 1,	/* neigh_create was called, and the table was full */
	ARPWHY_ENTRY_UPDATED = 1 << 2,	/* neigh_update was called: old_*, wanted, update_flags, age and locktime are valid */
	ARPWHY_ENTRY_DONE = 1 << 3,	/* it returned: state, mac and err are final */
	ARPWHY_ENTRY_DEAD = 1 << 4,
	ARPWHY_ENTRY_SENDER_TYPED = 1 << 5,	/* the type of the sender's address was looked up: sender_type */
	ARPWHY_ENTRY_TYPED_FIRST = 1 << 6,	/* before the entry was made or updated: the end of arp_process did it */
	ARPWHY_ENTRY_KNOWN_START = 1 << 7,	/* the frame was seen coming in on this CPU */
	ARPWHY_ENTRY_HAS_DST = 1 << 8,
	ARPWHY_ENTRY_HAS_IN_DEVICE = 1 << 9,
	ARPWHY_ENTRY_BY_SOCKET = 1 << 10,	/* the who-has came from a socket */
	ARPWHY_ENTRY_KERNEL_THREAD = 1 << 11,
	ARPWHY_ENTRY_ASKED_BY_SOCKET = 1 << 12,	/* so did the last who-has for the address learned */
	ARPWHY_ENTRY_CUSTOM_RULES = 1 << 13,
	ARPWHY_ENTRY_SECOND_PASS = 1 << 14,	/* neigh_proxy_process redoes a gratuitous request that was deferred */
};

/* sysctls of net.ipv4.conf, in the order of arpwhy_event.all and .dev */
enum arpwhy_neighbour_setting {
	ARPWHY_N_ARP_ACCEPT,
	ARPWHY_N_DROP_GRATUITOUS,
	ARPWHY_N_ROUTE_LOCALNET,
	ARPWHY_N_ARP_ANNOUNCE,
	ARPWHY_N_FORWARDING,
	ARPWHY_N_SETTINGS,
};

/*
 * What differs from claim to claim comes first, then what is alike in a storm of them, from `net` on: user space decodes
 * that once.
 */
struct arpwhy_event {
	__u32 bytes;
	__u16 version;
	__u8 cpu;
	__u8 kind;		/* enum arpwhy_neighbour_kind */
	__u64 id;		/* unique in the trace */
	__u64 start_ns;		/* when the frame came, 0 when it was not seen; of ARPWHY_FOR_PACKET: the first lookup */
	__u64 end_ns;
	__u64 asked_ns;		/* the last who-has for the address that was learned, 0 when none is known */
	__u64 asked_id;		/* its id; of ARPWHY_FOR_PACKET: the who-has that was sent for the packet */
	__u64 neigh;		/* the entry, 0 when none is known */
	__u32 age;		/* jiffies since the entry was changed last */
	__be32 ip;		/* of the entry, or of the address asked for */
	__u8 arp[ARPWHY_ARP_BYTES];
	__u8 destination[6];
	__u8 source[6];
	__u8 mac[6];		/* at the end */
	__u8 old_mac[6];
	__u32 pad;
	__u64 net;
	__u64 cookie;		/* of the namespace, which no other ever has */
	__u64 location;		/* where the frame was dropped */
	__u32 netns;
	__u32 ifindex;
	char device[ARPWHY_IFNAMSIZ];
	__u32 flags;		/* enum arpwhy_entry_flag */
	__u32 device_flags;
	__u16 device_type;
	__u16 hz;
	__u8 address_len;
	__u8 packet_type;
	__u8 closed;		/* enum arpwhy_closed */
	__u8 place;		/* enum arpwhy_place */
	__u8 arp_bytes;
	__u8 sender_type;	/* RTN_* of the sender's address */
	__u8 state;		/* NUD_* at the end */
	__u8 old_state;
	__u8 wanted;		/* the state that the update asked for */
	__u8 packet_proto;
	__u16 route_type;
	__u32 drop_reason;
	__s32 err;		/* of the update */
	__u32 update_flags;	/* NEIGH_UPDATE_F_* */
	__u32 netlink_pid;
	__s32 locktime;		/* jiffies */
	__s32 probes;
	__u32 queued;		/* packets that wait in the entry; of an update, before it */
	__u32 waited;		/* packets that came to wait there since it was resolved last */
	__u32 pid;		/* what runs on this CPU, which is who did it only in task context */
	__u32 tgid;
	char command[16];
	__s32 all[ARPWHY_N_SETTINGS];
	__s32 dev[ARPWHY_N_SETTINGS];
	__be32 packet_source;
	__be32 packet_target;
	__u32 packet_iif;	/* the device that it came in by, 0 when this host made it */
	__u32 packet_mark;
	struct arpwhy_stamps stamps;
	__u16 lookups;
	__u16 cut;		/* lookups that did not fit */
	__u64 stack[ARPWHY_STACK];
	struct arpwhy_lookup lookup[ARPWHY_SEND_LOOKUPS];
	struct arpwhy_flow flow[ARPWHY_SEND_LOOKUPS];
};

#endif
