/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * Who changed the routes: what hooks on functions see of insertions, deletions and flushes, in whose context the kernel
 * made them, and why. The programs are in change-trampoline.h and change-kprobe.h. All of it runs in a task that holds
 * RTNL and may sleep, so what an entry keeps for its return is kept by task.
 */
#ifndef ARPWHY_CHANGE_H
#define ARPWHY_CHANGE_H

#include "change-record.h"
#include "decision.h"

#define PF_KTHREAD		0x00200000
#define FIB_RULE_INVERT		0x00000002
#define IFF_UP			0x1
#define NOCARRIER_BIT		2	/* enum netdev_state_t: __LINK_STATE_NOCARRIER */
#define WORKS			256
#define CHANGES_BYTES		(1 << 20)
#define ROUTES_BYTES		(CHANGES_BYTES / 4 * 3)	/* of it for single routes: rules, links and flushes find room */
#define FLUSH_MEMBERS		256	/* routes of a flush that are told one by one; all of them are counted */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct {
	unsigned int flags;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct task_struct *real_parent;
};

struct nl_info {
	void *nlh;
};

struct fib_config {
	__u8 fc_dst_len;
	__u8 fc_protocol;
	__u8 fc_type;
	__u8 fc_gw_family;
	__be32 fc_dst;
	__be32 fc_gw4;
	int fc_oif;
	__u32 fc_priority;
	__u32 fc_nh_id;
	struct nl_info fc_nlinfo;
};

/* the dscp byte: fc_tos before 5.17 */
struct fib_config___tos {
	__u8 fc_tos;
};

struct fib_config___dscp {
	__u8 fc_dscp;
};

struct nexthop {
	__u32 id;
};

struct fib_info___object {
	struct nexthop *nh;
};

struct fib_notifier_info {
	int family;
};

struct fib_entry_notifier_info {
	struct fib_notifier_info info;
	__u32 dst;
	int dst_len;
	struct fib_info *fi;
	__u8 type;
	__u32 tb_id;
};

struct fib_entry_notifier_info___tos {
	__u8 tos;
};

struct fib_entry_notifier_info___dscp {
	__u8 dscp;
};

struct fib_rule_notifier_info {
	struct fib_notifier_info info;
	struct fib_rule *rule;
};

struct fib_rule_port_range {
	__u16 start;
	__u16 end;
};

typedef struct {
	__u32 val;
} kuid_t;

struct fib_kuid_range {
	kuid_t start;
	kuid_t end;
};

/* what user space gave a rule, beside struct fib_rule */
struct fib_rule___selectors {
	__u8 l3mdev;
	__u8 ip_proto;
	__u64 tun_id;
	struct fib_rule_port_range sport_range;
	struct fib_rule_port_range dport_range;
	struct fib_kuid_range uid_range;
	char iifname[16];
	char oifname[16];
};

struct fib4_rule {
	struct fib_rule common;
	__u8 dst_len;
	__u8 src_len;
	__be32 src;
	__be32 dst;
};

struct fib4_rule___tos {
	__u8 tos;
};

struct fib4_rule___dscp {
	__u8 dscp;
};

struct in_device___of {
	struct net_device *dev;
};

struct in_ifaddr {
	struct in_device___of *ifa_dev;
	__be32 ifa_local;
	__be32 ifa_address;
	unsigned char ifa_scope;
	unsigned char ifa_prefixlen;
};

struct netdev_notifier_info {
	struct net_device *dev;
};

#pragma clang attribute pop

/* numbered anew now and then: only ever read through bpf_core_enum_value */
enum fib_event_type {
	FIB_EVENT_ENTRY_REPLACE,
	FIB_EVENT_ENTRY_DEL,
	FIB_EVENT_RULE_ADD,
	FIB_EVENT_RULE_DEL,
};

enum netdev_cmd {
	NETDEV_UP,
	NETDEV_DOWN,
	NETDEV_CHANGE,
	NETDEV_UNREGISTER,
	NETDEV_CHANGEUPPER,
};

/* the function whose return is awaited */
enum within {
	IN_NONE,
	IN_INSERT,
	IN_DELETE,
	IN_FLUSH,
};

