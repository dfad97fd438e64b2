/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * The few kernel types that we touch, with just the fields that we touch; CO-RE finds the real offsets by name.
 */
#ifndef ARPWHY_KERNEL_H
#define ARPWHY_KERNEL_H

#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

typedef struct {
	int counter;
} atomic_t;

struct ns_common {
	unsigned int inum;
};

struct ipv4_devconf {
	int data[33];
};

struct fib_rule {
	struct list_head list;
	int iifindex;
	int oifindex;
	__u32 mark;
	__u32 mark_mask;
	__u32 flags;
	__u32 table;
	__u8 action;
	__u8 l3mdev;
	__u32 target;
	__u32 pref;
	int suppress_ifgroup;
	int suppress_prefixlen;
};

struct fib_rules_ops {
	unsigned int fib_rules_seq;
	struct list_head rules_list;
};

struct netns_ipv4 {
	struct ipv4_devconf *devconf_all;
	struct fib_rules_ops *rules_ops;
	bool fib_has_custom_rules;
	bool fib_has_custom_local_routes;
	atomic_t fib_num_tclassid_users;
	unsigned int fib_seq;
	atomic_t dev_addr_genid;
	atomic_t rt_genid;
};

struct netns_nexthop {
	unsigned int seq;
};

struct net {
	unsigned int dev_base_seq;
	struct ns_common ns;
	struct list_head dev_base_head;
	struct netns_nexthop nexthop;
	struct netns_ipv4 ipv4;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct neigh_parms {
	struct neigh_table *tbl;
	__u32 qlen;
	int data[14];
};

struct in_ifaddr;

struct in_device {
	struct in_ifaddr *ifa_list;
	struct neigh_parms *arp_parms;
	struct ipv4_devconf cnf;
};

struct bpf_mprog_entry;
struct mini_Qdisc;

struct net_device {
	unsigned long state;
	unsigned int flags;
	unsigned int priv_flags;
	int ifindex;
	possible_net_t nd_net;
	char name[16];
	struct list_head dev_list;
	unsigned short type;
	int group;
	unsigned int operstate;
	unsigned char addr_len;
	struct in_device *ip_ptr;
	void *rx_handler;
	struct bpf_mprog_entry *tcx_ingress;
	struct mini_Qdisc *miniq_ingress;
};

struct dst_entry {
	struct net_device *dev;
	short error;
};

struct rtable {
	struct dst_entry dst;
	__u16 rt_type;
	__u8 rt_gw_family;
	__be32 rt_gw4;
};

struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
	__u32 qlen;
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	unsigned long _skb_refdst;
	char cb[48];
	unsigned int len;
	unsigned int data_len;
	__u16 network_header;
	__u16 mac_header;
	__be16 protocol;
	__u32 vlan_all;
	__u8 pkt_type : 3;
	__u8 tc_at_ingress : 1;
	int skb_iif;
	unsigned char *head;
	unsigned char *data;
};

struct neighbour_cb {
	unsigned long sched_next;
	unsigned int flags;
};

struct timer_list {
	void (*function)(struct timer_list *timer);
};

struct neigh_table {
	int family;
	int gc_thresh3;
	struct timer_list proxy_timer;
	struct sk_buff_head proxy_queue;
	atomic_t gc_entries;
};

struct neighbour {
	struct neigh_table *tbl;
	__u8 nud_state;
	unsigned char ha[32];
	struct net_device *dev;
	__u8 primary_key[0];
};

struct flowi_common {
	int flowic_oif;
	int flowic_iif;
	int flowic_l3mdev;
	__u32 flowic_mark;
	__u8 flowic_scope;
	__u8 flowic_proto;
};

/* the dscp byte: flowic_tos before 6.18 */
struct flowi_common___tos {
	__u8 flowic_tos;
};

struct flowi_common___dscp {
	__u8 flowic_dscp;
};

struct flowi_ports {
	__be16 dport;
	__be16 sport;
};

union flowi_uli {
	struct flowi_ports ports;
};

struct flowi4 {
	struct flowi_common __fl_common;
	__be32 saddr;
	__be32 daddr;
	union flowi_uli uli;
};

struct flowi {
	union {
		struct flowi4 ip4;
	} u;
};

struct fib_table {
	__u32 tb_id;
};

struct fib_result {
	unsigned char prefixlen;
};

struct fib_lookup_arg {
	__u32 table;
};

struct fib_nh_common {
	struct net_device *nhc_dev;
	int nhc_oif;
	__u8 nhc_gw_family;
	union {
		__be32 ipv4;
	} nhc_gw;
};

struct fib_nh {
	struct fib_nh_common nh_common;
	struct fib_info *nh_parent;
};

struct fib_info {
	unsigned char fib_protocol;
	unsigned char fib_type;
	__u32 fib_priority;
	int fib_nhs;
	struct fib_nh fib_nh[0];
};

#pragma clang attribute pop

/* numbered anew in every kernel: only ever read through bpf_core_enum_value */
enum skb_drop_reason {
	SKB_DROP_REASON_NETFILTER_DROP,
	SKB_DROP_REASON_TC_INGRESS,
	SKB_DROP_REASON_XDP,
};

#define ETH_P_ARP		0x0806
#define ETH_P_8021Q		0x8100
#define ETH_P_8021AD		0x88a8
#define ARPOP_REQUEST		1
#define ARPOP_REPLY		2
#define AF_INET			2
#define IFF_EBRIDGE		(1 << 1)	/* enum netdev_priv_flags: the device is a bridge */
#define LOCALLY_ENQUEUED	0x1	/* net/core/neighbour.c */
#define SKB_DST_PTRMASK		(~3UL)	/* SKB_DST_NOREF and its neighbour */

/* array slots of ipv4_devconf.data: IPV4_DEVCONF_* - 1 (uapi, the same in every kernel) */
#define CNF_FORWARDING			0
#define CNF_PROXY_ARP			2
#define CNF_SEND_REDIRECTS		5
#define CNF_RP_FILTER			7
#define CNF_ARPFILTER			12
#define CNF_MEDIUM_ID			13
#define CNF_ARP_IGNORE			18
#define CNF_ARP_ACCEPT			20
#define CNF_ACCEPT_LOCAL		22
#define CNF_SRC_VMARK			23
#define CNF_PROXY_ARP_PVLAN		24
#define CNF_ROUTE_LOCALNET		25
#define CNF_IGNORE_LINKDOWN		28
#define CNF_DROP_GRATUITOUS_ARP		30
#define CNF_BC_FORWARDING		31
#define CNF_WORDS			32	/* the slots that every kernel since 5.10 has */
#define CNF_BYTES			(CNF_WORDS * sizeof(int))

#endif
