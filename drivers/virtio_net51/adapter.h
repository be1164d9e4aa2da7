/*
 * An NDIS 5.1 miniport for the legacy interface of virtio-net: I/O ports, a line interrupt, one
 * receive and one send queue. Deserialized: it has its own locks.
 *
 * Locks, outermost first: SendLock, ReceiveLock. None is held while NDIS or the doorbell is called.
 */
#ifndef VN51_ADAPTER_H
#define VN51_ADAPTER_H

#include "queue.h"

enum {
    VN51_TAG = '15nV',
    VN51_MAC_BYTES = 6,
    VN51_HEADER_BYTES = 14,
    VN51_FRAME_MIN = 60,
    VN51_VLAN_BYTES = 4,
    /* The longest frame without VLAN tag: *JumboPacket. */
    VN51_JUMBO_MIN = VN51_HEADER_BYTES + 576,
    VN51_JUMBO_DEFAULT = VN51_HEADER_BYTES + 1500,
    VN51_JUMBO_MAX = VN51_HEADER_BYTES + 9000,
    VN51_BUFFER_LIMIT = 256, /* Of each queue. */
    /* The header in front of the frame is placed so that IP headers are aligned. */
    VN51_BUFFER_OFFSET = 8,
    VN51_FRAME_OFFSET = VN51_BUFFER_OFFSET + VIRTIO_NET_HDR_BYTES,
    VN51_BUFFER_ALIGNMENT = 64,
    VN51_MULTICAST_LIMIT = 32,
    VN51_TIMER_MILLISECONDS = 1000,
};

/* Frames that wait, or are done; linked through MiniportReserved. */
typedef struct _VN51_PACKET_LIST {
    PNDIS_PACKET First;
    PNDIS_PACKET Last;
} VN51_PACKET_LIST;

/* A receive buffer. One that is not posted is with NDIS, or on its way there or back. */
typedef struct _VN51_RECEIVE_BUFFER {
    PNDIS_PACKET Packet;
    PNDIS_BUFFER Buffer;
    USHORT Id;
    BOOLEAN Posted;
    BOOLEAN Indicated;
} VN51_RECEIVE_BUFFER;

typedef struct _VN51_COUNTERS {
    ULONG64 Frames;
    ULONG64 Errors;
} VN51_COUNTERS;

typedef struct _VN51_ADAPTER {
    NDIS_HANDLE Handle;
    PVOID Ports;
    UINT FirstPort;
    UINT InterruptVector;
    UINT InterruptLevel;
    BOOLEAN HasPort;
    BOOLEAN HasInterruptResource;
    BOOLEAN HasMapRegisters;
    BOOLEAN HasInterrupt;
    BOOLEAN HasShutdownHandler;
    BOOLEAN HasTimer;
    ULONG Features;
    ULONG FrameMax;
    ULONG BufferBytes; /* From one frame buffer to the next. */

    LONG volatile IsGone;     /* Pulled out. */
    LONG volatile NeedsReset; /* It broke, or what it says makes no sense. */
    LONG volatile IsHalting;
    LONG volatile IsRunning; /* DRIVER_OK is set; changed with both locks held. */
    LONG volatile IsStopped; /* By MiniportShutdown: the device is not to be touched again. */
    LONG volatile Connected;
    LONG volatile Reasons; /* ISR bits that the DPC has not seen. */

    NDIS_MINIPORT_INTERRUPT Interrupt;
    NDIS_MINIPORT_TIMER Timer;
    NDIS_EVENT TimerEnded;

    UCHAR PermanentAddress[VN51_MAC_BYTES];
    UCHAR CurrentAddress[VN51_MAC_BYTES];
    ULONG PacketFilter;
    ULONG Lookahead;
    ULONG MulticastCount;
    UCHAR Multicast[VN51_MULTICAST_LIMIT][VN51_MAC_BYTES];

    NDIS_SPIN_LOCK SendLock;
    VN51_QUEUE SendQueue;
    VN51_SHARED SendMemory;
    PNDIS_PACKET Sending[VN51_BUFFER_LIMIT]; /* By buffer. */
    USHORT FreeSends[VN51_BUFFER_LIMIT];
    USHORT FreeSendCount;
    VN51_PACKET_LIST Waiting;
    VN51_COUNTERS Sent;

    NDIS_SPIN_LOCK ReceiveLock;
    VN51_QUEUE ReceiveQueue;
    VN51_SHARED ReceiveMemory;
    NDIS_HANDLE PacketPool;
    NDIS_HANDLE BufferPool;
    VN51_RECEIVE_BUFFER Receives[VN51_BUFFER_LIMIT];
    BOOLEAN IsReceiving; /* Some processor takes received frames from the ring. */
    ULONG Indicated;     /* Buffers that NDIS has. */
    VN51_COUNTERS Received;
} VN51_ADAPTER;

FORCEINLINE ULONG
Vn51Mtu(const VN51_ADAPTER *Adapter)
{
    return Adapter->FrameMax - VN51_HEADER_BYTES;
}

