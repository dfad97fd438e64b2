// SPDX-License-Identifier: MIT
/* Records out of the ring: drained by the caller, announced by a thread through a pipe. */
#define _GNU_SOURCE
#include "arpwhy.h"
#include "internal.h"

#include "../bpf/record.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LARGEST ARPWHY_LARGEST

static int take(void *context, void *record, size_t size)
{
	struct arpwhy *self = context;

	memcpy(self->to + self->used, record, size);
	self->used += (size + 7) & ~7UL;
	/* libbpf counts a record as consumed even when we stop at it: stop while another one still fits */
	return self->size - self->used < (int)LARGEST ? -ENOSPC : 0;
}

int open_ring(struct arpwhy *self)
{
	int fd = bpf_object__find_map_fd_by_name(self->object, "records");

	if (fd < 0)
		return fd;
	self->ring = ring_buffer__new(fd, take, self, NULL);
	return self->ring ? 0 : -errno;
}

int arpwhy_drain(struct arpwhy *self, void *to, int size)
{
	int result;

	if (size < (int)LARGEST)
		return -EINVAL;
	self->to = to;
	self->size = size;
	self->used = 0;
	result = ring_buffer__consume(self->ring);
	if (result < 0 && result != -ENOSPC)
		return result;
	return self->used;
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
	records.data.fd = bpf_object__find_map_fd_by_name(self->object, "records");
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
	ring_buffer__free(self->ring);
	self->ring = NULL;
}
