/*
 * A split virtqueue, from the driver's side (virtio 1.2, 2.7). It does no locking: whoever owns the
 * queue holds its lock.
 *
 *  available ring:  | with the device ... | made ready, not yet shown | free
 *                   ^ LastUsed            ^ Shown                     ^ Ready    all grow forever
 */
#ifndef VNET_VIRTQUEUE_H
#define VNET_VIRTQUEUE_H

#include "virtio.h"

typedef struct _VNET_ADAPTER VNET_ADAPTER;

/* A block of memory that the device reaches too. */
typedef struct _VNET_SHARED_MEMORY {
    UCHAR *Address;
    NDIS_PHYSICAL_ADDRESS DeviceAddress;
    ULONG Bytes;
} VNET_SHARED_MEMORY;

typedef struct _VIRTQUEUE {
    VIRTQ_DESC *Desc;
    VIRTQ_AVAIL *Avail;
    VIRTQ_USED *Used;
    volatile USHORT *UsedEvent;  /* Ours: interrupt when the used index passes this. */
    volatile USHORT *AvailEvent; /* The device's: notify when the available index passes this. */
    volatile USHORT *Doorbell;
    USHORT Index; /* Of the queue on the device. */
    USHORT Size;
    USHORT Mask;
    USHORT FreeHead;
    USHORT FreeCount;
    USHORT Ready;
    USHORT Shown;
    USHORT LastUsed;
    BOOLEAN EventIndex;
    VNET_SHARED_MEMORY Memory;
} VIRTQUEUE;

/* Set the queue up on the device and in memory; the first call allocates. PASSIVE_LEVEL. */
NDIS_STATUS VnetQueueAllocate(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue, USHORT Index,
                              USHORT SizeLimit);
NDIS_STATUS VnetQueueEnable(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue, USHORT Vector);
VOID VnetQueueFree(VNET_ADAPTER *Adapter, VIRTQUEUE *Queue);

/* Take a descriptor off the free list, which is linked through their Next members. */
FORCEINLINE USHORT
VnetQueueTakeDescriptor(VIRTQUEUE *Queue)
{
    USHORT Head = Queue->FreeHead;

    Queue->FreeHead = Queue->Desc[Head].Next;
    Queue->FreeCount--;
    return Head;
}

/* Give the chain that begins at @Head back. */
FORCEINLINE VOID
VnetQueueFreeChain(VIRTQUEUE *Queue, USHORT Head)
{
    USHORT Last = Head;

    Queue->FreeCount++;
    while ((Queue->Desc[Last].Flags & VIRTQ_DESC_F_NEXT) != 0) {
        Last = Queue->Desc[Last].Next;
        Queue->FreeCount++;
    }
    Queue->Desc[Last].Next = Queue->FreeHead;
    Queue->FreeHead = Head;
}

/* Make a chain ready. The device sees it after VnetQueueShow. */
FORCEINLINE VOID
VnetQueuePut(VIRTQUEUE *Queue, USHORT Head)
{
    Queue->Avail->Ring[Queue->Ready++ & Queue->Mask] = Head;
}

/*
 * Show the device all that is ready. TRUE: it wants to be notified; then VnetQueueNotify, which may
 * be called without the queue's lock.
 */
FORCEINLINE BOOLEAN
VnetQueueShow(VIRTQUEUE *Queue)
{
    USHORT Before = Queue->Shown;

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
    return (USHORT)(Queue->Ready - ReadUShortNoFence(Queue->AvailEvent) - 1) <
           (USHORT)(Queue->Ready - Before);
}

FORCEINLINE VOID
VnetQueueNotify(VIRTQUEUE *Queue)
{
    WRITE_REGISTER_USHORT(Queue->Doorbell, Queue->Index);
}

/* How many chains the device has, or has made used and nobody has taken. */
FORCEINLINE USHORT
VnetQueueInFlight(const VIRTQUEUE *Queue)
{
    return (USHORT)(Queue->Ready - Queue->LastUsed);
}

FORCEINLINE USHORT
VnetQueueUsedCount(const VIRTQUEUE *Queue)
{
    return (USHORT)(ReadUShortAcquire((volatile USHORT *)&Queue->Used->Index) - Queue->LastUsed);
}

/* The oldest used element; VnetQueueUsedCount said that there is one. */
FORCEINLINE VIRTQ_USED_ELEMENT
VnetQueueTakeUsed(VIRTQUEUE *Queue)
{
    return Queue->Used->Ring[Queue->LastUsed++ & Queue->Mask];
}

/*
 * Ask for an interrupt after @Count more used chains (at least 1). FALSE: they are used already, so
 * none will come.
 */
FORCEINLINE BOOLEAN
VnetQueueEnableInterrupt(VIRTQUEUE *Queue, USHORT Count)
{
    if (Queue->EventIndex) {
        WriteUShortNoFence(Queue->UsedEvent, (USHORT)(Queue->LastUsed + Count - 1));
    } else {
        WriteUShortNoFence((volatile USHORT *)&Queue->Avail->Flags, 0);
    }
    KeMemoryBarrier();
    return VnetQueueUsedCount(Queue) < (Queue->EventIndex ? Count : 1);
}

/* Only a hint (2.7.10). With event indexes there is nothing to do: the one that has passed stays.
 */
FORCEINLINE VOID
VnetQueueDisableInterrupt(VIRTQUEUE *Queue)
{
    if (!Queue->EventIndex) {
        WriteUShortNoFence((volatile USHORT *)&Queue->Avail->Flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
    }
}

#endif
