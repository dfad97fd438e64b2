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
#include "../bpf/change-record.h"
#include "../bpf/neighbour-record.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define GIVE_BACK	(256 << 10)	/* bytes after which the kernel side may have them again */

static size_t rounded(size_t size)
{
	return (size + 7) & ~7UL;
}

static int open_one(struct arpwhy *self, struct ring *ring, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(self->object, name);
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = map ? bpf_map__fd(map) : -ENOENT;

	if (fd < 0)
		return fd;
	ring->size = bpf_map__max_entries(map);
	ring->consumed = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->consumed == MAP_FAILED) {
		ring->consumed = NULL;
		return -errno;
	}
	ring->produced = mmap(NULL, page + ring->size, PROT_READ, MAP_SHARED, fd, page);
	if (ring->produced == MAP_FAILED) {
		ring->produced = NULL;
		return -errno;
	}
	ring->fd = fd;
	return 0;
}

/* Copy out of a ring, from a position that only grows. */
static void copy(const struct ring *ring, char *to, unsigned long from, size_t bytes)
{
	const char *data = (const char *)ring->produced + sysconf(_SC_PAGESIZE);
	size_t at = from & (ring->size - 1);
	size_t first = ring->size - at;

	if (first > bytes)
		first = bytes;
	memcpy(to, data + at, first);
	memcpy(to + first, data, bytes - first);
}

int open_rings(struct arpwhy *self)
{
	int err = open_one(self, &self->records, "records");

	/* the object for neighbours sees no changes */
	if (err || !bpf_object__find_map_by_name(self->object, "changes"))
		return err;
	return open_one(self, &self->changes, "changes");
}

_Static_assert(sizeof(struct arpwhy_event) <= ARPWHY_LARGEST, "a record of neighbours does not fit into a batch");

/* largest: no record takes more */
static int drain(const struct ring *ring, char *to, int size, int largest)
{
	const char *data = (const char *)ring->produced + sysconf(_SC_PAGESIZE);
	unsigned long at = *ring->consumed, given = at;
	unsigned long end = __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE);
	int used = 0;

	if (size < largest)
		return -EINVAL;
	while (at < end && size - used >= largest) {
		const uint32_t *header = (const void *)(data + (at & (ring->size - 1)));
		uint32_t length = __atomic_load_n(header, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			copy(ring, to + used, at + BPF_RINGBUF_HDR_SZ, length);
			used += rounded(length);
		}
		at += rounded((length & ~BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ);
		if (at - given >= GIVE_BACK) {
			__atomic_store_n(ring->consumed, at, __ATOMIC_RELEASE);
			given = at;
		}
	}
	__atomic_store_n(ring->consumed, at, __ATOMIC_RELEASE);
	return used;
}

int arpwhy_drain(struct arpwhy *self, void *to, int size)
{
	return drain(&self->records, to, size, ARPWHY_LARGEST);
}

int arpwhy_drain_changes(struct arpwhy *self, void *to, int size)
{
	return drain(&self->changes, to, size, sizeof(struct arpwhy_change));
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
	records.data.fd = self->records.fd;
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

static void unmap(struct ring *ring)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (ring->consumed)
		munmap(ring->consumed, page);
	if (ring->produced)
		munmap((void *)ring->produced, page + ring->size);
	ring->consumed = NULL;
	ring->produced = NULL;
}

void close_rings(struct arpwhy *self)
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
	unmap(&self->records);
	unmap(&self->changes);
}
