/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * What hooks on functions add to the lookups and to the pass: the matched prefix, the rule, what the gates returned.
 * The programs are in trampoline.h and kprobe.h. Nothing is concluded from what these do not see: a kernel may keep
 * a program from running, and then the pass is told as the tracepoints show it.
 */
#ifndef ARPWHY_FUNCTIONS_H
#define ARPWHY_FUNCTIONS_H

#include "observe.h"

#define FR_ACT_TO_TBL	1	/* uapi: the rule leads to a table */

/* The lookup that came last on this CPU, if it has this flow; NULL when another one has. */
static __always_inline struct lookup *last_lookup(enum reading how, struct cpu *me, const struct flowi4 *flow)
{
	struct lookup *l = &me->lookups[SLOT(me->lookup - 1, LOOKUPS)];

	return l->saddr == READ(how, flow, saddr) && l->daddr == READ(how, flow, daddr) &&
	       l->what.iif == (__u32)READ(how, flow, __fl_common.flowic_iif) ? l : NULL;
}

/* fib_table_lookup returned: after its tracepoint, in which the result was not filled yet. */
static __always_inline void see_prefix(enum reading how, struct cpu *me, __u32 table, const struct flowi4 *flow,
				       __u8 length, int err)
{
	struct lookup *l = last_lookup(how, me, flow);

	if (!l || err || l->what.error || l->what.table != table)
		return;
	l->what.prefix_length = length;
	l->what.flags |= ARPWHY_HAS_PREFIX;
}

/*
 * fib4_rule_action returned: the lookup since the last one is this rule's. Without any the rule rejected by itself, or
 * its table does not exist: that is a step, too.
 */
static __always_inline void see_rule(enum reading how, struct cpu *me, const struct flowi4 *flow, __u32 priority,
				     __u8 action, __u32 table, int err)
{
	struct lookup *l = NULL;

	if (me->ruled != me->lookup)
		l = last_lookup(how, me, flow);
	if (!l) {
		l = &me->lookups[SLOT(me->lookup++, LOOKUPS)];
		__builtin_memset(&l->what, 0, sizeof(l->what));
		l->what.table = action == FR_ACT_TO_TBL ? table : 0;
		l->what.error = -err;
		l->what.iif = READ(how, flow, __fl_common.flowic_iif);
		l->what.flags = ARPWHY_RULE_ONLY;
		l->saddr = READ(how, flow, saddr);
		l->daddr = READ(how, flow, daddr);
		describe_flow(how, l, flow);
	}
	l->what.rule = priority;
	l->what.flags |= ARPWHY_HAS_RULE;
	me->ruled = me->lookup;
}

/* fib4_rule_suppress took the match away again. */
static __always_inline void see_suppression(struct cpu *me, __u32 priority)
{
	struct lookup *l = &me->lookups[SLOT(me->lookup - 1, LOOKUPS)];

	if (l->what.flags & ARPWHY_HAS_RULE && l->what.rule == priority && !l->what.error)
		l->what.flags |= ARPWHY_SUPPRESSED;
}

/* A gate of the pass returned. */
static __always_inline void see_gate(struct cpu *me, __u32 gate, __s32 value)
{
	me->gates[gate].event = ++me->event;
	me->gates[gate].value = value;
	if (gate == ARPWHY_ROUTE_INPUT)
		me->input = me->lookup;
}

#endif
