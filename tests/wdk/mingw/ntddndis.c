/* OIDs and the structures of them, as applications see them. */
#if MINGW
#include <winsock2.h>
#include <ws2ipdef.h>
#else
#include <ntdef.h>
#endif
#include <ntddndis.h>
