/*
 * Bindings that come and go while NDIS walks them: what is told to one is over before it is closed,
 * and the memory of closed ones is freed while the adapter lives. "NdisCloseAdapterEx",
 * PROTOCOL_STATUS_EX, "NdisMIndicateStatusEx".
 */
#include "support/protocol.h"
#include "support/worker.h"

#include <malloc.h>

enum { SEEDS = 100, STATUSES = 20, OPENINGS = 10000, FIRST_OPENINGS = 1000 };

/* For what else lives in a heap; little against what ten thousand bindings have. */
enum { SLACK_BYTES = 64 * 1024 };

/* Of the allocator, where a sanitizer has its own. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static STATUS_HANDLER_EX correct_status;
static UNBIND_HANDLER_EX correct_unbind;
static struct worker indicator;

static struct {
    LONG inside;
    unsigned calls;
    unsigned closed_under; /* Unbinds that ended while a status was being told. */
    unsigned dead;         /* Statuses of a binding that had been unbound. */
    struct opening *unbound;
} seen;

/* --- a protocol that takes its time to look at a status --- */

static VOID
look_slowly(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
    LARGE_INTEGER moment = {.QuadPart = -1000};

    seen.dead += context == seen.unbound;
    InterlockedIncrement(&seen.inside);
    seen.calls++;
    if (KeGetCurrentIrql() == PASSIVE_LEVEL) {
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    correct_status(context, indication);
    InterlockedDecrement(&seen.inside);
}

static NDIS_STATUS
note_unbind(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
    NDIS_STATUS status = correct_unbind(unbind_context, context);

    seen.unbound = context;
    seen.closed_under += InterlockedCompareExchange(&seen.inside, 0, 0) != 0;
    return status;
}

static void
watch(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *characteristics)
{
    correct_status = characteristics->StatusHandlerEx;
    correct_unbind = characteristics->UnbindAdapterHandlerEx;
    characteristics->StatusHandlerEx = look_slowly;
    characteristics->UnbindAdapterHandlerEx = note_unbind;
}

static void
indicate_all(void *argument)
{
    NDIS_STATUS_INDICATION indication = {
        .Header = {NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
                   NDIS_SIZEOF_STATUS_INDICATION_REVISION_1},
        .SourceHandle = port_latest()->handle,
        .StatusCode = NDIS_STATUS_MEDIA_SPECIFIC_INDICATION,
    };

    (void)argument;
    for (unsigned i = 0; i < STATUSES; i++) {
        NdisMIndicateStatusEx(port_latest()->handle, &indication);
    }
}

static void
start(void *argument)
{
    (void)argument;
    worker_start(&indicator, indicate_all, NULL);
}

static void
join(void *argument)
{
    (void)argument;
    worker_join(&indicator);
}

/* --- stories --- */

static void
a_binding_is_closed_when_no_status_is_being_told(void **state)
{
    unsigned calls = 0;

    (void)state;
    for (unsigned seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct pndis_driver *driver;
        struct world w;

        memset(&seen, 0, sizeof(seen));
        miniport_reset();
        protocol_reset();
        protocol.edit_characteristics = watch;
        world_open(&w, seed);
        world_add_adapter(&w);
        world_add_client(&w);
        driver = world_load_protocol(&w);
        world_settle(&w);
        world_as_driver(&w, start, NULL);
        expect(&w, pndis_machine_run(w.machine, 100000) == 0);
        expect(&w, pndis_driver_unload(driver) == 0);
        expect(&w, pndis_client_close(w.client) == 0);
        world_as_driver(&w, join, NULL);
        expect(&w, seen.closed_under == 0 && seen.dead == 0);
        calls += seen.calls;
        world_close(&w);
    }
    assert_true(calls > 0);
}

static size_t
allocated_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks;
}

static void
open_and_close(struct world *w, unsigned count)
{
    const struct pndis_client_options options = {.no_filter = true};

    for (unsigned i = 0; i < count; i++) {
        struct pndis_client *client = pndis_client_open(w->adapter, &options);

        expect(w, client != NULL);
        expect(w, pndis_client_close(client) == 0);
    }
}

/* After the first thousand, when all tombstones that are kept are there, nothing more is. */
static void
ten_thousand_openings_of_one_adapter_keep_no_memory(void **state)
{
    unsigned count = world_is_live() ? OPENINGS / 5 : OPENINGS;
    struct world w;
    size_t first;
    size_t last;

    (void)state;
    miniport_reset();
    world_open(&w, 0);
    world_add_adapter(&w);
    open_and_close(&w, FIRST_OPENINGS);
    first = allocated_bytes();
    open_and_close(&w, count - FIRST_OPENINGS);
    last = allocated_bytes();
    print_message("%u openings: %zu bytes, %u: %zu bytes\n", FIRST_OPENINGS, first, count, last);
    expect(&w, last < first + SLACK_BYTES);
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binding_is_closed_when_no_status_is_being_told),
        cmocka_unit_test(ten_thousand_openings_of_one_adapter_keep_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
