/* NDIS of one machine: creation on first use, stopping it with the machine. */
#include "ndis/ndis_machine.h"

#include "ndis/adapter.h"
#include "ndis/client.h"
#include "ndis/hardware.h"
#include "ndis/protocol.h"

#include <stdlib.h>

/* Versions that exist, as minor numbers under major version 6; ascending. */
static const UCHAR minor_versions[] = {0,  1,  20, 30, 40, 50, 51, 60, 70, 80,
                                       81, 82, 83, 84, 85, 86, 87, 88, 89};

bool
pndis__version_exists(UCHAR major, UCHAR minor)
{
    for (size_t i = 0; major == 6 && i < sizeof(minor_versions); i++) {
        if (minor_versions[i] == minor) {
            return true;
        }
    }
    return false;
}

/* --- stopping --- */

/* Stop and remove the adapters of @driver, or all when it is NULL. Goes on after a failure. */
static int
remove_adapters(struct context *context, struct ndis *ndis, const struct pndis_driver *driver)
{
    struct pndis_adapter *next;
    int result = 0;

    for (struct pndis_adapter *adapter = ndis->adapters; adapter != NULL; adapter = next) {
        int failure = 0;

        next = adapter->next;
        if (driver != NULL && adapter->driver->driver != driver) {
            continue;
        }
        if (stack_is_up(adapter)) {
            failure = pndis__stack_lock(context, adapter);
            if (failure == 0) {
                failure = pndis__stack_stop(context, adapter, NdisHaltDeviceDisabled);
                pndis__stack_unlock(adapter);
            }
        }
        result = result == 0 ? failure : result;
        pndis__adapter_destroy(context, adapter);
    }
    return result;
}

static int
stop(struct pndis_machine *machine)
{
    struct ndis *ndis = machine->ndis;
    struct context *context = context_current();
    int result;

    pndis__clients_close(context, ndis);
    result = remove_adapters(context, ndis, NULL);
    pndis__work_flush(context);
    return result;
}

static void
ndis_free(struct ndis *ndis)
{
    pndis__nbl_pools_destroy(ndis);
    pndis__handles_fini(&ndis->handles);
    free(ndis);
}

static void
destroy(struct pndis_machine *machine)
{
    struct ndis *ndis = machine->ndis;

    pndis__devices_destroy(ndis);
    machine->ndis = NULL;
    ndis_free(ndis);
}

static const struct subsystem subsystem = {.stop = stop, .destroy = destroy};

/* --- making --- */

static struct ndis *
ndis_new(struct pndis_machine *machine)
{
    struct ndis *ndis = calloc(1, sizeof(*ndis));
    UCHAR latest = minor_versions[sizeof(minor_versions) - 1];

    if (ndis == NULL) {
        return NULL;
    }
    ndis->machine = machine;
    ndis->version = machine->options.ndis_version != 0 ? machine->options.ndis_version
                                                       : ndis_version(6, latest);
    KeInitializeEvent(&ndis->list_lock, SynchronizationEvent, TRUE);
    if (pndis__nbl_pools_create(ndis) != 0) {
        ndis_free(ndis);
        return NULL;
    }
    return ndis;
}

struct ndis *
pndis__ndis_new(struct pndis_machine *machine)
{
    struct ndis *ndis = ndis_new(machine);
    struct ndis *first = NULL;

    if (ndis == NULL) {
        return NULL;
    }
    if (pndis__subsystem_add(machine, &subsystem, &machine->ndis, ndis) == 0) {
        first = __atomic_load_n(&machine->ndis, __ATOMIC_ACQUIRE);
    }
    if (first != ndis) {
        ndis_free(ndis);
    }
    return first;
}

struct handles *
pndis__handles_of(struct pndis_machine *machine)
{
    struct ndis *ndis = pndis__ndis_of(machine);

    return ndis == NULL ? NULL : &ndis->handles;
}

void
pndis__list_lock(struct context *context, struct ndis *ndis)
{
    pndis__wait(context, &ndis->list_lock, SCHED_FOREVER, false);
}

void
pndis__list_unlock(struct ndis *ndis)
{
    KeSetEvent(&ndis->list_lock, IO_NO_INCREMENT, FALSE);
}

/* --- small services --- */

struct pndis_driver *
pndis__running_driver(const struct context *context)
{
    for (const struct frame *frame = context->frame; frame != NULL; frame = frame->up) {
        for (struct owner *owner = frame->owner; owner != NULL; owner = owner->parent) {
            if (strcmp(owner->kind, "driver") == 0) {
                return CONTAINING_RECORD(owner, struct pndis_driver, owner);
            }
        }
    }
    return NULL;
}

/* "Unload: stop every adapter; the driver's unload; deregistration checked." */
static int
before_unload(struct pndis_driver *driver)
{
    return remove_adapters(context_current(), pndis__ndis_of(driver->machine), driver);
}

/* What is still registered stays in the ledger, which reports it; NDIS must not call it any more.
 */
static void
after_unload(struct pndis_driver *driver)
{
    struct context *context = context_current();

    pndis__protocols_forget_of(context, driver);
    if (driver->ndis != NULL) {
        pndis__miniport_driver_forget(context, driver->ndis);
    }
}

void
pndis__hook_driver(struct pndis_driver *driver)
{
    if (driver != NULL) {
        driver->before_unload = before_unload;
        driver->after_unload = after_unload;
    }
}

bool
pndis__chance(struct context *context, unsigned n)
{
    return context->sched->ops->choose != NULL && context->sched->ops->choose(context, n) == 0;
}
