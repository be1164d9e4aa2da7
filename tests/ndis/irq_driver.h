/*
 * A driver of a card with interrupts, whose answers a test decides, and worlds with that card in
 * them. The tests of interrupts look at what it saw.
 */
#ifndef PNDIS_TESTS_IRQ_DRIVER_H
#define PNDIS_TESTS_IRQ_DRIVER_H

#include "support/card.h"

enum { NOBODY = 99 }; /* No message. */

/* How the driver answers, and what it saw. */
struct irq {
    bool msi;
    BOOLEAN queue_default;
    ULONG targets;
    bool deaf;     /* Its ISR leaves the line alone. */
    bool unplug;   /* The device is pulled out while its ISR runs. */
    bool forget;   /* To deregister. */
    bool own_dpcs; /* That it queues itself, without an ISR before. */

    NDIS_HANDLE handle;
    NDIS_STATUS status;
    NDIS_INTERRUPT_TYPE type;
    ULONG message_count;
    unsigned isrs;
    unsigned dpcs;
    KIRQL isr_irql;
    ULONG isr_processor;
    ULONG message;
    ULONG dpc_message;
    PVOID dpc_context;
    ULONG dpc_processors; /* One bit each. */
    bool wrong_level;
    bool wrong_order; /* A DPC before any ISR. */
    bool wrong_context;
};

extern struct irq irq;
extern bool irq_sync_with_all; /* MsiSyncWithAllMessages; kept from one world to the next. */

/* What comes before it on one thread is seen by what comes after it on another. */
void irq_meet(void);
/* NdisMRegisterInterruptEx, as `irq` says. */
void irq_connect(NDIS_HANDLE adapter);
/* The driver's halt. */
void irq_disconnect(struct port *port, NDIS_HALT_ACTION action);
/* The card interrupts, and all that follows has happened. */
void irq_raise(struct world *w, unsigned message);

/* Under many seeds, @test with that card and a driver that asks for messages (@msi) or a line. */
void irq_with_device(const struct pndis_device_options *options, bool msi,
                     void (*test)(struct world *w));
/* The same with a card of so many messages, or a line for 0, that the driver has been given. */
void irq_for_each_seed(void (*test)(struct world *w), unsigned messages);

#endif
