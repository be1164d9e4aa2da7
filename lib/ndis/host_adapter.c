/* The host's door to adapters: include/pndis/adapter.h over stack.c and lifecycle.c. */
#include "ndis/adapter.h"

#include "ndis/binding.h"
#include "ndis/event.h"
#include "ndis/ndis_machine.h"
#include "ndis/oid.h"
#include "ndis/power.h"
#include "ndis/reset.h"
#include "ndis/status.h"
#include "nt/status_name.h"

#include <stdio.h>

/* --- what a wait was for --- */

enum { SENTENCE_BYTES = 512 };

/* Append to @text, which is @used long; returns its length then. */
static __attribute__((format(printf, 3, 4))) size_t
append(char text[SENTENCE_BYTES], size_t used, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vsnprintf(text + used, SENTENCE_BYTES - used, format, arguments);
    va_end(arguments);
    return count < 0 ? used : min(used + (size_t)count, (size_t)SENTENCE_BYTES - 1);
}

static size_t
append_bindings(struct pndis_adapter *adapter, char text[SENTENCE_BYTES], size_t used)
{
    for (struct binding *binding = pndis__binding_next(adapter, NULL); binding != NULL;
         binding = pndis__binding_next(adapter, binding)) {
        uint64_t sends = pndis__tally_outstanding(binding->sends);
        uint64_t receives = pndis__tally_outstanding(binding->receives);

        if (sends != 0 || receives != 0) {
            used = append(text, used, "; %s waits for %llu sends and has %llu receives",
                          binding->owner.name, (unsigned long long)sends,
                          (unsigned long long)receives);
        }
    }
    return used;
}

static size_t
append_oid(struct pndis_adapter *adapter, char text[SENTENCE_BYTES], size_t used)
{
    struct oid_queue *oids = &adapter->oids;

    brief_lock(&oids->lock);
    if (oids->current != NULL) {
        used = append(text, used, "; OID 0x%08x is with the miniport",
                      oids->current->below->DATA.QUERY_INFORMATION.Oid);
    }
    brief_unlock(&oids->lock);
    return used;
}

/* A wait that was given up says what is out. Returns @result. */
static int
explain(struct pndis_adapter *adapter, int result)
{
    char text[SENTENCE_BYTES];
    size_t used;

    if (result != PNDIS_ETIMEDOUT && result != PNDIS_ESTALLED) {
        return result;
    }
    used = append(text, 0, "%s: %s is %s, its miniport has %llu sends and misses %llu receives",
                  pndis_last_error(), adapter->owner.name, state_name(&adapter->at),
                  (unsigned long long)pndis__tally_outstanding(adapter->sends),
                  (unsigned long long)pndis__tally_outstanding(adapter->receives));
    used = append_bindings(adapter, text, used);
    append_oid(adapter, text, used);
    return pndis__fail(result, "%s", text);
}

/* What every operation does: come in, take the stack lock, do it, and go out. */
static int
operate(struct pndis_adapter *adapter,
        int (*operation)(struct context *context, struct pndis_adapter *adapter,
                         uintptr_t argument),
        uintptr_t argument)
{
    struct host_call call;
    struct context *context;
    int result = pndis__host_enter(adapter->machine, &call);

    if (result != 0) {
        return result;
    }
    context = context_current();
    result = pndis__stack_lock(context, adapter);
    if (result == 0) {
        result = explain(adapter, operation(context, adapter, argument));
        pndis__stack_unlock(adapter);
    }
    pndis__host_leave(&call);
    return result;
}

static int
bad_state(const struct pndis_adapter *adapter)
{
    return pndis__fail(PNDIS_EBADSTATE, "%s is %s", adapter->owner.name, state_name(&adapter->at));
}

/* --- adding and removing --- */

/* "NetworkAddress": digits, with or without hyphens. */
static bool
is_network_address(const char *text)
{
    unsigned digits = 0;

    for (; *text != 0; text++) {
        if (strchr("0123456789abcdefABCDEF", *text) != NULL) {
            digits++;
        } else if (*text != '-') {
            return false;
        }
    }
    return digits == 12;
}

