// SPDX-License-Identifier: MIT
/* What the running kernel's BTF says: names of enum values, which every kernel numbers anew; numbers of arguments; what attaches. */
#include "arpwhy.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* parsing it takes a while: keep it */
static struct btf *parsed;

void parse_kernel_btf(void)
{
	if (!parsed)
		parsed = btf__load_vmlinux_btf();
}

/* NULL with errno when it cannot be had */
static struct btf *kernel_btf(void)
{
	await_btf();
	parse_kernel_btf();
	return parsed;
}

/* its type is a pointer to a function, whose first argument is not the event's */
int arpwhy_tracepoint_arguments(const char *name)
{
	const struct btf *kernel = kernel_btf();
	const struct btf_type *pointer;
	char type[128];
	int id;

	if (!kernel)
		return -errno;
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF);
	if (id < 0)
		return id;
	pointer = btf__type_by_id(kernel, btf__type_by_id(kernel, id)->type);
	return btf_vlen(btf__type_by_id(kernel, pointer->type)) - 1;
}

int arpwhy_function_arguments(const char *name)
{
	const struct btf *kernel = kernel_btf();
	int id;

	if (!kernel)
		return -errno;
	id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);
	if (id < 0)
		return id;
	return btf_vlen(btf__type_by_id(kernel, btf__type_by_id(kernel, id)->type));
}

int arpwhy_try_fexit(const char *function)
{
	const struct btf *kernel = kernel_btf();
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, how, .expected_attach_type = BPF_TRACE_FEXIT);
	int id, program, link;

	if (!kernel)
		return -errno;
	id = btf__find_by_name_kind(kernel, function, BTF_KIND_FUNC);
	if (id < 0)
		return id;
	how.attach_btf_id = id;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "GPL", nothing, 2, &how);
	if (program < 0)
		return program;
	link = bpf_raw_tracepoint_open(NULL, program);
	if (link >= 0)
		close(link);
	close(program);
	return link < 0 ? link : 0;
}

int arpwhy_enum_name(const char *type, int value, char *to, int size)
{
	const struct btf *kernel = kernel_btf();
	const struct btf_enum *entry;
	const struct btf_type *found;
	int id;

	if (!kernel)
		return -errno;
	id = btf__find_by_name_kind(kernel, type, BTF_KIND_ENUM);
	if (id < 0)
		return id;
	found = btf__type_by_id(kernel, id);
	entry = btf_enum(found);
	for (int i = 0; i < btf_vlen(found); i++, entry++)
		if (entry->val == value)
			return snprintf(to, size, "%s", btf__name_by_offset(kernel, entry->name_off));
	return -ENOENT;
}
