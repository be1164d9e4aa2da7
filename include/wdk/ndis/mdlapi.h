/* Memory descriptor lists of network data. An NDIS MDL is the kernel's MDL. */
#ifndef __NDIS_MDLAPI_H
#define __NDIS_MDLAPI_H

#include "types.h"
#include "../wdm/mdl.h"

EXTERN_C_START

/* The name that an MDL had before NDIS 6. */
typedef MDL NDIS_BUFFER, *PNDIS_BUFFER;

NDISAPI PMDL NdisAllocateMdl(_In_ NDIS_HANDLE NdisHandle,
                             _In_reads_bytes_(Length) PVOID VirtualAddress, _In_ UINT Length);
NDISAPI VOID NdisFreeMdl(_In_ PMDL Mdl);

/* Gives the address of the MDL's memory in system space, or NULL, and its length. @_VirtualAddress
 * may be NULL. */
#define NdisQueryMdl(_Mdl, _VirtualAddress, _Length, _Priority)                                    \
    do {                                                                                           \
        if (ARGUMENT_PRESENT(_VirtualAddress)) {                                                   \
            *(PVOID *)(_VirtualAddress) = MmGetSystemAddressForMdlSafe((_Mdl), (_Priority));       \
        }                                                                                          \
        *(_Length) = MmGetMdlByteCount(_Mdl);                                                      \
    } while (0)
#define NdisQueryMdlOffset(_Mdl, _Offset, _Length)                                                 \
    do {                                                                                           \
        *(_Offset) = MmGetMdlByteOffset(_Mdl);                                                     \
        *(_Length) = MmGetMdlByteCount(_Mdl);                                                      \
    } while (0)
#define NDIS_MDL_TO_SPAN_PAGES(_Mdl)                                                               \
    (MmGetMdlByteCount(_Mdl) == 0 ? 1                                                              \
                                  : (ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(_Mdl),  \
                                                                    MmGetMdlByteCount(_Mdl))))
#define NdisGetMdlPhysicalArraySize(_Mdl, _ArraySize) (*(_ArraySize) = NDIS_MDL_TO_SPAN_PAGES(_Mdl))
#define NDIS_MDL_LINKAGE(_Mdl)                        ((_Mdl)->Next)
#define NdisGetNextMdl(_CurrentMdl, _NextMdl)         (*(_NextMdl) = (_CurrentMdl)->Next)
#define NdisAdjustMdlLength(_Mdl, _Length)            ((_Mdl)->ByteCount = (_Length))

EXTERN_C_END

#endif
