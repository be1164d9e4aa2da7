/*
 * A learning Ethernet bridge as an NDIS protocol driver: every adapter it is bound to is a port.
 *
 * driver.c    DriverEntry, registration, unload
 * port.c      binding, unbinding, link state
 * event.c     pause, restart and the other events of a binding
 * request.c   OID requests that are waited for, and what the bridge asks of an adapter
 * table.c     which address was seen on which port
 * forward.c   receive, decide, send, complete, return
 * carrier.c   the NET_BUFFER_LISTs in which received data are sent on
 * offload.c   out-of-band information of a receive becomes that of a send
 * headers.c   where the headers of a frame are, and their sums
 * segment.c   what an adapter cannot do is done here: segments, checksums, VLAN tags
 * control.c   the control device
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <ndis.h>

#include "bridge_ioctl.h"

enum {
    BRIDGE_TAG = 'gdrB',
    ETHERNET_HEADER = 14,
    VLAN_TAG = 4,
    ADDRESS_BYTES = 6,
    HEADER_ROOM = 192, /* Ethernet, two tags, IP with options and TCP with options. */
    TICK_SECONDS = 1,
};

/* --- ports --- */

/* What an adapter can do with what it sends. */
enum {
    CAN_TCP_SUM4 = 1 << 0,
    CAN_TCP_SUM6 = 1 << 1,
    CAN_UDP_SUM4 = 1 << 2,
    CAN_UDP_SUM6 = 1 << 3,
    CAN_IP_SUM = 1 << 4,
};

struct segmentation {
    volatile LONG bytes;    /* Longest payload it takes; 0: it cannot. */
    volatile LONG segments; /* Fewest. */
};

/*
 * As last heard. An indication may change it while frames are looked at with it, field by field; an
 * adapter has to expect sends that were prepared under its former configuration.
 */
struct capabilities {
    volatile LONG sums;         /* CAN_*. */
    struct segmentation tcp[2]; /* IPv4, IPv6. */
    struct segmentation udp[2];
};

/*
 * A slot for a port. Slots are never freed, so that forwarding may look at any of them without a
 * lock; what it takes to send on one is its `sending`.
 */
struct port {
    NDIS_HANDLE binding;                 /* Stays what it is while `sending` is held. */
    PEX_RUNDOWN_REF_CACHE_AWARE sending; /* Held for each NET_BUFFER_LIST on its way out. */
    volatile LONG running;
    volatile LONG connected;
    volatile LONG used;
    volatile LONG mtu;
    volatile LONG tags; /* It puts VLAN tags into frames. */
    UCHAR number;
    UCHAR address[ADDRESS_BYTES];
    NET_IFINDEX interface_index;
    struct capabilities can;
    KEVENT opened; /* The open or the close has completed. */
    NDIS_STATUS open_status;
};

/* --- what each processor has to itself --- */

struct carrier;

typedef struct DECLSPEC_CACHEALIGN _BRIDGE_PROCESSOR {
    struct carrier *free; /* Linked by `next`. */
    ULONG free_count;
    struct bridge_port_counters counters[BRIDGE_PORT_LIMIT];
} BRIDGE_PROCESSOR;

struct bridge {
    NDIS_HANDLE protocol;
    NDIS_HANDLE list_pool;   /* NET_BUFFER_LISTs with a NET_BUFFER. */
    NDIS_HANDLE buffer_pool; /* For the NET_BUFFERs of clones. */
    PDEVICE_OBJECT device;
    ULONG processor_count;
    BRIDGE_PROCESSOR *processors;

    KSPIN_LOCK ports_lock;     /* Of taking and giving up slots. */
    volatile ULONG port_count; /* Slots in use lie below this. */
    ULONG used_count;
    struct port ports[BRIDGE_PORT_LIMIT];
};

extern struct bridge bridge;

/* DISPATCH_LEVEL. */
static inline BRIDGE_PROCESSOR *
this_processor(void)
{
    return &bridge.processors[KeGetCurrentProcessorNumberEx(NULL)];
}

/* Only this processor writes it; others may be reading. */
static inline void
count(uint64_t *counter, uint64_t more)
{
    WriteNoFence64((volatile LONG64 *)counter, (LONG64)(*counter + more));
}

