/* One adapter and its parts. Each part is filled and used by the file that is named above it. */
#ifndef VNET_ADAPTER_H
#define VNET_ADAPTER_H

#include "virtqueue.h"

#include <xfilter.h>

#define VNET_TAG 'teNV'

enum {
    VNET_NDIS_MAJOR = 6,
    VNET_NDIS_MINOR = 89,
    VNET_VERSION_MAJOR = 1,
    VNET_VERSION_MINOR = 0,

    VNET_ADDRESS_BYTES = 6,
    VNET_ETHERNET_BYTES = 14,
    VNET_VLAN_TAG_BYTES = 4,
    VNET_MINIMUM_FRAME_BYTES = 60, /* Without the check sequence. */
    VNET_HEADER_BYTES = sizeof(VIRTIO_NET_HDR),
    VNET_IP_BYTES_LIMIT = 65535,
    VNET_MTU_DEFAULT = 1500,
    VNET_MTU_MINIMUM = 576,

    VNET_PAIR_LIMIT = 64,
    VNET_PROCESSOR_LIMIT = 64,
    VNET_MULTICAST_LIMIT = 256,
    VNET_RING_LIMIT = 4096,
    VNET_RING_MINIMUM = 16,
    VNET_RECEIVE_BUDGET = 256, /* Frames of one indication. */
    VNET_CHECK_FOR_HANG_SECONDS = 2,
    VNET_STALLED_CHECKS = 2, /* So many checks without any completion: the device hangs. */

    VNET_SEND_PREFIX_LIMIT = 240, /* Bytes of a frame's headers, tag excepted, that may change. */
    VNET_SEND_COPY_LIMIT = VNET_SEND_PREFIX_LIMIT, /* Frames up to this are copied whole. */

    VNET_RSS_TABLE_ENTRIES = 128,
    VNET_RSS_KEY_BYTES = 40,
    VNET_RSS_INPUT_BYTES = 36, /* Two IPv6 addresses and two ports. */
};

enum {
    VNET_SUPPORTED_STATISTICS =
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_RCV | NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS | NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR |
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_XMIT | NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_XMIT_ERROR | NDIS_STATISTICS_FLAGS_VALID_XMIT_DISCARDS |
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_XMIT,
    VNET_SUPPORTED_FILTERS = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
                             NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_BROADCAST |
                             NDIS_PACKET_TYPE_PROMISCUOUS,
};

/* config.c: what the registry says. */
typedef struct _VNET_CONFIG {
    ULONG JumboPacket;    /* The longest frame without VLAN tag; 0: what the device has. */
    ULONG ReceiveBuffers; /* Of a queue. */
    ULONG TransmitBuffers;
    ULONG Rss;
    ULONG RssQueues;
    ULONG PriorityVlanTag; /* 1: priority, 2: VLAN, 3: both. */
    ULONG VlanId;
    ULONG InterruptModeration;
    ULONG IpChecksumIPv4; /* These five: 1: transmit, 2: receive, 3: both. */
    ULONG TcpChecksumIPv4;
    ULONG TcpChecksumIPv6;
    ULONG UdpChecksumIPv4;
    ULONG UdpChecksumIPv6;
    ULONG LsoV2IPv4;
    ULONG LsoV2IPv6;
    ULONG RscIPv4;
    ULONG RscIPv6;
    ULONG UsoIPv4;
    ULONG UsoIPv6;
    ULONG UdpRsc;
    BOOLEAN HasAddress;
    UCHAR Address[VNET_ADDRESS_BYTES];
} VNET_CONFIG;

enum { VNET_CHECKSUM_TRANSMIT = 1, VNET_CHECKSUM_RECEIVE = 2 };

