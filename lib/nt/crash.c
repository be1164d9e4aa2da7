/*
 * Faults in driver code that no __try covers. Windows stops with a bug check that names the driver;
 * here a report says who it was, where, and how to have the same run again, and the fault goes on
 * to whoever handles faults of this process: a test framework, a sanitizer, the default action.
 */
#include "nt/nt.h"

#include "nt/exception.h"
#include "nt/parts.h"

#include <signal.h>

enum { REPORT_BYTES = 1024, OWNER_DEPTH = 4 };

static void
add_kind(struct os_text *text, const struct os_fault *fault)
{
    static const struct {
        int signal_number;
        const char *words;
        bool is_of_memory;
    } kinds[] = {
        {SIGSEGV, "SIGSEGV", true},
        {SIGBUS, "SIGBUS", true},
        {SIGFPE, "SIGFPE, as of a division by zero", false},
        {SIGILL, "SIGILL, an illegal instruction", false},
    };

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].signal_number == fault->signal_number) {
            pndis__os_text_add(text, kinds[i].words);
            if (kinds[i].is_of_memory && fault->address_known) {
                pndis__os_text_add(text, " at address ");
                pndis__os_text_hex(text, (uintptr_t)fault->address);
            } else if (kinds[i].is_of_memory) {
                pndis__os_text_add(text, " at an address that cannot be one");
            }
        }
    }
}

/* "driver mydriver, adapter eth0" */
static void
add_owner(struct os_text *text, const struct owner *owner)
{
    const struct owner *chain[OWNER_DEPTH];
    unsigned count = 0;

    for (; owner != NULL && count < OWNER_DEPTH; owner = owner->parent) {
        chain[count++] = owner;
    }
    while (count-- > 0) {
        pndis__os_text_add(text, chain[count]->kind);
        pndis__os_text_add(text, " ");
        pndis__os_text_add(text, chain[count]->name);
        pndis__os_text_add(text, count == 0 ? "" : ", ");
    }
}

static void
report(const struct os_fault *fault)
{
    struct context *context = context_current();
    char bytes[REPORT_BYTES];
    struct os_text text = pndis__os_text(bytes, sizeof(bytes));

    if (context == NULL || context->frame == NULL) {
        return;
    }
    /* If the host's handler leaves with longjmp, as that of a test framework does, this thread is
     * in the machine no more, and the machine as it stands is of no use. */
    pndis__current = NULL;
    __atomic_store_n(&context->machine->crashed, 1, __ATOMIC_RELAXED);

    pndis__os_text_add(&text, "\npndis: a fault in driver code: ");
    add_kind(&text, fault);
    pndis__os_text_add(&text, "\n  who: ");
    add_owner(&text, context->frame->owner);
    pndis__os_text_add(&text, ", in ");
    pndis__os_text_add(&text, context->frame->callback);
    pndis__os_text_add(&text, "\n  at: ");
    pndis__os_module_of(fault->instruction, &text);
    pndis__os_text_add(&text, "\n");
    pndis__again_with(&context->machine->violations, &text);
    pndis__os_report(bytes);
}

static const struct os_fault_handlers handlers = {
    .catches = pndis__exception_catch,
    .reports = report,
};

int
pndis__crashes_create(struct pndis_machine *machine)
{
    (void)machine;
    return pndis__os_fault_install(&handlers);
}

void
pndis__crashes_destroy(struct pndis_machine *machine)
{
    (void)machine;
    pndis__os_fault_uninstall();
}
