/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * Sending a record. Writing to the ring is what costs most: memory that the reader's CPU had last. So a body goes
 * there once, and then only its slot.
 */
#ifndef ARPWHY_SEND_H
#define ARPWHY_SEND_H

#include "read.h"

/* a record and the part of its body that every one has: where the rest begins */
#define WHOLE	(sizeof(struct arpwhy_record) + sizeof(struct arpwhy_body))

/* Waking a CPU costs microseconds: a reader that has not read all yet comes by itself. */
static __always_inline __u64 wake_flags(struct cpu *me, __u64 now)
{
	if (now - me->wake_asked_ns < wake_interval_ns)
		return BPF_RB_NO_WAKEUP;
	me->wake_asked_ns = now;
	if (now - me->wake_ns < wake_busy_ns && bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA))
		return BPF_RB_NO_WAKEUP;
	me->wake_ns = now;
	return BPF_RB_FORCE_WAKEUP;
}

#define CHUNK	8	/* words compared and copied at a time */

static __always_inline bool holds_body(const struct kept_body *kept, const __u64 *body, __u32 words)
{
	if (kept->length != words)
		return false;
	for (__u32 i = 0; i < KEPT_WORDS / CHUNK; i++) {
		const __u64 *a = &kept->words[i * CHUNK], *b = &body[i * CHUNK];

		if (i * CHUNK >= words)
			break;
		if ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
		    (a[4] ^ b[4]) | (a[5] ^ b[5]) | (a[6] ^ b[6]) | (a[7] ^ b[7]))
			return false;
	}
	return true;
}

static __always_inline void keep_body(struct kept_body *kept, const __u64 *body, __u32 words)
{
	kept->length = words;
	for (__u32 i = 0; i < KEPT_WORDS / CHUNK; i++) {
		if (i * CHUNK >= words)
			break;
		__builtin_memcpy(&kept->words[i * CHUNK], &body[i * CHUNK], CHUNK * sizeof(*body));
	}
}

/* By what tells bodies apart in a storm: where it was asked, how it ended, and by which route. */
static __always_inline __u32 slot_of(const struct arpwhy_body *b)
{
	__u64 digest = mix(b->netns, b->ifindex);

	digest = mix(digest, (__u64)b->flags << 32 | b->closed << 24 | b->place << 16 | b->neighbours << 8 | b->lookups);
	digest = mix(digest, (__u64)b->route_gateway << 32 | b->route_ifindex);
	return digest >> 60;
}

_Static_assert(SLOTS == 16, "as many as slot_of tells apart");

/*
 * Send the record, whose body ends at offset `end`: without it when this CPU sent the same one before.
 * Returns 0, or not 0 when there was no room.
 */
__noinline int send(__u64 end)
{
	struct cpu *me = this_cpu();
	struct arpwhy_record *r;
	struct kept_body *kept;
	bool same = false;
	__u64 *body;
	__u32 words;
	long err;

	if (!me)
		return 1;
	r = &me->out.record;
	body = (__u64 *)&me->out.body;
	asm volatile("" : "+r"(end));		/* or clang drops the check that the verifier needs */
	if (end < WHOLE || end > sizeof(me->out.bytes) - CHUNK * sizeof(*body) - sizeof(me->wait))
		return 1;
	__builtin_memset(me->out.bytes + end, 0, CHUNK * sizeof(*body));
	end = (end + 7) & ~7ULL;
	words = (end - sizeof(*r)) / sizeof(*body);
	kept = &me->slots[SLOT(slot_of(&me->out.body), SLOTS)];
	r->slot = ARPWHY_NO_SLOT;
	if (words <= KEPT_WORDS) {
		r->slot = slot_of(&me->out.body);
		same = holds_body(kept, body, words);
		if (!same)
			keep_body(kept, body, words);
	}
	if (same)
		end = sizeof(*r);
	else
		r->parts |= ARPWHY_HAS_BODY;
	asm volatile("" : "+r"(end));
	if (end > sizeof(me->out.bytes) - sizeof(me->wait))
		return 1;
	if (r->parts & ARPWHY_HAS_WAIT) {
		__builtin_memcpy(me->out.bytes + end, &me->wait, sizeof(me->wait));
		end += sizeof(me->wait);
	}
	r->bytes = end;
	asm volatile("" : "+r"(end));
	if (end > sizeof(me->out.bytes))
		return 1;
	err = bpf_ringbuf_output(&records, r, end, wake_flags(me, r->end_ns));
	if (err && !same && words <= KEPT_WORDS)
		kept->length = 0;	/* it did not arrive */
	return err != 0;
}

#endif
