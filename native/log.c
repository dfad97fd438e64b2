// SPDX-License-Identifier: MIT
/* libbpf logs through a va_list, which no FFI can receive: keep its text here until the caller asks. */
#define _GNU_SOURCE
#include "arpwhy.h"
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[65536];
static int used;

static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	char *line;
	int length, skip = 0;

	if (level == LIBBPF_DEBUG)
		return 0;
	/* a verifier log comes in one piece, however long */
	length = vasprintf(&line, format, args);
	if (length < 0)
		return length;
	/* the end of a verifier log says what is wrong: drop from the front */
	if (length >= (int)sizeof(text))
		skip = length - (int)sizeof(text) + 1;
	if (used + length - skip >= (int)sizeof(text)) {
		int drop = used + length - skip - (int)sizeof(text) + 1;

		memmove(text, text + drop, used - drop);
		used -= drop;
	}
	memcpy(text + used, line + skip, length - skip);
	used += length - skip;
	text[used] = 0;
	free(line);
	return length;
}

void catch_log(void)
{
	libbpf_set_print(keep);
}

int arpwhy_log(char *to, int size)
{
	int length = used < size ? used : size - 1;

	if (size <= 0)
		return 0;
	memcpy(to, text + used - length, length);
	to[length] = 0;
	used = 0;
	text[0] = 0;
	return length;
}
