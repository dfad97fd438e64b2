// SPDX-License-Identifier: MIT
/*
 * The floor: programs that do nothing, on raw tracepoints. Who looks at these hooks pays at least this.
 * usage: nothing TRACEPOINT...: says "attached" on standard output, ends by ^C.
 */
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (__u64)(unsigned long)nothing;
	attr.insn_cnt = sizeof(nothing) / sizeof(*nothing);
	attr.license = (__u64)(unsigned long)"Dual MIT/GPL";
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

int main(int count, char **names)
{
	sigset_t end;
	int got;

	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	for (int i = 1; i < count; i++) {
		union bpf_attr attr;
		int program = load();

		memset(&attr, 0, sizeof(attr));
		attr.raw_tracepoint.name = (__u64)(unsigned long)names[i];
		attr.raw_tracepoint.prog_fd = program;
		if (program < 0 || syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr)) < 0) {
			perror(names[i]);
			return 1;
		}
	}
	puts("attached");
	fflush(stdout);
	return sigwait(&end, &got);
}
