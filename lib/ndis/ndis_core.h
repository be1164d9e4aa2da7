/*
 * NDIS, as its own files share it: handles, drivers, adapters, bindings and what belongs to them.
 *
 * An adapter has a stack: the miniport at the bottom, filter modules above it from bottom to top,
 * and the bindings of protocols on top. Operations on the stack (stack.c) take one lock per adapter
 * and run on the thread that asked for them; data and requests do not take it.
 */
#ifndef PNDIS_LIB_NDIS_NDIS_CORE_H
#define PNDIS_LIB_NDIS_NDIS_CORE_H

#include <ndis.h>

#include "ndis/handle.h"
#include "ndis/state.h"
#include "ndis/tally.h"

#include <pndis/adapter.h>
#include <pndis/client.h>
#include <pndis/device.h>

struct binding;
struct pndis_adapter;
struct oid_item;
struct oid_work;

/* --- NDIS of one machine (ndis_machine.c) --- */

struct ndis {
    struct pndis_machine *machine;
    struct handles handles;
    struct miniport_driver *miniport_drivers;
    struct protocol *protocols;     /* In the order of registration. */
    struct pndis_adapter *adapters; /* In the order of adding. */
    struct pndis_adapter *last_adapter;
    struct pndis_adapter *adapters_by_name;
    struct pndis_device *devices;
    struct pndis_client *clients;
    uint32_t client_count;   /* Ever opened. */
    struct windows *windows; /* device_window.c. */
    struct dma_map *dma;     /* device_memory.c. */
    uint32_t device_count;   /* Ever created. */
    struct dma_channel *dma_channels[8];
    uint32_t adapter_count; /* Ever added. */
    uint8_t partial_cancel_ids;
    struct nbl_pool *nbl_pool; /* Where callers name no pool. */
    struct nb_pool *nb_pool;
    ULONG version;    /* What NdisGetVersion answers. */
    KEVENT list_lock; /* Serializes what changes the lists above. */
};

struct ndis *pndis__ndis_new(struct pndis_machine *machine);

/* NDIS of @machine, built on first use; NULL for want of memory. */
static inline struct ndis *
pndis__ndis_of(struct pndis_machine *machine)
{
    struct ndis *ndis = __atomic_load_n(&machine->ndis, __ATOMIC_ACQUIRE);

    return __builtin_expect(ndis != NULL, 1) ? ndis : pndis__ndis_new(machine);
}

/* NDIS versions as NDIS_RUNTIME_VERSION_* spell them: 0x0006001E for 6.30. */
static inline ULONG
ndis_version(UCHAR major, UCHAR minor)
{
    return ((ULONG)major << 16) | minor;
}

/* Have a worker thread call @routine, unless @work is waiting for one already. */
static inline void
work_later(struct pndis_machine *machine, struct work *work,
           void (*routine)(struct context *context, struct work *work))
{
    work->routine = routine;
    pndis__work_queue(machine, work);
}

/* --- miniport drivers (miniport_driver.c) --- */

struct miniport_driver {
    struct handle handle;
    struct pndis_driver *driver;
    NDIS_HANDLE context;
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS calls;
    ULONG version;
    NDIS_MINIPORT_PNP_CHARACTERISTICS pnp; /* Zero unless set in MiniportSetOptions. */
    bool in_set_options;
    bool legacy; /* An NDIS 5 miniport behind lib/ndis5. */
    size_t adapter_count;
    struct miniport_driver *next;
};

struct miniport_driver *pndis__miniport_driver_of(struct pndis_driver *driver);
/* @miniport is registered no longer. */
void pndis__miniport_driver_forget(struct context *context, struct miniport_driver *miniport);

/* --- pended operations (pending.c) --- */

/*
 * One operation that a driver may complete later. It is asked, then completed exactly once: by the
 * return value of the callback, or after NDIS_STATUS_PENDING by a call, which may come before the
 * callback has returned.
 */