/* Nothing but ULONG64s: see VnetAddCounters. */
typedef struct _VNET_COUNTERS {
    ULONG64 UnicastFrames;
    ULONG64 MulticastFrames;
    ULONG64 BroadcastFrames;
    ULONG64 UnicastBytes;
    ULONG64 MulticastBytes;
    ULONG64 BroadcastBytes;
    ULONG64 Errors;
    ULONG64 Discards;
    ULONG64 CoalescedFrames; /* Receive segment coalescing: what came in, ... */
    ULONG64 CoalescedBytes;
    ULONG64 CoalesceEvents; /* ... and in how many frames. */
} VNET_COUNTERS;

/* receive.c */

typedef struct _VNET_RECEIVE_QUEUE VNET_RECEIVE_QUEUE;
typedef struct _VNET_RECEIVE_BUFFER VNET_RECEIVE_BUFFER;

/* One descriptor's memory, with a NET_BUFFER_LIST in case a frame begins in it. */
struct _VNET_RECEIVE_BUFFER {
    VNET_RECEIVE_BUFFER *Next; /* The next frame, while frames are being taken. */
    VNET_RECEIVE_BUFFER *More; /* The next piece of the same frame. */
    VNET_RECEIVE_QUEUE *Queue;
    NET_BUFFER_LIST *Nbl;
    MDL *Mdl;
    UCHAR *Data;
    ULONG Bytes; /* Written by the device. */
    USHORT Index;
    BOOLEAN IsOut; /* Neither with the device nor waiting for it. */
};

/* Of a NET_BUFFER_LIST's context: MiniportReserved belongs to whoever sends the list on. */
typedef struct _VNET_RECEIVE_CONTEXT {
    VNET_RECEIVE_BUFFER *Buffer;
    PVOID Alignment;
} VNET_RECEIVE_CONTEXT;

C_ASSERT(sizeof(VNET_RECEIVE_CONTEXT) % MEMORY_ALLOCATION_ALIGNMENT == 0);

struct _VNET_RECEIVE_QUEUE {
    VIRTQUEUE Ring;
    NDIS_SPIN_LOCK Lock;
    VNET_ADAPTER *Adapter;
    VNET_RECEIVE_BUFFER *Buffers;
    ULONG BufferCount;
    ULONG Outstanding; /* Frames that are not back, indicated or about to be. */
    BOOLEAN IsOpen;    /* From restart to pause: frames may be indicated. */
    BOOLEAN IsStopped; /* The device does not have the ring: reset, power-down, removal. */
    BOOLEAN IsPolling; /* A DPC is at work, and will show the device what has come back. */
    BOOLEAN OwesPause; /* The pause waits for Outstanding. */
    USHORT Wanted;     /* So many used buffers make the next frame whole. */
    VNET_COUNTERS Counters;
    VNET_COUNTERS Fresh; /* Of the frames being polled; the poller's own. */
    VNET_SHARED_MEMORY Memory;
};

/* transmit.c */

/* What the driver keeps in NET_BUFFER.MiniportReserved of a frame that it has. */
typedef struct _VNET_SEND_BUFFER {
    NET_BUFFER *Next;
    NET_BUFFER_LIST *Nbl;
    SCATTER_GATHER_LIST *Sg; /* NULL: there was no memory for one, and the frame is copied. */
    volatile LONG State;     /* VNET_SEND_*. */
    ULONG Storage;           /* The queue's memory for the list, from 1; 0: none was left. */
} VNET_SEND_BUFFER;

enum {
    VNET_SEND_REQUESTED, /* Its scatter/gather list is on its way. */
    VNET_SEND_WAITING,   /* The same, and the ring waits for it. */
    VNET_SEND_READY,
    VNET_SEND_ABANDONED, /* It is completed as soon as the list is there. */
};

/* And in NET_BUFFER_LIST.MiniportReserved. */
typedef struct _VNET_SEND_LIST {
    struct _VNET_SEND_QUEUE *Queue;
    volatile LONG Unfinished; /* NET_BUFFERs. */
} VNET_SEND_LIST;

C_ASSERT(sizeof(VNET_SEND_BUFFER) <= RTL_FIELD_SIZE(NET_BUFFER, MiniportReserved));
C_ASSERT(sizeof(VNET_SEND_LIST) <= RTL_FIELD_SIZE(NET_BUFFER_LIST, MiniportReserved));

