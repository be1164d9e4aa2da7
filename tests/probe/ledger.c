/*
 * The leak ledger: whatever a driver can acquire from NT, forgotten, is told at unload with what
 * and where; given back, nothing is told. One row for each way to acquire something.
 */
#include "nt/nt_support.h"

#include <ndis.h>

enum { BYTES = 96, LOG_ENTRY_BYTES = 64, EXTENSION_BYTES = 16 };

/* What the rows play with; each row uses its own part. */
struct things {
    struct world *w;
    PVOID memory;
    PMDL mdl;
    PMDL pages;
    PVOID mapping;
    NPAGED_LOOKASIDE_LIST nonpaged;
    PAGED_LOOKASIDE_LIST paged;
    LOOKASIDE_LIST_EX extended;
    PEX_TIMER ex_timer;
    KTIMER timer;
    KEVENT never;
    struct runner runner;
    PVOID thread;
    PDEVICE_OBJECT device;
    PDEVICE_OBJECT found_device;
    PFILE_OBJECT file;
    PIO_WORKITEM work_item;
    ERESOURCE resource;
    PEX_RUNDOWN_REF_CACHE_AWARE rundown;
    PCALLBACK_OBJECT callback;
    PVOID registration;
    KBUGCHECK_CALLBACK_RECORD bug_check;
    KBUGCHECK_REASON_CALLBACK_RECORD bug_check_reason;
    HANDLE handle;
    PIRP irp;
    PVOID error_entry;
    UNICODE_STRING unicode;
    ANSI_STRING ansi;
    NDIS_SPIN_LOCK ndis_lock;
};

/* --- memory --- */

static void
take_pool2(struct things *t)
{
    t->memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, BYTES, TEST_TAG);
}

static void
take_pool_with_tag(struct things *t)
{
    t->memory = ExAllocatePoolWithTag(NonPagedPoolNx, BYTES, TEST_TAG);
}

static void
take_pool_with_quota(struct things *t)
{
    t->memory = ExAllocatePoolWithQuotaTag(PagedPool, BYTES, TEST_TAG);
}

static void
take_pool_with_priority(struct things *t)
{
    t->memory = ExAllocatePoolWithTagPriority(NonPagedPool, BYTES, TEST_TAG, NormalPoolPriority);
}

static void
give_pool(struct things *t)
{
    ExFreePoolWithTag(t->memory, TEST_TAG);
}

static void
give_pool_without_tag(struct things *t)
{
    ExFreePool(t->memory);
}

static void
take_ndis_memory(struct things *t)
{
    assert_int_equal(NdisAllocateMemoryWithTag(&t->memory, BYTES, TEST_TAG), NDIS_STATUS_SUCCESS);
}

static void
give_ndis_memory(struct things *t)
{
    NdisFreeMemory(t->memory, BYTES, 0);
}

static void
take_contiguous(struct things *t)
{
    t->memory = MmAllocateContiguousMemory(PAGE_SIZE, (PHYSICAL_ADDRESS){.QuadPart = MAXLONGLONG});
}

static void
give_contiguous(struct things *t)
{
    MmFreeContiguousMemory(t->memory);
}

static void
take_non_cached(struct things *t)
{
    t->memory = MmAllocateNonCachedMemory(PAGE_SIZE);
}

static void
give_non_cached(struct things *t)
{
    MmFreeNonCachedMemory(t->memory, PAGE_SIZE);
}

static void
take_mapping_address(struct things *t)
{
    t->memory = MmAllocateMappingAddress(PAGE_SIZE, TEST_TAG);
}

static void
give_mapping_address(struct things *t)
{
    MmFreeMappingAddress(t->memory, TEST_TAG);
}

static void
take_unicode_string(struct things *t)
{
    ANSI_STRING source = RTL_CONSTANT_STRING("a name");

    assert_int_equal(RtlAnsiStringToUnicodeString(&t->unicode, &source, TRUE), STATUS_SUCCESS);
}

static void
give_unicode_string(struct things *t)
{
    RtlFreeUnicodeString(&t->unicode);
}

static void
take_ansi_string(struct things *t)
{
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"a name");

    assert_int_equal(RtlUnicodeStringToAnsiString(&t->ansi, &source, TRUE), STATUS_SUCCESS);
}

static void
give_ansi_string(struct things *t)
{
    RtlFreeAnsiString(&t->ansi);
}

static void
take_rundown(struct things *t)
{
    t->rundown = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, TEST_TAG);
}

static void
give_rundown(struct things *t)
{
    ExFreeCacheAwareRundownProtection(t->rundown);
}

