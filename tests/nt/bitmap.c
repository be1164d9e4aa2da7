/* Bit maps and the bits of a number: "RTL_BITMAP structure". */
#include "nt/nt_support.h"

enum { BITS = 70 };

struct map {
    RTL_BITMAP map;
    ULONG words[3];
};

static void
map_init(struct map *map)
{
    RtlInitializeBitMap(&map->map, map->words, BITS);
    RtlClearAllBits(&map->map);
}

static void
bits_are_set_tested_and_counted(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    RtlSetBit(&m.map, 0);
    RtlSetBit(&m.map, 69);
    RtlSetBits(&m.map, 30, 5);
    assert_int_equal(m.words[0], 0xc0000001);
    assert_int_equal(m.words[1], 7);
    assert_true(RtlTestBit(&m.map, 69));
    assert_false(RtlTestBit(&m.map, 35));
    assert_int_equal(RtlNumberOfSetBits(&m.map), 7);
    assert_int_equal(RtlNumberOfClearBits(&m.map), BITS - 7);
    assert_int_equal(RtlNumberOfSetBitsInRange(&m.map, 31, 10), 4);
    RtlClearBit(&m.map, 69);
    RtlClearBits(&m.map, 31, 2);
    assert_int_equal(RtlNumberOfSetBits(&m.map), 4);
    RtlSetAllBits(&m.map);
    assert_int_equal(RtlNumberOfSetBits(&m.map), BITS);
}

static void
ranges_are_asked_for_within_the_map(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    RtlSetBits(&m.map, 10, 20);
    assert_true(RtlAreBitsSet(&m.map, 10, 20));
    assert_false(RtlAreBitsSet(&m.map, 10, 21));
    assert_true(RtlAreBitsClear(&m.map, 30, 40));
    assert_false(RtlAreBitsClear(&m.map, 30, 41));
    assert_false(RtlAreBitsClear(&m.map, 30, 0));
}

static void
ranges_are_found_from_the_hint_on(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    RtlSetBits(&m.map, 10, 20);
    assert_int_equal(RtlFindClearBits(&m.map, 10, 0), 0);
    assert_int_equal(RtlFindClearBits(&m.map, 11, 0), 30);
    assert_int_equal(RtlFindClearBits(&m.map, 5, 12), 30);
    assert_int_equal(RtlFindClearBits(&m.map, 10, 65), 0);
    assert_int_equal(RtlFindClearBits(&m.map, 41, 0), 0xffffffff);
    assert_int_equal(RtlFindSetBits(&m.map, 20, 50), 10);
    assert_int_equal(RtlFindClearBitsAndSet(&m.map, 40, 0), 30);
    assert_int_equal(RtlFindClearBitsAndSet(&m.map, 11, 0), 0xffffffff);
    assert_int_equal(RtlFindSetBitsAndClear(&m.map, 60, 0), 10);
    assert_int_equal(RtlNumberOfSetBits(&m.map), 0);
}

static void
runs_are_found(void **state)
{
    RTL_BITMAP_RUN runs[3];
    struct map m;
    ULONG at;

    (void)state;
    map_init(&m);
    RtlSetAllBits(&m.map);
    RtlClearBits(&m.map, 5, 3);
    RtlClearBits(&m.map, 20, 20);
    RtlClearBits(&m.map, 60, 10);
    assert_int_equal(RtlFindFirstRunClear(&m.map, &at), 3);
    assert_int_equal(at, 5);
    assert_int_equal(RtlFindNextForwardRunClear(&m.map, 30, &at), 10);
    assert_int_equal(at, 30);
    assert_int_equal(RtlFindNextForwardRunClear(&m.map, 70, &at), 0);
    assert_int_equal(RtlFindLastBackwardRunClear(&m.map, 50, &at), 20);
    assert_int_equal(at, 20);
    assert_int_equal(RtlFindLongestRunClear(&m.map, &at), 20);
    assert_int_equal(at, 20);
    assert_int_equal(RtlFindClearRuns(&m.map, runs, 2, TRUE), 2);
    assert_int_equal(runs[0].NumberOfBits, 20);
    assert_int_equal(runs[1].NumberOfBits, 10);
    assert_int_equal(RtlFindClearRuns(&m.map, runs, 2, FALSE), 2);
    assert_int_equal(runs[0].StartingIndex, 5);
    assert_int_equal(runs[1].StartingIndex, 20);
}

static void
bits_of_a_number_are_found(void **state)
{
    (void)state;
    assert_int_equal(RtlFindLeastSignificantBit(0), -1);
    assert_int_equal(RtlFindMostSignificantBit(0), -1);
    assert_int_equal(RtlFindLeastSignificantBit(0x8000000000000010), 4);
    assert_int_equal(RtlFindMostSignificantBit(0x8000000000000010), 63);
    assert_int_equal(RtlNumberOfSetBitsUlongPtr(0xf00000000000000f), 8);
}

static void
memory_is_compared_up_to_the_first_difference(void **state)
{
    (void)state;
    assert_int_equal(RtlCompareMemory("abcdef", "abcxef", 6), 3);
    assert_int_equal(RtlCompareMemory("abc", "abc", 3), 3);
    assert_true(RtlIsZeroMemory("\0\0\0", 3));
    assert_false(RtlIsZeroMemory("\0\0\1", 3));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_set_tested_and_counted),
        cmocka_unit_test(ranges_are_asked_for_within_the_map),
        cmocka_unit_test(ranges_are_found_from_the_hint_on),
        cmocka_unit_test(runs_are_found),
        cmocka_unit_test(bits_of_a_number_are_found),
        cmocka_unit_test(memory_is_compared_up_to_the_first_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