FORCEINLINE VNET_SEND_BUFFER *
VnetSendBufferOf(NET_BUFFER *NetBuffer)
{
    return (VNET_SEND_BUFFER *)NET_BUFFER_MINIPORT_RESERVED(NetBuffer);
}

FORCEINLINE VNET_SEND_LIST *
VnetSendListOf(NET_BUFFER_LIST *NetBufferList)
{
    return (VNET_SEND_LIST *)NET_BUFFER_LIST_MINIPORT_RESERVED(NetBufferList);
}

/* Room for a scatter/gather list of usual length; NDIS allocates longer ones. */
typedef union _VNET_SG_STORAGE {
    ULONG Next;
    UCHAR List[FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) + 4 * sizeof(SCATTER_GATHER_ELEMENT)];
    PVOID Alignment;
} VNET_SG_STORAGE;

typedef struct _VNET_SEND_SLOT {
    NET_BUFFER *NetBuffer;
    ULONG Bounce; /* The bounce buffer it uses, counted from 1; 0: none. */
} VNET_SEND_SLOT;

typedef struct _VNET_SEND_QUEUE {
    VIRTQUEUE Ring;
    NDIS_SPIN_LOCK Lock;
    VNET_ADAPTER *Adapter;
    VNET_SEND_SLOT *Slots; /* By the first descriptor of the frame. */
    VNET_SG_STORAGE *Storages;
    ULONG FreeStorage;        /* From 1, linked through their Next; 0: all are in use. */
    NET_BUFFER *FirstWaiting; /* For room in the ring, or for their scatter/gather list. */
    NET_BUFFER *LastWaiting;
    volatile LONG Outstanding; /* NET_BUFFER_LISTs that are not completed. */
    volatile LONG OwesPause;
    volatile LONG Gate; /* NDIS_STATUS that sends are refused with; SUCCESS: they are not. */
    BOOLEAN IsStopped;
    BOOLEAN IsPumping;  /* Somebody is at work, and will see what others append. */
    ULONG BouncesInUse; /* A bit for each. */
    ULONG64 Completed;
    ULONG64 CompletedAtCheck;
    ULONG ChecksWithoutCompletion;
    VNET_COUNTERS Counters;
    VNET_SHARED_MEMORY Headers; /* One for each slot, and zeros to pad frames with. */
    VNET_SHARED_MEMORY Tables;  /* Indirect descriptors of each slot. */
    VNET_SHARED_MEMORY Bounces; /* For frames in too many pieces. */
} VNET_SEND_QUEUE;

/* A receive and a send queue that share an interrupt message. */
typedef struct _VNET_PAIR {
    VNET_RECEIVE_QUEUE Receive;
    VNET_SEND_QUEUE Send;
    ULONG Message;
    volatile LONG PollWanted; /* An interrupt came, or there was more than the budget. */
} VNET_PAIR;

/* control.c */
typedef struct _VNET_CONTROL {
    VIRTQUEUE Ring;
    NDIS_MUTEX Mutex;
    VNET_SHARED_MEMORY Memory;
    BOOLEAN IsStopped;
} VNET_CONTROL;

/* offload.c: TRUE where the offload is in use. */
typedef struct _VNET_OFFLOADS {
    BOOLEAN IpChecksumTransmit;
    BOOLEAN IpChecksumReceive;
    BOOLEAN TcpTransmit[2]; /* IPv4, IPv6. */
    BOOLEAN TcpReceive[2];
    BOOLEAN UdpTransmit[2];
    BOOLEAN UdpReceive[2];
    BOOLEAN Lso[2];
    BOOLEAN Rsc[2];
    BOOLEAN Uso[2];
    BOOLEAN Uro; /* One for both IP versions, as in NDIS_UDP_RSC_OFFLOAD. */
} VNET_OFFLOADS;

