/*
 * A split virtqueue, from the driver's side. Each descriptor is a chain of its own, so that a
 * descriptor's number is also the number of the buffer in it. It does no locking.
 *
 *  available ring:  | with the device ... | made ready, not yet shown | free
 *                   ^ LastUsed            ^ Shown                     ^ Ready    all grow forever
 */
#ifndef VN51_QUEUE_H
#define VN51_QUEUE_H

#include "virtio.h"

typedef struct _VN51_ADAPTER VN51_ADAPTER;

/* A block of memory that the device reaches too. */
typedef struct _VN51_SHARED {
    UCHAR *Address;
    NDIS_PHYSICAL_ADDRESS DeviceAddress;
    ULONG Bytes;
} VN51_SHARED;

typedef struct _VN51_QUEUE {
    VIRTQ_DESC *Desc;
    VIRTQ_AVAIL *Avail;
    VIRTQ_USED *Used;
    USHORT Index; /* On the device. */
    USHORT Size;  /* The device's choice. */
    USHORT Mask;
    USHORT Buffers; /* Descriptors that are used. */
    USHORT Ready;
    USHORT Shown;
    USHORT LastUsed;
    BOOLEAN EventIndex;
    ULONG Page; /* Where the device finds it. */
    ULONG RingBytes;
    VN51_SHARED Memory;
} VN51_QUEUE;

/* Make the queue for at most @BufferLimit buffers. PASSIVE_LEVEL. */
NDIS_STATUS Vn51QueueAllocate(VN51_ADAPTER *Adapter, VN51_QUEUE *Queue, USHORT Index,
                              USHORT BufferLimit);
VOID Vn51QueueFree(VN51_ADAPTER *Adapter, VN51_QUEUE *Queue);
/* Empty it, and tell the device, which was reset, where it is. */
VOID Vn51QueueStart(VN51_ADAPTER *Adapter, VN51_QUEUE *Queue);

/* Make buffer @Id ready. The device sees it after Vn51QueueShow. */
FORCEINLINE VOID
Vn51QueuePut(VN51_QUEUE *Queue, USHORT Id)
{
    Queue->Avail->Ring[Queue->Ready++ & Queue->Mask] = Id;
}

/* Show the device all that is ready. TRUE: it wants to be notified. */
FORCEINLINE BOOLEAN
Vn51QueueShow(VN51_QUEUE *Queue)
{
    USHORT Before = Queue->Shown;
    volatile USHORT *AvailEvent = (volatile USHORT *)&Queue->Used->Ring[Queue->Size];

    if (Queue->Ready == Before) {
        return FALSE;
    }
    WriteUShortRelease((volatile USHORT *)&Queue->Avail->Index, Queue->Ready);
    Queue->Shown = Queue->Ready;
    /* The index must be visible before the device's wish is read (2.7.13.4.1). */
    KeMemoryBarrier();
    if (!Queue->EventIndex) {
        return (ReadUShortNoFence((volatile USHORT *)&Queue->Used->Flags) &
                VIRTQ_USED_F_NO_NOTIFY) == 0;
    }
    return (USHORT)(Queue->Ready - ReadUShortNoFence(AvailEvent) - 1) <
           (USHORT)(Queue->Ready - Before);
}

/* How many buffers the device has, or has used and nobody has taken. */
FORCEINLINE USHORT
Vn51QueueInFlight(const VN51_QUEUE *Queue)
{
    return (USHORT)(Queue->Ready - Queue->LastUsed);
}

FORCEINLINE USHORT
Vn51QueueUsedCount(const VN51_QUEUE *Queue)
{
    return (USHORT)(ReadUShortAcquire((volatile USHORT *)&Queue->Used->Index) - Queue->LastUsed);
}

/* The oldest used element; Vn51QueueUsedCount said that there is one. */
FORCEINLINE VIRTQ_USED_ELEMENT
Vn51QueueTakeUsed(VN51_QUEUE *Queue)
{
    return Queue->Used->Ring[Queue->LastUsed++ & Queue->Mask];
}

/* Ask for an interrupt after @Count more used buffers. TRUE: they are used already, and none may
 * come. */
FORCEINLINE BOOLEAN
Vn51QueueEnableInterrupt(VN51_QUEUE *Queue, USHORT Count)
{
    if (Queue->EventIndex) {
        WriteUShortNoFence((volatile USHORT *)&Queue->Avail->Ring[Queue->Size],
                           (USHORT)(Queue->LastUsed + Count - 1));
    } else {
        WriteUShortNoFence((volatile USHORT *)&Queue->Avail->Flags, 0);
    }
    KeMemoryBarrier();
    return Vn51QueueUsedCount(Queue) >= (Queue->EventIndex ? Count : 1);
}

/* Only a hint (2.7.10). An event index that has passed stays where it is. */
FORCEINLINE VOID
Vn51QueueDisableInterrupt(VN51_QUEUE *Queue)
{
    if (!Queue->EventIndex) {
        WriteUShortNoFence((volatile USHORT *)&Queue->Avail->Flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
    }
}

#endif
