/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * The wire record: what the kernel side hands to user space for one pass of a request. This file is the only
 * statement of the layout; bpf/layout.c turns it into src/kernel/layout.ts and a test compares the two.
 *
 * One record per pass, variable in length: struct arpwhy_record, what is of this pass alone; its body; with
 * ARPWHY_HAS_WAIT a struct arpwhy_wait. The body is what the kernel side says alike of requests that were judged alike:
 * struct arpwhy_body; `neighbours` times struct arpwhy_neighbour; `lookups` times struct arpwhy_lookup; `flows` times
 * struct arpwhy_flow; `gates` times struct arpwhy_gates; with ARPWHY_WIDE_SETTINGS a struct arpwhy_wide; with
 * ARPWHY_HAS_DETAIL a struct arpwhy_detail; zeros up to a multiple of 8 bytes. In a storm it is the same again and
 * again. So each CPU keeps the bodies that it sent last in numbered slots, and a record without ARPWHY_HAS_BODY means
 * the one that came last with this `slot` of this `cpu`.
 *
 * Host byte order, except fields named __be32 and __be16, which are as on the wire.
 */
#ifndef ARPWHY_RECORD_H
#define ARPWHY_RECORD_H

#define ARPWHY_RECORD_VERSION	4

#define ARPWHY_MAX_LOOKUPS	64	/* lookups that one record holds; more are counted in `cut` */
#define ARPWHY_MAX_NEIGHBOURS	4	/* neighbour table changes that one record holds */
#define ARPWHY_IFNAMSIZ		16
#define ARPWHY_ARP_BYTES	28	/* an Ethernet/IPv4 ARP header with its four addresses */
#define ARPWHY_ARP_FIXED	8	/* of it, what comes before the addresses */

/* how the kernel let go of the request */
enum arpwhy_closed {
	ARPWHY_CONSUMED = 1,	/* consume_skb: processed to the end */
	ARPWHY_DROPPED = 2,	/* kfree_skb */
	ARPWHY_DEFERRED = 3,	/* put on the proxy queue: a second pass will follow */
};

/* in which part of the kernel */
enum arpwhy_place {
	ARPWHY_IN_ARP_PROCESS = 1,
	ARPWHY_IN_ARP_RCV = 2,
	ARPWHY_IN_NETFILTER = 3,
	ARPWHY_IN_TC = 4,
	ARPWHY_IN_XDP = 5,
	ARPWHY_IN_PROXY_QUEUE = 6,	/* purged, or its device stopped */
};

enum arpwhy_flag {
	ARPWHY_HAS_IN_DEVICE = 1 << 0,	/* the device has an in_device; settings are valid */
	ARPWHY_HAS_DST = 1 << 1,	/* ip_route_input left a route; route_* are valid */
	ARPWHY_HAS_START = 1 << 2,	/* the start of the pass was seen, with settings and stamps: *_MOVED are valid */
	ARPWHY_SECOND_PASS = 1 << 3,	/* LOCALLY_ENQUEUED: neigh_proxy_process redoes a deferred request */
	ARPWHY_REPLY_QUEUED = 1 << 4,	/* net_dev_queue saw the reply on the asking device */
	ARPWHY_REPLY_DROPPED = 1 << 5,	/* kfree_skb saw that reply before the pass ended */
	ARPWHY_SETTINGS_MOVED = 1 << 6,	/* a sysctl changed between the start and the end of the pass */
	ARPWHY_NO_ADDRESS = 1 << 7,	/* in_device->ifa_list is empty */
	ARPWHY_CUSTOM_RULES = 1 << 8,	/* net->ipv4.fib_has_custom_rules */
	ARPWHY_CUSTOM_LOCAL = 1 << 9,	/* net->ipv4.fib_has_custom_local_routes */
	ARPWHY_CLASSID_USERS = 1 << 10,	/* net->ipv4.fib_num_tclassid_users is not 0 */
	ARPWHY_TABLE_FULL = 1 << 11,	/* arp_tbl holds gc_thresh3 entries or more */
	ARPWHY_SAME_SKB = 1 << 12,	/* the frame was recognised by its skb, not by its addresses */
	ARPWHY_STAMPS_MOVED = 1 << 13,	/* a generation counter moved between the start and the end of the pass */
	ARPWHY_WIDE_SETTINGS = 1 << 14,	/* a setting that does not fit into a byte: see struct arpwhy_wide */
	ARPWHY_HAS_DETAIL = 1 << 15,	/* the request or its reply was dropped: see struct arpwhy_detail */
};