struct pndis_adapter *
pndis_adapter_add(struct pndis_machine *machine, struct pndis_driver *driver,
                  const struct pndis_adapter_options *options)
{
    const struct pndis_adapter_options defaults = {0};
    struct pndis_adapter *adapter = NULL;
    struct host_call call;
    struct miniport_driver *miniport;

    options = options == NULL ? &defaults : options;
    if (machine->stopped || driver == NULL) {
        pndis__fail(machine->stopped ? PNDIS_EBADSTATE : PNDIS_EINVAL,
                    machine->stopped ? "the machine has been stopped" : "there is no driver");
        return NULL;
    }
    if (options->network_address != NULL && !is_network_address(options->network_address)) {
        pndis__fail(PNDIS_EINVAL, "\"%s\" is not 12 hexadecimal digits", options->network_address);
        return NULL;
    }
    miniport = pndis__miniport_driver_of(driver);
    if (miniport == NULL) {
        pndis__fail(PNDIS_EBADSTATE, "%s has not registered as a miniport driver",
                    pndis_driver_name(driver));
        return NULL;
    }
    if (pndis__host_begin(machine, &call) != 0) {
        return NULL;
    }
    adapter = pndis__adapter_create(context_current(), miniport, options);
    pndis__host_leave(&call);
    if (adapter != NULL && (options->flags & PNDIS_ADAPTER_HALTED) == 0) {
        pndis_adapter_start(adapter);
    }
    return adapter;
}

static int
ask_and_stop(struct context *context, struct pndis_adapter *adapter, NDIS_HALT_ACTION action)
{
    int result = pndis__stack_ask_to_go(context, adapter);

    return result != 0 ? result : pndis__stack_stop(context, adapter, action);
}

static int
stop_if_started(struct context *context, struct pndis_adapter *adapter, uintptr_t action)
{
    return stack_is_up(adapter) ? ask_and_stop(context, adapter, (NDIS_HALT_ACTION)action) : 0;
}

int
pndis_adapter_remove(struct pndis_adapter *adapter)
{
    struct host_call call;
    int result = operate(adapter, stop_if_started, NdisHaltDeviceDisabled);

    if (result == 0) {
        result = pndis__host_enter(adapter->machine, &call);
    }
    if (result == 0) {
        pndis__adapter_destroy(context_current(), adapter);
        pndis__host_leave(&call);
    }
    return result;
}

/* --- the stack --- */

static int
start(struct context *context, struct pndis_adapter *adapter, uintptr_t argument)
{
    (void)argument;
    if (adapter->halted_for_power) {
        return pndis__fail(PNDIS_EBADSTATE, "%s sleeps: its power state wakes it",
                           adapter->owner.name);
    }
    return state_of(&adapter->at) == MP_HALTED ? pndis__stack_start(context, adapter)
                                               : bad_state(adapter);
}

int
pndis_adapter_start(struct pndis_adapter *adapter)
{
    return operate(adapter, start, 0);
}

static int
stop(struct context *context, struct pndis_adapter *adapter, uintptr_t action)
{
    if (!stack_is_up(adapter)) {
        return bad_state(adapter);
    }
    return action == NdisHaltDeviceStopped
               ? ask_and_stop(context, adapter, NdisHaltDeviceStopped)
               : pndis__stack_stop(context, adapter, (NDIS_HALT_ACTION)action);
}

int
pndis_adapter_stop(struct pndis_adapter *adapter, enum pndis_halt_action action)
{
    static const NDIS_HALT_ACTION actions[] = {
        [PNDIS_HALT_DISABLED] = NdisHaltDeviceDisabled,
        [PNDIS_HALT_DEINITIALIZED] = NdisHaltDeviceInstanceDeInitialized,
        [PNDIS_HALT_POWERED_DOWN] = NdisHaltDevicePoweredDown,
        [PNDIS_HALT_SURPRISE_REMOVED] = NdisHaltDeviceSurpriseRemoved,
        [PNDIS_HALT_FAILED] = NdisHaltDeviceFailed,
        [PNDIS_HALT_INITIALIZATION_FAILED] = NdisHaltDeviceInitializationFailed,
        [PNDIS_HALT_STOPPED] = NdisHaltDeviceStopped,
    };

    if ((unsigned)action >= RTL_NUMBER_OF(actions)) {
        return pndis__fail(PNDIS_EINVAL, "there is no halt action %d", (int)action);
    }
    return operate(adapter, stop, actions[action]);
}

static int
pause(struct context *context, struct pndis_adapter *adapter, uintptr_t argument)
{
    (void)argument;
    return state_of(&adapter->at) == MP_RUNNING ? pndis__stack_pause(context, adapter, false)
                                                : bad_state(adapter);
}

int
pndis_adapter_pause(struct pndis_adapter *adapter)
{
    return operate(adapter, pause, 0);
}

static int
restart(struct context *context, struct pndis_adapter *adapter, uintptr_t argument)
{
    (void)argument;
    return state_of(&adapter->at) == MP_PAUSED ? pndis__stack_restart(context, adapter)
                                               : bad_state(adapter);
}

int
pndis_adapter_restart(struct pndis_adapter *adapter)
{
    return operate(adapter, restart, 0);
}

