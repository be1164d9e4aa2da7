/* Memory faults and their like, offered to the structured exception handling of drivers. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

enum { FAULT_SIGNAL_COUNT = sizeof(fault_signals) / sizeof(fault_signals[0]) };

/*
 * Signal dispositions belong to the process, not to a machine, so this is process state by nature:
 * how many users there are, who they are, and what was installed before the first of them.
 */
static struct {
    pthread_mutex_t lock;
    unsigned users;
    os_fault_handler *handler;
    void *user;
    struct sigaction before[FAULT_SIGNAL_COUNT];
} faults = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
pass_on(int signal_number, siginfo_t *info, void *state)
{
    for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++) {
        struct sigaction *before = &faults.before[i];

        if (fault_signals[i] != signal_number) {
            continue;
        }
        if ((before->sa_flags & SA_SIGINFO) != 0) {
            before->sa_sigaction(signal_number, info, state);
        } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
            before->sa_handler(signal_number);
        } else {
            /* The faulting instruction runs again and meets the default action. */
            signal(signal_number, SIG_DFL);
        }
    }
}

static void
on_fault(int signal_number, siginfo_t *info, void *state)
{
    const ucontext_t *before = state;

    /* The handler may leave with siglongjmp, and then nobody else unblocks what a sanitizer's own
     * handler in front of this one has blocked. */
    pthread_sigmask(SIG_SETMASK, &before->uc_sigmask, NULL);
    faults.handler(signal_number, info->si_addr, faults.user);
    pass_on(signal_number, info, state);
}

int
pndis__os_fault_install(os_fault_handler *handler, void *user)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    int result = 0;

    pthread_mutex_lock(&faults.lock);
    if (faults.users > 0 && faults.handler != handler) {
        result = -EBUSY;
    } else if (faults.users++ == 0) {
        faults.handler = handler;
        faults.user = user;
        sigemptyset(&action.sa_mask);
        for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++) {
            sigaction(fault_signals[i], &action, &faults.before[i]);
        }
    }
    pthread_mutex_unlock(&faults.lock);
    return result;
}

void
pndis__os_fault_uninstall(void)
{
    pthread_mutex_lock(&faults.lock);
    if (--faults.users == 0) {
        for (unsigned i = 0; i < FAULT_SIGNAL_COUNT; i++) {
            sigaction(fault_signals[i], &faults.before[i], NULL);
        }
    }
    pthread_mutex_unlock(&faults.lock);
}
