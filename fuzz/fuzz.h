/* A fuzz target, as libFuzzer and the replay program call it. */
#ifndef PNDIS_FUZZ_FUZZ_H
#define PNDIS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
