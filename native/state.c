// SPDX-License-Identifier: MIT
/* What the kernel side knows beside the records: counters, filters, generations of namespaces. */
#define _GNU_SOURCE
#include "arpwhy.h"
#include "internal.h"

#include "../bpf/record.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

int arpwhy_map_set(struct arpwhy *self, const char *map, const void *key, uint8_t value)
{
	int fd = bpf_object__find_map_fd_by_name(self->object, map);

	return fd < 0 ? fd : bpf_map_update_elem(fd, key, &value, BPF_ANY);
}

int arpwhy_map_delete(struct arpwhy *self, const char *map, const void *key)
{
	int fd = bpf_object__find_map_fd_by_name(self->object, map);

	return fd < 0 ? fd : bpf_map_delete_elem(fd, key);
}

int arpwhy_map_count(struct arpwhy *self, const char *map)
{
	int fd = bpf_object__find_map_fd_by_name(self->object, map);
	char key[64], next[64];
	void *from = NULL;
	int count = 0;

	if (fd < 0)
		return fd;
	while (!bpf_map_get_next_key(fd, from, next)) {
		memcpy(key, next, sizeof(key));
		from = key;
		count++;
	}
	return count;
}

/* where the counters lie in the value of cpu_state is only known to the object: its BTF says */
static int counters_offset(struct arpwhy *self)
{
	const struct btf *btf = bpf_object__btf(self->object);
	int id = btf ? btf__find_by_name_kind(btf, "cpu", BTF_KIND_STRUCT) : -ENOENT;
	const struct btf_type *type;

	if (id < 0)
		return id;
	type = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), "counters"))
			return btf_member_bit_offset(type, i) / 8;
	return -ENOENT;
}

int arpwhy_counters(struct arpwhy *self, void *to, int size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(self->object, "cpu_state");
	struct arpwhy_counters sum = {}, one;
	int offset = counters_offset(self);
	char *value;
	int err = 0;

	if (!map || offset < 0)
		return -ENOENT;
	if (size < (int)sizeof(sum))
		return -EINVAL;
	value = malloc(bpf_map__value_size(map));
	if (!value)
		return -ENOMEM;
	for (uint32_t cpu = 0; cpu < (uint32_t)self->cpus; cpu++) {
		err = bpf_map_lookup_elem(bpf_map__fd(map), &cpu, value);
		if (err)
			break;
		memcpy(&one, value + offset, sizeof(one));
		sum.seen += one.seen;
		sum.lost += one.lost;
		sum.lost_passes += one.lost_passes;
		sum.abandoned += one.abandoned;
		sum.untracked += one.untracked;
		sum.cut += one.cut;
		sum.frames += one.frames;
		sum.filtered += one.filtered;
		if (one.lost_first_ns && (!sum.lost_first_ns || one.lost_first_ns < sum.lost_first_ns))
			sum.lost_first_ns = one.lost_first_ns;
		if (one.lost_last_ns > sum.lost_last_ns)
			sum.lost_last_ns = one.lost_last_ns;
	}
	free(value);
	memcpy(to, &sum, sizeof(sum));
	return err;
}

int arpwhy_changes_lost(struct arpwhy *self, uint64_t *to)
{
	int fd = bpf_object__find_map_fd_by_name(self->object, "changes_lost");
	uint32_t zero = 0;

	return fd < 0 ? fd : bpf_map_lookup_elem(fd, &zero, to);
}

int arpwhy_run_stats(struct arpwhy *self, const char *program, uint64_t *runs_ns_misses)
{
	struct bpf_program *found = bpf_object__find_program_by_name(self->object, program);
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);
	int err;

	if (!found || bpf_program__fd(found) < 0)
		return -ENOENT;
	err = bpf_obj_get_info_by_fd(bpf_program__fd(found), &info, &length);
	runs_ns_misses[0] = info.run_cnt;
	runs_ns_misses[1] = info.run_time_ns;
	runs_ns_misses[2] = info.recursion_misses;
	return err;
}

static int generation(struct arpwhy *self, uint64_t address, struct arpwhy_generation *to)
{
	struct bpf_program *program = bpf_object__find_program_by_name(self->object, "generation");
	int map = bpf_object__find_map_fd_by_name(self->object, "generations");
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &address, .ctx_size_in = sizeof(address));
	uint32_t zero = 0;
	int err;

	if (!program || map < 0)
		return -ENOENT;
	err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	return err ? err : bpf_map_lookup_elem(map, &zero, to);
}

int arpwhy_generations(struct arpwhy *self, const uint64_t *addresses, int count, void *to, int size)
{
	struct arpwhy_generation *generations = to;
	int err = 0;

	if (size < count * (int)sizeof(*generations))
		return -EINVAL;
	for (int i = 0; i < count && !err; i++)
		err = generation(self, addresses[i], &generations[i]);
	return err;
}

struct visit {
	struct arpwhy *self;
	int fd;
	void *to;
	int result;
};

static void *visit_namespace(void *context)
{
	struct visit *visit = context;

	if (setns(visit->fd, CLONE_NEWNET))
		visit->result = -errno;
	else
		visit->result = generation(visit->self, 0, visit->to);
	return NULL;
}

/* a thread of its own enters the namespace and ends there: the caller's never leaves its own */
int arpwhy_generation_of(struct arpwhy *self, int netns_fd, void *to, int size)
{
	struct visit visit = { self, netns_fd, to, 0 };
	pthread_t thread;
	int err;

	if (size < (int)sizeof(struct arpwhy_generation))
		return -EINVAL;
	err = pthread_create(&thread, NULL, visit_namespace, &visit);
	if (err)
		return -err;
	pthread_join(thread, NULL);
	return visit.result;
}
