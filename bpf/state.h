/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * Maps, knobs and the state of one CPU. A pass runs to its end on one CPU with softirqs off, so what belongs
 * to it can be gathered without locks; what a record takes out of it is decided by frame, flow and window.
 */
#ifndef ARPWHY_STATE_H
#define ARPWHY_STATE_H

#include "record.h"
#include "scope.h"

#define FRAMES		64	/* requests that one receive batch may hold before they are processed */
#define LOOKUPS		128	/* lookups remembered per CPU */
#define TURN		16	/* lookups that are taken at a time */
#define REPLIES		4	/* ARP replies on their way out: one pass makes one, devices below see it again */
#define CHANGES		8	/* neighbour table changes remembered per CPU */
#define SLOTS		16	/* bodies kept per CPU */
#define KEPT_WORDS	96	/* a longer body is sent each time */
#define STACK		16	/* return addresses looked at for the caller of a function */
#define STALE_NS	200000000ULL	/* a frame that was not processed 200 ms after it came in was bridged on: a virtual CPU may stand still for long */
#define STALE_EVERY	16	/* how many lookups may pass before the clock is asked whether it was */

/* --- knobs, set before the object is loaded --- */

/* addresses from kallsyms: [start, end); 0 when the symbol is not known */
const volatile __u64 arp_process_start = 0, arp_process_end = 0;
const volatile __u64 arp_rcv_start = 0, arp_rcv_end = 0;
const volatile __u64 consume_skb_start = 0, consume_skb_end = 0;
const volatile __u64 nf_hook_slow_start = 0, nf_hook_slow_end = 0;
const volatile __u64 receive_core_start = 0, receive_core_end = 0;	/* __netif_receive_skb_core */
const volatile __u64 xdp_generic_start = 0, xdp_generic_end = 0;
const volatile __u64 xdp_receive_start = 0, xdp_receive_end = 0;
const volatile __u64 proxy_process = 0;		/* neigh_proxy_process */
const volatile __u32 cpus = 1;
const volatile bool only_netns = false;		/* look namespaces up in filter_netns */
const volatile bool only_devices = false;	/* look device names up in filter_devices */
const volatile bool only_targets = false;	/* look the addresses of requests up in filter_targets */
const volatile bool only_senders = false;
const volatile bool functions = false;		/* hooks on functions are attached */
const volatile __u64 wake_interval_ns = 2000000;	/* of a reader that has read all that there was */
const volatile __u64 wake_busy_ns = 10000000;	/* of one that is at it: in case that it is not */

extern int CONFIG_HZ __kconfig;

/* --- the state of one CPU --- */

/* the settings of a device, a byte each, as they go into a record */
struct settings {
	__u64 all[ARPWHY_SETTING_SLOTS / 8];
	__u64 dev[ARPWHY_SETTING_SLOTS / 8];
	__u64 rest;		/* what does not fit into the bytes, folded */
};

/* a request that came in. Events are numbered, so that windows need no clock. */
struct frame {
	__u64 skb;		/* 0: not in use */
	__u64 ns;
	__u64 net;
	__u32 ifindex;
	__u32 event;		/* the number of its arrival */
	__u32 lookup;		/* position in the lookup log */
	__be32 sip;
	__be32 tip;
	struct arpwhy_stamps stamps;
	__u32 pad;
	struct settings settings;
};

struct reply {
	__u64 skb;
	__u64 ns;
	__u64 location;
	__u32 event;
	__u32 ifindex;
	__u32 drop_reason;
	__be32 sip;
	__be32 tip;
	__u8 mac[6];
	__u8 queued;
	__u8 dropped;
	__u32 pad;
};

struct change {
	__u64 neigh;
	__u32 event;
	__be32 ip;
	__u32 ifindex;
	struct arpwhy_neighbour what;
};

struct gate {
	__u32 event;
	__s32 value;
};

/* arguments that a kprobe keeps for its kretprobe; the first is 0 when there are none */
struct kept {
	__u64 first;
	__u64 second;
	__u64 third;
};

