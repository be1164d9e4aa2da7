/* What the leak ledger knows of memory: pool, lookaside lists, MDLs, strings. */
#include "probe/ledger_pair.h"

#include <ndis.h>

struct things {
    struct world *w;
    PVOID memory;
    PMDL mdl;
    PVOID mapping;
    NPAGED_LOOKASIDE_LIST nonpaged;
    PAGED_LOOKASIDE_LIST paged;
    LOOKASIDE_LIST_EX extended;
    PEX_RUNDOWN_REF_CACHE_AWARE rundown;
    UNICODE_STRING unicode;
    ANSI_STRING ansi;
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

/* --- the table --- */

static const struct pair pairs[] = {
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
};

static void
what_is_forgotten_is_told_at_unload_with_what_and_where(void **state)
{
    (void)state;
    pairs_forgotten(pairs, RTL_NUMBER_OF(pairs), sizeof(struct things));
}

static void
what_is_given_back_is_not_told(void **state)
{
    (void)state;
    pairs_given_back(pairs, RTL_NUMBER_OF(pairs), sizeof(struct things));
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

static void
a_mapping_that_is_given_back_is_not_told(void **state)
{
    struct things t = {0};
    struct world w;

    (void)state;
    world_start(&w, 0);
    prepare_locked(&t);
    take_mapping(&t);
    give_mapping(&t);
    finish_locked(&t);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_forgotten_is_told_at_unload_with_what_and_where),
        cmocka_unit_test(what_is_given_back_is_not_told),
        cmocka_unit_test(an_mdl_that_is_forgotten_with_its_mapping_is_two_leaks),
        cmocka_unit_test(a_mapping_that_is_given_back_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