/* --- lookaside lists --- */

static void
take_nonpaged_list(struct things *t)
{
    ExInitializeNPagedLookasideList(&t->nonpaged, NULL, NULL, 0, BYTES, TEST_TAG, 0);
}

static void
give_nonpaged_list(struct things *t)
{
    ExDeleteNPagedLookasideList(&t->nonpaged);
}

static void
take_paged_list(struct things *t)
{
    ExInitializePagedLookasideList(&t->paged, NULL, NULL, 0, BYTES, TEST_TAG, 0);
}

static void
give_paged_list(struct things *t)
{
    ExDeletePagedLookasideList(&t->paged);
}

static void
take_extended_list(struct things *t)
{
    assert_int_equal(ExInitializeLookasideListEx(&t->extended, NULL, NULL, NonPagedPoolNx, 0, BYTES,
                                                 TEST_TAG, 0),
                     STATUS_SUCCESS);
}

static void
give_extended_list(struct things *t)
{
    ExDeleteLookasideListEx(&t->extended);
}

/* --- MDLs; the memory they describe is the test's --- */

static UINT8 buffer[BYTES];

static void
take_mdl(struct things *t)
{
    t->mdl = IoAllocateMdl(buffer, sizeof(buffer), FALSE, FALSE, NULL);
}

static void
give_mdl(struct things *t)
{
    IoFreeMdl(t->mdl);
}

static void
prepare_locked(struct things *t)
{
    take_mdl(t);
    MmProbeAndLockPages(t->mdl, KernelMode, IoModifyAccess);
}

static void
finish_locked(struct things *t)
{
    MmUnlockPages(t->mdl);
    give_mdl(t);
}

static void
take_mapping(struct things *t)
{
    t->mapping =
        MmMapLockedPagesSpecifyCache(t->mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
}

static void
give_mapping(struct things *t)
{
    MmUnmapLockedPages(t->mapping, t->mdl);
}

/* --- time and threads --- */

static VOID
ex_timer_expires(PEX_TIMER timer, PVOID context)
{
    (void)timer;
    (void)context;
}

static void
take_ex_timer(struct things *t)
{
    t->ex_timer = ExAllocateTimer(ex_timer_expires, NULL, 0);
}

static void
give_ex_timer(struct things *t)
{
    ExDeleteTimer(t->ex_timer, TRUE, TRUE, NULL);
}

static void
prepare_timer(struct things *t)
{
    KeInitializeTimer(&t->timer);
}

static void
set_timer(struct things *t)
{
    KeSetTimer(&t->timer, relative_ms(1000), NULL);
}

static void
cancel_timer(struct things *t)
{
    KeCancelTimer(&t->timer);
}

/* --- objects --- */

static void
take_device(struct things *t)
{
    assert_int_equal(IoCreateDevice(t->w->object, EXTENSION_BYTES, NULL, FILE_DEVICE_UNKNOWN, 0,
                                    FALSE, &t->device),
                     STATUS_SUCCESS);
}

static void
give_device(struct things *t)
{
    IoDeleteDevice(t->device);
}

static UNICODE_STRING device_name = RTL_CONSTANT_STRING(L"\\Device\\Ledger");
static UNICODE_STRING link_name = RTL_CONSTANT_STRING(L"\\DosDevices\\Ledger");

static void
take_link(struct things *t)
{
    (void)t;
    assert_int_equal(IoCreateSymbolicLink(&link_name, &device_name), STATUS_SUCCESS);
}

static void
give_link(struct things *t)
{
    (void)t;
    assert_int_equal(IoDeleteSymbolicLink(&link_name), STATUS_SUCCESS);
}

static NTSTATUS
succeed(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static void
prepare_named_device(struct things *t)
{
    t->w->object->MajorFunction[IRP_MJ_CREATE] = succeed;
    t->w->object->MajorFunction[IRP_MJ_CLEANUP] = succeed;
    t->w->object->MajorFunction[IRP_MJ_CLOSE] = succeed;
    assert_int_equal(
        IoCreateDevice(t->w->object, 0, &device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &t->device),
        STATUS_SUCCESS);
    t->device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
}

static void
take_device_pointer(struct things *t)
{
    assert_int_equal(
        IoGetDeviceObjectPointer(&device_name, FILE_READ_DATA, &t->file, &t->found_device),
        STATUS_SUCCESS);
}

static void
give_device_pointer(struct things *t)
{
    ObDereferenceObject(t->file);
}

static void
take_work_item(struct things *t)
{
    t->work_item = IoAllocateWorkItem(t->device);
}

static void
give_work_item(struct things *t)
{
    IoFreeWorkItem(t->work_item);
}

static void
take_resource(struct things *t)
{
    ExInitializeResourceLite(&t->resource);
}

static void
give_resource(struct things *t)
{
    ExDeleteResourceLite(&t->resource);
}

static void
take_callback(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Callback\\Ledger");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    assert_int_equal(ExCreateCallback(&t->callback, &attributes, TRUE, TRUE), STATUS_SUCCESS);
}

static void
give_callback(struct things *t)
{
    ObDereferenceObject(t->callback);
}

static VOID
on_callback(PVOID context, PVOID argument1, PVOID argument2)
{
    (void)context;
    (void)argument1;
    (void)argument2;
}

static void
take_registration(struct things *t)
{
    t->registration = ExRegisterCallback(t->callback, on_callback, NULL);
}

static void
give_registration(struct things *t)
{
    ExUnregisterCallback(t->registration);
}

static VOID
on_bug_check(PVOID memory, ULONG length)
{
    (void)memory;
    (void)length;
}

static void
prepare_bug_check(struct things *t)
{
    KeInitializeCallbackRecord(&t->bug_check);
    KeInitializeCallbackRecord(&t->bug_check_reason);
}

static void
take_bug_check(struct things *t)
{
    assert_true(
        KeRegisterBugCheckCallback(&t->bug_check, on_bug_check, NULL, 0, (PUCHAR) "ledger"));
}

static void
give_bug_check(struct things *t)
{
    assert_true(KeDeregisterBugCheckCallback(&t->bug_check));
}

static VOID
on_bug_check_reason(KBUGCHECK_CALLBACK_REASON reason, PKBUGCHECK_REASON_CALLBACK_RECORD record,
                    PVOID data, ULONG length)
{
    (void)reason;
    (void)record;
    (void)data;
    (void)length;
}

static void
take_bug_check_reason(struct things *t)
{
    assert_true(KeRegisterBugCheckReasonCallback(&t->bug_check_reason, on_bug_check_reason,
                                                 KbCallbackSecondaryDumpData, (PUCHAR) "ledger"));
}

static void
give_bug_check_reason(struct things *t)
{
    assert_true(KeDeregisterBugCheckReasonCallback(&t->bug_check_reason));
}

static void
take_irp(struct things *t)
{
    t->irp = IoAllocateIrp(1, FALSE);
}

static void
give_irp(struct things *t)
{
    IoFreeIrp(t->irp);
}

/* --- handles and references --- */

static void
take_key(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwOpenKey(&t->handle, KEY_READ, &attributes), STATUS_SUCCESS);
}

static void
create_key(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwCreateKey(&t->handle, KEY_READ, &attributes, 0, NULL, 0, NULL),
                     STATUS_SUCCESS);
}

