/*
 * Whether a program's memory stays as it is: samples over a run, the run cut into a warm-up and
 * four quarters, the smallest sample of each quarter compared with the first quarter's.
 */
#ifndef PNDIS_TESTS_SOAK_MEMORY_H
#define PNDIS_TESTS_SOAK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

enum { SOAK_QUARTERS = 4 };

struct soak_memory {
    uint64_t start_ns;
    uint64_t run_ns;
    uint64_t resident[SOAK_QUARTERS]; /* Bytes. */
    uint64_t allocated[SOAK_QUARTERS];
};

/* A run of @run_ns begins; a fifth of it is the warm-up. */
void soak_memory_start(struct soak_memory *memory, uint64_t run_ns);
/* Call it often, and always in the same state: everything is up. */
void soak_memory_sample(struct soak_memory *memory);
/* Print the quarters; whether none is above the first by more than the bound. */
bool soak_memory_is_flat(const struct soak_memory *memory);
uint64_t soak_now_ns(void);

#endif
