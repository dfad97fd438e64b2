/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * The generation of a namespace, asked for by user space (BPF_PROG_TEST_RUN): the counters, and digests of what
 * no counter covers: which device a rule means now, names, groups and carriers of devices, sysctls.
 */
#ifndef ARPWHY_GENERATION_H
#define ARPWHY_GENERATION_H

#include "read.h"

#define DIGEST_DEVICES	512
#define DIGEST_RULES	512
#define DIGEST_TURN	16

struct task_struct___net {
	struct nsproxy___net *nsproxy;
} __attribute__((preserve_access_index));

struct nsproxy___net {
	struct net *net_ns;
} __attribute__((preserve_access_index));

/* Global, as the functions in decision.h are: verified once, not once for every turn of a loop, and loops in loops. */
__noinline __u64 digest_link(__u64 at, __u64 digest)
{
	struct net_device *dev = (void *)at - bpf_core_field_offset(struct net_device, dev_list);
	struct in_device *in_dev = BPF_CORE_READ(dev, ip_ptr);
	__u64 settings[CNF_WORDS / 2] = {};
	__u64 name[2] = {};

	bpf_probe_read_kernel(name, sizeof(name), (void *)dev + bpf_core_field_offset(struct net_device, name));
	digest = mix(mix(digest, name[0]), name[1]);
	digest = mix(digest, (__u64)BPF_CORE_READ(dev, ifindex) << 32 | BPF_CORE_READ(dev, flags));
	digest = mix(digest, (__u64)BPF_CORE_READ(dev, group) << 32 | BPF_CORE_READ(dev, operstate));
	digest = mix(digest, BPF_CORE_READ(dev, state));
	if (in_dev)
		bpf_probe_read_kernel(settings, sizeof(settings),
				      (void *)in_dev + bpf_core_field_offset(struct in_device, cnf.data));
	for (int s = 0; s < CNF_WORDS / 2; s++)
		digest = mix(digest, settings[s]);
	return digest;
}

/* The next few links from `at` on, up to `end`. Returns where it goes on. */
__noinline __u64 digest_links_from(__u64 at, __u64 end)
{
	__u32 zero = 0;
	struct arpwhy_generation *g = bpf_map_lookup_elem(&generations, &zero);

	if (!g)
		return end;
	for (int i = 0; i < DIGEST_TURN && at && at != end; i++) {
		g->links = digest_link(at, g->links);
		at = (__u64)BPF_CORE_READ((struct list_head *)at, next);
	}
	return at;
}

static __always_inline void digest_links(struct net *net, struct arpwhy_generation *g)
{
	__u64 end = (__u64)net + bpf_core_field_offset(struct net, dev_base_head);
	__u64 at = (__u64)BPF_CORE_READ(net, dev_base_head.next);
	int i;

	for (i = 0; i < DIGEST_DEVICES && at && at != end; i += DIGEST_TURN)
		at = digest_links_from(at, end);
	if (i == DIGEST_DEVICES && at && at != end)
		g->partial = 1;
}

struct kuid___r {
	__u32 val;
} __attribute__((preserve_access_index));

struct fib_kuid_range___r {
	struct kuid___r start;
	struct kuid___r end;
} __attribute__((preserve_access_index));

struct fib_rule___uids {
	struct fib_kuid_range___r uid_range;
} __attribute__((preserve_access_index));

struct user_namespace___users {
	struct user_namespace___users *parent;
} __attribute__((preserve_access_index));

struct net___users {
	struct user_namespace___users *user_ns;
} __attribute__((preserve_access_index));

struct fib_rule___masks {
	__u16 sport_mask;
	__u16 dport_mask;
} __attribute__((preserve_access_index));

struct fib4_rule___full {
	__u8 dscp_full: 1;
} __attribute__((preserve_access_index));

