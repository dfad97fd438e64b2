// SPDX-License-Identifier: MIT
/*
 * Records out of the ring: drained by the caller, announced by a thread through a pipe.
 *
 * The ring is read here and not by libbpf, whose reader gives each record back by itself: that line of memory is the
 * kernel side's, too, and in a storm the two would wait for each other at every record. Layout: a page with the
 * consumer's position, a page with the producer's, the data twice (kernel/bpf/ringbuf.c). The second time is not
 * mapped here: it would count as our memory, and a record that goes around the end can be copied in two pieces.
 */
#define _GNU_SOURCE
#include "arpwhy.h"
#include "internal.h"

#include "../bpf/record.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGEST		ARPWHY_LARGEST
#define GIVE_BACK	(256 << 10)	/* bytes after which the kernel side may have them again */

static size_t rounded(size_t size)
{
	return (size + 7) & ~7UL;
}

int open_ring(struct arpwhy *self)
{
	struct bpf_map *map = bpf_object__find_map_by_name(self->object, "records");
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = map ? bpf_map__fd(map) : -ENOENT;

	if (fd < 0)
		return fd;
	self->ring_size = bpf_map__max_entries(map);
	self->ring_page = page;
	self->consumed = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (self->consumed == MAP_FAILED) {
		self->consumed = NULL;
		return -errno;
	}
	self->produced = mmap(NULL, page + self->ring_size, PROT_READ, MAP_SHARED, fd, page);
	if (self->produced == MAP_FAILED) {
		self->produced = NULL;
		return -errno;
	}
	self->ring_fd = fd;
	return 0;
}

/* Copy out of the ring, from a position that only grows. */
static void copy(struct arpwhy *self, char *to, unsigned long from, size_t bytes)
{
	const char *data = (const char *)self->produced + self->ring_page;
	size_t at = from & (self->ring_size - 1);
	size_t first = self->ring_size - at;

	if (first > bytes)
		first = bytes;
	memcpy(to, data + at, first);
	memcpy(to + first, data, bytes - first);
}

int arpwhy_drain(struct arpwhy *self, void *to, int size)
{
	const char *data = (const char *)self->produced + self->ring_page;
	unsigned long at = *self->consumed, given = at;
	unsigned long end = __atomic_load_n(self->produced, __ATOMIC_ACQUIRE);
	int used = 0;

	if (size < (int)LARGEST)
		return -EINVAL;
	while (at < end && size - used >= (int)LARGEST) {
		const uint32_t *header = (const void *)(data + (at & (self->ring_size - 1)));
		uint32_t length = __atomic_load_n(header, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			copy(self, (char *)to + used, at + BPF_RINGBUF_HDR_SZ, length);
			used += rounded(length);
		}
		at += rounded((length & ~BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ);
		if (at - given >= GIVE_BACK) {
			__atomic_store_n(self->consumed, at, __ATOMIC_RELEASE);
			given = at;
		}
	}
	__atomic_store_n(self->consumed, at, __ATOMIC_RELEASE);
	return used;
}

static void *wait_for_records(void *context)
{
	struct arpwhy *self = context;
	struct epoll_event event;

	for (;;) {
		int ready = epoll_wait(self->epoll, &event, 1, -1);

		if (ready < 0 && errno != EINTR)
			return NULL;
		if (ready < 1)
			continue;
		if (event.data.fd == self->stop)
			return NULL;
		/* a full pipe has woken the reader already */
		if (write(self->wake_pipe[1], "", 1) < 0 && errno != EAGAIN)
			return NULL;
	}
}

int arpwhy_wake_fd(struct arpwhy *self)
{
	struct epoll_event records = { .events = EPOLLIN | EPOLLET }, stop = { .events = EPOLLIN };
	int err;

	if (self->waiting)
		return self->wake_pipe[0];
	self->stop = eventfd(0, EFD_CLOEXEC);
	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (self->stop < 0 || self->epoll < 0 || pipe2(self->wake_pipe, O_NONBLOCK | O_CLOEXEC))
		return -errno;
	stop.data.fd = self->stop;
	records.data.fd = self->ring_fd;
	if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->stop, &stop) ||
	    epoll_ctl(self->epoll, EPOLL_CTL_ADD, records.data.fd, &records))
		return -errno;
	err = pthread_create(&self->waiter, NULL, wait_for_records, self);
	if (err)
		return -err;
	self->waiting = true;
	return self->wake_pipe[0];
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void close_ring(struct arpwhy *self)
{
	if (self->waiting) {
		uint64_t one = 1;

		if (write(self->stop, &one, sizeof(one)) == sizeof(one))
			pthread_join(self->waiter, NULL);
		self->waiting = false;
	}
	/* the reading end belongs to the caller once it was handed out: its event loop closes it */
	close_one(&self->wake_pipe[1]);
	close_one(&self->epoll);
	close_one(&self->stop);
	if (self->consumed)
		munmap(self->consumed, self->ring_page);
	if (self->produced)
		munmap((void *)self->produced, self->ring_page + self->ring_size);
	self->consumed = NULL;
	self->produced = NULL;
}
