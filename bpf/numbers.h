/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Comparisons. */
#ifndef ARPWHY_NUMBERS_H
#define ARPWHY_NUMBERS_H

static __always_inline bool between(__u64 at, __u64 start, __u64 end)
{
	return at >= start && at < end;
}

/*
 * The verifier follows each branch of each turn of a loop, and gives up at some number of them. So loops that
 * search make a number of a comparison, and pick by it; opaque() keeps clang from making a branch of it again.
 */
static __always_inline __u64 opaque(__u64 value)
{
	asm volatile("" : "+r"(value));
	return value;
}

static __always_inline __u32 equal(__u64 a, __u64 b)
{
	__u64 difference = a ^ b;

	return 1 ^ (__u32)((difference | opaque(-difference)) >> 63);
}

/* Whether an event lies behind a point in the numbering, which may wrap around. */
static __always_inline __u32 after(__u32 event, __u32 point)
{
	return 1 ^ (opaque((__u32)(event - point - 1)) >> 31 & 1);
}

/* between(), as a number. */
static __always_inline __u32 within(__u64 at, __u64 start, __u64 end)
{
	return 1 ^ (__u32)(opaque((at - start) | (end - 1 - at)) >> 63);
}

#endif
