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

/* --- the levels of the string functions' pages --- */

static WCHAR wide_text[] = {'1', '2', 0};
static CHAR narrow_text[] = "12";
static UNICODE_STRING wide = {4, 6, wide_text};
static STRING narrow = {2, 3, narrow_text};
static WCHAR wide_room[40];
static CHAR narrow_room[40];
static GUID guid;

static void
compare_wide(void)
{
    assert_int_equal(RtlCompareUnicodeString(&wide, &wide, TRUE), 0);
}

static void
equal_wide(void)
{
    assert_true(RtlEqualUnicodeString(&wide, &wide, FALSE));
}

static void
prefix_wide(void)
{
    assert_true(RtlPrefixUnicodeString(&wide, &wide, FALSE));
}

static void
downcase_character(void)
{
    assert_int_equal(RtlDowncaseUnicodeChar('A'), 'a');
}

static void
upcase_character(void)
{
    assert_int_equal(RtlUpcaseUnicodeChar('a'), 'A');
}

static void
hash_wide(void)
{
    ULONG hash;

    assert_int_equal(RtlHashUnicodeString(&wide, FALSE, HASH_STRING_ALGORITHM_DEFAULT, &hash),
                     STATUS_SUCCESS);
}

static void
compare_narrow(void)
{
    assert_int_equal(RtlCompareString(&narrow, &narrow, TRUE), 0);
}

static void
equal_narrow(void)
{
    assert_true(RtlEqualString(&narrow, &narrow, TRUE));
}

static void
upper_narrow_character(void)
{
    assert_int_equal(RtlUpperChar('a'), 'A');
}

static void
upper_narrow(void)
{
    STRING upper = {0, sizeof(narrow_room), narrow_room};

    RtlUpperString(&upper, &narrow);
    assert_int_equal(upper.Length, narrow.Length);
}

static void
append_narrow(void)
{
    STRING string = {0, sizeof(narrow_room), narrow_room};

    assert_int_equal(RtlAppendStringToString(&string, &narrow), STATUS_SUCCESS);
}

static void
size_of_narrow(void)
{
    assert_int_equal(RtlxUnicodeStringToAnsiSize(&wide), 3);
}

static void
size_of_wide(void)
{
    assert_int_equal(RtlxAnsiStringToUnicodeSize(&narrow), 6);
}

static void
size_in_bytes(void)
{
    ULONG bytes;

    RtlUnicodeToMultiByteSize(&bytes, wide_text, wide.Length);
    assert_int_equal(bytes, 2);
}

static void
size_in_characters(void)
{
    ULONG bytes;

    RtlMultiByteToUnicodeSize(&bytes, narrow_text, narrow.Length);
    assert_int_equal(bytes, 4);
}

static void
to_bytes(void)
{
    assert_int_equal(
        RtlUnicodeToMultiByteN(narrow_room, sizeof(narrow_room), NULL, wide_text, wide.Length),
        STATUS_SUCCESS);
}

static void
to_upper_bytes(void)
{
    assert_int_equal(RtlUpcaseUnicodeToMultiByteN(narrow_room, sizeof(narrow_room), NULL, wide_text,
                                                  wide.Length),
                     STATUS_SUCCESS);
}

static void
to_characters(void)
{
    assert_int_equal(
        RtlMultiByteToUnicodeN(wide_room, sizeof(wide_room), NULL, narrow_text, narrow.Length),
        STATUS_SUCCESS);
}

static void
to_utf8(void)
{
    assert_int_equal(
        RtlUnicodeToUTF8N(narrow_room, sizeof(narrow_room), NULL, wide_text, wide.Length),
        STATUS_SUCCESS);
}

static void
from_utf8(void)
{
    assert_int_equal(
        RtlUTF8ToUnicodeN(wide_room, sizeof(wide_room), NULL, narrow_text, narrow.Length),
        STATUS_SUCCESS);
}

static void
to_ansi(void)
{
    STRING string = {0, sizeof(narrow_room), narrow_room};

    assert_int_equal(RtlUnicodeStringToAnsiString(&string, &wide, FALSE), STATUS_SUCCESS);
}

static void
from_ansi(void)
{
    UNICODE_STRING string = {0, sizeof(wide_room), wide_room};

    assert_int_equal(RtlAnsiStringToUnicodeString(&string, &narrow, FALSE), STATUS_SUCCESS);
}

static void
upcase_wide(void)
{
    UNICODE_STRING string = {0, sizeof(wide_room), wide_room};

    assert_int_equal(RtlUpcaseUnicodeString(&string, &wide, FALSE), STATUS_SUCCESS);
}

static void
integer_of_wide(void)
{
    ULONG value;

    assert_int_equal(RtlUnicodeStringToInteger(&wide, 10, &value), STATUS_SUCCESS);
    assert_int_equal(value, 12);
}

static void
integer_of_narrow(void)
{
    ULONG value;

    assert_int_equal(RtlCharToInteger(narrow_text, 10, &value), STATUS_SUCCESS);
    assert_int_equal(value, 12);
}

static void
integer_to_wide(void)
{
    UNICODE_STRING string = {0, sizeof(wide_room), wide_room};

    assert_int_equal(RtlIntegerToUnicodeString(12, 10, &string), STATUS_SUCCESS);
}

