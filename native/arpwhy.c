// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "arpwhy.h"
#include "internal.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

int arpwhy_abi(void)
{
	return ARPWHY_ABI;
}

struct arpwhy *arpwhy_open(const char *path, int *err)
{
	struct arpwhy *self = calloc(1, sizeof(*self));
	int cpus = libbpf_num_possible_cpus();

	*err = -ENOMEM;
	if (!self)
		return NULL;
	self->wake_pipe[0] = self->wake_pipe[1] = self->epoll = self->stop = -1;
	catch_log();
	await_btf();	/* it may log, too */
	self->object = bpf_object__open_file(path, NULL);
	if (!self->object) {
		*err = -errno;
		free(self);
		return NULL;
	}
	self->cpus = cpus > 0 ? cpus : 1;
	*err = arpwhy_resize(self, "cpu_state", self->cpus);
	if (!*err)
		*err = arpwhy_set_knob(self, "cpus", self->cpus, 0);
	if (*err) {
		arpwhy_close(self);
		return NULL;
	}
	return self;
}

/* .rodata holds the knobs; its BTF says where each lies */
int arpwhy_set_knob(struct arpwhy *self, const char *name, uint32_t low, uint32_t high)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(self->object, ".rodata");
	const struct btf *btf = bpf_object__btf(self->object);
	uint64_t value = (uint64_t)high << 32 | low;
	const struct btf_var_secinfo *variable;
	const struct btf_type *section;
	size_t size;
	char *data;
	int id;

	if (!rodata || !btf)
		return -ENOENT;
	data = (char *)bpf_map__initial_value(rodata, &size);
	id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	if (!data || id < 0)
		return -ENOENT;
	section = btf__type_by_id(btf, id);
	variable = btf_var_secinfos(section);
	for (int i = 0; i < btf_vlen(section); i++, variable++) {
		const struct btf_type *type = btf__type_by_id(btf, variable->type);

		if (strcmp(btf__name_by_offset(btf, type->name_off), name))
			continue;
		if (variable->size > sizeof(value) || variable->offset + variable->size > size)
			return -EINVAL;
		memcpy(data + variable->offset, &value, variable->size);	/* little-endian, as the object is */
		return 0;
	}
	return -ENOENT;
}

int arpwhy_resize(struct arpwhy *self, const char *map, uint32_t entries)
{
	struct bpf_map *found = bpf_object__find_map_by_name(self->object, map);

	return found ? bpf_map__set_max_entries(found, entries) : -ENOENT;
}

int arpwhy_leave_out(struct arpwhy *self, const char *program)
{
	struct bpf_program *found = bpf_object__find_program_by_name(self->object, program);

	return found ? bpf_program__set_autoload(found, false) : -ENOENT;
}

int arpwhy_load(struct arpwhy *self)
{
	int err = bpf_object__load(self->object);

	/* libbpf has parsed the BTF of the whole kernel, and let it go: without a word it stays ours */
	malloc_trim(0);
	if (err)
		return err;
	return open_rings(self);
}

int arpwhy_attach(struct arpwhy *self, const char *program)
{
	struct bpf_program *found = bpf_object__find_program_by_name(self->object, program);
	struct bpf_link *link;

	if (!found)
		return -ENOENT;
	if (self->links_used == MAX_LINKS)
		return -E2BIG;
	link = bpf_program__attach(found);
	if (!link)
		return -errno;
	self->links[self->links_used++] = link;
	return 0;
}

int arpwhy_detach(struct arpwhy *self)
{
	int err = 0;

	while (self->links_used > 0) {
		int failed = bpf_link__destroy(self->links[--self->links_used]);

		if (failed)
			err = failed;
	}
	return err;
}

void arpwhy_close(struct arpwhy *self)
{
	if (!self)
		return;
	arpwhy_detach(self);
	close_rings(self);
	bpf_object__close(self->object);
	free(self);
}