static void
close_handle(struct things *t)
{
    assert_int_equal(ZwClose(t->handle), STATUS_SUCCESS);
}

static void
create_event(struct things *t)
{
    assert_int_equal(ZwCreateEvent(&t->handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE),
                     STATUS_SUCCESS);
}

static void
create_named_event(struct things *t)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\Ledger");

    assert_non_null(IoCreateNotificationEvent(&name, &t->handle));
}

static VOID
end_at_once(PVOID user)
{
    (void)user;
}

static void
take_thread_handle(struct things *t)
{
    PVOID thread;

    assert_int_equal(
        PsCreateSystemThread(&t->handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, end_at_once, NULL),
        STATUS_SUCCESS);
    ObReferenceObjectByHandle(t->handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &thread,
                              NULL);
    wait_for(thread);
    ObDereferenceObject(thread);
}

static void
reference_by_handle(struct things *t)
{
    assert_int_equal(ObReferenceObjectByHandle(t->handle, EVENT_ALL_ACCESS, *ExEventObjectType,
                                               KernelMode, &t->thread, NULL),
                     STATUS_SUCCESS);
}

static void
dereference(struct things *t)
{
    ObDereferenceObject(t->thread);
}

/* The first of two references is given back; the second is what is left. */
static void
reference_twice(struct things *t)
{
    reference_by_handle(t);
    ObReferenceObject(t->thread);
    ObDereferenceObject(t->thread);
}

/* --- NDIS, where a spin lock is advice --- */

static void
take_ndis_lock(struct things *t)
{
    NdisAllocateSpinLock(&t->ndis_lock);
}

static void
give_ndis_lock(struct things *t)
{
    NdisFreeSpinLock(&t->ndis_lock);
}

