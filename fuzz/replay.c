/*
 * Runs a fuzz target without a fuzzer: over the files that are named, and over inputs made from
 * numbers, "--random <first>-<last>". The number or file at work is printed when it crashes.
 */
#include "fuzz.h"

#include "os/os.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 2048, START_OPERATION = 0, BACKEND_BYTES = 1, FEATURE_BYTES = 8 };

static char at_work[512];

static void
on_crash(int number)
{
    pndis__os_report(at_work);
    signal(number, SIG_DFL);
    raise(number);
}

/* splitmix64 */
static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Most begin with an operation that brings the target up, so that they get somewhere. */
static void
run_number(uint64_t number)
{
    uint8_t data[LONGEST];
    uint64_t state = number;
    size_t size = next_random(&state) % LONGEST;

    snprintf(at_work, sizeof(at_work), "fuzz: --random %" PRIu64 "-%" PRIu64 "\n", number, number);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)next_random(&state);
    }
    if (number % 8 != 0 && size > BACKEND_BYTES + 1 + FEATURE_BYTES) {
        data[BACKEND_BYTES] = START_OPERATION;
        memset(data + BACKEND_BYTES + 1, 0, FEATURE_BYTES);
    }
    LLVMFuzzerTestOneInput(data, size);
}

static int
run_file(const char *path)
{
    uint8_t *bytes;
    size_t size;
    int failure = pndis__os_file_read(path, &bytes, &size);

    snprintf(at_work, sizeof(at_work), "fuzz: %s\n", path);
    if (failure != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(-failure));
        return 2;
    }
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return 0;
}

int
main(int argc, char **argv)
{
    int result = 0;

    signal(SIGABRT, on_crash);
    for (int i = 1; i < argc && result == 0; i++) {
        uint64_t first;
        uint64_t last;

        if (strcmp(argv[i], "--random") != 0) {
            result = run_file(argv[i]);
            continue;
        }
        if (++i == argc || sscanf(argv[i], "%" SCNu64 "-%" SCNu64, &first, &last) != 2) {
            fprintf(stderr, "usage: %s [--random FIRST-LAST] [FILE...]\n", argv[0]);
            return 2;
        }
        for (uint64_t number = first; number <= last; number++) {
            run_number(number);
        }
    }
    return result;
}