static int
surprise_remove(struct context *context, struct pndis_adapter *adapter, uintptr_t argument)
{
    (void)argument;
    if (!stack_is_up(adapter)) {
        return bad_state(adapter);
    }
    if (adapter->device != NULL) {
        pndis_device_unplug(adapter->device);
    }
    /* One that was given up goes on: drivers have been told. */
    return adapter->removed ? pndis__stack_stop(context, adapter, NdisHaltDeviceSurpriseRemoved)
                            : pndis__stack_remove(context, adapter, NdisHaltDeviceSurpriseRemoved);
}

int
pndis_adapter_surprise_remove(struct pndis_adapter *adapter)
{
    return operate(adapter, surprise_remove, 0);
}

static int
set_power(struct context *context, struct pndis_adapter *adapter, uintptr_t d_state)
{
    if (!adapter->started && !adapter->halted_for_power && !adapter->waits_to_bind) {
        return bad_state(adapter);
    }
    return pndis__stack_set_power(context, adapter,
                                  (NDIS_DEVICE_POWER_STATE)(NdisDeviceStateD0 + d_state));
}

int
pndis_adapter_set_power(struct pndis_adapter *adapter, unsigned d_state)
{
    if (d_state > 3) {
        return pndis__fail(PNDIS_EINVAL, "there is no device power state D%u", d_state);
    }
    return operate(adapter, set_power, d_state);
}

static int
shut_down(struct context *context, struct pndis_adapter *adapter, uintptr_t bug_check)
{
    if (!state_allows(&adapter->at, MP_EV_SHUTDOWN)) {
        return bad_state(adapter);
    }
    /* "From NDIS 6.30 not called on a bug check unless the adapter asked for it." */
    if (bug_check && adapter->driver->version >= ndis_version(6, 30) &&
        (adapter->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK) == 0) {
        return pndis__fail(PNDIS_EUNSUPPORTED, "%s has not asked to be told of bug checks",
                           adapter->owner.name);
    }
    pndis__reset_stop(context, adapter);
    pndis__adapter_shutdown(context, adapter,
                            bug_check ? NdisShutdownBugCheck : NdisShutdownPowerOff);
    return 0;
}

int
pndis_adapter_shutdown(struct pndis_adapter *adapter, bool bug_check)
{
    return operate(adapter, shut_down, bug_check);
}

/* Whether functions of its driver may be called: it is started, and not shut down. */
static bool
is_up(const struct pndis_adapter *adapter)
{
    return adapter->started && state_of(&adapter->at) != MP_SHUTDOWN;
}

static int
power_profile(struct context *context, struct pndis_adapter *adapter, uintptr_t mains)
{
    NDIS_POWER_PROFILE profile = mains ? NdisPowerProfileAcOnLine : NdisPowerProfileBattery;

    if (!is_up(adapter)) {
        return bad_state(adapter);
    }
    pndis__device_event(context, adapter, NdisDevicePnPEventPowerProfileChanged, &profile,
                        sizeof(profile));
    return 0;
}

int
pndis_adapter_power_profile(struct pndis_adapter *adapter, bool mains)
{
    return operate(adapter, power_profile, mains);
}

/* A reset may overlap a pause, so it does not take the stack lock. */
int
pndis_adapter_reset(struct pndis_adapter *adapter)
{
    struct host_call call;
    NDIS_STATUS status;
    int result = pndis__host_enter(adapter->machine, &call);

    if (result != 0) {
        return result;
    }
    if (!is_up(adapter)) {
        result = bad_state(adapter);
    } else {
        status = pndis__reset_adapter(context_current(), adapter);
        if (status == NDIS_STATUS_NOT_SUPPORTED) {
            result =
                pndis__fail(PNDIS_EUNSUPPORTED, "%s has no MiniportResetEx", adapter->owner.name);
        } else if (status == NDIS_STATUS_PENDING) {
            result = pndis__wait_error(SLEEP_TIMED_OUT, adapter->owner.name, "its reset");
            explain(adapter, result);
        } else {
            __atomic_store_n(&adapter->last_status, status, __ATOMIC_RELAXED);
        }
    }
    pndis__host_leave(&call);
    return result;
}

/* --- single steps --- */