#define VNET_LARGE_SEND(IsUdp, IsIpv6) (1 << ((IsUdp)*2 + (IsIpv6)))

/* rss.c */

typedef struct _VNET_BACKLOG {
    NDIS_SPIN_LOCK Lock;
    NET_BUFFER_LIST *First;
    NET_BUFFER_LIST *Last;
    ULONG Count;
    UCHAR Apart[SYSTEM_CACHE_ALIGNMENT_SIZE]; /* From the next processor's. */
} VNET_BACKLOG;

typedef struct _VNET_RSS {
    BOOLEAN IsEnabled;
    ULONG HashTypes; /* NDIS_HASH_*. */
    ULONG TableMask;
    UCHAR Table[VNET_RSS_TABLE_ENTRIES]; /* Processor indexes. */
    UCHAR Key[VNET_RSS_KEY_BYTES];
    ULONG Nibbles[2 * VNET_RSS_INPUT_BYTES]
                 [16];      /* What each nibble of the input adds to the hash. */
    VNET_BACKLOG *Backlogs; /* Frames on their way to another processor, for each. */
    ULONG ProcessorCount;
} VNET_RSS;

/* filter.c */
typedef struct _VNET_FILTER {
    ULONG PacketFilter; /* NDIS_PACKET_TYPE_*. */
    ULONG MulticastCount;
    UCHAR Multicast[VNET_MULTICAST_LIMIT][VNET_ADDRESS_BYTES];
} VNET_FILTER;

/* worker.c: what the work item is to do. */
enum { VNET_WORK_RESET = 1, VNET_WORK_ANNOUNCE = 2, VNET_WORK_QUEUED = 4 };

struct _VNET_ADAPTER {
    NDIS_HANDLE Handle;
    VNET_CONFIG Config;
    ULONG64 Features; /* Negotiated. */

    /* pci.c */
    UCHAR *Window; /* The BAR that holds everything, mapped. */
    ULONG WindowBytes;
    VIRTIO_PCI_COMMON_CFG *Common;
    UCHAR *Notify;
    ULONG NotifyMultiplier;
    UCHAR *Isr;
    VIRTIO_NET_CONFIG *Device;
    ULONG DeviceBytes;

    /* interrupt.c */
    NDIS_HANDLE Interrupt;
    BOOLEAN HasMessages;
    ULONG MessageCount;
    PIO_INTERRUPT_MESSAGE_INFO MessageInfo;
    volatile LONG ConfigChanged;
    volatile LONG Moderation;

    NDIS_HANDLE Dma;
    NDIS_HANDLE Pool; /* Of received NET_BUFFER_LISTs. */
    VNET_PAIR *Pairs;
    ULONG PairCount;
    ULONG DevicePairs; /* How many the device has. */
    BOOLEAN HasControl;
    VNET_CONTROL Control;
    ULONG ReceiveBufferBytes;

    UCHAR PermanentAddress[VNET_ADDRESS_BYTES];
    UCHAR CurrentAddress[VNET_ADDRESS_BYTES];
    ULONG Mtu;
    ULONG64 LinkSpeed; /* Bits per second. */
    NDIS_MEDIA_DUPLEX_STATE Duplex;
    volatile LONG Connected; /* NDIS_MEDIA_CONNECT_STATE. */

    /* What OID requests set and DPCs read. */
    PNDIS_RW_LOCK_EX SettingsLock;
    VNET_FILTER Filter;
    VNET_OFFLOADS Offloads;   /* In use. */
    volatile LONG LargeSends; /* VNET_LARGE_SEND()s that are taken. */
    VNET_RSS Rss;

    VNET_OFFLOADS Capable; /* What the negotiated features allow. */

    /* lifecycle.c */
    volatile LONG IsPaused;
    volatile LONG PauseReferences; /* One while running; the last that goes completes a pause. */
    volatile LONG IsGone;          /* Surprise removal: the device is not touched any more. */
    volatile LONG NeedsReset;      /* The device said so, or does what no device may do. */
    BOOLEAN IsPoweredDown;

