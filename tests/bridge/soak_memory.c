#include "bridge/soak_memory.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the last quarters may have more than the first. What is allocated comes and goes with frames
 * on their way, resident pages also with stacks and with what an allocator keeps. A sanitizer keeps
 * books of stacks and threads on top, which only grow. */
static const uint64_t allocated_bound = 4u << 20;
static const uint64_t resident_bound = 24u << 20;

enum { WARM_UP_PARTS = 5, MEBIBYTE = 1 << 20 };

/* Sanitizers that replace malloc() have this. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static uint64_t
resident_now(void)
{
    unsigned long total;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file != NULL) {
        if (fscanf(file, "%lu %lu", &total, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
allocated_now(void)
{
    struct mallinfo2 info;

    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return __sanitizer_get_current_allocated_bytes();
    }
    info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

uint64_t
soak_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
lower(uint64_t *least, uint64_t value)
{
    *least = value < *least ? value : *least;
}

void
soak_memory_sample(struct soak_memory *memory)
{
    uint64_t warm_up_ns = memory->run_ns / WARM_UP_PARTS;
    uint64_t past_ns = soak_now_ns() - memory->start_ns;
    uint64_t quarter;

    if (past_ns < warm_up_ns) {
        return;
    }
    quarter = (past_ns - warm_up_ns) / ((memory->run_ns - warm_up_ns) / SOAK_QUARTERS + 1);
    if (quarter < SOAK_QUARTERS) {
        lower(&memory->resident[quarter], resident_now());
        lower(&memory->allocated[quarter], allocated_now());
    }
}

void
soak_memory_start(struct soak_memory *memory, uint64_t run_ns)
{
    memset(memory, 0xff, sizeof(*memory));
    memory->start_ns = soak_now_ns();
    memory->run_ns = run_ns;
}

bool
soak_memory_is_flat(const struct soak_memory *memory)
{
    unsigned first = 0;
    bool flat = true;

    for (unsigned i = 0; i < SOAK_QUARTERS; i++) {
        if (memory->resident[i] == UINT64_MAX) {
            printf("  quarter %u: no operation ended in it\n", i + 1);
            continue;
        }
        if (memory->resident[first] == UINT64_MAX) {
            first = i;
        }
        printf("  quarter %u: resident %.2f MiB, allocated %.3f MiB\n", i + 1,
               (double)memory->resident[i] / MEBIBYTE, (double)memory->allocated[i] / MEBIBYTE);
        flat = flat && memory->resident[i] <= memory->resident[first] + resident_bound &&
               memory->allocated[i] <= memory->allocated[first] + allocated_bound;
    }
    return flat;
}