struct pending {
    uint32_t state;
    NDIS_STATUS status;
    KEVENT done;
};

void pndis__pending_init(struct pending *pending);
/* The callback is about to be called. */
void pndis__pending_ask(struct pending *pending);
/*
 * The completion call came: claim the operation. False when nothing was asked, or it was completed
 * already; then nothing changed and the caller reports it. A claim is followed by its completion.
 */
bool pndis__pending_claim(struct pending *pending);
/* Let whoever waits go on. */
void pndis__pending_complete(struct pending *pending, NDIS_STATUS status);
/*
 * The callback returned @status. Returns true when the operation is complete, with its status in
 * @out_status; false while it pends. @out_twice tells of a driver that completed it both ways.
 */
bool pndis__pending_returned(struct pending *pending, NDIS_STATUS status, NDIS_STATUS *out_status,
                             bool *out_twice);
/* Wait for a pended operation. */
enum sleep_result pndis__pending_wait(struct context *context, struct pending *pending,
                                      uint64_t deadline_ns, bool for_host, NDIS_STATUS *out_status);

/* --- attributes (attributes.c) --- */

enum attribute_kind {
    ATTRIBUTE_REGISTRATION = 1u << 0,
    ATTRIBUTE_GENERAL = 1u << 1,
    ATTRIBUTE_OFFLOAD = 1u << 2,
    ATTRIBUTE_HARDWARE_ASSIST = 1u << 3,
    ATTRIBUTE_ADD_DEVICE = 1u << 4,
};

/* What the miniport told with NdisMSetMiniportAttributes; copies, with everything they point to. */
struct attributes {
    unsigned set; /* Or-ed enum attribute_kind. */
    ULONG flags;
    bool default_port_active; /* Where the miniport controls it: it was activated. */
    UINT check_for_hang_seconds;
    NDIS_INTERFACE_TYPE interface_type;
    NDIS_HANDLE add_device_context;
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES general;
    NDIS_RECEIVE_SCALE_CAPABILITIES rss;
    NDIS_PNP_CAPABILITIES pnp;
    NDIS_PM_CAPABILITIES pm;
    bool has_pnp; /* NDIS 6.0 and 6.1. */
    bool has_pm;
    NDIS_OID *oids;
    const NDIS_OID *oids_for_bindings; /* The same without those of statistics. */
    ULONG oids_for_bindings_bytes;
    NDIS_OFFLOAD offload_default;
    NDIS_OFFLOAD offload_hardware;
    NDIS_HD_SPLIT_ATTRIBUTES hd_split;
    NDIS_RECEIVE_FILTER_CAPABILITIES receive_filter_hardware;
    NDIS_RECEIVE_FILTER_CAPABILITIES receive_filter_current;
    NDIS_NIC_SWITCH_CAPABILITIES nic_switch_hardware;
    NDIS_NIC_SWITCH_CAPABILITIES nic_switch_current;
    NDIS_SRIOV_CAPABILITIES sriov_hardware;
    NDIS_SRIOV_CAPABILITIES sriov_current;
    NDIS_QOS_CAPABILITIES qos_hardware;
    NDIS_QOS_CAPABILITIES qos_current;
};

void pndis__attributes_forget(struct attributes *attributes);
/* Whether the registration attributes were set, which @call needs; reports if not. */
bool pndis__attributes_needed(struct context *context, struct pndis_adapter *adapter,
                              const char *call, const void *caller);

/* --- filter modules: their table and their place (filter_module.c) --- */

/*
 * A filter module's driver, as the stack operations need it. The edge that drivers register through
 * fills this in; until then tests do.
 */
struct filter_ops {
    NDIS_STATUS (*attach)(void *module_context);
    void (*detach)(void *module_context);
    NDIS_STATUS (*pause)(void *module_context);
    NDIS_STATUS (*restart)(void *module_context, NDIS_RESTART_ATTRIBUTES **attributes);
};

