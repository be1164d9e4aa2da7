/* Seeded random numbers for property tests: the same seed gives the same rolls. */
#ifndef PNDIS_TESTS_DICE_H
#define PNDIS_TESTS_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline struct dice
dice_of(uint64_t seed)
{
    return (struct dice){.state = seed * 2654435761u + 1};
}

/* A number from 0 to @sides - 1. */
static inline uint32_t
dice_roll(struct dice *dice, uint32_t sides)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice->state >> 33) % sides;
}

#endif
