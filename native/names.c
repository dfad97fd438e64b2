// SPDX-License-Identifier: MIT
/* Names of the running kernel's enum values, which are numbered anew in every kernel. */
#include "arpwhy.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>

int arpwhy_enum_name(const char *type, int value, char *to, int size)
{
	static struct btf *kernel;	/* parsing it takes a while: keep it */
	const struct btf_enum *entry;
	const struct btf_type *found;
	int id;

	if (!kernel) {
		kernel = btf__load_vmlinux_btf();
		if (!kernel)
			return -errno;
	}
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
