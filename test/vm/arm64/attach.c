// SPDX-License-Identifier: MIT
/*
 * The only process of an arm64 machine: loads and attaches each program of the BPF objects by itself, through the
 * native library, and says how that went. Prints `program NAME LOAD ATTACH`, negative errno or 0, and `done`.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "arpwhy.h"

#define MOST_PROGRAMS	200

static char names[MOST_PROGRAMS][64];
static char said[1 << 16];

static int list(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	int count = 0;

	bpf_object__for_each_program(program, object)
		snprintf(names[count++], sizeof(names[0]), "%s", bpf_program__name(program));
	bpf_object__close(object);
	return count;
}

/* Ranges that the verifier cannot know to be empty: else it would not look at what depends on them. */
static void set_knobs(struct arpwhy *object)
{
	static const char *const functions[] = {
		"arp_process", "arp_rcv", "consume_skb", "nf_hook_slow", "receive_core", "xdp_generic", "xdp_receive",
	};
	char name[64];

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		snprintf(name, sizeof(name), "%s_start", functions[i]);
		arpwhy_set_knob(object, name, 1, 0);
		snprintf(name, sizeof(name), "%s_end", functions[i]);
		arpwhy_set_knob(object, name, ~0u, ~0u);
	}
	arpwhy_set_knob(object, "proxy_process", 1, 0);
	arpwhy_set_knob(object, "functions", 1, 0);
}

static void try(const char *path, int count, int chosen)
{
	int err = 0, loaded, attached;
	struct arpwhy *object = arpwhy_open(path, &err);

	if (!object) {
		printf("program %s %d 0\n", names[chosen], err);
		return;
	}
	set_knobs(object);
	for (int i = 0; i < count; i++)
		if (i != chosen)
			arpwhy_leave_out(object, names[i]);
	loaded = arpwhy_load(object);
	attached = loaded < 0 ? 0 : arpwhy_attach(object, names[chosen]);
	printf("program %s %d %d\n", names[chosen], loaded, attached);
	said[0] = 0;
	arpwhy_log(said, sizeof(said));
	if (loaded < 0)
		printf("%s\n", said);
	arpwhy_close(object);
}

int main(void)
{
	static const char *const objects[] = { "/arpwhy.bpf.o", "/neighbour.bpf.o" };

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	if (!freopen("/dev/console", "w", stdout))
		return 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		int count = list(objects[i]);

		for (int chosen = 0; chosen < count; chosen++)
			try(objects[i], count, chosen);
	}
	printf("done\n");
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