/* --- the table --- */

static const struct pair {
    const char *function; /* As the report names it. */
    const char *what;
    void (*take)(struct things *t);
    void (*give)(struct things *t);
    void (*prepare)(struct things *t); /* What the driver acquires before, and */
    void (*finish)(struct things *t);  /* gives back in any case. */
    const char *rule;                  /* NULL: LEAK_UNLOAD. */
} pairs[] = {
    {"ExAllocatePool2", "memory of 96 bytes, tag 'Test'", take_pool2, give_pool, NULL, NULL, NULL},
    {"ExAllocatePoolWithTag", "memory of 96 bytes, tag 'Test'", take_pool_with_tag, give_pool, NULL,
     NULL, NULL},
    {"ExAllocatePoolWithTag", "memory of 96 bytes, tag 'Test'", take_pool_with_tag,
     give_pool_without_tag, NULL, NULL, NULL},
    {"ExAllocatePoolWithQuotaTag", "memory of 96 bytes, tag 'Test'", take_pool_with_quota,
     give_pool, NULL, NULL, NULL},
    {"ExAllocatePoolWithTagPriority", "memory of 96 bytes, tag 'Test'", take_pool_with_priority,
     give_pool, NULL, NULL, NULL},
    {"NdisAllocateMemoryWithTag", "memory of 96 bytes, tag 'Test'", take_ndis_memory,
     give_ndis_memory, NULL, NULL, NULL},
    {"MmAllocateContiguousMemory", "memory of 4096 bytes", take_contiguous, give_contiguous, NULL,
     NULL, NULL},
    {"MmAllocateNonCachedMemory", "memory of 4096 bytes", take_non_cached, give_non_cached, NULL,
     NULL, NULL},
    {"MmAllocateMappingAddress", "memory of", take_mapping_address, give_mapping_address, NULL,
     NULL, NULL},
    {"RtlAnsiStringToUnicodeString", "memory of 14 bytes, tag 'Strg'", take_unicode_string,
     give_unicode_string, NULL, NULL, NULL},
    {"RtlUnicodeStringToAnsiString", "memory of 7 bytes, tag 'Strg'", take_ansi_string,
     give_ansi_string, NULL, NULL, NULL},
    {"ExAllocateCacheAwareRundownProtection", "memory of", take_rundown, give_rundown, NULL, NULL,
     NULL},
    {"ExInitializeNPagedLookasideList", "a lookaside list of 96 bytes, tag 'Test'",
     take_nonpaged_list, give_nonpaged_list, NULL, NULL, NULL},
    {"ExInitializePagedLookasideList", "a lookaside list of 96 bytes, tag 'Test'", take_paged_list,
     give_paged_list, NULL, NULL, NULL},
    {"ExInitializeLookasideListEx", "a lookaside list of 96 bytes, tag 'Test'", take_extended_list,
     give_extended_list, NULL, NULL, NULL},
    {"IoAllocateMdl", "an MDL of 96 bytes", take_mdl, give_mdl, NULL, NULL, NULL},
    {"MmMapLockedPagesSpecifyCache", "a mapping of locked pages of 96 bytes", take_mapping,
     give_mapping, prepare_locked, NULL, NULL},
    {"ExAllocateTimer", "a timer", take_ex_timer, give_ex_timer, NULL, NULL, NULL},
    {"KeSetTimer", "a timer that is still set", set_timer, cancel_timer, prepare_timer, NULL, NULL},
    {"IoCreateDevice", "a device object", take_device, give_device, NULL, NULL, NULL},
    {"IoCreateSymbolicLink", "a symbolic link", take_link, give_link, NULL, NULL, NULL},
    {"IoGetDeviceObjectPointer", "a reference to an object", take_device_pointer,
     give_device_pointer, prepare_named_device, give_device, NULL},
    {"IoAllocateWorkItem", "a work item", take_work_item, give_work_item, take_device, give_device,
     NULL},
    {"ExInitializeResourceLite", "an ERESOURCE", take_resource, give_resource, NULL, NULL, NULL},
    {"ExCreateCallback", "a reference to an object", take_callback, give_callback, NULL, NULL,
     NULL},
    {"ExRegisterCallback", "a callback registration", take_registration, give_registration,
     take_callback, give_callback, NULL},
    {"KeRegisterBugCheckCallback", "a callback registration", take_bug_check, give_bug_check,
     prepare_bug_check, NULL, NULL},
    {"KeRegisterBugCheckReasonCallback", "a callback registration", take_bug_check_reason,
     give_bug_check_reason, prepare_bug_check, NULL, NULL},
    {"IoAllocateIrp", "an IRP", take_irp, give_irp, NULL, NULL, NULL},
    {"ZwOpenKey", "an open registry key", take_key, close_handle, NULL, NULL, NULL},
    {"ZwCreateKey", "an open registry key", create_key, close_handle, NULL, NULL, NULL},
    {"ZwCreateEvent", "an open handle", create_event, close_handle, NULL, NULL, NULL},
    {"IoCreateNotificationEvent", "an open handle", create_named_event, close_handle, NULL, NULL,
     NULL},
    {"PsCreateSystemThread", "an open handle", take_thread_handle, close_handle, NULL, NULL, NULL},
    {"ObReferenceObjectByHandle", "a reference to an object", reference_by_handle, dereference,
     create_event, close_handle, NULL},
    {"ObReferenceObjectByHandle", "a reference to an object", reference_twice, dereference,
     create_event, close_handle, NULL},
    {"NdisAllocateSpinLock", "a spin lock", take_ndis_lock, give_ndis_lock, NULL, NULL,
     "LEAK_SPIN_LOCK"},
};