    NDIS_HANDLE WorkItem;
    volatile LONG Work;           /* VNET_WORK_*. */
    volatile LONG WorkReferences; /* The adapter's own, and one while it is queued or runs. */
    NDIS_EVENT WorkDone;
};

FORCEINLINE BOOLEAN
VnetHas(const VNET_ADAPTER *Adapter, ULONG Feature)
{
    return (Adapter->Features >> Feature & 1) != 0;
}

FORCEINLINE BOOLEAN
VnetIsGone(const VNET_ADAPTER *Adapter)
{
    return ReadNoFence(&Adapter->IsGone) != 0;
}

/* --- adapter.c --- */
MINIPORT_INITIALIZE VnetInitialize;
MINIPORT_HALT VnetHalt;
MINIPORT_SHUTDOWN VnetShutdown;
PVOID VnetAllocate(VNET_ADAPTER *Adapter, ULONG Bytes);
VOID VnetFree(PVOID Memory);
BOOLEAN VnetAllocateShared(VNET_ADAPTER *Adapter, VNET_SHARED_MEMORY *Memory, ULONG Bytes);
VOID VnetFreeShared(VNET_ADAPTER *Adapter, VNET_SHARED_MEMORY *Memory);

/* --- attributes.c --- */
NDIS_STATUS VnetSetRegistrationAttributes(VNET_ADAPTER *Adapter);
NDIS_STATUS VnetSetGeneralAttributes(VNET_ADAPTER *Adapter);
VOID VnetUpdateRestartAttributes(VNET_ADAPTER *Adapter, PNDIS_RESTART_ATTRIBUTES Attributes);

/* --- config.c --- */
NDIS_STATUS VnetReadConfiguration(VNET_ADAPTER *Adapter);

/* --- pci.c --- */
NDIS_STATUS VnetMapDevice(VNET_ADAPTER *Adapter, PNDIS_RESOURCE_LIST Resources);
VOID VnetUnmapDevice(VNET_ADAPTER *Adapter);

/* --- device.c: the status register, features, configuration --- */
NDIS_STATUS VnetNegotiate(VNET_ADAPTER *Adapter);
NDIS_STATUS VnetNegotiateAgain(VNET_ADAPTER *Adapter);
VOID VnetReadDeviceConfiguration(VNET_ADAPTER *Adapter);
UCHAR VnetReadStatus(VNET_ADAPTER *Adapter);
VOID VnetAddStatus(VNET_ADAPTER *Adapter, UCHAR Bits);
/* PASSIVE_LEVEL: waits until the device has let go of everything. FALSE: it does not. */
BOOLEAN VnetResetDevice(VNET_ADAPTER *Adapter);
VOID VnetDeviceFailed(VNET_ADAPTER *Adapter);

/* --- queues.c: all queues of an adapter --- */
VOID VnetDecidePairs(VNET_ADAPTER *Adapter);
NDIS_STATUS VnetAllocateQueues(VNET_ADAPTER *Adapter);
VOID VnetFreeQueues(VNET_ADAPTER *Adapter);
/* Nobody touches a ring after this. Sends from now on are refused with @Gate. */
VOID VnetStopQueues(VNET_ADAPTER *Adapter, NDIS_STATUS Gate);
VOID VnetAbortSends(VNET_ADAPTER *Adapter, NDIS_STATUS Status);
/* Let sends in, or refuse them with @Gate. */
VOID VnetSetGate(VNET_ADAPTER *Adapter, NDIS_STATUS Gate);
/* The device is reset and has its features; give all queues to it. PASSIVE_LEVEL. */
NDIS_STATUS VnetStartDevice(VNET_ADAPTER *Adapter);

/* --- receive_buffers.c --- */
NDIS_STATUS VnetReceiveAllocate(VNET_ADAPTER *Adapter, VNET_RECEIVE_QUEUE *Queue, USHORT Index);
VOID VnetReceiveFree(VNET_ADAPTER *Adapter, VNET_RECEIVE_QUEUE *Queue);

