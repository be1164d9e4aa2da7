/*
 * An adapter: one network device of a miniport driver, and the driver stack above it.
 *
 * The functions of the first group do what Windows would do to the whole stack: bindings, filter
 * modules and the miniport, in the documented order. Those of the second take the miniport through
 * one transition of its lifecycle by hand.
 */
#ifndef PNDIS_ADAPTER_H
#define PNDIS_ADAPTER_H

#include <pndis/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_adapter;
struct pndis_device;

/** "Adapter States of a Miniport Driver". */
enum pndis_adapter_state {
    PNDIS_HALTED = 1,
    PNDIS_SHUTDOWN,
    PNDIS_INITIALIZING,
    PNDIS_PAUSED,
    PNDIS_RESTARTING,
    PNDIS_RUNNING,
    PNDIS_PAUSING,
};

/** A configuration value of an adapter, as its advanced properties page would set it. */
struct pndis_parameter {
    const char *name;  /* "*JumboPacket". */
    const char *value; /* Its text, also for numbers. */
};

enum pndis_adapter_flags {
    PNDIS_ADAPTER_HALTED = 1u << 0,  /* Add it, but do not start it. */
    PNDIS_ADAPTER_UNBOUND = 1u << 1, /* Bind no protocol driver of its own accord. */
};

/** How an adapter is installed. All zero is a good default. */
struct pndis_adapter_options {
    const char *name;            /* "eth0"; NULL: the next free one. */
    struct pndis_device *device; /* Its hardware; NULL: a virtual adapter without resources. */
    /* A MAC address set by the administrator, 12 hexadecimal digits: "02-00-00-00-00-01". */
    const char *network_address;
    const struct pndis_parameter *parameters;
    size_t parameter_count;
    const char
        *inf_section; /* Install section of the driver's INF file; NULL: its first model's. */
    unsigned flags;   /* PNDIS_ADAPTER_*. */
};

/**
 * Install an adapter and start its stack: initialize, attach filter modules, bind protocols,
 * restart.
 *
 * @param machine  Borrowed; owns the adapter.
 * @param driver   Borrowed: a driver that has registered as a miniport.
 * @param options  Copied; may be NULL.
 * @return         Borrowed from the machine until pndis_adapter_remove(). NULL when the adapter
 * could not be added at all. Not NULL does not say that it started: when MiniportInitializeEx fails
 * the adapter is there, as a device with a yellow mark is on Windows, and pndis_adapter_state() is
 * PNDIS_HALTED; pndis_adapter_status() has the driver's answer, pndis_last_error() a sentence.
 *
 * Models: "Starting a Driver Stack", "Initializing a Miniport Adapter".
 */
PNDIS_API struct pndis_adapter *pndis_adapter_add(struct pndis_machine *machine,
                                                  struct pndis_driver *driver,
                                                  const struct pndis_adapter_options *options);

/**
 * Stop the stack if it is started, and remove the adapter. The bound protocols are asked before
 * (NetEventQueryRemoveDevice); when one of them fails that, all are told that the adapter stays
 * (NetEventCancelRemoveDevice). Windows may ignore the refusal: after pndis_adapter_stop(), which
 * does not ask, an adapter can be removed.
 *
 * @param adapter  Taken, unless an error is returned.
 * @return 0, PNDIS_EDRIVER when a protocol does not let the adapter go, with its answer in
 * pndis_adapter_status(); PNDIS_ETIMEDOUT or PNDIS_ESTALLED as pndis_adapter_stop().
 *
 * Models: "Removing a NIC".
 */
PNDIS_API int pndis_adapter_remove(struct pndis_adapter *adapter);

/**
 * Start the stack of a Halted adapter.
 *
 * @return 0                 The stack is started; the adapter is Running if anything is bound to
 * it, else Paused.
 * @return PNDIS_EBADSTATE   It is not Halted.
 * @return PNDIS_EDRIVER     MiniportInitializeEx or MiniportRestart failed; see
 * pndis_adapter_status().
 * @return PNDIS_ETIMEDOUT, PNDIS_ESTALLED  A driver has not completed its bind or restart.
 *
 * Models: "Starting a Driver Stack".
 */
PNDIS_API int pndis_adapter_start(struct pndis_adapter *adapter);

