/* Host threads and the one kind of lock that the core uses for itself. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct start {
    void (*entry)(void *user);
    void *user;
    char name[16];
};

static void *
thread_main(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    pndis__os_fault_stack();
    start.entry(start.user);
    return NULL;
}

void
pndis__os_mutex_init(struct os_mutex *mutex)
{
    pthread_mutex_init(&mutex->native, NULL);
}

void
pndis__os_mutex_fini(struct os_mutex *mutex)
{
    pthread_mutex_destroy(&mutex->native);
}

void
pndis__os_mutex_lock(struct os_mutex *mutex)
{
    pthread_mutex_lock(&mutex->native);
}

void
pndis__os_mutex_unlock(struct os_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->native);
}

int
pndis__os_thread_start(struct os_thread *thread, const char *name, void (*entry)(void *user),
                       void *user)
{
    struct start *start = malloc(sizeof(*start));
    int failure;

    if (start == NULL) {
        return -ENOMEM;
    }
    *start = (struct start){.entry = entry, .user = user};
    snprintf(start->name, sizeof(start->name), "%s", name);
    failure = pthread_create(&thread->native, NULL, thread_main, start);
    if (failure != 0) {
        free(start);
    }
    return -failure;
}

void
pndis__os_thread_join(struct os_thread *thread)
{
    pthread_join(thread->native, NULL);
}

unsigned
pndis__os_processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : (unsigned)count;
}