/* --- receive.c --- */
MINIPORT_RETURN_NET_BUFFER_LISTS VnetReturnNetBufferLists;
/* Give the device every buffer that is not out. */
VOID VnetReceiveFill(VNET_RECEIVE_QUEUE *Queue);
/* Take, indicate, show. TRUE: there is more, or more has come. DISPATCH_LEVEL. */
BOOLEAN VnetReceivePoll(VNET_RECEIVE_QUEUE *Queue, ULONG Budget);
VOID VnetReceiveSettle(VNET_ADAPTER *Adapter);
/* @Count lists that are counted as outstanding. DISPATCH_LEVEL. */
VOID VnetReceiveIndicate(VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferLists, ULONG Count);
/* Give frames back that are not indicated after all. */
VOID VnetReceiveGiveBack(NET_BUFFER_LIST *NetBufferLists);

/* --- receive_frame.c --- */
/* Make a NET_BUFFER_LIST of the frame in @Buffer. NULL: it is not wanted; @Buffer is the caller's.
 */
NET_BUFFER_LIST *VnetReceiveFrame(VNET_ADAPTER *Adapter, VNET_RECEIVE_BUFFER *Buffer);

/* --- transmit_offload.c --- */
BOOLEAN VnetSendIsLengthValid(const VNET_ADAPTER *Adapter, const NET_BUFFER_LIST *NetBufferList,
                              const NET_BUFFER *NetBuffer);
/* The first @Bytes of the frame, in one piece: where they are, or copied to @Storage. */
UCHAR *VnetSendFrameStart(NET_BUFFER *NetBuffer, ULONG Bytes, UCHAR *Storage);
/*
 * What the device is asked to do for the frame. @Copy has room for VNET_SEND_PREFIX_LIMIT bytes and
 * gets the frame's headers if they change; then *PrefixBytes says how many bytes of it replace the
 * frame's own. FALSE: this cannot be sent.
 */
/* Copied behind its header, a short frame is on its way before a scatter/gather list is made. */
FORCEINLINE BOOLEAN
VnetSendIsCopied(const NET_BUFFER *NetBuffer)
{
    return NetBuffer->stDataLength <= VNET_SEND_COPY_LIMIT;
}
/* Whether anything is to be done to the frames of @NetBufferList but to send them. */
FORCEINLINE BOOLEAN
VnetSendAsksForOffloads(const NET_BUFFER_LIST *NetBufferList)
{
    return NET_BUFFER_LIST_INFO(NetBufferList, TcpIpChecksumNetBufferListInfo) != NULL ||
           NET_BUFFER_LIST_INFO(NetBufferList, TcpLargeSendNetBufferListInfo) != NULL ||
           NET_BUFFER_LIST_INFO(NetBufferList, UdpSegmentationOffloadInfo) != NULL;
}
/* What they ask for. FALSE: it cannot be done. */
BOOLEAN VnetSendPlanOffloads(const VNET_ADAPTER *Adapter, NET_BUFFER_LIST *NetBufferList,
                             NET_BUFFER *NetBuffer, VIRTIO_NET_HDR *Header, UCHAR *Copy,
                             ULONG *PrefixBytes);

/* --- transmit_frame.c, transmit_plan.h; the queue's lock is held --- */
typedef enum _VNET_PUT { VnetPutDone, VnetPutNoRoom, VnetPutInvalid } VNET_PUT;

VNET_PUT VnetSendPut(VNET_SEND_QUEUE *Queue, NET_BUFFER *NetBuffer);

/* --- transmit_queue.c --- */
/* With the lock held; see VNET_SEND_BUFFER.Storage. */
ULONG VnetSendTakeStorage(VNET_SEND_QUEUE *Queue);
/* Append @NetBufferLists, if any. TRUE: the caller is to pump. DISPATCH_LEVEL, as what follows. */
BOOLEAN VnetSendBeginPump(VNET_SEND_QUEUE *Queue, NET_BUFFER_LIST *NetBufferLists,
                          BOOLEAN *IsStopped);
