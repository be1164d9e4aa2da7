/* Functions found by name ("MmGetSystemRoutineAddress function"). */
#include "nt/nt.h"

#include "nt/unicode.h"

struct routine {
    const char *name;
    void *address;
};

/* In the order of strcmp(), for the search. */
static const struct routine routines[] = {
#define ROUTINE(name) {#name, (void *)name},
#include "nt/routines.def"
#undef ROUTINE
};

enum { ROUTINE_COUNT = sizeof(routines) / sizeof(routines[0]), NAME_BYTES = 80 };

void *
pndis__routine_address(const char *name)
{
    unsigned low = 0;
    unsigned high = ROUTINE_COUNT;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = strcmp(routines[middle].name, name);

        if (order == 0) {
            return routines[middle].address;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

PVOID
MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    char name[NAME_BYTES];

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    pndis__utf8_of(SystemRoutineName, name, sizeof(name));
    return pndis__routine_address(name);
}