struct filter_module {
    struct owner owner;
    struct machine_state at;
    struct pndis_adapter *adapter;
    const struct filter_ops *ops;
    void *context;
    bool mandatory;
    ULONG version; /* NDIS version of its driver, for revisions. */
    struct pending operation;
    struct filter_module *above;
    struct filter_module *below;
};

/* --- adapters (adapter.c) --- */

enum adapter_operation {
    OPERATION_NONE,
    OPERATION_RESTART,
    OPERATION_PAUSE,
};

/* What NDIS knows of the link: general attributes first, then status indications. */
struct link_state {
    NDIS_MEDIA_CONNECT_STATE connect;
    NDIS_MEDIA_DUPLEX_STATE duplex;
    ULONG64 transmit_speed;
    ULONG64 receive_speed;
    NDIS_SUPPORTED_PAUSE_FUNCTIONS pause_functions;
    ULONG auto_negotiation;
};

enum { NAME_CHARACTERS = 80, FRAME_TYPE_LIMIT = 16 };

/* A multicast list. Replaced as a whole; old ones are kept until their binding ends, for late
 * readers. */
struct multicast_list {
    struct multicast_list *older;
    ULONG count; /* An address that was added twice is there twice. */
    UCHAR addresses[][6];
};

/* Beside a value that may be set again before the miniport has answered: what it took last. */
struct setting {
    ULONG accepted;
    uint32_t number; /* Of the latest set. */
};

/* What a binding wants to receive. */
struct receive_filter {
    ULONG packet_filter;
    ULONG lookahead;
    struct multicast_list *multicast;
    struct multicast_list *lists; /* All there were, latest first: receives read without a lock. */
    struct multicast_list *accepted_multicast;
    struct setting packet_filter_setting;
    struct setting lookahead_setting;
};

struct reset {
    struct pending operation;
    bool addressing; /* What MiniportResetEx answered in AddressingReset. */
    uint32_t under_way;
    bool overdue;         /* Atomic: reported as not completed. */
    struct work end_work; /* Of a reset that took longer than anybody waits. */
    KTIMER timer;
    KDPC dpc;
    struct work work;
    bool work_queued;
    bool running;                   /* Resets may start. */
    bool ticking;                   /* The timer is set. */
    uint32_t works;                 /* Queued or running check_work() calls. */
    KEVENT idle;                    /* There are none. */
    uint32_t hang_checks_since_oid; /* Check-for-hang calls that the pending OID has seen. */
    bool requested;                 /* NdisMResetMiniport. */
    KEVENT finished;
};

/* A queue of OID requests on their way to the miniport: one at a time. */
struct oid_queue {
    struct brief_lock lock;
    struct oid_work *first;
    struct oid_work *last;
    struct oid_work *current;
    bool running;            /* Somebody is handing requests down. */
    bool closed;             /* Halted: nothing more goes in. */
    bool held;               /* A reset is under way: nothing is handed down. */
    struct oid_work *direct; /* Direct requests that the miniport has not completed. */
    struct work work;
    KEVENT idle;
    struct sched_timer timer; /* Of the time-out that ends first ... */
    KDPC timer_dpc;           /* ... and what happens then. */
};

enum { OID_VALUE_LIMIT = 4, OID_LIST_LIMIT = 3 };

/* What protocols have set, for who asks (oid_memory.c). */
struct oid_memory {
    struct brief_lock lock;
    struct oid_item *values[OID_VALUE_LIMIT];
    struct oid_item *lists[OID_LIST_LIMIT];
    ULONG last_id;
};