VOID VnetSendPump(VNET_SEND_QUEUE *Queue);
/* Frames that are out of the queue, linked through their VNET_SEND_BUFFERs, are done with. */
VOID VnetSendFinish(VNET_SEND_QUEUE *Queue, NET_BUFFER *Done);
VOID VnetSendCancel(VNET_SEND_QUEUE *Queue, PVOID CancelId);

/* --- transmit.c --- */
MINIPORT_SEND_NET_BUFFER_LISTS VnetSendNetBufferLists;
MINIPORT_CANCEL_SEND VnetCancelSend;
MINIPORT_PROCESS_SG_LIST VnetProcessSgList;
NDIS_STATUS VnetSendAllocate(VNET_ADAPTER *Adapter, VNET_SEND_QUEUE *Queue, USHORT Index);
VOID VnetSendFree(VNET_ADAPTER *Adapter, VNET_SEND_QUEUE *Queue);
/* Complete what the device is done with, and send what waits. DISPATCH_LEVEL. */
VOID VnetSendPoll(VNET_SEND_QUEUE *Queue);
/* Of a stopped queue: complete everything, in the ring and waiting, with @Status. DISPATCH_LEVEL.
 */
VOID VnetSendAbort(VNET_SEND_QUEUE *Queue, NDIS_STATUS Status);
BOOLEAN VnetSendIsStalled(VNET_SEND_QUEUE *Queue);

/* --- control.c; PASSIVE_LEVEL --- */
NDIS_STATUS VnetControlAllocate(VNET_ADAPTER *Adapter, USHORT Index);
VOID VnetControlFree(VNET_ADAPTER *Adapter);
BOOLEAN VnetControl(VNET_ADAPTER *Adapter, UCHAR Class, UCHAR Command, const VOID *Data,
                    ULONG Bytes);
/* Tell a device that was reset all that it has forgotten. */
BOOLEAN VnetControlRestore(VNET_ADAPTER *Adapter);

/* --- filter.c --- */
NDIS_STATUS VnetSetPacketFilter(VNET_ADAPTER *Adapter, ULONG PacketFilter);
NDIS_STATUS VnetSetMulticastList(VNET_ADAPTER *Adapter, const UCHAR *Addresses, ULONG Count);
NDIS_STATUS VnetSetVlanId(VNET_ADAPTER *Adapter, ULONG VlanId);
BOOLEAN VnetApplyFilter(VNET_ADAPTER *Adapter);
BOOLEAN VnetIsWanted(const VNET_ADAPTER *Adapter, const UCHAR *Destination);

/* --- interrupt.c --- */
NDIS_STATUS VnetRegisterInterrupt(VNET_ADAPTER *Adapter);
VOID VnetDeregisterInterrupt(VNET_ADAPTER *Adapter);
/* Have the DPC of @Pair look at its queues. */
VOID VnetPollLater(VNET_ADAPTER *Adapter, VNET_PAIR *Pair);
VOID VnetQueueDpc(VNET_ADAPTER *Adapter, ULONG Message, ULONG Processor);
/* Where interrupts of @Message come. */
ULONG VnetProcessorOf(const VNET_ADAPTER *Adapter, ULONG Message);

/* --- link.c --- */
VOID VnetIndicateStatus(VNET_ADAPTER *Adapter, NDIS_STATUS StatusCode, PVOID Buffer, ULONG Bytes);
/* Read the link's state; tell NDIS if it is another one and @MayIndicate. */
VOID VnetCheckLink(VNET_ADAPTER *Adapter, BOOLEAN MayIndicate);
VOID VnetForgetLink(VNET_ADAPTER *Adapter);
VOID VnetAnnounce(VNET_ADAPTER *Adapter);

