/* pndis_fault_arm(): every allocation of a driver fails in its turn, and a careful driver survives.
 */
#include "nt/nt_support.h"

static void
fire(PEX_TIMER timer, PVOID context)
{
    (void)timer;
    (void)context;
}

static VOID
end_at_once(PVOID user)
{
    (void)user;
}

/* --- one row for each function that may fail for want of memory --- */

static bool
pool_with_tag(struct world *w)
{
    PVOID memory = ExAllocatePoolWithTag(NonPagedPoolNx, 8, TEST_TAG);

    (void)w;
    if (memory != NULL) {
        ExFreePool(memory);
    }
    return memory != NULL;
}

static bool
pool2(struct world *w)
{
    PVOID memory = ExAllocatePool2(POOL_FLAG_PAGED, 8, TEST_TAG);

    (void)w;
    if (memory != NULL) {
        ExFreePool(memory);
    }
    return memory != NULL;
}

static bool
mdl(struct world *w)
{
    PMDL made = IoAllocateMdl(w, sizeof(*w), FALSE, FALSE, NULL);

    if (made != NULL) {
        IoFreeMdl(made);
    }
    return made != NULL;
}

static bool
irp(struct world *w)
{
    PIRP made = IoAllocateIrp(2, FALSE);

    (void)w;
    if (made != NULL) {
        IoFreeIrp(made);
    }
    return made != NULL;
}

static bool
timer(struct world *w)
{
    PEX_TIMER made = ExAllocateTimer(fire, NULL, 0);

    (void)w;
    if (made != NULL) {
        ExDeleteTimer(made, TRUE, FALSE, NULL);
    }
    return made != NULL;
}

static bool
thread(struct world *w)
{
    HANDLE handle;
    PVOID object;
    NTSTATUS status =
        PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, end_at_once, NULL);

    (void)w;
    if (NT_SUCCESS(status)) {
        ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &object,
                                  NULL);
        wait_for(object);
        ObDereferenceObject(object);
        ZwClose(handle);
    }
    return NT_SUCCESS(status);
}

static bool
device(struct world *w)
{
    PDEVICE_OBJECT made;
    NTSTATUS status = IoCreateDevice(w->object, 8, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &made);

    if (NT_SUCCESS(status)) {
        IoDeleteDevice(made);
    }
    return NT_SUCCESS(status);
}

static bool
symbolic_link(struct world *w)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\DosDevices\\Fault");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\Fault");
    NTSTATUS status = IoCreateSymbolicLink(&name, &target);

    (void)w;
    if (NT_SUCCESS(status)) {
        IoDeleteSymbolicLink(&name);
    }
    return NT_SUCCESS(status);
}

static bool
event(struct world *w)
{
    HANDLE handle;
    NTSTATUS status = ZwCreateEvent(&handle, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);

    (void)w;
    if (NT_SUCCESS(status)) {
        ZwClose(handle);
    }
    return NT_SUCCESS(status);
}

static bool
key(struct world *w)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software\\Fault");
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    NTSTATUS status;

    (void)w;
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateKey(&handle, KEY_ALL_ACCESS, &attributes, 0, NULL, 0, NULL);
    if (NT_SUCCESS(status)) {
        ZwClose(handle);
    }
    return NT_SUCCESS(status);
}

static bool
string(struct world *w)
{
    ANSI_STRING source = RTL_CONSTANT_STRING("text");
    UNICODE_STRING target;
    NTSTATUS status = RtlAnsiStringToUnicodeString(&target, &source, TRUE);

    (void)w;
    if (NT_SUCCESS(status)) {
        RtlFreeUnicodeString(&target);
    }
    return NT_SUCCESS(status);
}

static bool
pages(struct world *w)
{
    const PHYSICAL_ADDRESS all = {.QuadPart = MAXLONGLONG};
    const PHYSICAL_ADDRESS zero = {.QuadPart = 0};
    PMDL made = MmAllocatePagesForMdl(zero, all, zero, PAGE_SIZE);

    (void)w;
    if (made != NULL) {
        MmFreePagesFromMdl(made);
        ExFreePool(made);
    }
    return made != NULL;
}

static bool
contiguous(struct world *w)
{
    PVOID memory = MmAllocateContiguousMemory(8, (PHYSICAL_ADDRESS){.QuadPart = MAXLONGLONG});

    (void)w;
    if (memory != NULL) {
        MmFreeContiguousMemory(memory);
    }
    return memory != NULL;
}

