// SPDX-License-Identifier: MIT
/* What the running kernel's BTF says: names of enum values, which every kernel numbers anew; numbers of arguments. */
#include "arpwhy.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>

/* parsing it takes a while: keep it */
static struct btf *kernel_btf(void)
{
	static struct btf *kernel;

	if (!kernel)
		kernel = btf__load_vmlinux_btf();
	return kernel;
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