/** Why a stack is stopped: the HaltAction that MiniportHaltEx sees. */
enum pndis_halt_action {
    PNDIS_HALT_DISABLED = 0,
    PNDIS_HALT_DEINITIALIZED,
    PNDIS_HALT_POWERED_DOWN,
    PNDIS_HALT_SURPRISE_REMOVED,
    PNDIS_HALT_FAILED,
    PNDIS_HALT_INITIALIZATION_FAILED,
    PNDIS_HALT_STOPPED,
};

/**
 * Stop the stack: pause it, unbind protocols, detach filter modules, halt the adapter.
 *
 * @return 0, PNDIS_EBADSTATE when it is Halted or Shutdown, PNDIS_ETIMEDOUT or PNDIS_ESTALLED when
 * a driver does not complete what it was asked. The driver may still complete that, see
 * pndis_adapter_wait(), but what would have come after it is not done: when the pause of a stop was
 * given up, the adapter becomes Paused, not Halted. Call the same function again to go on from
 * there. pndis_last_error() says what is out, and who has it. With PNDIS_HALT_STOPPED the protocols
 * are asked as in pndis_adapter_remove(), and PNDIS_EDRIVER means the same.
 *
 * Models: "Stopping a Driver Stack", "Halting a Miniport Adapter", "Stopping a NIC".
 */
PNDIS_API int pndis_adapter_stop(struct pndis_adapter *adapter, enum pndis_halt_action action);

/**
 * Pause the whole stack: each binding, each filter module, then the adapter. A binding is Paused
 * when its sends are back, the miniport when its receives are: what a client holds it waits for.
 *
 * @return As pndis_adapter_stop(); PNDIS_EBADSTATE when the adapter is not Running.
 *
 * Models: "Pausing a Driver Stack".
 */
PNDIS_API int pndis_adapter_pause(struct pndis_adapter *adapter);

/**
 * Restart the whole stack, with a fresh list of restart attributes.
 *
 * @return 0, or PNDIS_EDRIVER when a driver failed its restart: everything above it stays Paused.
 *
 * Models: "Restarting a Driver Stack", NDIS_RESTART_ATTRIBUTES.
 */
PNDIS_API int pndis_adapter_restart(struct pndis_adapter *adapter);

/**
 * The device disappears: drivers are told, then the stack stops with that halt action. Called again
 * after it was given up it only goes on stopping.
 *
 * @return As pndis_adapter_stop().
 *
 * Models: "Processing the Surprise Removal of a NIC", NdisDevicePnPEventSurpriseRemoved.
 */
PNDIS_API int pndis_adapter_surprise_remove(struct pndis_adapter *adapter);

/**
 * Reset the adapter, as after a MiniportCheckForHangEx that returned TRUE.
 *
 * @return 0                 MiniportResetEx has completed, with pndis_adapter_status(): that is
 * NDIS_STATUS_RESET_IN_PROGRESS when another reset was under way and none was begun.
 * @return PNDIS_EUNSUPPORTED  The driver has no MiniportResetEx.
 * @return PNDIS_EBADSTATE   The adapter is not started.
 * @return PNDIS_ETIMEDOUT   The driver has not completed it; it is still under way.
 *
 * Models: "Miniport Adapter Check-for-Hang and Reset Operations".
 */
PNDIS_API int pndis_adapter_reset(struct pndis_adapter *adapter);

/**
 * Put the adapter to a device power state: 0 for D0, 1 to 3 for D1 to D3.
 *
 * Pauses the stack first and restarts it after D0, unless the miniport asked not to be paused. A
 * miniport without power management is halted, with its bindings left in place, and initialized
 * again for D0.
 *
 * @return 0, PNDIS_EINVAL when there is no such state, PNDIS_EBADSTATE when the adapter is not
 * started, PNDIS_EDRIVER when the miniport refused, PNDIS_ETIMEDOUT or PNDIS_ESTALLED.
 *
 * Models: OID_PNP_SET_POWER, "Transitioning to a Sleeping State", "Transitioning to a Working
 * State".
 */
PNDIS_API int pndis_adapter_set_power(struct pndis_adapter *adapter, unsigned d_state);

