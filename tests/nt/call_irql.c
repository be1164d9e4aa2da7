/*
 * A function is called at an IRQL that its page allows: "Managing Hardware Priorities". The call is
 * reported, and goes on.
 */
#include "nt_support.h"

static void
a_passive_level_function_at_dispatch_level_is_reported(void **state)
{
    struct world w;
    RTL_OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof(version)};
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    RtlGetVersion(&version);
    KeLowerIrql(irql);
    expect_broken(&w, "CALL_IRQL");
    assert_int_not_equal(version.dwMajorVersion, 0);
    close_clean(&w);
}

static void
a_dispatch_level_function_at_passive_level_is_reported(void **state)
{
    struct world w;
    KSPIN_LOCK lock;

    (void)state;
    world_start(&w, 0);
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLockAtDpcLevel(&lock);
    expect_broken(&w, "CALL_IRQL");
    KeReleaseSpinLockFromDpcLevel(&lock);
    close_clean(&w);
}

static void
each_end_of_the_range_is_allowed(void **state)
{
    struct world w;
    KIRQL irql;
    PVOID block;

    (void)state;
    world_start(&w, 0);
    for (KIRQL level = PASSIVE_LEVEL; level <= DISPATCH_LEVEL; level += DISPATCH_LEVEL) {
        KeRaiseIrql(level, &irql);
        block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, TEST_TAG);
        ExFreePoolWithTag(block, TEST_TAG);
        KeLowerIrql(irql);
    }
    expect_clean(&w);
    close_clean(&w);
}

static IO_CSQ_INSERT_IRP csq_insert;
static IO_CSQ_REMOVE_IRP csq_remove;
static IO_CSQ_PEEK_NEXT_IRP csq_peek;
static IO_CSQ_ACQUIRE_LOCK csq_acquire;
static IO_CSQ_RELEASE_LOCK csq_release;
static IO_CSQ_COMPLETE_CANCELED_IRP csq_complete;

static VOID
csq_insert(PIO_CSQ csq, PIRP irp)
{
    (void)csq;
    (void)irp;
}

static VOID
csq_remove(PIO_CSQ csq, PIRP irp)
{
    (void)csq;
    (void)irp;
}

static PIRP
csq_peek(PIO_CSQ csq, PIRP irp, PVOID peek_context)
{
    (void)csq;
    (void)irp;
    (void)peek_context;
    return NULL;
}

static VOID
csq_acquire(PIO_CSQ csq, PKIRQL irql)
{
    (void)csq;
    (void)irql;
}

static VOID
csq_release(PIO_CSQ csq, KIRQL irql)
{
    (void)csq;
    (void)irql;
}

static VOID
csq_complete(PIO_CSQ csq, PIRP irp)
{
    (void)csq;
    (void)irp;
}

/* The pages of these say "Any level". */
static void
what_may_be_called_at_any_level_may_be_called_above_dispatch_level(void **state)
{
    struct world w;
    KSEMAPHORE semaphore;
    IO_CSQ csq;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSemaphore(&semaphore, 1, 1);
    KeRaiseIrql(DISPATCH_LEVEL + 1, &irql);
    assert_int_equal(KeReadStateSemaphore(&semaphore), 1);
    assert_int_equal(MmQuerySystemSize() <= MmLargeSystem, TRUE);
    assert_int_equal(IoCsqInitialize(&csq, csq_insert, csq_remove, csq_peek, csq_acquire,
                                     csq_release, csq_complete),
                     STATUS_SUCCESS);
    KeLowerIrql(irql);
    expect_clean(&w);
    close_clean(&w);
}

/* "IRQL <= APC_LEVEL", "< DISPATCH_LEVEL". */
static void
strings_may_be_converted_and_freed_at_apc_level(void **state)
{
    WCHAR text[] = {'a', 'b', 0};
    UNICODE_STRING name = {4, 6, text};
    UNICODE_STRING upper;
    struct world w;
    STRING oem;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeRaiseIrql(APC_LEVEL, &irql);
    assert_int_equal(RtlUpcaseUnicodeString(&upper, &name, TRUE), STATUS_SUCCESS);
    assert_int_equal(upper.Buffer[1], 'B');
    RtlFreeUnicodeString(&upper);
    assert_int_equal(RtlUnicodeStringToOemString(&oem, &name, TRUE), STATUS_SUCCESS);
    RtlFreeOemString(&oem);
    KeLowerIrql(irql);
    expect_clean(&w);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_passive_level_function_at_dispatch_level_is_reported),
        cmocka_unit_test(a_dispatch_level_function_at_passive_level_is_reported),
        cmocka_unit_test(each_end_of_the_range_is_allowed),
        cmocka_unit_test(what_may_be_called_at_any_level_may_be_called_above_dispatch_level),
        cmocka_unit_test(strings_may_be_converted_and_freed_at_apc_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