/* what one task is at */
struct work {
	__u32 within;		/* enum within */
	__u32 cause;		/* enum arpwhy_cause */
	__u32 ifindex;		/* of the cause's device */
	__u32 unchanged;	/* the route that was inserted was there already */
	__u32 members;		/* routes of this flush that were told */
	__u32 pad;
	char device[ARPWHY_NAME_BYTES];
	__u64 net;
	__u64 table;
	__u64 config;		/* of a flush: whether everything goes */
	__u64 info;		/* the fib_info that fib_create_info found or made */
	struct arpwhy_way way;
	struct arpwhy_way was;
	/* for kretprobes, which see no arguments */
	__u64 notified_net;
	__u64 notified_event;
	__u64 notified;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WORKS);
	__type(key, __u64);		/* pid and tgid */
	__type(value, struct work);
} works SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CHANGES_BYTES);
} changes SEC(".maps");

/* changes that did not fit into the ring */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} changes_lost SEC(".maps");

static __always_inline struct work *this_work(void)
{
	__u64 key = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&works, &key);
}

static __always_inline struct work *begin_work(void)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct work *w = bpf_map_lookup_elem(&works, &key);
	struct work none = {};

	if (w)
		return w;
	bpf_map_update_elem(&works, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&works, &key);
}

static __always_inline void end_work(void)
{
	__u64 key = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&works, &key);
}

static __always_inline void read_task(struct arpwhy_change *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);

	c->kernel_thread = (BPF_CORE_READ(task, flags) & PF_KTHREAD) != 0;
	c->pid = BPF_CORE_READ(task, tgid);
	c->parent = BPF_CORE_READ(parent, tgid);
	BPF_CORE_READ_INTO(&c->name, leader, comm);
	BPF_CORE_READ_INTO(&c->parent_name, parent, comm);
}

/* A record to be filled and handed over; NULL where nobody asked for it, or there is no room. */
static __always_inline struct arpwhy_change *open_change(struct net *net, const struct work *w, __u8 what)
{
	__u32 netns = BPF_CORE_READ(net, ns.inum);
	struct arpwhy_change *c;
	bool full;

	if (!all_attached() || (only_netns && !bpf_map_lookup_elem(&filter_netns, &netns)))
		return NULL;
	full = what <= ARPWHY_ROUTE_REPLACED && bpf_ringbuf_query(&changes, BPF_RB_AVAIL_DATA) > ROUTES_BYTES;
	c = full ? NULL : bpf_ringbuf_reserve(&changes, sizeof(*c), 0);
	if (!c) {
		__u32 zero = 0;
		__u64 *lost = bpf_map_lookup_elem(&changes_lost, &zero);

		if (lost)
			__sync_fetch_and_add(lost, 1);
		return NULL;
	}
	__builtin_memset(c, 0, sizeof(*c));
	c->bytes = sizeof(*c);
	c->version = ARPWHY_CHANGE_VERSION;
	c->what = what;
	c->ns = bpf_ktime_get_ns();
	c->netns = netns;
	if (w) {
		c->cause = w->cause;
		c->cause_ifindex = w->ifindex;
		__builtin_memcpy(c->cause_device, w->device, sizeof(c->cause_device));
	}
	read_task(c);
	return c;
}

/* user space comes for them by itself */
static __always_inline void hand_over(struct arpwhy_change *c)
{
	bpf_ringbuf_submit(c, BPF_RB_NO_WAKEUP);
}

static __always_inline void read_way(struct arpwhy_way *way, struct fib_info *info)
{
	struct fib_nh_common *nhc = (void *)info + bpf_core_field_offset(struct fib_info, fib_nh);
	int nexthops = BPF_CORE_READ(info, fib_nhs);
	struct fib_info___object *of_object = (void *)info;
	struct net_device *dev;

	way->known = 1;
	way->protocol = BPF_CORE_READ(info, fib_protocol);
	way->metric = BPF_CORE_READ(info, fib_priority);
	way->nexthops = nexthops > 255 ? 255 : nexthops;
	if (bpf_core_field_exists(of_object->nh))
		way->object = BPF_CORE_READ(of_object, nh, id);
	if (nexthops < 1)
		return;
	way->ifindex = BPF_CORE_READ(nhc, nhc_oif);
	way->gateway_family = BPF_CORE_READ(nhc, nhc_gw_family);
	way->gateway = BPF_CORE_READ(nhc, nhc_gw.ipv4);
	dev = BPF_CORE_READ(nhc, nhc_dev);
	if (dev)
		BPF_CORE_READ_INTO(&way->device, dev, name);
}