enum { PAIR_COUNT = sizeof(pairs) / sizeof(pairs[0]) };

static void
run_pair(struct world *w, struct things *t, const struct pair *pair, bool gives_back)
{
    memset(t, 0, sizeof(*t));
    t->w = w;
    world_start(w, 0);
    if (pair->prepare != NULL) {
        pair->prepare(t);
    }
    pair->take(t);
    if (gives_back) {
        pair->give(t);
    }
    if (pair->finish != NULL) {
        pair->finish(t);
    }
    expect_clean(w);
}

static void
expect_words(const struct pndis_violation *leak, const struct pair *pair)
{
    const char *what = strstr(leak->message, pair->what);
    char with[80];

    snprintf(with, sizeof(with), "acquired for test with %s in Test", pair->function);
    if (strcmp(leak->subject, "test") != 0 || what == NULL || strstr(leak->message, with) == NULL) {
        fail_msg("%s: %s told \"%s\"", pair->function, leak->subject, leak->message);
    }
    if (strstr(leak->acquired_at, "ledger") == NULL) {
        fail_msg("%s was acquired at \"%s\"", pair->what, leak->acquired_at);
    }
}

static void
what_is_forgotten_is_told_at_unload_with_what_and_where(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PAIR_COUNT; i++) {
        const struct pair *pair = &pairs[i];
        const struct pndis_violation *leak;
        struct things *t = malloc(sizeof(*t));
        struct world w;

        /* Locked pages would be a second thing to forget; they have a test of their own. */
        if (pair->take == take_mapping) {
            free(t);
            continue;
        }
        run_pair(&w, t, pair, false);
        world_end(&w);
        leak = pndis_violation_at(w.machine, 0);
        if (leak == NULL) {
            fail_msg("nobody told of %s", pair->function);
        } else {
            expect_words(leak, pair);
        }
        expect_broken(&w, pair->rule == NULL ? "LEAK_UNLOAD" : pair->rule);
        pndis_machine_destroy(w.machine);
        free(t);
    }
}

static void
what_is_given_back_is_not_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PAIR_COUNT; i++) {
        const struct pair *pair = &pairs[i];
        struct things *t = malloc(sizeof(*t));
        struct world w;

        run_pair(&w, t, pair, true);
        if (pair->take == take_mapping) {
            finish_locked(t);
        }
        if (pndis__ledger_count(w.machine->ledger, &w.driver->owner) != 0) {
            fail_msg("%s is on the account although it was given back", pair->function);
        }
        close_clean(&w);
        free(t);
    }
}

static void
an_mdl_that_is_forgotten_with_its_mapping_is_two_leaks(void **state)
{
    struct things t = {0};
    struct world w;

    (void)state;
    world_start(&w, 0);
    prepare_locked(&t);
    take_mapping(&t);
    world_end(&w);
    assert_non_null(strstr(pndis_violation_at(w.machine, 0)->message, "an MDL of 96 bytes"));
    assert_non_null(
        strstr(pndis_violation_at(w.machine, 1)->message, "a mapping of locked pages of 96 bytes"));
    assert_null(pndis_violation_at(w.machine, 2));
    pndis_machine_destroy(w.machine);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_forgotten_is_told_at_unload_with_what_and_where),
        cmocka_unit_test(what_is_given_back_is_not_told),
        cmocka_unit_test(an_mdl_that_is_forgotten_with_its_mapping_is_two_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