struct pndis_adapter {
    struct handle handle;
    struct owner owner;
    UT_hash_handle by_name; /* While it is `named`. */
    bool named;
    bool listed;    /* Among its machine's adapters. */
    uint32_t holds; /* Atomic: see pndis__adapter_hold(). */
    struct machine_state at;
    struct pndis_machine *machine;
    struct ndis *ndis;
    struct miniport_driver *driver;
    NDIS_HANDLE context;   /* MiniportAdapterContext. */
    bool alive;            /* From the call of MiniportInitializeEx to the end of MiniportHaltEx. */
    bool started;          /* Between a successful initialize and the halt. */
    bool waits_to_bind;    /* Halted because nothing was bound any more: a binding starts it. */
    bool halted_for_power; /* Its stack is there still: D0 initializes it again. */
    bool adding_device;    /* MiniportAddDevice is on the stack. */
    bool device_added;     /* It succeeded, or there is none. */
    bool removed;          /* Surprise-removed or failed. */
    bool may_go;           /* Its protocols were asked, and let it go. */
    bool unbound;          /* PNDIS_ADAPTER_UNBOUND. */
    bool secondary;        /* Atomic: of a bundle of NDIS 5, and so nothing is bound to it. */
    bool leaving;          /* Atomic: it failed or was pulled out, and is removed. */

    /* What sends and receives look at first. */
    NDIS_STATUS send_gate;     /* 0: open; else the status that sends are refused with. */
    NDIS_STATUS receive_gate;  /* 0: open. */
    struct brief_lock gates;   /* Whoever computes the two writes them before the next computes. */
    struct tally *sends;       /* NBLs the miniport owns. */
    struct tally *receives;    /* NBLs the miniport has indicated and not got back. */
    struct tally *calls;       /* Data functions of the miniport that are running. */
    struct binding *bindings;  /* Changes only while the adapter is Paused: see binding.h. */
    struct binding *only;      /* The binding, when there is exactly one. */
    struct binding *takes_all; /* The same when it is promiscuous as well. */
    bool loops_back;           /* Some binding wants to see what others send. */

    struct attributes attributes;
    struct link_state link;
    ULONG told_packet_filter;     /* What the miniport took last, for all bindings ... */
    uint32_t packet_filter_asked; /* ... and how often it is being asked for another. */
    bool multicast_stale;         /* The miniport has not been told the latest lists. */
    struct filter_module *bottom_filter;
    struct filter_module *top_filter;
    size_t binding_count; /* Atomic: hosts ask at any time. */
    bool uro_withheld;    /* From a miniport that coalesces datagrams: see uro.h. */
    uint64_t bindings_ever;
    struct brief_lock bindings_lock; /* Guards the list, and what is computed from it. */

    KEVENT stack_lock; /* One stack operation at a time. */
    struct pending operation;
    enum adapter_operation operation_kind; /* Atomic: see pndis__adapter_operation(). */
    NDIS_MINIPORT_RESTART_PARAMETERS restart_parameters;
    struct restart_list *given_up; /* Of restarts that nobody waits for any more. */
    bool restarts_without_list;
    NDIS_STATUS last_status;
    NDIS_STATUS reset_status; /* Of the latest reset. */
    uint32_t halts; /* How often the driver has come back from a halt or a failed initialize. */
    uint32_t allocations_completing; /* It may be in MiniportSharedMemoryAllocateComplete. */
    struct possession *possessions;
    struct brief_lock possession_lock;
    struct oid_queue oids;
    struct oid_memory memory;
    struct reset reset;
    NDIS_DEVICE_POWER_STATE power;
    bool paused_for_power;
    bool wanted_asleep; /* By a protocol, which is bound when it is awake. */

    struct pndis_device *device;
    CM_RESOURCE_LIST *resources; /* NULL: none. */
    struct sg_dma *sg_dma;       /* NULL: not registered. */
    DEVICE_OBJECT physical_device;
    DEVICE_OBJECT functional_device;

    uint32_t index; /* Of the adapter on its machine, from 1. */
    NET_IFINDEX interface_index;
    NET_LUID luid;
    WCHAR device_name[NAME_CHARACTERS]; /* "\DEVICE\{...}". */
    WCHAR instance_name[NAME_CHARACTERS];
    UNICODE_STRING device_string;
    UNICODE_STRING instance_string;
    char key[200]; /* Its configuration in the registry. */
    struct ndis_port *ports;
    struct brief_lock ports_lock;
    NDIS_PORT_NUMBER port_count; /* Ever allocated. */
    struct event_log *log;
    struct pndis_adapter *next;
    struct pndis_adapter *previous;
};

