/* What the benchmarks share: a clock, medians, and how a result is printed. */
#ifndef PNDIS_BENCH_H
#define PNDIS_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Now, in nanoseconds of the monotonic clock. */
uint64_t bench_now_ns(void);

/* Processor time of this process so far, in nanoseconds: what a busy machine does not add to. */
uint64_t bench_processor_ns(void);

/* The median of @count values; sorts them. */
double bench_median(double *values, size_t count);

/* Resident memory of this process in bytes. */
uint64_t bench_resident_bytes(void);

/* Ends the program with pndis' last error when @result is not 0. */
void bench_must(int result, const char *what);
/* The same for a pointer. */
void *bench_have(void *pointer, const char *what);

#endif