/* --- lifecycle.c --- */
MINIPORT_PAUSE VnetPause;
MINIPORT_RESTART VnetRestart;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY VnetDevicePnPEvent;
VOID VnetReleasePause(VNET_ADAPTER *Adapter);
NDIS_STATUS VnetSetPower(VNET_ADAPTER *Adapter, NDIS_DEVICE_POWER_STATE State);

/* --- reset.c --- */
MINIPORT_CHECK_FOR_HANG VnetCheckForHang;
MINIPORT_RESET VnetReset;
VOID VnetResetWork(VNET_ADAPTER *Adapter);

/* --- worker.c --- */
NDIS_STATUS VnetWorkerStart(VNET_ADAPTER *Adapter);
VOID VnetWorkerStop(VNET_ADAPTER *Adapter);
VOID VnetWorkLater(VNET_ADAPTER *Adapter, LONG Work);

/* --- oid.c, statistics.c --- */
MINIPORT_OID_REQUEST VnetOidRequest;
MINIPORT_CANCEL_OID_REQUEST VnetCancelOidRequest;
const NDIS_OID *VnetSupportedOids(ULONG *Bytes);
VOID VnetSumCounters(VNET_ADAPTER *Adapter, VNET_COUNTERS *Receive, VNET_COUNTERS *Send);
VOID VnetFillStatistics(VNET_ADAPTER *Adapter, NDIS_STATISTICS_INFO *Statistics);
VOID VnetAddCounters(VNET_COUNTERS *Sum, const VNET_COUNTERS *Addend);

/* Count a frame to @Destination. */
FORCEINLINE VOID
VnetCount(VNET_COUNTERS *Counters, const UCHAR *Destination, ULONG Frames, ULONG Bytes)
{
    if ((Destination[0] & 1) == 0) {
        Counters->UnicastFrames += Frames;
        Counters->UnicastBytes += Bytes;
    } else if (ETH_IS_BROADCAST(Destination)) {
        Counters->BroadcastFrames += Frames;
        Counters->BroadcastBytes += Bytes;
    } else {
        Counters->MulticastFrames += Frames;
        Counters->MulticastBytes += Bytes;
    }
}

/* --- offload.c --- */
VOID VnetDecideOffloads(VNET_ADAPTER *Adapter);
NDIS_STATUS VnetSetOffloadAttributes(VNET_ADAPTER *Adapter);
NDIS_STATUS VnetSetOffloadParameters(VNET_ADAPTER *Adapter,
                                     const NDIS_OFFLOAD_PARAMETERS *Parameters, ULONG Bytes);
NDIS_STATUS VnetSetEncapsulation(VNET_ADAPTER *Adapter,
                                 const NDIS_OFFLOAD_ENCAPSULATION *Encapsulation);
BOOLEAN VnetApplyGuestOffloads(VNET_ADAPTER *Adapter);

/* --- rss.c --- */
NDIS_STATUS VnetRssStart(VNET_ADAPTER *Adapter);
VOID VnetRssStop(VNET_ADAPTER *Adapter);
VOID VnetRssFillCapabilities(VNET_ADAPTER *Adapter, NDIS_RECEIVE_SCALE_CAPABILITIES *Capabilities);
NDIS_STATUS VnetSetRssParameters(VNET_ADAPTER *Adapter,
                                 const NDIS_RECEIVE_SCALE_PARAMETERS *Parameters, ULONG Bytes);
/* Hash the chain, and keep of it what is for this processor; the rest goes to the others. */
VOID VnetRssDistribute(VNET_ADAPTER *Adapter, NET_BUFFER_LIST **NetBufferLists, ULONG *Count);
/* Indicate what other processors have handed to this one. */
VOID VnetRssIndicateBacklog(VNET_ADAPTER *Adapter);

/* --- rss_device.c --- */
/* Tell the device which queues are used, and how frames are spread over them. PASSIVE_LEVEL. */
BOOLEAN VnetApplyRss(VNET_ADAPTER *Adapter);

#endif
