/* IPv6 addresses. */
#ifndef s6_addr
#define in_addr6 in6_addr
#define s6_addr  u.Byte
#define s6_bytes u.Byte
#define s6_words u.Word

#include "ntdef.h"

EXTERN_C_START

typedef struct in6_addr {
    union {
        UCHAR Byte[16];
        USHORT Word[8];
    } u;
} IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;

EXTERN_C_END

#endif