/* Whether an iproute2 older than the kernel shows the rule as another one: it leaves out what it does not know. */
static __always_inline bool is_strange(struct fib_rule *rule, struct net *net)
{
	struct fib_rule___uids *uids = (void *)rule;
	struct fib_rule___masks *masks = (void *)rule;
	struct fib4_rule___full *full = (void *)rule;
	__u16 sport, dport;

	/* ip shows a user as its own namespace of users has it, and the kernel means the root of the namespace's */
	if ((BPF_CORE_READ(uids, uid_range.start.val) || BPF_CORE_READ(uids, uid_range.end.val) != ~0u) &&
	    BPF_CORE_READ((struct net___users *)net, user_ns, parent))
		return true;
	/* ip shows what a rule suppresses beside its table, and such a rule has none */
	if (BPF_CORE_READ(rule, l3mdev) &&
	    (BPF_CORE_READ(rule, suppress_ifgroup) != -1 || BPF_CORE_READ(rule, suppress_prefixlen) != -1))
		return true;
	if (bpf_core_field_exists(full->dscp_full) && BPF_CORE_READ_BITFIELD_PROBED(full, dscp_full))
		return true;
	if (!bpf_core_field_exists(masks->sport_mask))
		return false;
	sport = BPF_CORE_READ(masks, sport_mask);
	dport = BPF_CORE_READ(masks, dport_mask);
	/* none, or all of the one port */
	return (__u16)(sport + 1) > 1 || (__u16)(dport + 1) > 1;
}

__noinline __u64 digest_rule(__u64 at, __u64 digest)
{
	struct fib_rule *rule = (void *)at - bpf_core_field_offset(struct fib_rule, list);
	__u32 zero = 0;
	struct arpwhy_generation *g = bpf_map_lookup_elem(&generations, &zero);

	if (g) {
		if (is_strange(rule, (struct net *)g->net))
			g->strange = 1;
		g->bindings = mix(g->bindings, (__u64)BPF_CORE_READ(rule, iifindex) << 32 | (__u32)BPF_CORE_READ(rule, oifindex));
		g->bindings = mix(g->bindings, BPF_CORE_READ(rule, pref));
	}

	digest = mix(digest, (__u64)BPF_CORE_READ(rule, iifindex) << 32 | (__u32)BPF_CORE_READ(rule, oifindex));
	return mix(digest, (__u64)BPF_CORE_READ(rule, pref) << 32 | BPF_CORE_READ(rule, table));
}

/* As digest_links_from. */
__noinline __u64 digest_rules_from(__u64 at, __u64 end)
{
	__u32 zero = 0;
	struct arpwhy_generation *g = bpf_map_lookup_elem(&generations, &zero);

	if (!g)
		return end;
	for (int i = 0; i < DIGEST_TURN && at && at != end; i++) {
		g->rules = digest_rule(at, g->rules);
		at = (__u64)BPF_CORE_READ((struct list_head *)at, next);
	}
	return at;
}

static __always_inline void digest_rules(struct net *net, struct arpwhy_generation *g)
{
	struct fib_rules_ops *ops = BPF_CORE_READ(net, ipv4.rules_ops);
	__u64 end = (__u64)ops + bpf_core_field_offset(struct fib_rules_ops, rules_list);
	__u64 at = (__u64)BPF_CORE_READ(ops, rules_list.next);
	int i;

	for (i = 0; i < DIGEST_RULES && at && at != end; i += DIGEST_TURN)
		at = digest_rules_from(at, end);
	/* one of the others may be strange */
	if (i == DIGEST_RULES && at && at != end)
		g->strange = 1;
}

/*
 * args[0]: the address of a struct net as records name it, 0 for the caller's own. A namespace that is gone
 * leaves garbage behind that address: user space compares the inode.
 */
SEC("raw_tp")
int generation(struct bpf_raw_tracepoint_args *ctx)
{
	struct net *net = (struct net *)ctx->args[0];
	struct arpwhy_generation *g;
	int settings[CNF_WORDS] = {};
	__u32 zero = 0;

	g = bpf_map_lookup_elem(&generations, &zero);
	if (!g)
		return 1;
	__builtin_memset(g, 0, sizeof(*g));
	if (!net) {
		struct task_struct___net *task = (void *)bpf_get_current_task();

		net = BPF_CORE_READ(task, nsproxy, net_ns);
	}
	g->net = (__u64)net;
	g->ns = bpf_ktime_get_ns();
	g->netns = BPF_CORE_READ(net, ns.inum);
	g->devices = BPF_CORE_READ(net, dev_base_seq);
	g->addresses = BPF_CORE_READ(net, ipv4.dev_addr_genid.counter);
	read_stamps(BY_COPY, net, &g->stamps);
	digest_links(net, g);
	digest_rules(net, g);
	bpf_probe_read_kernel(settings, sizeof(settings), (void *)BPF_CORE_READ(net, ipv4.devconf_all) +
						       bpf_core_field_offset(struct ipv4_devconf, data));
	for (int s = 0; s < CNF_WORDS; s++)
		g->links = mix(g->links, settings[s]);
	return 0;
}

#endif
