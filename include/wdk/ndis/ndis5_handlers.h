/* Entry points of an NDIS 5 miniport, and the table in which it registers them
 * ("NDIS_MINIPORT_CHARACTERISTICS", "Miniport Driver Functions (NDIS 5.1)"). */
#ifndef __NDIS_NDIS5_HANDLERS_H
#define __NDIS_NDIS5_HANDLERS_H

#include "types.h"
#include "medium.h"
#include "memory.h"
#include "oidtypes.h"
#include "pnp.h"
#include "ndis5_packet.h"

EXTERN_C_START

typedef struct _NDIS_MINIPORT_BLOCK NDIS_MINIPORT_BLOCK, *PNDIS_MINIPORT_BLOCK;
/* What travels over a connection or a WAN, which is not here. */
typedef struct _NDIS_WAN_PACKET NDIS_WAN_PACKET, *PNDIS_WAN_PACKET;
typedef struct _CO_CALL_PARAMETERS CO_CALL_PARAMETERS, *PCO_CALL_PARAMETERS;
typedef struct _NDIS_REQUEST NDIS_REQUEST, *PNDIS_REQUEST;

typedef BOOLEAN (*W_CHECK_FOR_HANG_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef VOID (*W_DISABLE_INTERRUPT_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef VOID (*W_ENABLE_INTERRUPT_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef VOID (*W_HALT_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef VOID (*W_HANDLE_INTERRUPT_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext);
typedef NDIS_STATUS (*W_INITIALIZE_HANDLER)(_Out_ PNDIS_STATUS OpenErrorStatus,
                                            _Out_ PUINT SelectedMediumIndex,
                                            _In_ PNDIS_MEDIUM MediumArray,
                                            _In_ UINT MediumArraySize,
                                            _In_ NDIS_HANDLE MiniportAdapterHandle,
                                            _In_ NDIS_HANDLE WrapperConfigurationContext);
typedef VOID (*W_ISR_HANDLER)(_Out_ PBOOLEAN InterruptRecognized,
                              _Out_ PBOOLEAN QueueMiniportHandleInterrupt,
                              _In_ NDIS_HANDLE MiniportAdapterContext);
typedef NDIS_STATUS (*W_QUERY_INFORMATION_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                                   _In_ NDIS_OID Oid, _In_ PVOID InformationBuffer,
                                                   _In_ ULONG InformationBufferLength,
                                                   _Out_ PULONG BytesWritten,
                                                   _Out_ PULONG BytesNeeded);
typedef NDIS_STATUS (*W_RECONFIGURE_HANDLER)(_Out_ PNDIS_STATUS OpenErrorStatus,
                                             _In_ NDIS_HANDLE MiniportAdapterContext,
                                             _In_ NDIS_HANDLE WrapperConfigurationContext);
typedef NDIS_STATUS (*W_RESET_HANDLER)(_Out_ PBOOLEAN AddressingReset,
                                       _In_ NDIS_HANDLE MiniportAdapterContext);
typedef NDIS_STATUS (*W_SEND_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                      _In_ PNDIS_PACKET Packet, _In_ UINT Flags);
typedef NDIS_STATUS (*WM_SEND_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                       _In_ NDIS_HANDLE NdisLinkHandle,
                                       _In_ PNDIS_WAN_PACKET Packet);
typedef NDIS_STATUS (*W_SET_INFORMATION_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                                 _In_ NDIS_OID Oid, _In_ PVOID InformationBuffer,
                                                 _In_ ULONG InformationBufferLength,
                                                 _Out_ PULONG BytesRead, _Out_ PULONG BytesNeeded);
typedef NDIS_STATUS (*W_TRANSFER_DATA_HANDLER)(_Out_ PNDIS_PACKET Packet,
                                               _Out_ PUINT BytesTransferred,
                                               _In_ NDIS_HANDLE MiniportAdapterContext,
                                               _In_ NDIS_HANDLE MiniportReceiveContext,
                                               _In_ UINT ByteOffset, _In_ UINT BytesToTransfer);
typedef NDIS_STATUS (*WM_TRANSFER_DATA_HANDLER)(VOID);

typedef VOID (*W_RETURN_PACKET_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                        _In_ PNDIS_PACKET Packet);
typedef VOID (*W_SEND_PACKETS_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                       _In_ PPNDIS_PACKET PacketArray, _In_ UINT NumberOfPackets);
typedef VOID (*W_ALLOCATE_COMPLETE_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                            _In_ PVOID VirtualAddress,
                                            _In_ PNDIS_PHYSICAL_ADDRESS PhysicalAddress,
                                            _In_ ULONG Length, _In_ PVOID Context);

typedef NDIS_STATUS (*W_CO_CREATE_VC_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                              _In_ NDIS_HANDLE NdisVcHandle,
                                              _Out_ PNDIS_HANDLE MiniportVcContext);
typedef NDIS_STATUS (*W_CO_DELETE_VC_HANDLER)(_In_ NDIS_HANDLE MiniportVcContext);
typedef NDIS_STATUS (*W_CO_ACTIVATE_VC_HANDLER)(_In_ NDIS_HANDLE MiniportVcContext,
                                                _Inout_ PCO_CALL_PARAMETERS CallParameters);
typedef NDIS_STATUS (*W_CO_DEACTIVATE_VC_HANDLER)(_In_ NDIS_HANDLE MiniportVcContext);
typedef VOID (*W_CO_SEND_PACKETS_HANDLER)(_In_ NDIS_HANDLE MiniportVcContext,
                                          _In_ PPNDIS_PACKET PacketArray,
                                          _In_ UINT NumberOfPackets);
typedef NDIS_STATUS (*W_CO_REQUEST_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                            _In_opt_ NDIS_HANDLE MiniportVcContext,
                                            _Inout_ PNDIS_REQUEST NdisRequest);

typedef VOID (*W_CANCEL_SEND_PACKETS_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                              _In_ PVOID CancelId);
typedef VOID (*W_PNP_EVENT_NOTIFY_HANDLER)(_In_ NDIS_HANDLE MiniportAdapterContext,
                                           _In_ NDIS_DEVICE_PNP_EVENT PnPEvent,
                                           _In_ PVOID InformationBuffer,
                                           _In_ ULONG InformationBufferLength);
typedef VOID (*ADAPTER_SHUTDOWN_HANDLER)(_In_ PVOID ShutdownContext);
typedef ADAPTER_SHUTDOWN_HANDLER W_MINIPORT_SHUTDOWN_HANDLER;

/* Each version begins with the one before it. */
#define __NDIS30_MINIPORT_MEMBERS                                                                  \
    UCHAR MajorNdisVersion;                                                                        \
    UCHAR MinorNdisVersion;                                                                        \
    USHORT Filler;                                                                                 \
    UINT Reserved;                                                                                 \
    W_CHECK_FOR_HANG_HANDLER CheckForHangHandler;                                                  \
    W_DISABLE_INTERRUPT_HANDLER DisableInterruptHandler;                                           \
    W_ENABLE_INTERRUPT_HANDLER EnableInterruptHandler;                                             \
    W_HALT_HANDLER HaltHandler;                                                                    \
    W_HANDLE_INTERRUPT_HANDLER HandleInterruptHandler;                                             \
    W_INITIALIZE_HANDLER InitializeHandler;                                                        \
    W_ISR_HANDLER ISRHandler;                                                                      \
    W_QUERY_INFORMATION_HANDLER QueryInformationHandler;                                           \
    W_RECONFIGURE_HANDLER ReconfigureHandler;                                                      \
    W_RESET_HANDLER ResetHandler;                                                                  \
    union {                                                                                        \
        W_SEND_HANDLER SendHandler;                                                                \
        WM_SEND_HANDLER WanSendHandler;                                                            \
    };                                                                                             \
    W_SET_INFORMATION_HANDLER SetInformationHandler;                                               \
    union {                                                                                        \
        W_TRANSFER_DATA_HANDLER TransferDataHandler;                                               \
        WM_TRANSFER_DATA_HANDLER WanTransferDataHandler;                                           \
    };
#define __NDIS40_MINIPORT_MEMBERS                                                                  \
    __NDIS30_MINIPORT_MEMBERS                                                                      \
    W_RETURN_PACKET_HANDLER ReturnPacketHandler;                                                   \
    W_SEND_PACKETS_HANDLER SendPacketsHandler;                                                     \
    W_ALLOCATE_COMPLETE_HANDLER AllocateCompleteHandler;
#define __NDIS50_MINIPORT_MEMBERS                                                                  \
    __NDIS40_MINIPORT_MEMBERS                                                                      \
    W_CO_CREATE_VC_HANDLER CoCreateVcHandler;                                                      \
    W_CO_DELETE_VC_HANDLER CoDeleteVcHandler;                                                      \
    W_CO_ACTIVATE_VC_HANDLER CoActivateVcHandler;                                                  \
    W_CO_DEACTIVATE_VC_HANDLER CoDeactivateVcHandler;                                              \
    W_CO_SEND_PACKETS_HANDLER CoSendPacketsHandler;                                                \
    W_CO_REQUEST_HANDLER CoRequestHandler;

typedef struct _NDIS30_MINIPORT_CHARACTERISTICS {
    __NDIS30_MINIPORT_MEMBERS
} NDIS30_MINIPORT_CHARACTERISTICS;

typedef struct _NDIS40_MINIPORT_CHARACTERISTICS {
    __NDIS40_MINIPORT_MEMBERS
} NDIS40_MINIPORT_CHARACTERISTICS;

typedef struct _NDIS50_MINIPORT_CHARACTERISTICS {
    __NDIS50_MINIPORT_MEMBERS
} NDIS50_MINIPORT_CHARACTERISTICS;

typedef struct _NDIS51_MINIPORT_CHARACTERISTICS {
    __NDIS50_MINIPORT_MEMBERS
    W_CANCEL_SEND_PACKETS_HANDLER CancelSendPacketsHandler;
    W_PNP_EVENT_NOTIFY_HANDLER PnPEventNotifyHandler;
    W_MINIPORT_SHUTDOWN_HANDLER AdapterShutdownHandler;
    PVOID Reserved1;
    PVOID Reserved2;
    PVOID Reserved3;
    PVOID Reserved4;
} NDIS51_MINIPORT_CHARACTERISTICS;

/* The one of this build. */
#if defined(NDIS51_MINIPORT)
typedef NDIS51_MINIPORT_CHARACTERISTICS NDIS_MINIPORT_CHARACTERISTICS;
#elif defined(NDIS50_MINIPORT) || !defined(NDIS_MINIPORT_DRIVER)
typedef NDIS50_MINIPORT_CHARACTERISTICS NDIS_MINIPORT_CHARACTERISTICS;
#elif defined(NDIS40_MINIPORT)
typedef NDIS40_MINIPORT_CHARACTERISTICS NDIS_MINIPORT_CHARACTERISTICS;
#else
typedef NDIS51_MINIPORT_CHARACTERISTICS NDIS_MINIPORT_CHARACTERISTICS;
#endif
typedef NDIS_MINIPORT_CHARACTERISTICS *PNDIS_MINIPORT_CHARACTERISTICS;

EXTERN_C_END

#endif
