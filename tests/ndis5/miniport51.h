/*
 * A correct NDIS 5.1 miniport driver whose every answer a test decides, linked into the test. At
 * initialize it acquires one of each kind of thing, step after step, and undoes all of it at the
 * halt, or when a step fails: a test can have it forget one.
 */
#ifndef PNDIS_TESTS_MINIPORT51_H
#define PNDIS_TESTS_MINIPORT51_H

#include "support/card.h"

#include <ndis/ndis5_buffer.h>
#include <ndis/ndis5_dma.h>
#include <ndis/ndis5_handlers.h>
#include <ndis/ndis5_interrupt.h>
#include <ndis/ndis5_io.h>
#include <ndis/ndis5_miniport.h>
#include <ndis/ndis5_packet.h>
#include <ndis/ndis5_packetinfo.h>
#include <ndis/ndis5_timer.h>

/* What it acquires: the name, and the words of its leak report. */
#define ACQUISITIONS(X)                                                                            \
    X(CONFIGURATION, "a configuration handle", "LEAK_HALT", "NdisOpenConfiguration")               \
    X(SHUTDOWN_HANDLER, "an adapter shutdown handler", "LEAK_HALT",                                \
      "NdisMRegisterAdapterShutdownHandler")                                                       \
    X(IO_PORTS, "an I/O port range", "LEAK_HALT", "NdisMRegisterIoPortRange")                      \
    X(IO_SPACE, "mapped I/O space", "LEAK_HALT", "NdisMMapIoSpace")                                \
    X(MEMORY, "memory", "LEAK_HALT", "NdisAllocateMemory")                                         \
    X(TAGGED_MEMORY, "memory", "LEAK_HALT", "NdisAllocateMemoryWithTag")                           \
    X(SPIN_LOCK, "a spin lock", "LEAK_SPIN_LOCK", "NdisAllocateSpinLock")                          \
    X(LOOKASIDE, "a lookaside list", "LEAK_HALT", "NdisInitializeNPagedLookasideList")             \
    X(PACKET_POOL, "a packet pool", "LEAK_HALT", "NdisAllocatePacketPool")                         \
    X(PACKET, "a packet", "LEAK_HALT", "NdisAllocatePacket")                                       \
    X(BUFFER_POOL, "a buffer pool", "LEAK_HALT", "NdisAllocateBufferPool")                         \
    X(BUFFER, "an MDL", "LEAK_HALT", "NdisAllocateBuffer")                                         \
    X(MAP_REGISTERS, "map registers", "LEAK_HALT", "NdisMAllocateMapRegisters")                    \
    X(BUFFER_MAPPING, "a mapping of a buffer for the device", "LEAK_HALT",                         \
      "NdisMStartBufferPhysicalMapping")                                                           \
    X(SHARED_MEMORY, "shared memory", "LEAK_HALT", "NdisMAllocateSharedMemory")                    \
    X(ASYNC_MEMORY, "shared memory", "LEAK_HALT", "NdisMAllocateSharedMemoryAsync")                \
    X(DMA_CHANNEL, "a DMA channel", "LEAK_HALT", "NdisMRegisterDmaChannel")                        \
    X(TIMER, "a timer that is still set", "LEAK_HALT", "NdisSetTimer")                             \
    X(PERIODIC_TIMER, "a timer that is still set", "LEAK_HALT", "NdisMSetPeriodicTimer")           \
    X(INTERRUPT, "an interrupt", "LEAK_HALT", "NdisMRegisterInterrupt")

enum acquisition {
#define X(name, words, rule, function) ACQUIRE_##name,
    ACQUISITIONS(X)
#undef X
        ACQUIRE_COUNT
};

struct nic;

/* How sends are answered. */
enum sending5 {
    SEND5_DONE,      /* At once, in the way that its kind of miniport does it. */
    SEND5_BY_CALL,   /* By NdisMSendComplete inside the function. */
    SEND5_HOLD,      /* Kept until nic_complete(). */
    SEND5_RESOURCES, /* As SEND5_HOLD with room for `room` packets: NDIS keeps the rest. */
};

/* The driver. Change it before loading it. */
struct miniport51 {
    UCHAR minor;      /* 1: NDIS 5.1. */
    ULONG attributes; /* NDIS_ATTRIBUTE_*; deserialized unless changed. */
    bool single_send; /* MiniportSend instead of MiniportSendPackets. */
    bool asks_no_isr; /* NdisMRegisterInterrupt without an MiniportISR. */
    bool enables;     /* It has MiniportEnableInterrupt. */
    void (*edit)(NDIS51_MINIPORT_CHARACTERISTICS *characteristics);
    unsigned acquire;              /* Bits of enum acquisition. */
    int forget;                    /* Not undone; -1: none. */
    int fail;                      /* Step at which MiniportInitialize fails; -1: none. */
    NDIS_STATUS initialize_status; /* After all steps. */
    UINT medium;                   /* Selected; MAXULONG: found in the array. */
    bool no_attributes;
    bool scatter_gather;
    enum sending5 sending;
    unsigned room;
    NDIS_STATUS send_status;
    NDIS_OID pended_oid; /* Answered by nic_answer(), or as `answer_when` says. */
    enum when answer_when;
    NDIS_OID failed_oid; /* Answered with NDIS_STATUS_FAILURE when set. */
    bool power;          /* It answers OID_PNP_CAPABILITIES. */
    enum when reset;
    BOOLEAN addressing_reset;
    bool hung;
    bool pend_transfer;
    void (*on_initialize)(struct nic *nic, NDIS_HANDLE wrapper_context);
    void (*on_halt)(struct nic *nic);
    void (*on_send)(struct nic *nic, NDIS_PACKET *packet);
    void (*on_dpc)(struct nic *nic);
    void (*on_timer)(struct nic *nic);

