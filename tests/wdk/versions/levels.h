/* Every level that is compiled in, and the numbers it has to have. */
#ifndef WDK_LEVELS_H
#define WDK_LEVELS_H

#include "level.h"

#define NDIS6_LEVELS(X)                                                                            \
    X(60, 6, 0)                                                                                    \
    X(61, 6, 1)                                                                                    \
    X(620, 6, 20)                                                                                  \
    X(630, 6, 30)                                                                                  \
    X(640, 6, 40)                                                                                  \
    X(650, 6, 50)                                                                                  \
    X(651, 6, 51)                                                                                  \
    X(660, 6, 60)                                                                                  \
    X(670, 6, 70)                                                                                  \
    X(680, 6, 80)                                                                                  \
    X(681, 6, 81)                                                                                  \
    X(682, 6, 82)                                                                                  \
    X(683, 6, 83)                                                                                  \
    X(684, 6, 84)                                                                                  \
    X(685, 6, 85)                                                                                  \
    X(686, 6, 86)                                                                                  \
    X(687, 6, 87)                                                                                  \
    X(688, 6, 88)                                                                                  \
    X(689, 6, 89)

struct named_level {
    const struct level *level;
    int major;
    int minor;
};

#define X(number, major, minor)                                                                    \
    extern const struct level level_NDIS##number##_MINIPORT, level_NDIS##number;
NDIS6_LEVELS(X)
#undef X
extern const struct level level_NDIS50_MINIPORT, level_NDIS51_MINIPORT;

static const struct named_level levels[] = {
#define X(number, major, minor)                                                                    \
    {&level_NDIS##number##_MINIPORT, major, minor}, {&level_NDIS##number, major, minor},
    NDIS6_LEVELS(X)
#undef X
        {&level_NDIS50_MINIPORT, 5, 0},
    {&level_NDIS51_MINIPORT, 5, 1},
};

enum { LEVEL_COUNT = sizeof(levels) / sizeof(levels[0]) };

#endif
