/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* The trampoline tier: fentry and fexit on top of the tracepoints. */
#ifndef ARPWHY_TRAMPOLINE_H
#define ARPWHY_TRAMPOLINE_H

#include "functions.h"

/* every route lookup of the host comes by here: leave at once unless a request is on its way */
SEC("fexit/fib_table_lookup")
int BPF_PROG(fexit_fib_table_lookup, struct fib_table *table, const struct flowi4 *flow, struct fib_result *result,
	     int flags, int ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy)
		see_prefix(BY_TYPE, me, table->tb_id, flow, result->prefixlen, ret);
	return 0;
}

SEC("fexit/fib4_rule_action")
int BPF_PROG(fexit_fib4_rule_action, struct fib_rule *rule, struct flowi *flow, int flags, struct fib_lookup_arg *arg,
	     int ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy)
		see_rule(BY_TYPE, me, &flow->u.ip4, rule->pref, rule->action, rule->table ? rule->table : arg->table,
			 ret);
	return 0;
}

/* it returns a bool, of which only the lowest byte is set */
SEC("fexit/fib4_rule_suppress")
int BPF_PROG(fexit_fib4_rule_suppress, struct fib_rule *rule, int flags, struct fib_lookup_arg *arg, __u64 ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy && (ret & 0xff))
		see_suppression(me, rule->pref);
	return 0;
}

SEC("fexit/ip_route_input_noref")
int BPF_PROG(fexit_ip_route_input_noref, struct sk_buff *skb, __be32 daddr, __be32 saddr, __u8 dscp,
	     struct net_device *dev, int ret)
{
	struct cpu *me;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (me && me->busy)
		see_gate(me, ARPWHY_ROUTE_INPUT, ret);
	return 0;
}

/* more than six arguments: before 6.12 it loads and does not attach */
SEC("fexit/fib_validate_source")
int BPF_PROG(fexit_fib_validate_source, struct sk_buff *skb, __be32 src, __be32 dst, __u8 dscp, int oif,
	     struct net_device *dev, struct in_device *in_dev, __u32 *itag, int ret)
{
	struct cpu *me;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	me = this_cpu();
	if (me && me->busy)
		see_gate(me, ARPWHY_VALIDATE_SOURCE, ret);
	return 0;
}

SEC("fexit/arp_ignore")
int BPF_PROG(fexit_arp_ignore, struct in_device *in_dev, __be32 sip, __be32 tip, int ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy)
		see_gate(me, ARPWHY_IGNORE, ret);
	return 0;
}

/* since 6.18 */
SEC("fexit/pneigh_lookup")
int BPF_PROG(fexit_pneigh_lookup, struct neigh_table *table, struct net *net, const void *key, struct net_device *dev,
	     void *ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy && table->family == AF_INET)
		see_gate(me, ARPWHY_PNEIGH_LOOKUP, ret != NULL);
	return 0;
}

/* before 6.18 it could also make an entry */
SEC("fexit/pneigh_lookup")
int BPF_PROG(fexit_pneigh_lookup_creat, struct neigh_table *table, struct net *net, const void *key,
	     struct net_device *dev, int creat, void *ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy && table->family == AF_INET)
		see_gate(me, ARPWHY_PNEIGH_LOOKUP, ret != NULL);
	return 0;
}

SEC("fexit/neigh_event_ns")
int BPF_PROG(fexit_neigh_event_ns, struct neigh_table *table, __u8 *lladdr, void *saddr, struct net_device *dev,
	     void *ret)
{
	struct cpu *me = this_cpu();

	if (me && me->busy && table->family == AF_INET)
		see_gate(me, ARPWHY_EVENT_NS, ret != NULL);
	return 0;
}

#endif