static inline bool
default_port_is_active(const struct pndis_adapter *adapter)
{
    return (adapter->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT) == 0 ||
           adapter->attributes.default_port_active;
}

static inline bool
adapter_is_secondary(const struct pndis_adapter *adapter)
{
    return __atomic_load_n(&adapter->secondary, __ATOMIC_SEQ_CST);
}

/*
 * Whether a protocol may be bound to it: an NDIS 5 miniport without bindings is initialized first.
 * Without an active default port nothing is bound.
 */
static inline bool
adapter_takes_bindings(const struct pndis_adapter *adapter)
{
    return adapter->waits_to_bind ? adapter->power == NdisDeviceStateD0
                                  : adapter->started && default_port_is_active(adapter);
}

/* --- protocols and bindings (protocol.c, binding.c) --- */

/* A notification with what NdisCompleteNetPnPEvent finds the operation by. */
struct notification {
    NET_PNP_EVENT_NOTIFICATION public; /* First: drivers hand its address back. */
    struct pending *operation;
};

struct protocol {
    struct handle handle;
    struct owner owner;
    struct pndis_driver *driver; /* NULL: pndis' own clients. */
    NDIS_HANDLE context;
    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS calls;
    ULONG version;
    bool deregistering; /* Atomic: its first bindings may just be made. */
    bool manual;        /* Binds only where its host says. */
    uint32_t holds;     /* First bindings under way: it stays until they are made. */
    size_t binding_count;
    struct protocol *next;
};

struct binding {
    struct handle handle;      /* The NdisBindingHandle. */
    struct handle bind_handle; /* The BindContext, and later the UnbindContext. */
    uint32_t holds;            /* Atomic: see pndis__binding_hold(). */
    uint64_t number;           /* Of the adapter's bindings, from 1. */
    struct owner owner;
    struct machine_state at;
    struct pndis_adapter *adapter;
    struct protocol *protocol;
    NDIS_HANDLE context;    /* ProtocolBindingContext. */
    bool opened;            /* Atomic, as is `closing`. */
    bool binding_now;       /* ProtocolBindAdapterEx has been called and is not complete. */
    const void *parameters; /* The NDIS_BIND_PARAMETERS of that call, else NULL. */
    bool unbinding_now;
    bool closing;
    bool open_pends;
    NDIS_STATUS send_gate;
    NDIS_STATUS receive_gate;
    struct tally *sends;    /* NBLs sent on it that have not come back. */
    struct tally *receives; /* NBLs it was given and has not returned. */
    struct tally *calls;    /* Data callbacks of the protocol that are running. */
    bool quiet_wanted;      /* Somebody waits on @quiet: set it when something came back. */
    KEVENT quiet;
    KEVENT closed;
    struct work open_work; /* When the open pends: its completion ... */
    NDIS_HANDLE *open_handle;
    struct work close_work; /* ... and that of a close that pends. */
    struct receive_filter filter;
    ULONG protocol_options; /* OID_GEN_PROTOCOL_OPTIONS. */
    NDIS_PM_PARAMETERS pm_parameters;
    bool has_pm_parameters;
    ULONG frame_type_count;
    NET_FRAME_TYPE frame_types[FRAME_TYPE_LIMIT];
    struct pending bind;
    struct pending unbind;
    KEVENT turn;                      /* See pndis__binding_turn_take(). */
    struct pending event;             /* NetPnPEvent, one at a time ... */
    struct notification notification; /* ... and what the protocol has of it. */
    bool event_unanswered;            /* Nobody waits for it any more. */
    NDIS_PROTOCOL_PAUSE_PARAMETERS pause_parameters;
    NDIS_PROTOCOL_RESTART_PARAMETERS restart_parameters;
    uint32_t oids_outstanding;
    struct binding *next;
};

#endif
