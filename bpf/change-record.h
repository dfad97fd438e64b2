/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * What the kernel side hands to user space for one change of routes, rules, links or addresses: a ring of its own, so
 * that a flood of changes takes no place from requests. As record.h, bpf/layout.c turns it into src/kernel/layout.ts.
 * Host byte order, except fields named __be32.
 */
#ifndef ARPWHY_CHANGE_RECORD_H
#define ARPWHY_CHANGE_RECORD_H

#define ARPWHY_CHANGE_VERSION	1
#define ARPWHY_NAME_BYTES	16	/* of a device or a task */

enum arpwhy_what {
	ARPWHY_ROUTE_ADDED = 1,
	ARPWHY_ROUTE_REMOVED = 2,
	ARPWHY_ROUTE_REPLACED = 3,
	ARPWHY_TABLE_FLUSHED = 4,	/* fib_table_flush: those of its routes that are known came just before it */
	ARPWHY_RULE_ADDED = 5,
	ARPWHY_RULE_REMOVED = 6,
	ARPWHY_LINK = 7,		/* one of the link causes below: its state now */
	ARPWHY_ADDRESS_ADDED = 8,
	ARPWHY_ADDRESS_REMOVED = 9,
};

/* why the kernel did it, where a hook saw it; 0 where none did */
enum arpwhy_cause {
	ARPWHY_BY_MESSAGE = 1,		/* rtnetlink: ip, a routing daemon */
	ARPWHY_LINK_UP = 2,
	ARPWHY_LINK_DOWN = 3,
	ARPWHY_LINK_REMOVED = 4,
	ARPWHY_CARRIER = 5,		/* it came or went, or something else of the link that is no cause here */
	ARPWHY_LINK_ENSLAVED = 6,	/* it got another master, or lost it: a VRF takes its routes away */
	ARPWHY_BY_ADDRESS_ADDED = 7,
	ARPWHY_BY_ADDRESS_REMOVED = 8,
};

/* what a struct fib_info says of a route */
struct arpwhy_way {
	__u8 known;		/* 0: no fib_info was seen; what is there is what the message said */
	__u8 protocol;
	__u8 nexthops;		/* the first one is here */
	__u8 gateway_family;
	__u32 metric;
	__u32 object;		/* a nexthop object's id, 0 if none */
	__u32 ifindex;
	__be32 gateway;
	char device[ARPWHY_NAME_BYTES];
};

struct arpwhy_change_route {
	__u32 table;
	__be32 dst;
	__u8 length;
	__u8 type;		/* RTN_*, 0 when it is not known */
	__u8 tos;
	__u8 pad;
	__u32 count;		/* of a flush: how many routes went; 1 of a route that went by a flush, else 0 */
	struct arpwhy_way way;
	struct arpwhy_way was;	/* of a replaced route: the former one */
};

struct arpwhy_change_rule {
	__u32 priority;
	__u32 table;
	__u32 target;		/* of a goto */
	__u32 mark;
	__u32 mark_mask;
	__be32 src;
	__be32 dst;
	__u8 src_len;
	__u8 dst_len;
	__u8 tos;
	__u8 action;		/* FR_ACT_* */
	__u8 invert;
	__u8 l3mdev;
	__u8 ip_proto;
	__u8 tunnel;		/* 1: it selects a tunnel id */
	__s32 suppress_prefixlen;
	__s32 suppress_ifgroup;
	__u16 sport[2];
	__u16 dport[2];
	__u32 uid[2];
	char iif[ARPWHY_NAME_BYTES];
	char oif[ARPWHY_NAME_BYTES];
};

struct arpwhy_change_link {
	__u32 ifindex;
	__u32 flags;		/* IFF_* */
	char name[ARPWHY_NAME_BYTES];
	__u8 carrier;
	__u8 pad[3];
};

struct arpwhy_change_address {
	__be32 ip;
	__be32 peer;
	__u32 ifindex;
	__u8 length;
	__u8 scope;
	__u8 pad[2];
	char device[ARPWHY_NAME_BYTES];
};

struct arpwhy_change {
	__u32 bytes;		/* of the whole record */
	__u16 version;
	__u8 what;		/* enum arpwhy_what */
	__u8 cause;		/* enum arpwhy_cause */
	__u64 ns;		/* CLOCK_MONOTONIC */
	__u32 netns;		/* inode */
	__u32 cause_ifindex;	/* the device of the cause, 0 if it has none */
	char cause_device[ARPWHY_NAME_BYTES];
	/* in whose context the kernel did it */
	__u32 pid;
	__u32 parent;
	char name[ARPWHY_NAME_BYTES];	/* of the process, not of its thread */
	char parent_name[ARPWHY_NAME_BYTES];
	__u32 kernel_thread;	/* 1: no process, a thread of the kernel */
	__u32 pad;
	union {
		struct arpwhy_change_route route;
		struct arpwhy_change_rule rule;
		struct arpwhy_change_link link;
		struct arpwhy_change_address address;
	};
};

#endif