    struct nic *nics; /* Latest first. */
    NDIS_HANDLE wrapper;
    unsigned unloads;
};

/* One adapter. */
struct nic {
    struct nic *next;
    NDIS_HANDLE handle;
    NDIS_HANDLE wrapper_context;
    bool halted;
    unsigned acquired; /* Bits of enum acquisition. */
    unsigned inside;   /* Functions of it that run and that NDIS serializes ... */
    unsigned most_inside;

    NDIS_HANDLE configuration;
    struct card_resources found;
    PVOID io_ports;
    PVOID io_space;
    PVOID memory;
    PVOID tagged;
    NDIS_SPIN_LOCK lock;
    NPAGED_LOOKASIDE_LIST lookaside;
    NDIS_HANDLE packet_pool;
    NDIS_PACKET *packet;
    NDIS_HANDLE buffer_pool;
    NDIS_BUFFER *buffer;
    UCHAR buffer_memory[64];
    NDIS_BUFFER *mapped;
    PVOID shared;
    NDIS_PHYSICAL_ADDRESS shared_address;
    PVOID shared_later;
    NDIS_PHYSICAL_ADDRESS shared_later_address;
    NDIS_HANDLE dma_channel;
    NDIS_MINIPORT_TIMER timer;
    NDIS_MINIPORT_TIMER periodic;
    NDIS_MINIPORT_INTERRUPT interrupt;

    KSPIN_LOCK held_lock;
    NDIS_PACKET *held[256];
    unsigned held_count;

    struct later reset_later;
    struct later answer_later;
    NDIS_OID answer_oid;
    UCHAR *answer_buffer;
    ULONG answer_bytes;
    PULONG answer_written;

    const UCHAR *transfer_frame; /* What MiniportTransferData copies from. */
    NDIS_PACKET *transfer_packet;
    UINT transfer_offset;

    /* What it saw. */
    unsigned initializes;
    unsigned halts;
    unsigned shutdowns;
    unsigned stops; /* Of the hardware: once, in the shutdown or in the halt. */
    unsigned sends;
    unsigned send_calls;
    UINT last_bytes;
    UCHAR last_frame[2048];
    unsigned buffers; /* Of the last packet. */
    unsigned returns;
    unsigned isrs;
    unsigned dpcs;
    unsigned enables;
    unsigned disables;
    unsigned timers;
    unsigned periodics;
    unsigned resets;
    unsigned checks;
    unsigned queries;
    unsigned sets;
    unsigned cancels;
    unsigned events;
    unsigned transfers;
    unsigned allocations;
    ULONG packet_filter;
    ULONG multicast_bytes;
    NDIS_DEVICE_POWER_STATE power;
    bool wrong_level; /* Some function ran at another IRQL than its page says. */
    bool hardware_stopped;
};

extern struct miniport51 miniport51;

/* What a driver counts a test may read at any time. */
#define SEEN(counter) __atomic_load_n(&(counter), __ATOMIC_SEQ_CST)

static inline void
saw(unsigned *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static inline void
note_level(struct nic *nic, bool wrong)
{
    if (wrong) {
        __atomic_store_n(&nic->wrong_level, true, __ATOMIC_SEQ_CST);
    }
}

void miniport51_reset(void);
pndis_driver_entry miniport51_entry;
struct nic *nic_latest(void);

/* The machine with the card, the driver loaded and its adapter added; @client: and Running. */
void world5_open(struct world *w, uint64_t seed);
void world5_add(struct world *w);
void world5_running(struct world *w, uint64_t seed);

/* Indicate @count packets of a frame with this status each. Driver code. */
bool nic_indicate(struct nic *nic, const void *frame, UINT bytes, unsigned count,
                  NDIS_STATUS status);
/* The same in the look-ahead form with @lookahead bytes of data. */
void nic_indicate_lookahead(struct nic *nic, const void *frame, UINT bytes, UINT lookahead);
/* End the transfer that pends. */
void nic_complete_transfer(struct nic *nic);
/* Complete up to @count held packets. */
void nic_complete(struct nic *nic, unsigned count, NDIS_STATUS status);
/* Answer the request that pends. */
void nic_answer(struct nic *nic);

#endif
