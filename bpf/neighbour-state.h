/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Maps, knobs and the state of one CPU of the object for what a host learns and asks. */
#ifndef ARPWHY_NEIGHBOUR_STATE_H
#define ARPWHY_NEIGHBOUR_STATE_H

#include "neighbour-record.h"
#include "scope.h"

#define BARE		8	/* lookups of an address alone that are remembered per CPU */
#define SENT_LOOKUPS	32	/* lookups of packets that are remembered per CPU */
#define SAME_SEND_NS	20000000	/* a lookup longer ago than this belongs to another send: a virtual CPU takes its time, and a who-has may be answered before its send is done */

/* --- knobs, set before the object is loaded; addresses from kallsyms: [start, end) --- */

const volatile __u64 arp_process_start = 0, arp_process_end = 0;
const volatile __u64 arp_rcv_start = 0, arp_rcv_end = 0;
const volatile __u64 neigh_probe_start = 0, neigh_probe_end = 0;
/* neigh_probe ends with a jump to consume_skb, which then returns to these */
const volatile __u64 event_send_start = 0, event_send_end = 0;		/* __neigh_event_send */
const volatile __u64 timer_handler_start = 0, timer_handler_end = 0;	/* neigh_timer_handler */
const volatile __u64 queue_xmit_start = 0, queue_xmit_end = 0;		/* __dev_queue_xmit */
const volatile __u64 softirq_start = 0, softirq_end = 0;		/* handle_softirqs */
const volatile __u64 napi_poll_start = 0, napi_poll_end = 0;		/* __napi_poll */
const volatile __u64 proxy_process = 0;
const volatile __u32 cpus = 1;
const volatile bool only_netns = false;
const volatile bool only_devices = false;

extern int CONFIG_HZ __kconfig;

/* more of the kernel's types than decisions touch: a flavour, so that what is not asked for costs the other object nothing */
struct neigh_parms___n {
	int data[14];
} __attribute__((preserve_access_index));

struct neighbour___n {
	struct neigh_table *tbl;
	struct neigh_parms___n *parms;
	unsigned long updated;
	struct sk_buff_head arp_queue;
	atomic_t probes;
	__u8 nud_state;
	__u8 dead;
	unsigned char ha[32];
	struct net_device *dev;
	__u8 primary_key[0];
} __attribute__((preserve_access_index));

struct sk_buff___n {
	void *sk;
	__u32 mark;
} __attribute__((preserve_access_index));

/* unlike its address it is never given again */
struct net___cookie {
	__u64 net_cookie;
} __attribute__((preserve_access_index));

struct task_struct___n {
	unsigned int flags;
} __attribute__((preserve_access_index));

struct iphdr_n {
	__u8 start[9];
	__u8 protocol;
	__u16 check;
	__be32 saddr;
	__be32 daddr;
};

/* an entry was made, or is being updated, on this CPU */
struct making {
	__u64 neigh;
	__be32 ip;
	__u32 ifindex;
	__u32 event;
	__u32 pad;
};

struct updating {
	__u64 neigh;
	__be32 ip;
	__u32 ifindex;
	__u32 event;
	__u32 flags;
	__u32 pid;
	__u32 age;
	__s32 locktime;
	__s32 err;
	__u32 queued;
	__u32 waited;
	__u8 old_state;
	__u8 state;
	__u8 wanted;
	__u8 done;
	__u8 dead;
	__u8 old_mac[6];
	__u8 mac[6];
};

/* the type of an address was looked up */
struct bare {
	__be32 ip;
	__u32 event;
	__u8 type;
	__u8 pad[7];
};

struct sent_lookup {
	struct arpwhy_lookup what;
	struct arpwhy_flow flow;
	__be32 saddr;
	__be32 daddr;
	__u64 ns;
	__u64 pid;
};

struct cpu {
	__u64 ids;
	__u64 pointer;
	__u64 question;		/* id of the last who-has of the kernel's own, for an address and by a device */
	__u64 question_ns;
	__be32 question_ip;
	__u32 question_ifindex;
	__u32 event;
	__u32 closed_event;	/* what the last ARP frame ended with */
	__u32 next_bare;
	__u32 next_lookup;
	__u32 task_busy;	/* task_out is being filled */
	__u32 pad;
	struct arpwhy_counters counters;
	struct making making;
	struct updating updating;
	struct updating admin;	/* by a task, which a softirq may interrupt */
	struct bare bare[BARE];
	struct sent_lookup lookups[SENT_LOOKUPS];
	struct arpwhy_event out;
	struct arpwhy_event task_out;	/* the same where softirqs are not off */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);		/* the loader sets the number of CPUs */
	__type(key, __u32);
	__type(value, struct cpu);
} cpu_state SEC(".maps");

/* frames that came in, by skb; those that are freed elsewhere are pushed out */
struct arrival {
	__u64 ns;
	__u32 cpu;
	__u32 event;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct arrival);
} arrivals SEC(".maps");

/* the last who-has for an address */
struct question_key {
	__u64 cookie;	/* of the namespace */
	__u32 ifindex;
	__be32 ip;
};

struct question {
	__u64 ns;
	__u64 id;
	__u64 by_socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct question_key);
	__type(value, struct question);
} questions SEC(".maps");

/* updates that a task makes: it may go on on another CPU */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct updating);
} by_task SEC(".maps");

/* packets that came to wait in an entry since it was resolved last */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} records SEC(".maps");

static __always_inline struct cpu *this_cpu(void)
{
	__u32 key = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpu_state, &key);
}

static __always_inline __u64 address(struct cpu *me, const void *pointer)
{
	*(volatile __u64 *)&me->pointer = (__u64)pointer;
	return *(volatile __u64 *)&me->pointer;
}

static __always_inline __u32 next_event(struct cpu *me)
{
	return __sync_fetch_and_add(&me->event, 1) + 1;
}

#endif
