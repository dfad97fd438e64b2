// SPDX-License-Identifier: MIT
/* What a trace needs in any case and takes long to read, read beside the start of the process. */
#include "arpwhy.h"
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYMBOLS_ROOM (16u << 20)	/* with some modules they take 12 MB */

/* a thread of its own, which is waited for by who needs what it read */
struct reading {
	pthread_t thread;
	bool running;
};

static struct reading of_btf, of_symbols;
static char *symbols;
static size_t symbols_bytes;

/* all of them or none: what is left of a file that could not be read is no answer */
static void *read_symbols(void *unused)
{
	size_t room = SYMBOLS_ROOM, used = 0;
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(room);
	ssize_t bytes = -1;

	while (text) {
		bytes = read(fd, text + used, room - used);
		if (bytes <= 0)
			break;
		used += bytes;
		if (used == room) {
			char *more = realloc(text, room *= 2);

			if (!more)
				free(text);
			text = more;
		}
	}
	if (fd >= 0)
		close(fd);
	if (bytes < 0) {
		free(text);
		text = NULL;
	}
	symbols_bytes = used;
	symbols = text;
	return unused;
}

static void *read_btf(void *unused)
{
	parse_kernel_btf();
	return unused;
}

static void begin(struct reading *reading, void *(*read)(void *))
{
	if (!reading->running)
		reading->running = !pthread_create(&reading->thread, NULL, read, NULL);
}

static void await(struct reading *reading)
{
	if (reading->running)
		pthread_join(reading->thread, NULL);
	reading->running = false;
}

void arpwhy_begin(void)
{
	catch_log();
	begin(&of_btf, read_btf);
	begin(&of_symbols, read_symbols);
}

void await_btf(void)
{
	await(&of_btf);
}

int arpwhy_symbols(char *to, int size)
{
	int bytes;

	await(&of_symbols);
	if (!symbols)
		return -ENOENT;
	bytes = symbols_bytes;
	if (!to)
		return bytes;
	if (bytes > size)
		return -ENOSPC;
	memcpy(to, symbols, bytes);
	free(symbols);
	symbols = NULL;
	return bytes;
}
