/*
 * The host operating system, as the rest of pndis sees it.
 *
 * lib/os is the only room that makes system calls: everything else reaches clocks, threads, files
 * and memory mappings through the functions below, so that the core can run on a virtual clock and
 * be ported in one place. Nothing here knows of machines, drivers or NDIS.
 */
#ifndef PNDIS_LIB_OS_OS_H
#define PNDIS_LIB_OS_OS_H

#include "os/text.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_FOREVER UINT64_MAX

/* --- clock.c ------------------------------------------------------------------------------------
 */

/* Nanoseconds of a monotonic clock whose zero is arbitrary. */
uint64_t pndis__os_now_ns(void);
/* Nanoseconds since 1970-01-01 00:00 UTC. */
uint64_t pndis__os_wall_ns(void);
/* A seed nobody can predict; used where the host asked for no particular one. */
uint64_t pndis__os_random_u64(void);

/* --- wait.c -------------------------------------------------------------------------------------
 */

/*
 * Sleep while *word still holds @expected, until woken or until the monotonic @deadline_ns.
 * May return early for no reason; the caller looks at its word again. Returns false on timeout
 * only.
 */
bool pndis__os_wait(const uint32_t *word, uint32_t expected, uint64_t deadline_ns);
/* Wake up to @count threads that sleep in pndis__os_wait() on @word. */
void pndis__os_wake(const uint32_t *word, unsigned count);
/* Let another host thread run, where the kernel has one for this processor. */
void pndis__os_yield(void);
/* One turn of a spin loop. */
void pndis__os_relax(void);

/* --- thread.c -----------------------------------------------------------------------------------
 */

struct os_mutex {
    pthread_mutex_t native;
};

void pndis__os_mutex_init(struct os_mutex *mutex);
void pndis__os_mutex_fini(struct os_mutex *mutex);
void pndis__os_mutex_lock(struct os_mutex *mutex);
void pndis__os_mutex_unlock(struct os_mutex *mutex);

struct os_thread {
    pthread_t native;
};

/* Start a host thread named @name (at most 15 characters are shown). Returns 0 or a negative errno.
 */
int pndis__os_thread_start(struct os_thread *thread, const char *name, void (*entry)(void *user),
                           void *user);
void pndis__os_thread_join(struct os_thread *thread);
unsigned pndis__os_processor_count(void);

/* --- event.c ------------------------------------------------------------------------------------
 */

/* What a thread waits for beside the world outside; another thread signals it. */
struct os_event {
    int descriptor;
};

enum { OS_READABLE = 1, OS_WRITABLE = 2, OS_WATCH_LIMIT = 32 };

/* A descriptor (-1: none), and what is waited for: OS_READABLE, OS_WRITABLE. */
struct os_watch {
    int descriptor;
    unsigned wanted;
};

/* Returns 0 or a negative errno. */
int pndis__os_event_init(struct os_event *event);
void pndis__os_event_fini(struct os_event *event);
void pndis__os_event_signal(struct os_event *event);
/*
 * Sleep until the event is signalled, one of at most OS_WATCH_LIMIT descriptors is as wanted, or
 * the monotonic @deadline_ns. May return early for no reason. The signal is taken back.
 */
void pndis__os_event_wait(struct os_event *event, const struct os_watch *watches, unsigned count,
                          uint64_t deadline_ns);

/* --- memory.c -----------------------------------------------------------------------------------
 */

/*
 * Map @bytes of zeroed memory that costs nothing until it is touched, with an inaccessible page
 * below it, so that a fiber that runs off its stack faults instead of writing into its neighbour.
 * Returns NULL when the host has no room.
 */
void *pndis__os_stack_map(size_t bytes);
void pndis__os_stack_unmap(void *stack, size_t bytes);
/* Reserve @bytes of address space; zeroed and backed on first touch. NULL when there is none. */
void *pndis__os_reserve(size_t bytes);
/* Address space whose every access faults: where a device model answers instead of memory. */
void *pndis__os_reserve_inaccessible(size_t bytes);
void pndis__os_release(void *memory, size_t bytes);

/* --- library.c ----------------------------------------------------------------------------------
 */

/*
 * Load the driver module at @path so that every call gives a copy of its own with its own
 * variables, as loading a driver twice does on two machines. On failure returns NULL and writes one
 * sentence into @error.
 */
void *pndis__os_library_open(const char *path, char *error, size_t error_bytes);
void *pndis__os_library_symbol(void *library, const char *name);
void pndis__os_library_close(void *library);

/* --- symbol.c -----------------------------------------------------------------------------------
 */

/*
 * Write where @address is in the program's source: "file.c:123 (Function)" when debug information
 * can be read, else "module(Function+0x12)". Always writes something printable.
 */
void pndis__os_symbol_of(const void *address, char *text, size_t text_bytes);
/* Return addresses of the calling thread, innermost first; returns how many were written. */
unsigned pndis__os_backtrace(void **addresses, unsigned capacity);

/* --- file.c -------------------------------------------------------------------------------------
 */

/* Read the whole file into fresh memory that the caller frees. Returns 0 or a negative errno. */
int pndis__os_file_read(const char *path, uint8_t **out_bytes, size_t *out_size);
/* Write @text to standard error in one go, as reports do. */
void pndis__os_report(const char *text);
/* End the process as a bug check would: with a core dump and the report already on standard error.
 */
_Noreturn void pndis__os_die(void);
/* The value of an environment variable, or NULL. */
const char *pndis__os_environment(const char *name);

/* --- stream.c -----------------------------------------------------------------------------------
 */

/* A file that is written from front to back. */
struct os_stream;

/* Create, or empty, the file at @path. Returns 0 or a negative errno. */
int pndis__os_stream_open(const char *path, struct os_stream **out_stream);
/* Append; buffered. What cannot be written is lost, which close reports. */
void pndis__os_stream_write(struct os_stream *stream, const void *bytes, size_t size);
/* Write what is buffered, and close. Returns 0, or the negative errno of the first failed write. */
int pndis__os_stream_close(struct os_stream *stream);

/* --- module.c -----------------------------------------------------------------------------------
 */

/* Add where @address is, as "module+0x12" or a bare number. Async-signal-safe. */
void pndis__os_module_of(const void *address, struct os_text *text);

/* --- fault.c ------------------------------------------------------------------------------------
 */

/* A memory fault, an illegal instruction or a division by zero of the calling thread. */
struct os_fault {
    int signal_number;
    const void *address;
    bool address_known;      /* The processor does not tell the address of each fault. */
    const void *instruction; /* NULL where this is not known. */
};

/* Both are called on the faulting thread, at the faulting instruction. */
struct os_fault_handlers {
    /* The first word: it may leave with siglongjmp, or return. */
    void (*catches)(const struct os_fault *fault);
    /* Nobody has caught it. On return it goes to whoever handled it before (a sanitizer, a test
     * framework, the default action). Async-signal-safe; a fault in here goes there as well. */
    void (*reports)(const struct os_fault *fault);
};

/*
 * Install @handlers for the faults of this process. Counted: what was there before comes back with
 * the last pndis__os_fault_uninstall(), unless somebody has put something else there meanwhile.
 * Returns 0, or -EBUSY when other ones are installed.
 */
int pndis__os_fault_install(const struct os_fault_handlers *handlers);
void pndis__os_fault_uninstall(void);
/* See that the handlers, where any are installed, are in front of what others have installed since.
 */
void pndis__os_fault_keep(void);
/* Have a stack for handlers on this thread, so that it can run off its own; it ends with the
 * thread. */
void pndis__os_fault_stack(void);

#endif
