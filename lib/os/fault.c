/*
 * Memory faults and their like: offered to the structured exception handling of drivers, reported,
 * and left to whoever handled them before. Those are not called: they get their place back, and the
 * instruction faults again. So their handler runs as if there were no other, and what faults in
 * ours comes to it as well.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

enum { FAULT_SIGNAL_COUNT = sizeof(fault_signals) / sizeof(fault_signals[0]) };
enum { HANDLER_STACK_BYTES = 64 * 1024 };

/*
 * Signal dispositions belong to the process, not to a machine, so this is process state by nature:
 * how many users there are, who they are, and what was there before.
 */
static struct {
    pthread_mutex_t lock;
    unsigned users;
    const struct os_fault_handlers *handlers;
    struct {
        struct sigaction covered; /* What our handler was put over. */
        struct sigaction first;   /* The same, of the first time. */
        uint32_t handed_back;     /* How often since it was put there. */
    } signals[FAULT_SIGNAL_COUNT];
} faults = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * Who is next for a signal. Usually it is whom our handler covers; if somebody whose handler was
 * put over ours hands on to ours, that one has had his turn, and before him was who was there
 * first. Returns whether it is the first time.
 */
static bool
hand_back(unsigned index)
{
    static const struct sigaction by_default = {.sa_handler = SIG_DFL};
    const struct sigaction *next[] = {&faults.signals[index].covered, &faults.signals[index].first,
                                      &by_default};
    enum { LAST = sizeof(next) / sizeof(next[0]) - 1 };
    uint32_t turn = __atomic_fetch_add(&faults.signals[index].handed_back, 1, __ATOMIC_RELAXED);

    sigaction(fault_signals[index], next[turn < LAST ? turn : LAST], NULL);
    return turn == 0;
}

static unsigned
index_of(int signal_number)
{
    unsigned index = 0;

    while (fault_signals[index] != signal_number) {
        index++;
    }
    return index;
}

static const void *
instruction_of(const ucontext_t *state)
{
#if defined(__x86_64__)
    return (const void *)(uintptr_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__i386__)
    return (const void *)(uintptr_t)state->uc_mcontext.gregs[REG_EIP];
#elif defined(__aarch64__)
    return (const void *)(uintptr_t)state->uc_mcontext.pc;
#elif defined(__riscv)
    return (const void *)(uintptr_t)state->uc_mcontext.__gregs[REG_PC];
#else
    (void)state;
    return NULL;
#endif
}

static void
on_signal(int signal_number, siginfo_t *info, void *state)
{
    const struct os_fault_handlers *handlers = faults.handlers;
    const ucontext_t *before = state;
    struct os_fault fault = {
        .signal_number = signal_number,
        .address = info->si_addr,
        .address_known = info->si_code != SI_KERNEL,
        .instruction = instruction_of(before),
    };
    int error = errno;

    if (info->si_code <= 0) {
        /* Somebody has sent it; no instruction will do so again. */
        hand_back(index_of(signal_number));
        raise(signal_number);
    } else {
        /* The handler may leave with siglongjmp, and then nobody else unblocks what a sanitizer's
         * own handler in front of this one has blocked. */
        pthread_sigmask(SIG_SETMASK, &before->uc_sigmask, NULL);
        handlers->catches(&fault);
        if (hand_back(index_of(signal_number))) {
            handlers->reports(&fault);
        }
    }
    errno = error;
}

static bool
is_ours(int signal_number, struct sigaction *out_action)
{
    sigaction(signal_number, NULL, out_action);
    return (out_action->sa_flags & SA_SIGINFO) != 0 && out_action->sa_sigaction == on_signal;
}

/* Under the lock. */
static void
put_over(unsigned index)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    struct sigaction now;
    sigset_t mask;

    if (is_ours(fault_signals[index], &now)) {
        return;
    }
    /* Ours without our flags: somebody has kept the function only, and put it back. */
    if (now.sa_sigaction != on_signal) {
        faults.signals[index].covered = now;
    }
    __atomic_store_n(&faults.signals[index].handed_back, 0, __ATOMIC_RELAXED);
    sigemptyset(&action.sa_mask);
    sigaction(fault_signals[index], &action, NULL);
    /* A handler that was left by longjmp leaves its signal blocked; a fault would end the process
     * without anybody's handler. */
    sigemptyset(&mask);
    sigaddset(&mask, fault_signals[index]);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
}

int
pndis__os_fault_install(const struct os_fault_handlers *handlers)
{
    int result = 0;

    pthread_mutex_lock(&faults.lock);
    if (faults.users > 0 && faults.handlers != handlers) {
        result = -EBUSY;
    } else {
        bool is_first = faults.users++ == 0;

        faults.handlers = handlers;
        for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++) {
            put_over(i);
            if (is_first) {
                faults.signals[i].first = faults.signals[i].covered;
            }
        }
    }
    pthread_mutex_unlock(&faults.lock);
    return result;
}

void
pndis__os_fault_keep(void)
{
    struct sigaction now;

    if (is_ours(SIGSEGV, &now)) {
        return;
    }
    pthread_mutex_lock(&faults.lock);
    for (unsigned i = 0; i < FAULT_SIGNAL_COUNT && faults.users > 0; i++) {
        put_over(i);
    }
    pthread_mutex_unlock(&faults.lock);
}

void
pndis__os_fault_uninstall(void)
{
    struct sigaction now;

    pthread_mutex_lock(&faults.lock);
    if (--faults.users == 0) {
        for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++) {
            if (is_ours(fault_signals[i], &now)) {
                sigaction(fault_signals[i], &faults.signals[i].covered, NULL);
            }
        }
    }
    pthread_mutex_unlock(&faults.lock);
}

/* --- where handlers run --- */

static pthread_key_t stack_key;
static pthread_once_t stack_key_made = PTHREAD_ONCE_INIT;
static _Thread_local bool stack_seen;

static void
drop_stack(void *stack)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    stack_t now;

    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == stack) {
        sigaltstack(&none, NULL);
    }
    pndis__os_stack_unmap(stack, HANDLER_STACK_BYTES);
}

static void
make_stack_key(void)
{
    pthread_key_create(&stack_key, drop_stack);
}

void
pndis__os_fault_stack(void)
{
    stack_t now;
    void *stack;

    if (stack_seen) {
        return;
    }
    stack_seen = true;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) {
        return;
    }
    stack = pndis__os_stack_map(HANDLER_STACK_BYTES);
    if (stack == NULL) {
        return;
    }
    pthread_once(&stack_key_made, make_stack_key);
    pthread_setspecific(stack_key, stack);
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = HANDLER_STACK_BYTES}, NULL);
}
