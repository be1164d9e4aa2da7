/* Dates: "RtlTimeToTimeFields function". */
#include "nt/nt_support.h"

static const LONGLONG units_per_second = 10000000;

static void
known_moments_have_their_fields(void **state)
{
    static const struct {
        LONGLONG seconds; /* Since 1601. */
        TIME_FIELDS fields;
    } cases[] = {
        {0, {1601, 1, 1, 0, 0, 0, 0, 1}},
        {11644473600, {1970, 1, 1, 0, 0, 0, 0, 4}},
        {11644473600 + 951782400, {2000, 2, 29, 0, 0, 0, 0, 2}},
        {11644473600 + 1735689599, {2024, 12, 31, 23, 59, 59, 0, 2}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(cases); i++) {
        LARGE_INTEGER time = {.QuadPart = cases[i].seconds * units_per_second};
        LARGE_INTEGER back;
        TIME_FIELDS fields;

        RtlTimeToTimeFields(&time, &fields);
        assert_memory_equal(&fields, &cases[i].fields, sizeof(fields));
        assert_true(RtlTimeFieldsToTime(&fields, &back));
        assert_int_equal(back.QuadPart, time.QuadPart);
    }
}

static void
every_day_of_four_centuries_survives(void **state)
{
    TIME_FIELDS before = {0};

    (void)state;
    for (LONGLONG day = 0; day < 146097; day++) {
        LARGE_INTEGER time = {.QuadPart = (day * 86400 + 12345) * units_per_second + 6780000};
        LARGE_INTEGER back;
        TIME_FIELDS fields;

        RtlTimeToTimeFields(&time, &fields);
        assert_true(RtlTimeFieldsToTime(&fields, &back));
        assert_int_equal(back.QuadPart, time.QuadPart);
        assert_int_equal(fields.Milliseconds, 678);
        assert_int_equal(fields.Weekday, day == 0 ? 1 : (before.Weekday + 1) % 7);
        assert_true(fields.Day == 1 || fields.Day == before.Day + 1);
        before = fields;
    }
}

static void
impossible_dates_are_refused(void **state)
{
    static const TIME_FIELDS bad[] = {
        {1600, 12, 31, 0, 0, 0, 0, 0},  {2023, 2, 29, 0, 0, 0, 0, 0}, {2024, 13, 1, 0, 0, 0, 0, 0},
        {2024, 0, 1, 0, 0, 0, 0, 0},    {2024, 4, 31, 0, 0, 0, 0, 0}, {2024, 1, 0, 0, 0, 0, 0, 0},
        {2024, 1, 1, 24, 0, 0, 0, 0},   {2024, 1, 1, 0, 60, 0, 0, 0}, {2024, 1, 1, 0, 0, 60, 0, 0},
        {2024, 1, 1, 0, 0, 0, 1000, 0},
    };
    LARGE_INTEGER time;

    (void)state;
    for (size_t i = 0; i < ARRAYSIZE(bad); i++) {
        TIME_FIELDS fields = bad[i];

        assert_false(RtlTimeFieldsToTime(&fields, &time));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_have_their_fields),
        cmocka_unit_test(every_day_of_four_centuries_survives),
        cmocka_unit_test(impossible_dates_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