/* --- what tables go through --- */

static __always_inline void begin_table(enum within within, void *net, void *table, __u64 config)
{
	struct work *w = begin_work();

	if (!w)
		return;
	w->within = within;
	w->net = (__u64)net;
	w->table = (__u64)table;
	w->config = config;
	w->info = 0;
	w->unchanged = 0;
	w->members = 0;
	w->way.known = 0;
	w->was.known = 0;
}

/* fib_create_info returned, within fib_table_insert */
static __always_inline void see_info(void *info)
{
	struct work *w = this_work();

	if (!w || w->within != IN_INSERT)
		return;
	w->info = (__u64)info;
	read_way(&w->way, info);
}

/* fib_release_info: the route that a deletion or a replacement took away, or the one that came in vain */
static __always_inline void see_release(void *info)
{
	struct work *w = this_work();

	if (!w)
		return;
	if (w->within == IN_INSERT && w->info == (__u64)info)
		w->unchanged = 1;
	else if (w->within == IN_DELETE || (w->within == IN_INSERT && w->info))
		read_way(&w->was, info);
}

static __always_inline __u8 tos_of_config(void *config)
{
	struct fib_config___dscp *dscp = config;
	struct fib_config___tos *tos = config;

	return bpf_core_field_exists(dscp->fc_dscp) ? BPF_CORE_READ(dscp, fc_dscp) : BPF_CORE_READ(tos, fc_tos);
}

/* As the message says it, which may leave things out of a deletion. */
static __always_inline void read_config(struct arpwhy_change_route *route, struct fib_config *config)
{
	route->dst = BPF_CORE_READ(config, fc_dst);
	route->length = BPF_CORE_READ(config, fc_dst_len);
	route->type = BPF_CORE_READ(config, fc_type);
	route->tos = tos_of_config(config);
	route->way.protocol = BPF_CORE_READ(config, fc_protocol);
	route->way.metric = BPF_CORE_READ(config, fc_priority);
	route->way.object = BPF_CORE_READ(config, fc_nh_id);
	route->way.ifindex = BPF_CORE_READ(config, fc_oif);
	route->way.gateway_family = BPF_CORE_READ(config, fc_gw_family);
	route->way.gateway = BPF_CORE_READ(config, fc_gw4);
}

/* fib_table_insert, fib_table_delete or fib_table_flush returned */
static __always_inline void end_table(enum within within, int ret)
{
	struct work *w = this_work();
	struct fib_table *table;
	struct arpwhy_change *c;
	bool flush = within == IN_FLUSH;
	__u8 what;

	if (!w || w->within != within)
		return;
	w->within = IN_NONE;
	/* where everything goes the namespace does, and nobody is left to be answered */
	if (flush ? ret > 0 && !w->config : !ret && !(w->unchanged && !w->was.known)) {
		what = flush ? ARPWHY_TABLE_FLUSHED : within == IN_DELETE ? ARPWHY_ROUTE_REMOVED :
		       w->was.known ? ARPWHY_ROUTE_REPLACED : ARPWHY_ROUTE_ADDED;
		c = open_change((void *)w->net, w, what);
		if (c) {
			table = (void *)w->table;
			c->route.table = BPF_CORE_READ(table, tb_id);
			if (flush) {
				c->route.count = ret;
			} else {
				struct fib_config *config = (void *)w->config;

				read_config(&c->route, config);
				if (!c->cause && BPF_CORE_READ(config, fc_nlinfo.nlh))
					c->cause = ARPWHY_BY_MESSAGE;
				if (within == IN_DELETE && w->was.known)
					c->route.way = w->was;
				if (within == IN_INSERT && w->way.known)
					c->route.way = w->way;
				if (what == ARPWHY_ROUTE_REPLACED)
					c->route.was = w->was;
			}
			hand_over(c);
		}
	}
	if (!w->cause)
		end_work();
}