/* the sysctls that a gate reads, in the order of arpwhy_body.all and .dev */
enum arpwhy_setting {
	ARPWHY_FORWARDING,
	ARPWHY_PROXY_ARP,
	ARPWHY_SEND_REDIRECTS,
	ARPWHY_RP_FILTER,
	ARPWHY_ARP_FILTER,
	ARPWHY_MEDIUM_ID,
	ARPWHY_ARP_IGNORE,
	ARPWHY_ARP_ACCEPT,
	ARPWHY_ACCEPT_LOCAL,
	ARPWHY_SRC_VALID_MARK,
	ARPWHY_PROXY_ARP_PVLAN,
	ARPWHY_ROUTE_LOCALNET,
	ARPWHY_DROP_GRATUITOUS_ARP,
	ARPWHY_BC_FORWARDING,
	ARPWHY_SETTINGS,
};

#define ARPWHY_SETTING_SLOTS	16

/* the generation counters of a network namespace */
struct arpwhy_stamps {
	__u32 fib;	/* net->ipv4.fib_seq */
	__u32 rules;	/* net->ipv4.rules_ops->fib_rules_seq */
	__u32 genid;	/* net->ipv4.rt_genid */
	__u32 nexthop;	/* net->nexthop.seq */
};

enum arpwhy_part {
	ARPWHY_HAS_BODY = 1 << 0,	/* else it is the one that is kept in `slot` */
	ARPWHY_HAS_WAIT = 1 << 1,	/* deferred, redone or dropped: see struct arpwhy_wait */
};

#define ARPWHY_NO_SLOT	0xff	/* the body is not kept */

struct arpwhy_record {
	__u32 bytes;		/* of the whole record */
	__u16 version;
	__u16 cpu;
	__u64 id;		/* of this pass, unique in the trace */
	__u64 start_ns;		/* CLOCK_MONOTONIC, 0 when it was not seen */
	__u64 end_ns;		/* with a reply it is reply_ns: what follows says nothing any more, and a clock costs */
	__u64 reply_ns;
	__u8 slot;
	__u8 parts;		/* enum arpwhy_part */
	__u8 destination[6];	/* of the Ethernet header, all zero when it is not known */
	__u8 source[6];
	__u8 sha[6];		/* the addresses in the ARP header, as far as they were there */
	__u8 sip[4];
	__u8 tha[6];
	__u8 tip[4];
	__u8 pad[6];
};

/* what only some passes have, and each its own */
struct arpwhy_wait {
	__u64 skb;
	__u64 first;		/* the pass that deferred this request, 0 if none is known */
	__u64 first_ns;		/* its start */
};

