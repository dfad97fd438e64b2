/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * The kprobe tier: the same as trampoline.h where fexit does not attach. A kretprobe sees no arguments, so a kprobe
 * keeps them for it; nothing is typed here, so fields are copied.
 */
#ifndef ARPWHY_KPROBE_H
#define ARPWHY_KPROBE_H

#include "functions.h"

/* NULL when no request is on its way on this CPU. */
static __always_inline struct cpu *busy_cpu(void)
{
	struct cpu *me = this_cpu();

	return me && me->busy ? me : NULL;
}

static __always_inline void keep(struct kept *slot, void *first, void *second, void *third)
{
	slot->first = (__u64)first;
	slot->second = (__u64)second;
	slot->third = (__u64)third;
}

/* Whether it was kept by the call that returns now. It is taken: the next return is another call's. */
static __always_inline bool take_kept(struct kept *slot)
{
	bool kept = slot->first;

	slot->first = 0;
	return kept;
}

static __always_inline bool is_arp(struct sk_buff *skb)
{
	return BPF_CORE_READ(skb, protocol) == bpf_htons(ETH_P_ARP);
}

SEC("kprobe/fib_table_lookup")
int BPF_KPROBE(kprobe_fib_table_lookup, void *table, void *flow, void *result)
{
	struct cpu *me = busy_cpu();

	if (me)
		keep(&me->of_table, table, flow, result);
	return 0;
}

SEC("kretprobe/fib_table_lookup")
int BPF_KRETPROBE(kretprobe_fib_table_lookup, int ret)
{
	struct cpu *me = busy_cpu();
	struct fib_result *result;
	struct fib_table *table;

	if (!me)
		return 0;
	table = (void *)me->of_table.first;
	result = (void *)me->of_table.third;
	if (take_kept(&me->of_table))
		see_prefix(BY_COPY, me, BPF_CORE_READ(table, tb_id), (void *)me->of_table.second,
			   BPF_CORE_READ(result, prefixlen), ret);
	return 0;
}

SEC("kprobe/fib4_rule_action")
int BPF_KPROBE(kprobe_fib4_rule_action, void *rule, void *flow, int flags, void *arg)
{
	struct cpu *me = busy_cpu();

	if (me)
		keep(&me->of_rule, rule, flow, arg);
	return 0;
}

SEC("kretprobe/fib4_rule_action")
int BPF_KRETPROBE(kretprobe_fib4_rule_action, int ret)
{
	struct cpu *me = busy_cpu();
	struct fib_lookup_arg *arg;
	struct fib_rule *rule;
	__u32 table;

	if (!me)
		return 0;
	rule = (void *)me->of_rule.first;
	arg = (void *)me->of_rule.third;
	if (!take_kept(&me->of_rule))
		return 0;
	table = BPF_CORE_READ(rule, table);
	if (!table)		/* that of the VRF */
		table = BPF_CORE_READ(arg, table);
	see_rule(BY_COPY, me, (void *)me->of_rule.second, BPF_CORE_READ(rule, pref), BPF_CORE_READ(rule, action), table,
		 ret);
	return 0;
}

SEC("kprobe/fib4_rule_suppress")
int BPF_KPROBE(kprobe_fib4_rule_suppress, void *rule)
{
	struct cpu *me = busy_cpu();

	if (me)
		keep(&me->of_suppression, rule, NULL, NULL);
	return 0;
}

/* it returns a bool, of which only the lowest byte is set */
SEC("kretprobe/fib4_rule_suppress")
int BPF_KRETPROBE(kretprobe_fib4_rule_suppress, __u64 ret)
{
	struct cpu *me = busy_cpu();
	struct fib_rule *rule;

	if (!me)
		return 0;
	rule = (void *)me->of_suppression.first;
	if (take_kept(&me->of_suppression) && (ret & 0xff))
		see_suppression(me, BPF_CORE_READ(rule, pref));
	return 0;
}

SEC("kprobe/ip_route_input_noref")
int BPF_KPROBE(kprobe_ip_route_input_noref, struct sk_buff *skb)
{
	struct cpu *me = busy_cpu();

	if (me && is_arp(skb))
		keep(&me->of_input, skb, NULL, NULL);
	return 0;
}

SEC("kretprobe/ip_route_input_noref")
int BPF_KRETPROBE(kretprobe_ip_route_input_noref, int ret)
{
	struct cpu *me = busy_cpu();

	if (me && take_kept(&me->of_input))
		see_gate(me, ARPWHY_ROUTE_INPUT, ret);
	return 0;
}

SEC("kprobe/fib_validate_source")
int BPF_KPROBE(kprobe_fib_validate_source, struct sk_buff *skb)
{
	struct cpu *me = busy_cpu();

	if (me && is_arp(skb))
		keep(&me->of_validation, skb, NULL, NULL);
	return 0;
}

SEC("kretprobe/fib_validate_source")
int BPF_KRETPROBE(kretprobe_fib_validate_source, int ret)
{
	struct cpu *me = busy_cpu();

	if (me && take_kept(&me->of_validation))
		see_gate(me, ARPWHY_VALIDATE_SOURCE, ret);
	return 0;
}

SEC("kretprobe/arp_ignore")
int BPF_KRETPROBE(kretprobe_arp_ignore, int ret)
{
	struct cpu *me = busy_cpu();

	if (me)
		see_gate(me, ARPWHY_IGNORE, ret);
	return 0;
}

/* of either family: neighbour discovery and ARP do not interrupt each other */
SEC("kretprobe/pneigh_lookup")
int BPF_KRETPROBE(kretprobe_pneigh_lookup, void *ret)
{
	struct cpu *me = busy_cpu();

	if (me)
		see_gate(me, ARPWHY_PNEIGH_LOOKUP, ret != NULL);
	return 0;
}

SEC("kretprobe/neigh_event_ns")
int BPF_KRETPROBE(kretprobe_neigh_event_ns, void *ret)
{
	struct cpu *me = busy_cpu();

	if (me)
		see_gate(me, ARPWHY_EVENT_NS, ret != NULL);
	return 0;
}

#endif
