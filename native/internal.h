/* SPDX-License-Identifier: MIT */
#ifndef ARPWHY_INTERNAL_H
#define ARPWHY_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#define MAX_LINKS 64

/* a ring of the kernel side: its descriptor belongs to the object */
struct ring {
	int fd;
	size_t size;
	unsigned long *consumed;	/* positions, in bytes since the beginning */
	const unsigned long *produced;
};

struct arpwhy {
	struct bpf_object *object;
	struct bpf_link *links[MAX_LINKS];
	int links_used;
	int cpus;
	struct ring records;
	struct ring changes;
	/* the thread that waits for records */
	pthread_t waiter;
	bool waiting;
	int wake_pipe[2];
	int epoll;
	int stop;		/* eventfd */
};

/* names.c: parse the BTF of the running kernel, once */
void parse_kernel_btf(void);

/* begin.c: until a thread that parses it is done */
void await_btf(void);

/* log.c */
void catch_log(void);

/* ring.c */
int open_rings(struct arpwhy *self);
void close_rings(struct arpwhy *self);

#endif
