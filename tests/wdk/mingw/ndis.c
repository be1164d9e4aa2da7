/* Both sides' <ndis.h>. What mingw's declares twice, or misspells, is put right before it is read.
 */
#if MINGW
#if NTDDI_VERSION < 0x06000000
#define SYSTEM_POWER_STATE_CONTEXT ULONG
#endif
#include <ntddk.h>
#include <ntddndis.h>
#define _NDIS_REQUEST_TYPE                   again_tag
#define NDIS_REQUEST_TYPE                    again_type
#define PNDIS_REQUEST_TYPE                   again_pointer
#define NdisRequestQueryInformation          again_query_information
#define NdisRequestSetInformation            again_set_information
#define NdisRequestQueryStatistics           again_query_statistics
#define NdisRequestOpen                      again_open
#define NdisRequestClose                     again_close
#define NdisRequestSend                      again_send
#define NdisRequestTransferData              again_transfer_data
#define NdisRequestReset                     again_reset
#define NdisRequestGeneric1                  again_generic_1
#define NdisRequestGeneric2                  again_generic_2
#define NdisRequestGeneric3                  again_generic_3
#define NdisRequestGeneric4                  again_generic_4
#define NdisRequestMethod                    again_method
#define NdisMWanIndicateReceiveComplete(...) NdisMWanIndicateReceiveComplete(void)
#endif
#include <ndis.h>
