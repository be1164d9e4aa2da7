/* Processors, groups and nodes: "Processor Groups", KeQueryLogicalProcessorRelationship. */
#include "nt/nt_support.h"

static void
open_with(struct world *w, unsigned processors)
{
    world_open(w, &(struct pndis_machine_options){.processors = processors});
}

static void
there_is_one_group_with_all_processors(void **state)
{
    GROUP_AFFINITY affinity;
    struct world w;

    (void)state;
    open_with(&w, 3);
    assert_int_equal(KeQueryActiveProcessorCount(NULL), 3);
    assert_int_equal(KeQueryActiveProcessorCountEx(0), 3);
    assert_int_equal(KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), 3);
    assert_int_equal(KeQueryActiveProcessorCountEx(1), 0);
    assert_int_equal(KeQueryMaximumProcessorCount(), 3);
    assert_int_equal(KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS), 3);
    assert_int_equal(KeQueryActiveProcessors(), 7);
    assert_int_equal(KeQueryGroupAffinity(0), 7);
    assert_int_equal(KeQueryGroupAffinity(1), 0);
    assert_int_equal(KeQueryActiveGroupCount(), 1);
    assert_int_equal(KeQueryMaximumGroupCount(), 1);
    assert_int_equal(KeQueryHighestNodeNumber(), 0);
    assert_int_equal(KeGetCurrentNodeNumber(), 0);
    KeQueryNodeActiveAffinity(0, &affinity, NULL);
    assert_int_equal(affinity.Mask, 7);
    close_clean(&w);
}

static void
sixty_four_processors_fill_the_mask(void **state)
{
    struct world w;

    (void)state;
    open_with(&w, 64);
    assert_true(KeQueryActiveProcessors() == ~(KAFFINITY)0);
    assert_int_equal(KeQueryActiveProcessorCount(NULL), 64);
    close_clean(&w);
}

static void
indexes_and_numbers_match(void **state)
{
    PROCESSOR_NUMBER number;
    struct world w;

    (void)state;
    open_with(&w, 4);
    for (ULONG i = 0; i < 4; i++) {
        assert_int_equal(KeGetProcessorNumberFromIndex(i, &number), STATUS_SUCCESS);
        assert_int_equal(number.Group, 0);
        assert_int_equal(number.Number, i);
        assert_int_equal(KeGetProcessorIndexFromNumber(&number), i);
    }
    assert_int_equal(KeGetProcessorNumberFromIndex(4, &number), STATUS_INVALID_PARAMETER);
    number = (PROCESSOR_NUMBER){.Number = 4};
    assert_int_equal(KeGetProcessorIndexFromNumber(&number), INVALID_PROCESSOR_INDEX);
    number = (PROCESSOR_NUMBER){.Group = 1};
    assert_int_equal(KeGetProcessorIndexFromNumber(&number), INVALID_PROCESSOR_INDEX);
    assert_true(KeGetCurrentProcessorNumberEx(&number) < 4);
    assert_int_equal(KeGetProcessorIndexFromNumber(&number), KeGetCurrentProcessorIndex());
    close_clean(&w);
}

static void
the_relationships_are_written_in_full(void **state)
{
    PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX information;
    ULONG length = 0;
    ULONG seen = 0;
    struct world w;
    PUCHAR buffer;

    (void)state;
    open_with(&w, 4);
    assert_int_equal(
        KeQueryLogicalProcessorRelationship(NULL, RelationProcessorCore, NULL, &length),
        STATUS_INFO_LENGTH_MISMATCH);
    buffer = malloc(length);
    information = (PVOID)buffer;
    assert_int_equal(
        KeQueryLogicalProcessorRelationship(NULL, RelationProcessorCore, information, &length),
        STATUS_SUCCESS);
    for (ULONG at = 0; at < length; at += information->Size) {
        information = (PVOID)(buffer + at);
        assert_int_equal(information->Relationship, RelationProcessorCore);
        assert_int_equal(information->Processor.GroupCount, 1);
        assert_int_equal(information->Processor.GroupMask[0].Mask, 1 << seen);
        seen++;
    }
    assert_int_equal(seen, 4);
    free(buffer);
    close_clean(&w);
}

static void
one_processors_relationships_can_be_asked_for(void **state)
{
    PROCESSOR_NUMBER number = {.Number = 2};
    UCHAR buffer[256];
    PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX information = (PVOID)buffer;
    ULONG length = sizeof(buffer);
    struct world w;

    (void)state;
    open_with(&w, 4);
    assert_int_equal(
        KeQueryLogicalProcessorRelationship(&number, RelationProcessorCore, information, &length),
        STATUS_SUCCESS);
    assert_int_equal(length, information->Size);
    assert_int_equal(information->Processor.GroupMask[0].Mask, 4);
    length = sizeof(buffer);
    assert_int_equal(KeQueryLogicalProcessorRelationship(NULL, RelationGroup, information, &length),
                     STATUS_SUCCESS);
    assert_int_equal(information->Group.ActiveGroupCount, 1);
    assert_int_equal(information->Group.GroupInfo[0].ActiveProcessorCount, 4);
    assert_int_equal(information->Group.GroupInfo[0].ActiveProcessorMask, 15);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_group_with_all_processors),
        cmocka_unit_test(sixty_four_processors_fill_the_mask),
        cmocka_unit_test(indexes_and_numbers_match),
        cmocka_unit_test(the_relationships_are_written_in_full),
        cmocka_unit_test(one_processors_relationships_can_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