static void
large_integer_to_wide(void)
{
    UNICODE_STRING string = {0, sizeof(wide_room), wide_room};

    assert_int_equal(RtlInt64ToUnicodeString(12, 10, &string), STATUS_SUCCESS);
}

static void
guid_of_wide(void)
{
    assert_int_equal(RtlGUIDFromString(&wide, &guid), STATUS_INVALID_PARAMETER);
}

static void
error_of_status(void)
{
    assert_int_equal(RtlNtStatusToDosError(STATUS_SUCCESS), 0);
}

static void
initialize_semaphore(void)
{
    KSEMAPHORE semaphore;

    KeInitializeSemaphore(&semaphore, 0, 1);
}

static void
set_priority(void)
{
    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY);
}

static void
query_priority(void)
{
    KeQueryPriorityThread(KeGetCurrentThread());
}

static void
delete_resource(void)
{
    ERESOURCE resource;

    ExInitializeResourceLite(&resource);
    ExDeleteResourceLite(&resource);
}

static void
set_and_wait(void)
{
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    KeSetEvent(&event, IO_NO_INCREMENT, TRUE);
}

/* The highest level that the page of each allows. */
struct leveled {
    KIRQL highest;
    void (*call)(void);
};

static const struct leveled other_functions[] = {
    {PASSIVE_LEVEL, initialize_semaphore},
    {PASSIVE_LEVEL, set_priority},
    {PASSIVE_LEVEL, query_priority},
    {APC_LEVEL, delete_resource},
    {APC_LEVEL, set_and_wait},
};

static const struct leveled string_functions[] = {
    {PASSIVE_LEVEL, compare_wide},
    {PASSIVE_LEVEL, equal_wide},
    {PASSIVE_LEVEL, prefix_wide},
    {PASSIVE_LEVEL, downcase_character},
    {APC_LEVEL, upcase_character},
    {APC_LEVEL, upcase_wide},
    {APC_LEVEL, hash_wide},
    {PASSIVE_LEVEL, compare_narrow},
    {PASSIVE_LEVEL, equal_narrow},
    {APC_LEVEL, upper_narrow_character},
    {APC_LEVEL, upper_narrow},
    {APC_LEVEL, append_narrow},
    {PASSIVE_LEVEL, size_of_narrow},
    {PASSIVE_LEVEL, size_of_wide},
    {APC_LEVEL, size_in_bytes},
    {APC_LEVEL, size_in_characters},
    {APC_LEVEL, to_bytes},
    {APC_LEVEL, to_upper_bytes},
    {APC_LEVEL, to_characters},
    {PASSIVE_LEVEL, to_utf8},
    {PASSIVE_LEVEL, from_utf8},
    {PASSIVE_LEVEL, to_ansi},
    {PASSIVE_LEVEL, from_ansi},
    {PASSIVE_LEVEL, integer_of_wide},
    {PASSIVE_LEVEL, integer_of_narrow},
    {PASSIVE_LEVEL, integer_to_wide},
    {PASSIVE_LEVEL, large_integer_to_wide},
    {PASSIVE_LEVEL, guid_of_wide},
    {APC_LEVEL, error_of_status},
};

/* One call is one report: what a function calls inside is not checked again. */
static void
expect_levels(const struct leveled *functions, size_t count)
{
    struct world w;
    KIRQL irql;

    world_start(&w, 0);
    for (size_t i = 0; i < count; i++) {
        KeRaiseIrql(functions[i].highest, &irql);
        functions[i].call();
        KeLowerIrql(irql);
        expect_clean(&w);
        KeRaiseIrql(functions[i].highest + 1, &irql);
        functions[i].call();
        KeLowerIrql(irql);
        assert_int_equal(pndis_violation_count(w.machine), 1);
        expect_broken(&w, "CALL_IRQL");
    }
    close_clean(&w);
}

static void
a_string_function_is_called_at_the_level_of_its_page(void **state)
{
    (void)state;
    expect_levels(string_functions, RTL_NUMBER_OF(string_functions));
}

static void
threads_and_resources_are_as_well(void **state)
{
    (void)state;
    expect_levels(other_functions, RTL_NUMBER_OF(other_functions));
}

/* "<= DISPATCH_LEVEL provided that Wait is set to FALSE. Otherwise [...] PASSIVE_LEVEL." */
static void
a_semaphore_is_released_before_a_wait_at_passive_level(void **state)
{
    KSEMAPHORE semaphore;
    struct world w;
    KIRQL irql;

    (void)state;
    world_start(&w, 0);
    KeInitializeSemaphore(&semaphore, 0, MAXLONG);
    KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 1, TRUE);
    KeRaiseIrql(APC_LEVEL, &irql);
    KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 1, FALSE);
    expect_clean(&w);
    KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 1, TRUE);
    expect_broken(&w, "CALL_IRQL");
    KeLowerIrql(irql);
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
        cmocka_unit_test(a_string_function_is_called_at_the_level_of_its_page),
        cmocka_unit_test(threads_and_resources_are_as_well),
        cmocka_unit_test(a_semaphore_is_released_before_a_wait_at_passive_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