static int
step(struct context *context, struct pndis_adapter *adapter, uintptr_t kind)
{
    static const enum mp_event events[] = {
        [PNDIS_STEP_INITIALIZE] = MP_EV_INITIALIZE,
        [PNDIS_STEP_RESTART] = MP_EV_RESTART,
        [PNDIS_STEP_PAUSE] = MP_EV_PAUSE,
        [PNDIS_STEP_HALT] = MP_EV_HALT,
    };
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    if (!state_allows(&adapter->at, events[kind])) {
        return bad_state(adapter);
    }
    switch ((enum pndis_step_kind)kind) {
    case PNDIS_STEP_INITIALIZE:
        status = pndis__adapter_initialize(context, adapter);
        break;
    case PNDIS_STEP_RESTART:
        status = pndis__adapter_restart(context, adapter, NULL);
        break;
    case PNDIS_STEP_PAUSE:
        status = pndis__adapter_pause(context, adapter, false);
        break;
    case PNDIS_STEP_HALT:
        pndis__adapter_halt(context, adapter, NdisHaltDeviceDisabled);
        break;
    }
    if (status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_PENDING) {
        return pndis__fail(PNDIS_EDRIVER, "the driver of %s answered 0x%08x%s", adapter->owner.name,
                           (unsigned)status, pndis__status_name(status));
    }
    return 0;
}

int
pndis_adapter_step(struct pndis_adapter *adapter, enum pndis_step_kind kind)
{
    if ((unsigned)kind > PNDIS_STEP_HALT) {
        return pndis__fail(PNDIS_EINVAL, "there is no step %d", (int)kind);
    }
    if (pndis__adapter_operation(adapter) != OPERATION_NONE) {
        return pndis__fail(PNDIS_EBUSY, "%s has an operation pending", adapter->owner.name);
    }
    return operate(adapter, step, kind);
}

static bool
no_operation(void *user)
{
    struct pndis_adapter *adapter = user;

    return pndis__adapter_operation(adapter) == OPERATION_NONE &&
           __atomic_load_n(&adapter->reset.under_way, __ATOMIC_SEQ_CST) == 0;
}

int
pndis_adapter_wait(struct pndis_adapter *adapter, uint64_t timeout_ns)
{
    struct host_call call;
    int result = pndis__host_enter(adapter->machine, &call);

    if (result == 0) {
        result = explain(
            adapter, pndis_machine_run_until(adapter->machine, no_operation, adapter, timeout_ns));
        pndis__host_leave(&call);
    }
    return result;
}

/* --- questions --- */

enum pndis_adapter_state
pndis_adapter_state(const struct pndis_adapter *adapter)
{
    static const enum pndis_adapter_state states[] = {
        [MP_HALTED] = PNDIS_HALTED,
        [MP_SHUTDOWN] = PNDIS_SHUTDOWN,
        [MP_INITIALIZING] = PNDIS_INITIALIZING,
        [MP_PAUSED] = PNDIS_PAUSED,
        [MP_RESTARTING] = PNDIS_RESTARTING,
        [MP_RUNNING] = PNDIS_RUNNING,
        [MP_PAUSING] = PNDIS_PAUSING,
    };

    return states[state_of(&adapter->at)];
}

const char *
pndis_adapter_state_name(const struct pndis_adapter *adapter)
{
    return state_name(&adapter->at);
}

struct pndis_machine *
pndis_adapter_machine(const struct pndis_adapter *adapter)
{
    return adapter->machine;
}

const char *
pndis_adapter_name(const struct pndis_adapter *adapter)
{
    return adapter->owner.name;
}

int
pndis_adapter_status(const struct pndis_adapter *adapter)
{
    return __atomic_load_n(&adapter->last_status, __ATOMIC_RELAXED);
}

int
pndis_adapter_get_info(struct pndis_adapter *adapter, struct pndis_adapter_info *out_info)
{
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &adapter->attributes.general;
    NDIS_LINK_STATE link;
    struct pndis_adapter_info info = {
        .address_bytes = general->MacAddressLength,
        .mtu = general->MtuSize,
        .d_state = (unsigned)(adapter->power - NdisDeviceStateD0),
        .resetting = __atomic_load_n(&adapter->reset.under_way, __ATOMIC_SEQ_CST) != 0,
        .binding_count = __atomic_load_n(&adapter->binding_count, __ATOMIC_ACQUIRE),
        .sends_outstanding = pndis__tally_outstanding(adapter->sends),
        .receives_outstanding = pndis__tally_outstanding(adapter->receives),
        .interface_index = adapter->interface_index,
    };

    pndis__link_state_fill(adapter, &link);
    info.transmit_speed = link.XmitLinkSpeed;
    info.receive_speed = link.RcvLinkSpeed;
    info.connected = link.MediaConnectState == MediaConnectStateConnected;
    if (info.address_bytes > sizeof(info.address)) {
        info.address_bytes = sizeof(info.address);
    }
    memcpy(info.address, general->CurrentMacAddress, info.address_bytes);
    memcpy(info.permanent_address, general->PermanentMacAddress, info.address_bytes);
    *out_info = info;
    return 0;
}

size_t
pndis_adapter_holdings(struct pndis_adapter *adapter)
{
    struct ledger *ledger = adapter->machine->ledger;

    return ledger == NULL ? 0 : pndis__ledger_count(ledger, &adapter->owner);
}
