/* How memory that was allocated with NdisAllocateMemory is known again: its tag has the flags. */
#ifndef PNDIS_LIB_NDIS_MEMORY_H
#define PNDIS_LIB_NDIS_MEMORY_H

enum {
    MEMORY5_TAG = 0x6d354e30, /* "0N5m" in memory; "1N5m" for NDIS_MEMORY_CONTIGUOUS ... */
    MEMORY5_FLAGS = 0x3,
};

#endif
