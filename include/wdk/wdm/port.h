/* Device registers, in memory and in I/O space ("READ_REGISTER_ULONG"). Functions, so that an
 * access reaches the device model behind the address. */
#ifndef __WDK_WDM_PORT_H
#define __WDK_WDM_PORT_H

#include "types.h"

EXTERN_C_START

NTHALAPI UCHAR READ_REGISTER_UCHAR(_In_ volatile UCHAR *Register);
NTHALAPI USHORT READ_REGISTER_USHORT(_In_ volatile USHORT *Register);
NTHALAPI ULONG READ_REGISTER_ULONG(_In_ volatile ULONG *Register);
NTHALAPI ULONG64 READ_REGISTER_ULONG64(_In_ volatile ULONG64 *Register);
NTHALAPI VOID READ_REGISTER_BUFFER_UCHAR(_In_ volatile UCHAR *Register, _Out_ PUCHAR Buffer,
                                         _In_ ULONG Count);
NTHALAPI VOID READ_REGISTER_BUFFER_USHORT(_In_ volatile USHORT *Register, _Out_ PUSHORT Buffer,
                                          _In_ ULONG Count);
NTHALAPI VOID READ_REGISTER_BUFFER_ULONG(_In_ volatile ULONG *Register, _Out_ PULONG Buffer,
                                         _In_ ULONG Count);
NTHALAPI VOID READ_REGISTER_BUFFER_ULONG64(_In_ volatile ULONG64 *Register, _Out_ PULONG64 Buffer,
                                           _In_ ULONG Count);
NTHALAPI VOID WRITE_REGISTER_UCHAR(_In_ volatile UCHAR *Register, _In_ UCHAR Value);
NTHALAPI VOID WRITE_REGISTER_USHORT(_In_ volatile USHORT *Register, _In_ USHORT Value);
NTHALAPI VOID WRITE_REGISTER_ULONG(_In_ volatile ULONG *Register, _In_ ULONG Value);
NTHALAPI VOID WRITE_REGISTER_ULONG64(_In_ volatile ULONG64 *Register, _In_ ULONG64 Value);
NTHALAPI VOID WRITE_REGISTER_BUFFER_UCHAR(_In_ volatile UCHAR *Register, _In_ PUCHAR Buffer,
                                          _In_ ULONG Count);
NTHALAPI VOID WRITE_REGISTER_BUFFER_USHORT(_In_ volatile USHORT *Register, _In_ PUSHORT Buffer,
                                           _In_ ULONG Count);
NTHALAPI VOID WRITE_REGISTER_BUFFER_ULONG(_In_ volatile ULONG *Register, _In_ PULONG Buffer,
                                          _In_ ULONG Count);
NTHALAPI VOID WRITE_REGISTER_BUFFER_ULONG64(_In_ volatile ULONG64 *Register, _In_ PULONG64 Buffer,
                                            _In_ ULONG Count);
NTHALAPI UCHAR READ_PORT_UCHAR(_In_ PUCHAR Port);
NTHALAPI USHORT READ_PORT_USHORT(_In_ PUSHORT Port);
NTHALAPI ULONG READ_PORT_ULONG(_In_ PULONG Port);
NTHALAPI VOID READ_PORT_BUFFER_UCHAR(_In_ PUCHAR Port, _Out_ PUCHAR Buffer, _In_ ULONG Count);
NTHALAPI VOID READ_PORT_BUFFER_USHORT(_In_ PUSHORT Port, _Out_ PUSHORT Buffer, _In_ ULONG Count);
NTHALAPI VOID READ_PORT_BUFFER_ULONG(_In_ PULONG Port, _Out_ PULONG Buffer, _In_ ULONG Count);
NTHALAPI VOID WRITE_PORT_UCHAR(_In_ PUCHAR Port, _In_ UCHAR Value);
NTHALAPI VOID WRITE_PORT_USHORT(_In_ PUSHORT Port, _In_ USHORT Value);
NTHALAPI VOID WRITE_PORT_ULONG(_In_ PULONG Port, _In_ ULONG Value);
NTHALAPI VOID WRITE_PORT_BUFFER_UCHAR(_In_ PUCHAR Port, _In_ PUCHAR Buffer, _In_ ULONG Count);
NTHALAPI VOID WRITE_PORT_BUFFER_USHORT(_In_ PUSHORT Port, _In_ PUSHORT Buffer, _In_ ULONG Count);
NTHALAPI VOID WRITE_PORT_BUFFER_ULONG(_In_ PULONG Port, _In_ PULONG Buffer, _In_ ULONG Count);

EXTERN_C_END

#endif
