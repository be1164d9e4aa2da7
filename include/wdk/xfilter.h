/* Ethernet addresses ("ETH_COMPARE_NETWORK_ADDRESSES_EQ"). */
#ifndef _X_FILTER_DEFS_
#define _X_FILTER_DEFS_

#include "ntdef.h"

EXTERN_C_START

#define ETH_LENGTH_OF_ADDRESS 6

#define ETH_IS_MULTICAST(Address) ((BOOLEAN)(((PUCHAR)(Address))[0] & ((UCHAR)0x01)))
#define ETH_IS_BROADCAST(Address)                                                                  \
    ((((PUCHAR)(Address))[0] == ((UCHAR)0xff)) && (((PUCHAR)(Address))[1] == ((UCHAR)0xff)) &&     \
     (((PUCHAR)(Address))[2] == ((UCHAR)0xff)) && (((PUCHAR)(Address))[3] == ((UCHAR)0xff)) &&     \
     (((PUCHAR)(Address))[4] == ((UCHAR)0xff)) && (((PUCHAR)(Address))[5] == ((UCHAR)0xff)))

/* Blocks, as on Windows: drivers put no semicolon behind some of them. */

/* *_Result: 0 when equal; otherwise 1, or -1 where the first address is the lower one. The order is
 * that of the last four bytes as a number, then of the first two. */
#define ETH_COMPARE_NETWORK_ADDRESSES(_A, _B, _Result)                                             \
    {                                                                                              \
        ULONG __low_a, __low_b;                                                                    \
        USHORT __high_a, __high_b;                                                                 \
        memcpy(&__low_a, (PUCHAR)(_A) + 2, 4);                                                     \
        memcpy(&__low_b, (PUCHAR)(_B) + 2, 4);                                                     \
        memcpy(&__high_a, (_A), 2);                                                                \
        memcpy(&__high_b, (_B), 2);                                                                \
        *(_Result) = __low_a > __low_b     ? 1                                                     \
                     : __low_a < __low_b   ? (UINT)-1                                              \
                     : __high_a > __high_b ? 1                                                     \
                     : __high_a < __high_b ? (UINT)-1                                              \
                                           : 0;                                                    \
    }
#define ETH_COMPARE_NETWORK_ADDRESSES_EQ(_A, _B, _Result)                                          \
    {                                                                                              \
        *(_Result) = (memcmp((_A), (_B), ETH_LENGTH_OF_ADDRESS) != 0);                             \
    }
#define ETH_COPY_NETWORK_ADDRESS(_D, _S)                                                           \
    {                                                                                              \
        memcpy((_D), (_S), ETH_LENGTH_OF_ADDRESS);                                                 \
    }

EXTERN_C_END

#endif