static bool
rundown(struct world *w)
{
    PEX_RUNDOWN_REF_CACHE_AWARE made =
        ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, TEST_TAG);

    (void)w;
    if (made != NULL) {
        ExFreeCacheAwareRundownProtection(made);
    }
    return made != NULL;
}

static bool
work_item(struct world *w)
{
    PDEVICE_OBJECT made;
    PIO_WORKITEM item;

    if (!NT_SUCCESS(IoCreateDevice(w->object, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &made))) {
        return false;
    }
    item = IoAllocateWorkItem(made);
    if (item != NULL) {
        IoFreeWorkItem(item);
    }
    IoDeleteDevice(made);
    return item != NULL;
}

static const struct {
    const char *name;
    bool (*run)(struct world *w);
    unsigned allocations; /* At least. */
} rows[] = {
    {"ExAllocatePoolWithTag", pool_with_tag, 1},
    {"ExAllocatePool2", pool2, 1},
    {"IoAllocateMdl", mdl, 1},
    {"IoAllocateIrp", irp, 1},
    {"ExAllocateTimer", timer, 1},
    {"PsCreateSystemThread", thread, 1},
    {"IoCreateDevice", device, 1},
    {"IoCreateSymbolicLink", symbolic_link, 1},
    {"ZwCreateEvent", event, 1},
    {"ZwCreateKey", key, 1},
    {"RtlAnsiStringToUnicodeString", string, 1},
    {"MmAllocatePagesForMdl", pages, 2},
    {"MmAllocateContiguousMemory", contiguous, 1},
    {"ExAllocateCacheAwareRundownProtection", rundown, 1},
    {"IoAllocateWorkItem", work_item, 2},
};

static void
each_function_fails_at_each_of_its_allocations(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned failures = 0;
        struct world w;
        bool fired;

        world_start(&w, 0);
        do {
            bool worked;

            pndis_fault_arm(w.machine, failures);
            worked = rows[i].run(&w);
            fired = pndis_fault_fired(w.machine);
            if (worked == fired) {
                fail_msg("%s: %s, and the fault was %s", rows[i].name, worked ? "worked" : "failed",
                         fired ? "used" : "left");
            }
            failures += fired;
        } while (fired);
        if (failures < rows[i].allocations) {
            fail_msg("%s was made to fail %u times", rows[i].name, failures);
        }
        pndis_fault_disarm(w.machine);
        close_clean(&w);
    }
}

static void
the_countdown_counts(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    pndis_fault_arm(w.machine, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(pool2(&w));
        assert_false(pndis_fault_fired(w.machine));
    }
    assert_int_equal(pndis_fault_attempts(w.machine), 3);
    assert_false(pool2(&w));
    assert_true(pndis_fault_fired(w.machine));
    assert_true(pool2(&w));
    /* Arming again starts anew. */
    pndis_fault_arm(w.machine, 0);
    assert_false(pndis_fault_fired(w.machine));
    assert_int_equal(pndis_fault_attempts(w.machine), 0);
    pndis_fault_disarm(w.machine);
    assert_true(pool2(&w));
    assert_false(pndis_fault_fired(w.machine));
    close_clean(&w);
}

static VOID
allocate_often(PVOID user)
{
    struct world *w = user;

    for (unsigned i = 0; i < 20; i++) {
        pool2(w);
    }
}

static void
run_one_of_many_fails(struct world *w)
{
    struct runner runners[3];

    pndis_fault_arm(w->machine, UINT32_MAX);
    for (unsigned i = 0; i < 3; i++) {
        runner_start(&runners[i], allocate_often, w);
    }
    for (unsigned i = 0; i < 3; i++) {
        runner_join(&runners[i]);
    }
    /* Threads and their handles are allocations too. */
    expect(w, pndis_fault_attempts(w->machine) >= 60);
    expect(w, !pndis_fault_fired(w->machine));
    pndis_fault_disarm(w->machine);
    close_clean(w);
}

static void
threads_count_together(void **state)
{
    (void)state;
    under_many_seeds(run_one_of_many_fails);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_fails_at_each_of_its_allocations),
        cmocka_unit_test(the_countdown_counts),
        cmocka_unit_test(threads_count_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
