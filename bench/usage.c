// SPDX-License-Identifier: MIT
/*
 * usage: run a command and tell, on descriptor 3, what it used: one JSON line
 * when it starts (its process, the time), one when it has ended (processor
 * time and peak memory, its waited-for children included). It passes SIGINT
 * and SIGTERM on, and neither of the two outlives who started it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_NOT_RUN = 127, REPORT = 3 };

static volatile pid_t child;

static void pass_on(int signal)
{
	if (child > 0)
		kill(child, signal);
}

static unsigned long long monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000ULL +
	       (unsigned long long)t.tv_nsec;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static _Noreturn void become(char **command)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(REPORT);
	execvp(command[0], command);
	fprintf(stderr, "usage: cannot run %s: %s\n", command[0],
		strerror(errno));
	_exit(EXIT_NOT_RUN);
}

int main(int argc, char **argv)
{
	struct sigaction forward = { .sa_handler = pass_on };
	unsigned long long started;
	struct rusage used;
	int status;

	if (argc < 2) {
		fputs("usage: usage COMMAND [ARGUMENT...] 3>REPORT\n", stderr);
		return EXIT_USAGE;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	started = monotonic_ns();
	child = fork();
	if (child < 0) {
		perror("usage: cannot fork");
		return EXIT_FAILURE;
	}
	if (!child)
		become(argv + 1);
	sigaction(SIGINT, &forward, NULL);
	sigaction(SIGTERM, &forward, NULL);
	dprintf(REPORT, "{\"pid\":%d,\"startedNs\":\"%llu\"}\n", child, started);
	while (wait4(child, &status, 0, &used) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	dprintf(REPORT,
		"{\"user\":%.6f,\"system\":%.6f,\"peakKiB\":%ld,\"status\":%d}\n",
		seconds(used.ru_utime), seconds(used.ru_stime), used.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return EXIT_SUCCESS;
}
