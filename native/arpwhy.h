/* SPDX-License-Identifier: MIT */
/*
 * A small library over libbpf, for callers that can pass numbers, strings and buffers only. The caller owns
 * every buffer; the library owns the handle. Functions that can fail return a negative errno; what libbpf said
 * is in arpwhy_log(). Not thread-safe, but for the library's own threads.
 */
#ifndef ARPWHY_NATIVE_H
#define ARPWHY_NATIVE_H

#include <stdint.h>

#define ARPWHY_ABI 4

struct arpwhy;

int arpwhy_abi(void);

/* Text that libbpf has logged since the last call, NUL-terminated and cut at the front. Returns its length. */
int arpwhy_log(char *to, int size);

/*
 * Begin to read what a trace will need, beside what the process does until then: the kernel's BTF and its symbols.
 * Never needed: without it the BTF is read by who asks first, and the symbols are the caller's to read.
 */
void arpwhy_begin(void);

/*
 * The text of /proc/kallsyms as it was when arpwhy_begin() had it read. Returns its bytes; with a `to` that is long
 * enough they are handed over, once. -ENOENT when nothing was begun, or all was handed over.
 */
int arpwhy_symbols(char *to, int size);

/* Open a BPF object. Nothing is loaded yet. Returns NULL and leaves the reason in the log; *err is -errno. */
struct arpwhy *arpwhy_open(const char *path, int *err);

/* Before loading: set a `const volatile` of the object; resize a map; leave a program out. */
int arpwhy_set_knob(struct arpwhy *self, const char *name, uint32_t low, uint32_t high);
int arpwhy_resize(struct arpwhy *self, const char *map, uint32_t entries);
int arpwhy_leave_out(struct arpwhy *self, const char *program);

int arpwhy_load(struct arpwhy *self);
int arpwhy_attach(struct arpwhy *self, const char *program);

/* Detach every program. Maps and the ring stay readable. */
int arpwhy_detach(struct arpwhy *self);

int arpwhy_map_set(struct arpwhy *self, const char *map, const void *key, uint8_t value);
int arpwhy_map_delete(struct arpwhy *self, const char *map, const void *key);
int arpwhy_map_count(struct arpwhy *self, const char *map);

/* A descriptor that becomes readable (bytes of no meaning) when the ring has records. Owned by the library. */
int arpwhy_wake_fd(struct arpwhy *self);

/* Copy whole records into `to`, each behind its length in its first word. Returns bytes; 0 when none is left. */
int arpwhy_drain(struct arpwhy *self, void *to, int size);

/* The same of struct arpwhy_change, which nothing announces: ask now and then. */
int arpwhy_drain_changes(struct arpwhy *self, void *to, int size);

/* Changes that did not fit into their ring. */
int arpwhy_changes_lost(struct arpwhy *self, uint64_t *to);

/* The sum over all CPUs of struct arpwhy_counters. */
int arpwhy_counters(struct arpwhy *self, void *to, int size);

/*
 * Of one program: runs and nanoseconds (when bpf_stats_enabled is on), and events that the kernel did not show it
 * because it was running on that CPU already.
 */
int arpwhy_run_stats(struct arpwhy *self, const char *program, uint64_t *runs_ns_misses);

/*
 * struct arpwhy_generation of the namespaces at these kernel addresses, in their order; or of the one that a
 * descriptor names.
 */
int arpwhy_generations(struct arpwhy *self, const uint64_t *addresses, int count, void *to, int size);
int arpwhy_generation_of(struct arpwhy *self, int netns_fd, void *to, int size);

/* How many arguments the running kernel's tracepoint of that name has; -ENOENT when it has no such tracepoint. */
int arpwhy_tracepoint_arguments(const char *name);

/* The same of a function. */
int arpwhy_function_arguments(const char *name);

/* Load a program that does nothing, attach it behind a function, and let it go again. 0 when that works. */
int arpwhy_try_fexit(const char *function);

/* The name that the running kernel's enum has for a value. Returns its length. */
int arpwhy_enum_name(const char *type, int value, char *to, int size);

/*
 * Start a program without copying our memory. `words` are its path and arguments, `environment` its variables: each ends
 * with NUL, and the last one is empty. Descriptor `keep` is its 3 (-1: none). Our ends of its input, output and error go
 * into `streams`. Returns its pid.
 */
int arpwhy_spawn(char *words, char *environment, int keep, int *streams);

/* How a program that was started so ended: its status, 128 and the signal, or -EAGAIN while it runs. Once only. */
int arpwhy_reap(int pid);

void arpwhy_close(struct arpwhy *self);

#endif
