/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/* Which namespaces and devices are looked at, and from when on: filled by user space. */
#ifndef ARPWHY_SCOPE_H
#define ARPWHY_SCOPE_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);		/* inode */
	__type(value, __u8);
} filter_netns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, char[ARPWHY_IFNAMSIZ]);
	__type(value, __u8);
} filter_devices SEC(".maps");

/*
 * 1 while every hook is attached. They come and go one by one, and a pass that only some of them saw would be told
 * for what it was not.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} whole SEC(".maps");

#endif