/* a body that was sent, so that the next one alike need not be */
struct kept_body {
	__u64 length;		/* in words; 0: none */
	__u64 words[KEPT_WORDS];	/* zeros behind it */
};

struct lookup {
	struct arpwhy_lookup what;
	__be32 saddr;
	__be32 daddr;
	struct arpwhy_flow flow;
};

/* what is being taken out of the log of lookups */
struct take {
	__u64 at;		/* the offset in the record where it goes */
	__u32 taken;
	__u32 more;		/* not 0: one of them has a flow of more than usual */
};

struct cpu {
	union {
		struct {
			__u32 open;	/* requests that came in and were not let go */
			__u32 in_timer;	/* neigh_proxy_process runs here */
		};
		__u64 busy;	/* 0 means nothing to do: the first thing that a hot program asks */
	};
	__u64 opened_ns;	/* when the last of them came */
	__u64 closed_ns;	/* when the last pass ended */
	__u64 timer_ns;		/* when neigh_proxy_process began */
	__u64 wake_ns;		/* when the reader was woken last */
	__u64 wake_asked_ns;	/* when it was asked last whether it has to be */
	__u64 ids;
	__u64 pointer;		/* a pointer put here comes back as a number */
	__u32 event;		/* number of the last event, only ever grows */
	__u32 closed_event;	/* what the last pass ended with */
	__u32 lookup;		/* next position in the lookup log, only ever grows */
	__u32 closed_lookup;	/* where the last pass ended in it */
	__u32 next_frame;
	__u32 expected_frame;	/* the one whose turn it is when frames are processed as they came */
	__u32 next_reply;
	__u32 next_change;
	__u32 closed_change;	/* as closed_lookup, in the changes */
	__u32 ruled;		/* where the log of lookups stood when a rule was done */
	__u32 input;		/* where it stood when ip_route_input_noref returned */
	__u32 making;		/* `out` is in use: a softirq may come on top of a task that lets frames go */
	struct gate gates[ARPWHY_GATES];
	struct kept of_table;
	struct kept of_rule;
	struct kept of_suppression;
	struct kept of_input;
	struct kept of_validation;
	struct arpwhy_counters counters;
	struct frame frames[FRAMES];
	struct reply replies[REPLIES];
	struct change changes[CHANGES];
	struct lookup lookups[LOOKUPS];
	__u64 stack[STACK];
	__u64 scratch[32];	/* for what would not fit on the stack, of which calls have 512 bytes together */
	struct take take;
	struct arpwhy_wait wait;
	struct arpwhy_detail detail;
	union {
		struct {
			struct arpwhy_record record;
			struct arpwhy_body body;
		};
		__u8 bytes[ARPWHY_LARGEST];
	} out;
	struct kept_body slots[SLOTS];
};

/* a request on the proxy queue, by its skb: the address cannot be used again while it is there */
struct deferred {
	__u64 id;
	__u64 first_ns;
	__u64 start_ns;		/* of the second pass, when its timer has fired */
	struct settings settings;
	struct arpwhy_stamps stamps;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);		/* the loader sets the number of CPUs */
	__type(key, __u32);
	__type(value, struct cpu);
} cpu_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct deferred);
} deferrals SEC(".maps");

/* how many `deferrals` holds: mostly none, and then nobody need look */
__u64 deferred_requests;

struct prefix {
	__u32 length;
	__be32 ip;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct prefix);
	__type(value, __u8);
} filter_targets SEC(".maps"), filter_senders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

/* the answer of the generation program */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arpwhy_generation);
} generations SEC(".maps");

/*
 * An index that is below a power of two, shown to the verifier in 64 bits: clang leaves a mask out where it knows
 * better, and older verifiers know less about 32 bits.
 */
#define SLOT(index, count) ({ \
	__u64 slot = (index); \
	asm volatile("%0 &= %1" : "+r"(slot) : "i"((count) - 1)); \
	slot; \
})

static __always_inline struct cpu *this_cpu(void)
{
	__u32 key = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpu_state, &key);
}

#endif
