/* Address space: fiber stacks with guard pages, and reservations that cost nothing until touched.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t
guard_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void *
map(size_t bytes, int protection)
{
    void *memory =
        mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void *
pndis__os_stack_map(size_t bytes)
{
    size_t guard = guard_bytes();
    uint8_t *memory = map(bytes + guard, PROT_READ | PROT_WRITE);

    if (memory == NULL) {
        return NULL;
    }
    if (mprotect(memory, guard, PROT_NONE) != 0) {
        munmap(memory, bytes + guard);
        return NULL;
    }
    return memory + guard;
}

void
pndis__os_stack_unmap(void *stack, size_t bytes)
{
    size_t guard = guard_bytes();

    munmap((uint8_t *)stack - guard, bytes + guard);
}

void *
pndis__os_reserve(size_t bytes)
{
    return map(bytes, PROT_READ | PROT_WRITE);
}

void *
pndis__os_reserve_inaccessible(size_t bytes)
{
    return map(bytes, PROT_NONE);
}

void
pndis__os_release(void *memory, size_t bytes)
{
    munmap(memory, bytes);
}