static inline BOOLEAN
is_group(const UCHAR *address)
{
    return (address[0] & 1) != 0;
}

PROTOCOL_BIND_ADAPTER_EX BridgeBindAdapter;
PROTOCOL_UNBIND_ADAPTER_EX BridgeUnbindAdapter;
PROTOCOL_OPEN_ADAPTER_COMPLETE_EX BridgeOpenComplete;
PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX BridgeCloseComplete;
PROTOCOL_STATUS_EX BridgeStatus;
PROTOCOL_NET_PNP_EVENT BridgeNetPnPEvent;
PROTOCOL_OID_REQUEST_COMPLETE BridgeOidComplete;
PROTOCOL_RECEIVE_NET_BUFFER_LISTS BridgeReceive;
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE BridgeSendComplete;

NDIS_STATUS ports_init(void);
void ports_fini(void);

/* --- requests; PASSIVE_LEVEL --- */

NDIS_STATUS request_set(struct port *port, NDIS_OID oid, PVOID data, ULONG bytes);
NDIS_STATUS request_query(struct port *port, NDIS_OID oid, PVOID data, ULONG bytes);
/* Ask for checksum tasks, coalesced receives, and find out what the adapter can do for sends. */
void request_offloads(struct port *port);
/* Whether its link is up, from the adapter itself. */
void request_link_state(struct port *port);
/* Everything that is on the cable (@on), or nothing. */
NDIS_STATUS request_packet_filter(struct port *port, BOOLEAN on);

/* --- addresses; any IRQL up to DISPATCH_LEVEL --- */

void table_init(void);
/* PASSIVE_LEVEL. */
void table_fini(void);
/* Ageing runs while anybody is bound. */
void table_start(void);
void table_stop(void);
/* @address was seen on @port. */
void table_learn(const UCHAR *address, UCHAR port);
/* The port of @address; BRIDGE_PORT_LIMIT: not known. */
ULONG table_lookup(const UCHAR *address);
/* Forget the addresses of @port, or with BRIDGE_PORT_LIMIT all of them. */
void table_flush(ULONG port);
void table_set_ageing(ULONG seconds);
/* Up to @limit entries; returns how many there are. */
ULONG table_list(struct bridge_address_info *entries, ULONG limit);
void table_count(ULONG counts[BRIDGE_PORT_LIMIT]);

/* --- carriers; DISPATCH_LEVEL --- */

/*
 * A NET_BUFFER_LIST of the bridge that is lent to an adapter to send. What it sends are the MDLs of
 * `original`, which stays the bridge's until the last carrier of it is back.
 */
enum carrier_kind {
    CARRIER_LIST,    /* The bridge's own list and NET_BUFFER; kept for the next frame. */
    CARRIER_CLONE,   /* Made by NdisAllocateCloneNetBufferList. */
    CARRIER_SEGMENT, /* Own memory: nothing of the original is in it. */
};

/* Lies in ProtocolReserved of the bridge's own lists. */
struct cargo {
    NET_BUFFER_LIST *original; /* NULL: it holds none. */
    struct port *source; /* To whom the original goes back; NULL: it is the bridge's own copy. */
    struct carrier *carrier; /* NULL for CARRIER_CLONE. */
    ULONG kind;
    ULONG shared; /* The original counts its carriers in ChildRefCount. */
};

C_ASSERT(sizeof(struct cargo) <= RTL_FIELD_SIZE(NET_BUFFER_LIST, ProtocolReserved));

static inline struct cargo *
cargo_of(NET_BUFFER_LIST *list)
{
    return (struct cargo *)list->ProtocolReserved;
}

/* The context of a list from the bridge's pool. */
struct carrier {
    struct carrier *next;
    NET_BUFFER_LIST *list;
    MDL *header; /* Of `room`; NULL until it is first needed, as `rest`. */
    MDL *rest;   /* The first received MDL without the header. */
    MDL *data;   /* Of `memory`; CARRIER_SEGMENT. */
    PVOID memory;
    ULONG has_header;
    UCHAR room[HEADER_ROOM];
};

