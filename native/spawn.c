// SPDX-License-Identifier: MIT
/*
 * Starting a tool. fork() copies the memory map of a process that holds records by the ten thousand, which takes tens of
 * milliseconds, and afterwards each page that is written to faults again; posix_spawn() shares it until the tool runs.
 */
#define _GNU_SOURCE
#include "arpwhy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 64
#define STREAMS 3

/* as the kernel has it: an array of pointers, from words one behind another, each ended by NUL, the last one empty */
static int split(char *words, char **to)
{
	int count = 0;

	for (; *words; words += strlen(words) + 1) {
		if (count == MOST_WORDS)
			return -E2BIG;
		to[count++] = words;
	}
	to[count] = NULL;
	return count ? 0 : -EINVAL;
}

static int spawn_with(char **argv, char **environment, int keep, int child_end[STREAMS])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t all, none;
	pid_t pid;
	int err;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&files);
	for (int i = 0; i < STREAMS; i++)
		posix_spawn_file_actions_adddup2(&files, child_end[i], i);
	if (keep >= 0)
		posix_spawn_file_actions_adddup2(&files, keep, STREAMS);
	err = posix_spawn(&pid, argv[0], &files, &how, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	return err ? -err : pid;
}

int arpwhy_spawn(char *words, char *environment, int keep, int *streams)
{
	char *argv[MOST_WORDS + 1], *variables[MOST_WORDS + 1];
	int ends[STREAMS][2], child_end[STREAMS], made = 0, pid = split(words, argv);

	if (!pid)
		pid = split(environment, variables);
	while (!pid && made < STREAMS) {
		if (pipe2(ends[made], O_CLOEXEC)) {
			pid = -errno;
			break;
		}
		/* it reads the first one, and writes the others */
		child_end[made] = ends[made][made > 0];
		streams[made] = ends[made][made == 0];
		made++;
	}
	if (!pid)
		pid = spawn_with(argv, variables, keep, child_end);
	for (int i = 0; i < made; i++) {
		close(child_end[i]);
		if (pid < 0)
			close(streams[i]);
	}
	return pid;
}

int arpwhy_reap(int pid)
{
	int status, reaped = waitpid(pid, &status, WNOHANG);

	if (reaped < 0)
		return -errno;
	if (!reaped)
		return -EAGAIN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
