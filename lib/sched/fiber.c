/*
 * Fibers by sigsetjmp and siglongjmp; makecontext only starts them. That is portable to every
 * architecture glibc knows, and a switch makes no system call because no signal mask is kept.
 */
#define _GNU_SOURCE
/* The checked longjmp refuses to jump to another stack, which is what this file is about. */
#undef _FORTIFY_SOURCE
#include "sched/fiber.h"

#include "os/os.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#elif __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct fiber {
    sigjmp_buf place;
    void *stack; /* NULL for a host thread's own. */
    size_t stack_bytes;
    void (*entry)(void *user);
    void *user;
    void *sanitizer; /* AddressSanitizer's fake stack, or ThreadSanitizer's fiber. */
    struct fiber *came_from;
    /* Not a local of start(), which never returns: AddressSanitizer would keep its guard zones. */
    ucontext_t beginning;
    bool started;
};

static void
before_switch(struct fiber *from, const struct fiber *to)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(&from->sanitizer, to->stack, to->stack_bytes);
#else
    (void)from;
    (void)to;
#endif
}

/*
 * ThreadSanitizer keeps the places of sigsetjmp by fiber, so it must hear of the switch after the
 * one and before siglongjmp.
 */
static void
between_jumps(struct fiber *from, const struct fiber *to)
{
#ifdef FIBER_TSAN
    from->sanitizer = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to->sanitizer, 0);
#else
    (void)from;
    (void)to;
#endif
}

/* Running on @self again, or for the first time. */
static void
after_switch(struct fiber *self)
{
#ifdef FIBER_ASAN
    const void *bottom;
    size_t bytes;

    __sanitizer_finish_switch_fiber(self->sanitizer, &bottom, &bytes);
    /* A host thread learns its own bounds from the first fiber that it comes from. */
    if (self->came_from != NULL && self->came_from->stack_bytes == 0) {
        self->came_from->stack = (void *)(uintptr_t)bottom;
        self->came_from->stack_bytes = bytes;
    }
#else
    (void)self;
#endif
}

/* makecontext passes ints only, so the pointer travels as two halves. */
static void
trampoline(unsigned high, unsigned low)
{
    struct fiber *self = (struct fiber *)(uintptr_t)(((uint64_t)high << 32) | low);

    after_switch(self);
    self->entry(self->user);
    abort();
}

struct fiber *
pndis__fiber_create(size_t stack_bytes, void (*entry)(void *user), void *user)
{
    struct fiber *fiber = calloc(1, sizeof(*fiber));

    if (fiber == NULL) {
        return NULL;
    }
    fiber->stack = pndis__os_stack_map(stack_bytes);
    if (fiber->stack == NULL) {
        free(fiber);
        return NULL;
    }
#ifdef FIBER_ASAN
    /* The guard zones of an earlier fiber, whose outermost functions never returned. */
    __asan_unpoison_memory_region(fiber->stack, stack_bytes);
#endif
#ifdef FIBER_TSAN
    fiber->sanitizer = __tsan_create_fiber(0);
#endif
    fiber->stack_bytes = stack_bytes;
    fiber->entry = entry;
    fiber->user = user;
    return fiber;
}

struct fiber *
pndis__fiber_of_thread(void)
{
    struct fiber *fiber = calloc(1, sizeof(*fiber));

    if (fiber != NULL) {
        fiber->started = true;
    }
    return fiber;
}

void
pndis__fiber_rebind(struct fiber *fiber)
{
    fiber->stack = NULL;
    fiber->stack_bytes = 0;
}

void
pndis__fiber_destroy(struct fiber *fiber)
{
    if (fiber == NULL) {
        return;
    }
    if (fiber->entry != NULL) {
#ifdef FIBER_TSAN
        __tsan_destroy_fiber(fiber->sanitizer);
#endif
        pndis__os_stack_unmap(fiber->stack, fiber->stack_bytes);
    }
    free(fiber);
}

static void
start(struct fiber *to)
{
    uint64_t address = (uint64_t)(uintptr_t)to;

    getcontext(&to->beginning);
    to->beginning.uc_stack.ss_sp = to->stack;
    to->beginning.uc_stack.ss_size = to->stack_bytes;
    to->beginning.uc_link = NULL;
    makecontext(&to->beginning, (void (*)(void))trampoline, 2, (unsigned)(address >> 32),
                (unsigned)address);
    setcontext(&to->beginning);
}

void
pndis__fiber_switch(struct fiber *from, struct fiber *to)
{
    to->came_from = from;
    before_switch(from, to);
    if (sigsetjmp(from->place, 0) == 0) {
        between_jumps(from, to);
        if (!to->started) {
            to->started = true;
            start(to);
        }
        siglongjmp(to->place, 1);
    }
    after_switch(from);
}