NDIS_STATUS carriers_init(void);
void carriers_fini(void);
/* A list that sends the data of @original. NULL: no memory. */
NET_BUFFER_LIST *carrier_take(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *original);
/* One of several lists that send them. */
NET_BUFFER_LIST *carrier_clone(NET_BUFFER_LIST *original);
/* Have @list's frame begin with a copy of its first @bytes, which may be written; NULL: cannot. */
UCHAR *carrier_own_header(NET_BUFFER_LIST *list, ULONG bytes);
/* A list with @bytes of memory of its own, at *out_data. NULL: no memory. */
NET_BUFFER_LIST *carrier_segment(ULONG bytes, UCHAR **out_data);
/* A copy of a received list that has to go back at once. NULL: no memory. */
NET_BUFFER_LIST *carrier_copy(NET_BUFFER_LIST *received);
void carrier_put(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *list);

/* Copy @bytes of @buffer's data from @offset on. FALSE: there are not that many. */
BOOLEAN frame_read(NET_BUFFER *buffer, ULONG offset, UCHAR *to, ULONG bytes);

/* --- headers --- */

enum transport { TRANSPORT_NONE, TRANSPORT_TCP, TRANSPORT_UDP };

struct headers {
    ULONG ip;        /* Offsets in the frame. */
    ULONG transport; /* Of its header. */
    ULONG payload;
    ULONG end;     /* Of the packet. */
    UCHAR version; /* 4, 6, or 0: no IP. */
    UCHAR kind;    /* enum transport. */
    BOOLEAN fragment;
};

/* @data: the first @bytes of a frame. FALSE: no IP packet, or its headers are not all there. */
BOOLEAN headers_parse(const UCHAR *data, ULONG bytes, ULONG frame_bytes,
                      struct headers *out_headers);
/* Sum of the pseudo header for a transport part of @bytes. */
ULONG headers_pseudo_sum(const UCHAR *data, const struct headers *headers, ULONG bytes);
ULONG sum_bytes(const UCHAR *data, ULONG bytes, ULONG sum);
USHORT sum_fold(ULONG sum);
/* The IPv4 header's checksum, written. */
void headers_set_ip_checksum(UCHAR *data, const struct headers *headers);
ULONG headers_checksum_offset(const struct headers *headers);

static inline USHORT
read16(const UCHAR *at)
{
    return (USHORT)((at[0] << 8) | at[1]);
}

static inline void
write16(UCHAR *at, ULONG value)
{
    at[0] = (UCHAR)(value >> 8);
    at[1] = (UCHAR)value;
}

/* --- offloads --- */

void capabilities_from(struct capabilities *can, const NDIS_OFFLOAD *offload, ULONG bytes);

/* What has to become of a frame so that it can be sent. */
enum treatment {
    TREAT_PLAIN,    /* Send it as it is. */
    TREAT_OFFLOAD,  /* Let the adapter do something. */
    TREAT_SOFTWARE, /* The adapter cannot: do it here. */
    TREAT_TOO_LONG, /* Drop it. */
    TREAT_MALFORMED,
};

/* What a frame needs, whoever does it. */
struct needs {
    struct headers headers;
    const UCHAR *data; /* The frame's first bytes: all of its headers. */
    ULONG frame_bytes;
    ULONG segment_bytes; /* Of payload; 0: the frame is not to be cut. */
    ULONG segments;
    BOOLEAN transport_sum; /* Its checksum is to be computed. */
    BOOLEAN ip_sum;
    BOOLEAN tagged;
    ULONG_PTR tag; /* NDIS_NET_BUFFER_LIST_8021Q_INFO.Value */
    UCHAR storage[HEADER_ROOM];
};

enum treatment offload_examine(NET_BUFFER_LIST *received, const struct port *source,
                               const struct port *to, struct needs *out);
/* Tell the adapter of @list, a carrier, what to do. FALSE: it has to be done here after all. */
BOOLEAN offload_apply(NET_BUFFER_LIST *list, const struct needs *needs);
/* The frames that @received has to be sent as, in order, all of them segments; NULL: no memory. */
NET_BUFFER_LIST *segment_make(BRIDGE_PROCESSOR *processor, NET_BUFFER_LIST *received,
                              const struct needs *needs);

/* --- the control device --- */

NTSTATUS control_init(PDRIVER_OBJECT driver);
void control_fini(void);

#endif