struct arpwhy_body {
	__u64 net;
	__u32 netns;		/* inode */
	__u32 ifindex;
	char device[ARPWHY_IFNAMSIZ];
	__u32 device_flags;	/* IFF_* */
	__u32 frame_len;	/* skb->len: the ARP header and what follows it */
	__u16 flags;		/* enum arpwhy_flag */
	__u16 device_type;	/* ARPHRD_* */
	__u8 address_len;
	__u8 packet_type;	/* PACKET_* */
	__u8 closed;		/* enum arpwhy_closed */
	__u8 place;		/* enum arpwhy_place */
	__u8 neighbours;
	__u8 lookups;
	__u8 flows;
	__u8 gates;		/* how many struct arpwhy_gates there are: 1 where a hook on a function saw one, else 0 */
	__u16 cut;		/* lookups that did not fit */
	__u16 hz;		/* CONFIG_HZ */
	__u8 arp[ARPWHY_ARP_FIXED];	/* the ARP header up to its addresses */
	__u8 arp_bytes;		/* how much of the ARP header was there, with the addresses */
	__u8 pad;
	__u8 reply_mac[6];	/* the address claimed */
	__u16 route_type;	/* RTN_* of the final route */
	__s16 route_error;	/* positive errno */
	__u32 route_ifindex;	/* out device */
	__be32 route_gateway;
	__s32 out_medium_id;	/* of the out device; 0 where no gate reads it */
	__s32 proxy_delay;	/* jiffies */
	__s32 proxy_qlen;
	__u32 queued;		/* neigh_parms.qlen: requests on the proxy queue for this device */
	__u8 all[ARPWHY_SETTING_SLOTS];	/* by enum arpwhy_setting; 0 with ARPWHY_WIDE_SETTINGS */
	__u8 dev[ARPWHY_SETTING_SLOTS];
	struct arpwhy_stamps stamps;	/* at the end */
	__u32 pad2;
};

/* the same settings where one of them does not fit into a byte */
struct arpwhy_wide {
	__s32 all[ARPWHY_SETTING_SLOTS];
	__s32 dev[ARPWHY_SETTING_SLOTS];
};

/* where something was dropped */
struct arpwhy_detail {
	__u64 location;		/* the request */
	__u64 reply_location;	/* the reply */
	__u32 drop_reason;	/* enum skb_drop_reason of the running kernel */
	__u32 reply_drop_reason;
};

enum arpwhy_neighbour_change {
	ARPWHY_NEIGHBOUR_CREATED = 1,
	ARPWHY_NEIGHBOUR_UPDATED = 2,
};

/* what the pass did to the entry of the sender on the asking device: it touches no other */
struct arpwhy_neighbour {
	__u8 change;		/* enum arpwhy_neighbour_change */
	__u8 state;		/* NUD_* afterwards */
	__u8 old_state;
	__u8 done;		/* neigh_update_done was seen: state and mac are final */
	__u8 mac[6];		/* afterwards */
	__u8 old_mac[6];
	__s32 err;
};

/* whose lookup it is, by its addresses */
enum arpwhy_role {
	ARPWHY_FOR_TARGET = 1,	/* from the sender to the target */
	ARPWHY_FOR_SOURCE = 2,	/* from the target to the sender */
	ARPWHY_BARE_SENDER = 3,	/* to the sender, from nowhere */
	ARPWHY_BARE_TARGET = 4,	/* to the target, from nowhere */
};

enum arpwhy_lookup_flag {
	ARPWHY_HAS_INFO = 1 << 0,	/* the route's fib_info is known: type, protocol, nexthops, metric are valid */
	ARPWHY_HAS_FLOW = 1 << 1,	/* more of the flow than usual: the next struct arpwhy_flow */
	/* from hooks on functions */
	ARPWHY_HAS_PREFIX = 1 << 2,	/* prefix_length is valid */
	ARPWHY_HAS_RULE = 1 << 3,	/* rule is valid */
	ARPWHY_SUPPRESSED = 1 << 4,	/* the rule took the match away again */
	ARPWHY_RULE_ONLY = 1 << 5,	/* no lookup: the rule rejected, or its table does not exist */
	ARPWHY_BY_INPUT = 1 << 6,	/* made before ip_route_input_noref returned: not by arp_filter */
};

