#include "ndis/irq_driver.h"

enum { SEEDS = 40 };

struct irq irq;
bool irq_sync_with_all;
static KSPIN_LOCK irq_lock; /* DPCs of several processors count. */

void
irq_meet(void)
{
    static unsigned meetings;

    __atomic_fetch_add(&meetings, 1, __ATOMIC_ACQ_REL);
}

/* --- the driver --- */

static BOOLEAN
serve(ULONG message, PBOOLEAN queue_default, PULONG targets)
{
    irq_meet();
    __atomic_fetch_add(&irq.isrs, 1, __ATOMIC_ACQ_REL);
    irq.isr_irql = KeGetCurrentIrql();
    irq.isr_processor = KeGetCurrentProcessorNumberEx(NULL);
    irq.message = message;
    irq.wrong_level = irq.wrong_level || irq.isr_irql <= DISPATCH_LEVEL;
    if (!irq.deaf) {
        pndis_device_interrupt_clear(card.device);
    }
    if (irq.unplug) {
        pndis_device_unplug(card.device);
    }
    *queue_default = irq.queue_default;
    *targets = irq.targets;
    irq_meet();
    return TRUE;
}

static void
process(NDIS_HANDLE context, ULONG message, PVOID dpc_context)
{
    KIRQL irql = KeGetCurrentIrql();

    irq_meet();
    KeAcquireSpinLockAtDpcLevel(&irq_lock);
    irq.dpcs++;
    irq.dpc_message = message;
    irq.dpc_context = dpc_context;
    irq.dpc_processors |= 1u << KeGetCurrentProcessorNumberEx(NULL);
    irq.wrong_level = irq.wrong_level || irql != DISPATCH_LEVEL;
    irq.wrong_order = irq.wrong_order || (irq.isrs == 0 && !irq.own_dpcs);
    irq.wrong_context = irq.wrong_context || context != &irq;
    KeReleaseSpinLockFromDpcLevel(&irq_lock);
    irq_meet();
}

static BOOLEAN
isr(NDIS_HANDLE context, PBOOLEAN queue_default, PULONG targets)
{
    return context == &irq && serve(NOBODY, queue_default, targets);
}

static VOID
dpc(NDIS_HANDLE context, PVOID dpc_context, PVOID throttle, PVOID reserved)
{
    (void)throttle;
    (void)reserved;
    process(context, NOBODY, dpc_context);
}

static BOOLEAN
message_isr(NDIS_HANDLE context, ULONG message, PBOOLEAN queue_default, PULONG targets)
{
    return context == &irq && serve(message, queue_default, targets);
}

static VOID
message_dpc(NDIS_HANDLE context, ULONG message, PVOID dpc_context, PVOID throttle, PVOID reserved)
{
    (void)throttle;
    (void)reserved;
    process(context, message, dpc_context);
}

static VOID
nothing(NDIS_HANDLE context)
{
    (void)context;
}

static VOID
nothing_for_message(NDIS_HANDLE context, ULONG message)
{
    (void)context;
    (void)message;
}

void
irq_connect(NDIS_HANDLE adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS characteristics = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = isr,
        .InterruptDpcHandler = dpc,
        .DisableInterruptHandler = nothing,
        .EnableInterruptHandler = nothing,
    };

    if (irq.msi) {
        characteristics.MsiSupported = TRUE;
        characteristics.MsiSyncWithAllMessages = irq_sync_with_all;
        characteristics.MessageInterruptHandler = message_isr;
        characteristics.MessageInterruptDpcHandler = message_dpc;
        characteristics.DisableMessageInterruptHandler = nothing_for_message;
        characteristics.EnableMessageInterruptHandler = nothing_for_message;
    }
    irq.status = NdisMRegisterInterruptEx(adapter, &irq, &characteristics, &irq.handle);
    irq.type = characteristics.InterruptType;
    irq.message_count = characteristics.MessageInfoTable == NULL
                            ? 0
                            : characteristics.MessageInfoTable->MessageCount;
}

static NDIS_STATUS
initialize(struct port *port, PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    irq_connect(port->handle);
    return NDIS_STATUS_SUCCESS;
}

void
irq_disconnect(struct port *port, NDIS_HALT_ACTION action)
{
    (void)port;
    (void)action;
    if (irq.status == NDIS_STATUS_SUCCESS && !irq.forget) {
        NdisMDeregisterInterruptEx(irq.handle);
    }
}

/* --- the world --- */

static void
reset(void)
{
    card_reset();
    memset(&irq, 0, sizeof(irq));
    KeInitializeSpinLock(&irq_lock);
    irq.queue_default = TRUE;
    miniport.on_initialize = initialize;
    miniport.on_halt = irq_disconnect;
}

static void
under_seeds(const struct pndis_device_options *options, bool msi, bool must_connect,
            void (*test)(struct world *w))
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        reset();
        irq.msi = msi;
        world_open(&w, seed);
        card_add(&w, options);
        expect(&w, irq.status == NDIS_STATUS_SUCCESS || !must_connect);
        test(&w);
        expect(&w, !irq.wrong_level && !irq.wrong_order && !irq.wrong_context);
        world_close(&w);
    }
}

void
irq_with_device(const struct pndis_device_options *options, bool msi, void (*test)(struct world *w))
{
    under_seeds(options, msi, false, test);
}

void
irq_for_each_seed(void (*test)(struct world *w), unsigned messages)
{
    under_seeds(&(struct pndis_device_options){.messages = messages}, messages != 0, true, test);
}

void
irq_raise(struct world *w, unsigned message)
{
    irq_meet();
    pndis_device_interrupt(card.device, message);
    world_settle(w);
    irq_meet();
}