/* --- device.c --- */

BOOLEAN Vn51Has(const VN51_ADAPTER *Adapter, ULONG Feature);
UCHAR Vn51ReadStatus(VN51_ADAPTER *Adapter);
/* Negotiate, and read what does not change. */
NDIS_STATUS Vn51DeviceIdentify(VN51_ADAPTER *Adapter);
/* Both locks are held, or nobody else knows of the adapter. */
BOOLEAN Vn51DeviceStart(VN51_ADAPTER *Adapter);
VOID Vn51DeviceStop(VN51_ADAPTER *Adapter);
VOID Vn51DeviceLeaveAlone(VN51_ADAPTER *Adapter);
/* Read the link's state, and tell NDIS when it is another one. */
VOID Vn51CheckLink(VN51_ADAPTER *Adapter, BOOLEAN MayIndicate);
VOID Vn51Lock(VN51_ADAPTER *Adapter);
VOID Vn51Unlock(VN51_ADAPTER *Adapter);

FORCEINLINE VOID
Vn51Notify(VN51_ADAPTER *Adapter, const VN51_QUEUE *Queue)
{
    NdisRawWritePortUshort((ULONG_PTR)Adapter->Ports + VIRTIO_PORT_QUEUE_NOTIFY, Queue->Index);
}

/* --- memory.c --- */

BOOLEAN Vn51AllocateShared(VN51_ADAPTER *Adapter, VN51_SHARED *Shared, ULONG Bytes);
VOID Vn51FreeShared(VN51_ADAPTER *Adapter, VN51_SHARED *Shared);
NDIS_STATUS Vn51AllocateMemory(VN51_ADAPTER *Adapter);
VOID Vn51FreeMemory(VN51_ADAPTER *Adapter);

/* --- send.c, receive.c --- */

/* Get frames to the device and completed ones back to NDIS. */
VOID Vn51SendPump(VN51_ADAPTER *Adapter);
/* Give all frames back, those that the device has too; it stands still. */
VOID Vn51SendAbort(VN51_ADAPTER *Adapter, NDIS_STATUS Status);
/* The queue is new: all buffers are free. The lock is held. */
VOID Vn51SendStart(VN51_ADAPTER *Adapter);
VOID Vn51Receive(VN51_ADAPTER *Adapter);
/* The queue is new: post all buffers that are here. The lock is held. */
VOID Vn51ReceiveStart(VN51_ADAPTER *Adapter);

/* --- the NDIS entry points --- */

/* initialize.c */
NDIS_STATUS Vn51Initialize(PNDIS_STATUS OpenErrorStatus, PUINT SelectedMediumIndex,
                           PNDIS_MEDIUM MediumArray, UINT MediumArraySize,
                           NDIS_HANDLE MiniportAdapterHandle,
                           NDIS_HANDLE WrapperConfigurationContext);
VOID Vn51Halt(NDIS_HANDLE MiniportAdapterContext);
VOID Vn51Shutdown(PVOID ShutdownContext);

/* interrupt.c */
VOID Vn51Isr(PBOOLEAN InterruptRecognized, PBOOLEAN QueueMiniportHandleInterrupt,
             NDIS_HANDLE MiniportAdapterContext);
VOID Vn51HandleInterrupt(NDIS_HANDLE MiniportAdapterContext);
NDIS_TIMER_FUNCTION Vn51Timer;

/* reset.c */
BOOLEAN Vn51CheckForHang(NDIS_HANDLE MiniportAdapterContext);
NDIS_STATUS Vn51Reset(PBOOLEAN AddressingReset, NDIS_HANDLE MiniportAdapterContext);
VOID Vn51PnPEventNotify(NDIS_HANDLE MiniportAdapterContext, NDIS_DEVICE_PNP_EVENT PnPEvent,
                        PVOID InformationBuffer, ULONG InformationBufferLength);
/* Stop the device and give its frames back, or start it again; what D0 and the others mean. */
BOOLEAN Vn51Restart(VN51_ADAPTER *Adapter, BOOLEAN Start, NDIS_STATUS AbortStatus);

/* request.c */
NDIS_STATUS Vn51QueryInformation(NDIS_HANDLE MiniportAdapterContext, NDIS_OID Oid,
                                 PVOID InformationBuffer, ULONG InformationBufferLength,
                                 PULONG BytesWritten, PULONG BytesNeeded);
NDIS_STATUS Vn51SetInformation(NDIS_HANDLE MiniportAdapterContext, NDIS_OID Oid,
                               PVOID InformationBuffer, ULONG InformationBufferLength,
                               PULONG BytesRead, PULONG BytesNeeded);

VOID Vn51SendPackets(NDIS_HANDLE MiniportAdapterContext, PPNDIS_PACKET PacketArray,
                     UINT NumberOfPackets);
VOID Vn51CancelSendPackets(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId);
VOID Vn51ReturnPacket(NDIS_HANDLE MiniportAdapterContext, PNDIS_PACKET Packet);

#endif