/**
 * The system shuts down: MiniportShutdownEx is called, and nothing else is any more.
 *
 * @param bug_check  Whether it is a bug check instead of an orderly end.
 * @return 0, PNDIS_EBADSTATE when the adapter is Halted or Shutdown; PNDIS_EUNSUPPORTED for a bug
 * check that a miniport of NDIS 6.30 or later has not asked to be told of.
 *
 * Models: "Miniport Adapter Shutdown".
 */
PNDIS_API int pndis_adapter_shutdown(struct pndis_adapter *adapter, bool bug_check);

/** Tell the miniport that the power profile changed (true: mains). Returns 0 or PNDIS_EBADSTATE.
 * Models: MINIPORT_DEVICE_PNP_EVENT_NOTIFY. */
PNDIS_API int pndis_adapter_power_profile(struct pndis_adapter *adapter, bool mains);

/* --- one transition at a time --- */

/** A transition of the adapter's own lifecycle. */
enum pndis_step_kind {
    PNDIS_STEP_INITIALIZE,
    PNDIS_STEP_RESTART, /* Without attributes: "a NULL list means change nothing". */
    PNDIS_STEP_PAUSE,
    PNDIS_STEP_HALT,
};

/**
 * Call one entry point of the miniport and return when it has answered, which may be before it has
 * finished: a driver that pends leaves the adapter Pausing or Restarting until it completes.
 *
 * Bindings and filter modules are not asked: a pause comes to the miniport while sends of Running
 * bindings are on their way, which pndis_adapter_pause() waits for first.
 *
 * @return 0, PNDIS_EDRIVER when the driver failed it, PNDIS_EBADSTATE when the adapter's state does
 * not allow it (the driver was not called), PNDIS_EBUSY while another operation is under way.
 */
PNDIS_API int pndis_adapter_step(struct pndis_adapter *adapter, enum pndis_step_kind step);

/**
 * Wait until the miniport has completed what it was last asked for: its pause, restart or reset.
 * Begins nothing; a call that was given up on the way is to be called again.
 *
 * @param timeout_ns  0: the machine's own.
 * @return As pndis_machine_run_until(); pndis_last_error() says what is out.
 */
PNDIS_API int pndis_adapter_wait(struct pndis_adapter *adapter, uint64_t timeout_ns);

/* --- questions --- */

PNDIS_API enum pndis_adapter_state pndis_adapter_state(const struct pndis_adapter *adapter);

/** "Running", as the documentation spells it. Static. */
PNDIS_API const char *pndis_adapter_state_name(const struct pndis_adapter *adapter);

/** The machine it was added to. */
PNDIS_API struct pndis_machine *pndis_adapter_machine(const struct pndis_adapter *adapter);

/** "eth0". Borrowed. */
PNDIS_API const char *pndis_adapter_name(const struct pndis_adapter *adapter);

/** The NDIS_STATUS with which the driver answered the latest lifecycle call, or completed it. */
PNDIS_API int pndis_adapter_status(const struct pndis_adapter *adapter);

/** Facts about an adapter, as its miniport registered and reported them. */
struct pndis_adapter_info {
    uint8_t address[32];
    unsigned address_bytes;
    uint8_t permanent_address[32];
    unsigned mtu;
    uint64_t transmit_speed; /* Bits per second. */
    uint64_t receive_speed;
    bool connected;
    unsigned d_state;
    bool resetting;
    size_t binding_count;
    size_t sends_outstanding;    /* NET_BUFFER_LISTs the miniport has not completed. */
    size_t receives_outstanding; /* NET_BUFFER_LISTs it indicated and has not got back. */
    unsigned interface_index;
};

/**
 * Fill @out_info. Any host thread, at any time; on live the counts are of a moment.
 *
 * @return 0. The attributes are zero until the miniport has set them.
 */
PNDIS_API int pndis_adapter_get_info(struct pndis_adapter *adapter,
                                     struct pndis_adapter_info *out_info);

/**
 * Copy what the adapter's driver wrote with NdisMWriteLogData, oldest first.
 *
 * @return Bytes copied; 0 without a log. Models: IOCTL_NDIS_GET_LOG_DATA.
 */
PNDIS_API size_t pndis_adapter_log_data(struct pndis_adapter *adapter, void *buffer, size_t bytes);

/** How many things the ledger has on the adapter's account. 0 without a ledger. */
PNDIS_API size_t pndis_adapter_holdings(struct pndis_adapter *adapter);

#ifdef __cplusplus
}
#endif

#endif