/* one fib_table_lookup */
struct arpwhy_lookup {
	__u32 table;
	__u32 iif;
	__u32 device;		/* of the nexthop that the lookup showed, 0 if none */
	__be32 gateway;
	__u32 metric;
	__u8 role;		/* enum arpwhy_role */
	__u8 error;		/* positive errno, 0 for a match */
	__u8 flags;		/* enum arpwhy_lookup_flag */
	__u8 gateway_family;	/* AF_INET, AF_INET6 or 0 */
	__u8 type;		/* RTN_* */
	__u8 protocol;		/* RTPROT_* */
	__u8 nexthops;
	__u8 prefix_length;	/* of the matched route */
	__u32 rule;		/* priority of the rule that led here */
};

/* the functions whose results a pass depends on */
enum arpwhy_gate {
	ARPWHY_ROUTE_INPUT,	/* ip_route_input_noref: 0, -errno, or since 6.18 a drop reason */
	ARPWHY_VALIDATE_SOURCE,	/* fib_validate_source: -errno, or since 6.18 a negative drop reason */
	ARPWHY_IGNORE,		/* arp_ignore: 1 when it stops the request */
	ARPWHY_PNEIGH_LOOKUP,	/* pneigh_lookup: 1 when there is a proxy neighbour */
	ARPWHY_EVENT_NS,	/* neigh_event_ns: 0 when there was no room for the entry */
	ARPWHY_GATES,
};

/* what they returned */
struct arpwhy_gates {
	__u32 seen;		/* bits by enum arpwhy_gate: those that returned in this pass */
	__s32 value[ARPWHY_GATES];
};

/* the rest of a lookup's flow, where any of it is not 0 */
struct arpwhy_flow {
	__u32 oif;
	__u32 l3mdev;
	__u32 mark;
	__be16 sport;
	__be16 dport;
	__u8 dscp;
	__u8 scope;
	__u8 proto;
	__u8 pad;
};

#define ARPWHY_LARGEST	(sizeof(struct arpwhy_record) + sizeof(struct arpwhy_wait) + 8 + sizeof(struct arpwhy_body) + \
			 ARPWHY_MAX_NEIGHBOURS * sizeof(struct arpwhy_neighbour) + \
			 ARPWHY_MAX_LOOKUPS * (sizeof(struct arpwhy_lookup) + sizeof(struct arpwhy_flow)) + \
			 sizeof(struct arpwhy_gates) + sizeof(struct arpwhy_wide) + sizeof(struct arpwhy_detail))

/* what the kernel side counted, per CPU */
struct arpwhy_counters {
	__u64 seen;		/* requests opened, after the kernel filters */
	__u64 lost;		/* requests whose last record did not fit into the ring */
	__u64 lost_passes;	/* first passes whose record did not fit; the request itself may still come */
	__u64 abandoned;	/* deferred requests that ended unseen */
	__u64 untracked;	/* deferrals that the table of deferred requests could not hold */
	__u64 cut;		/* lookups that did not fit */
	__u64 lost_first_ns;	/* time of the first and the last loss */
	__u64 lost_last_ns;
	__u64 frames;		/* ARP frames seen coming in, before any filter */
	__u64 filtered;		/* of `seen`, those whose addresses were not asked for */
};

/* the state of a namespace on demand: counters, and digests of what no counter covers */
struct arpwhy_generation {
	__u64 net;
	__u64 links;		/* digest of devices: index, name, flags, group, carrier and sysctls */
	__u64 rules;		/* digest of rules with their resolved devices */
	__u64 bindings;		/* digest of the devices of rules and their priorities alone, in order */
	struct arpwhy_stamps stamps;
	__u32 devices;		/* net->dev_base_seq */
	__u32 addresses;	/* net->ipv4.dev_addr_genid */
	__u32 netns;		/* inode, 0 when there is no such namespace any more */
	__u32 partial;		/* 1: more devices or rules than the digests cover */
	__u32 strange;		/* 1: a rule selects by what `ip rule` need not show: a full DSCP, some bits of a port */
	__u32 pad;
	__u64 ns;		/* when it was read */
};

#endif
