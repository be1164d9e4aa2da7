/* Interrupts of devices: messages are edges, the line is a level. Masked or unconnected ones wait.
 */
#include "ndis/device.h"

static struct device_message *
message_of(struct pndis_device *device, int message)
{
    if (message < 0) {
        return device->options.no_line ? NULL : &device->line;
    }
    return (unsigned)message < device->options.messages ? &device->messages[message] : NULL;
}

/* Deliver what is raised, if it can be; called without the lock. */
static void
deliver(struct pndis_device *device, struct device_message *message)
{
    struct interrupt *interrupt = NULL;

    brief_lock(&device->interrupt_lock);
    if (message->raised && !message->masked && message->interrupt != NULL) {
        message->raised = false;
        interrupt = message->interrupt;
    }
    brief_unlock(&device->interrupt_lock);
    if (interrupt != NULL) {
        pndis__interrupt_raise(interrupt);
    }
}

static void
raise_message(struct pndis_device *device, struct device_message *message)
{
    brief_lock(&device->interrupt_lock);
    message->raised = true;
    brief_unlock(&device->interrupt_lock);
    deliver(device, message);
}

static void
signal_device(struct pndis_device *device, unsigned message)
{
    bool messages_in_use;
    bool gone;

    brief_lock(&device->interrupt_lock);
    messages_in_use = device->message_based;
    gone = __atomic_load_n(&device->unplugged, __ATOMIC_RELAXED) != 0;
    device->line_level |= !messages_in_use && !gone;
    brief_unlock(&device->interrupt_lock);
    if (gone) {
        return;
    }
    if (messages_in_use) {
        if (message < device->options.messages) {
            raise_message(device, &device->messages[message]);
        }
    } else if (!device->options.no_line) {
        raise_message(device, &device->line);
    }
}

/* The calling thread becomes the processor that serves it, where it can. */
void
pndis_device_interrupt(struct pndis_device *device, unsigned message)
{
    struct host_call call;

    if (!__atomic_load_n(&device->unplugged, __ATOMIC_RELAXED) &&
        pndis__host_enter(device->ndis->machine, &call) == 0) {
        signal_device(device, message);
        pndis__host_leave(&call);
    }
}

void
pndis_device_interrupt_clear(struct pndis_device *device)
{
    brief_lock(&device->interrupt_lock);
    device->line_level = false;
    device->line_lowered = true;
    device->line.raised = false;
    brief_unlock(&device->interrupt_lock);
}

bool
pndis__device_line_served(struct pndis_device *device)
{
    bool again;
    bool lowered;

    brief_lock(&device->interrupt_lock);
    again = device->line_level;
    lowered = device->line_lowered;
    device->line_lowered = false;
    brief_unlock(&device->interrupt_lock);
    if (again) {
        raise_message(device, &device->line);
    }
    return lowered;
}

bool
pndis__device_connect(struct pndis_device *device, int message, struct interrupt *interrupt)
{
    struct device_message *at = message_of(device, message);
    bool connected = false;

    if (at == NULL) {
        return false;
    }
    brief_lock(&device->interrupt_lock);
    if (at->interrupt == NULL) {
        at->interrupt = interrupt;
        device->message_based = message >= 0;
        connected = true;
    }
    brief_unlock(&device->interrupt_lock);
    deliver(device, at);
    return connected;
}

void
pndis__device_disconnect(struct pndis_device *device, int message)
{
    struct device_message *at = message_of(device, message);

    brief_lock(&device->interrupt_lock);
    at->interrupt = NULL;
    at->raised = false;
    at->masked = false;
    brief_unlock(&device->interrupt_lock);
}

void
pndis__device_mask(struct pndis_device *device, unsigned message, bool masked)
{
    struct device_message *at = message_of(device, (int)message);

    if (at == NULL) {
        return;
    }
    brief_lock(&device->interrupt_lock);
    at->masked = masked;
    brief_unlock(&device->interrupt_lock);
    if (device->ops->message_masked != NULL) {
        device->ops->message_masked(device->user, message, masked);
    }
    deliver(device, at);
}