/* --- what the kernel tells its listeners: rules, and the routes of a flush --- */

static __always_inline void see_flushed(struct work *w, struct fib_entry_notifier_info *entry, bool gone)
{
	struct fib_entry_notifier_info___dscp *dscp = (void *)entry;
	struct fib_entry_notifier_info___tos *tos = (void *)entry;
	struct arpwhy_change *c;

	if (w->members >= FLUSH_MEMBERS)
		return;
	w->members++;
	c = open_change((void *)w->net, w, ARPWHY_ROUTE_REMOVED);
	if (!c)
		return;
	c->route.count = 1;
	c->route.table = BPF_CORE_READ(entry, tb_id);
	c->route.dst = bpf_htonl(BPF_CORE_READ(entry, dst));
	c->route.length = BPF_CORE_READ(entry, dst_len);
	c->route.tos = bpf_core_field_exists(dscp->dscp) ? BPF_CORE_READ(dscp, dscp) : BPF_CORE_READ(tos, tos);
	/* where another route of the prefix takes its place, that one is shown */
	if (gone) {
		c->route.type = BPF_CORE_READ(entry, type);
		read_way(&c->route.way, BPF_CORE_READ(entry, fi));
	}
	hand_over(c);
}

static __always_inline void read_rule(struct arpwhy_change_rule *to, struct fib_rule *rule)
{
	struct fib_rule___selectors *selectors = (void *)rule;
	struct fib4_rule *rule4 = (void *)rule;
	struct fib4_rule___dscp *dscp = (void *)rule;
	struct fib4_rule___tos *tos = (void *)rule;

	to->priority = BPF_CORE_READ(rule, pref);
	to->table = BPF_CORE_READ(rule, table);
	to->target = BPF_CORE_READ(rule, target);
	to->mark = BPF_CORE_READ(rule, mark);
	to->mark_mask = BPF_CORE_READ(rule, mark_mask);
	to->action = BPF_CORE_READ(rule, action);
	to->invert = (BPF_CORE_READ(rule, flags) & FIB_RULE_INVERT) != 0;
	to->suppress_prefixlen = BPF_CORE_READ(rule, suppress_prefixlen);
	to->suppress_ifgroup = BPF_CORE_READ(rule, suppress_ifgroup);
	to->src = BPF_CORE_READ(rule4, src);
	to->dst = BPF_CORE_READ(rule4, dst);
	to->src_len = BPF_CORE_READ(rule4, src_len);
	to->dst_len = BPF_CORE_READ(rule4, dst_len);
	to->tos = bpf_core_field_exists(dscp->dscp) ? BPF_CORE_READ(dscp, dscp) : BPF_CORE_READ(tos, tos);
	to->l3mdev = BPF_CORE_READ(selectors, l3mdev);
	to->ip_proto = BPF_CORE_READ(selectors, ip_proto);
	to->tunnel = BPF_CORE_READ(selectors, tun_id) != 0;
	to->sport[0] = BPF_CORE_READ(selectors, sport_range.start);
	to->sport[1] = BPF_CORE_READ(selectors, sport_range.end);
	to->dport[0] = BPF_CORE_READ(selectors, dport_range.start);
	to->dport[1] = BPF_CORE_READ(selectors, dport_range.end);
	to->uid[0] = BPF_CORE_READ(selectors, uid_range.start.val);
	to->uid[1] = BPF_CORE_READ(selectors, uid_range.end.val);
	BPF_CORE_READ_INTO(&to->iif, selectors, iifname);
	BPF_CORE_READ_INTO(&to->oif, selectors, oifname);
}

/* call_fib_notifiers returned */
static __always_inline void see_notice(void *net, __u64 event, void *notified, int ret)
{
	struct fib_notifier_info *info = notified;
	struct fib_rule_notifier_info *of_rule = notified;
	struct arpwhy_change *c;
	bool removed = event == bpf_core_enum_value(enum fib_event_type, FIB_EVENT_RULE_DEL);

	if (BPF_CORE_READ(info, family) != AF_INET)
		return;
	if (removed || (event == bpf_core_enum_value(enum fib_event_type, FIB_EVENT_RULE_ADD) && !ret)) {
		c = open_change(net, NULL, removed ? ARPWHY_RULE_REMOVED : ARPWHY_RULE_ADDED);
		if (!c)
			return;
		/* nothing else makes rules, or takes them away */
		c->cause = ARPWHY_BY_MESSAGE;
		read_rule(&c->rule, BPF_CORE_READ(of_rule, rule));
		hand_over(c);
	} else {
		bool gone = event == bpf_core_enum_value(enum fib_event_type, FIB_EVENT_ENTRY_DEL);
		struct work *w = this_work();

		if (w && w->within == IN_FLUSH && !w->config &&
		    (gone || event == bpf_core_enum_value(enum fib_event_type, FIB_EVENT_ENTRY_REPLACE)))
			see_flushed(w, notified, gone);
	}
}

/* --- causes --- */

static __always_inline void begin_cause(struct work *w, __u32 cause, struct net_device *dev)
{
	w->cause = cause;
	w->ifindex = BPF_CORE_READ(dev, ifindex);
	BPF_CORE_READ_INTO(&w->device, dev, name);
}

/* fib_netdev_event: a device went up, down or away, or something else of it moved */
static __always_inline void see_device_event(__u64 event, struct netdev_notifier_info *info)
{
	struct net_device *dev = BPF_CORE_READ(info, dev);
	struct arpwhy_change *c;
	struct work *w;
	__u32 cause;

	if (event == bpf_core_enum_value(enum netdev_cmd, NETDEV_UP))
		cause = ARPWHY_LINK_UP;
	else if (event == bpf_core_enum_value(enum netdev_cmd, NETDEV_DOWN))
		cause = ARPWHY_LINK_DOWN;
	else if (event == bpf_core_enum_value(enum netdev_cmd, NETDEV_UNREGISTER))
		cause = ARPWHY_LINK_REMOVED;
	else if (event == bpf_core_enum_value(enum netdev_cmd, NETDEV_CHANGE))
		cause = ARPWHY_CARRIER;
	else if (event == bpf_core_enum_value(enum netdev_cmd, NETDEV_CHANGEUPPER))
		cause = ARPWHY_LINK_ENSLAVED;
	else
		return;
	w = begin_work();
	if (!w)
		return;
	begin_cause(w, cause, dev);
	if (cause == ARPWHY_LINK_ENSLAVED)
		return;
	c = open_change(BPF_CORE_READ(dev, nd_net.net), w, ARPWHY_LINK);
	if (!c)
		return;
	c->link.ifindex = w->ifindex;
	c->link.flags = BPF_CORE_READ(dev, flags);
	c->link.carrier = !(BPF_CORE_READ(dev, state) >> NOCARRIER_BIT & 1);
	__builtin_memcpy(c->link.name, w->device, sizeof(c->link.name));
	hand_over(c);
}

/* fib_inetaddr_event: an address came or went, and its routes with it */
static __always_inline void see_address_event(__u64 event, struct in_ifaddr *ifa)
{
	bool added = event == bpf_core_enum_value(enum netdev_cmd, NETDEV_UP);
	struct net_device *dev;
	struct arpwhy_change *c;
	struct work *w;

	if (!added && event != bpf_core_enum_value(enum netdev_cmd, NETDEV_DOWN))
		return;
	w = begin_work();
	if (!w)
		return;
	dev = BPF_CORE_READ(ifa, ifa_dev, dev);
	begin_cause(w, added ? ARPWHY_BY_ADDRESS_ADDED : ARPWHY_BY_ADDRESS_REMOVED, dev);
	c = open_change(BPF_CORE_READ(dev, nd_net.net), w, added ? ARPWHY_ADDRESS_ADDED : ARPWHY_ADDRESS_REMOVED);
	if (!c)
		return;
	c->address.ip = BPF_CORE_READ(ifa, ifa_local);
	c->address.peer = BPF_CORE_READ(ifa, ifa_address);
	c->address.length = BPF_CORE_READ(ifa, ifa_prefixlen);
	c->address.scope = BPF_CORE_READ(ifa, ifa_scope);
	c->address.ifindex = w->ifindex;
	__builtin_memcpy(c->address.device, w->device, sizeof(c->address.device));
	hand_over(c);
}

#endif
