/* OID_STUCK of NDIS 5: a miniport completes what NDIS asks it after MiniportInitialize. */
#include "miniport51.h"

static void
a_question_of_ndis_is_answered(void **state)
{
    struct world w;

    (void)state;
    if (world_is_live()) {
        skip(); /* The machine's timeout is half a minute, which takes no time on sim. */
    }
    miniport51_reset();
    miniport51.pended_oid = OID_GEN_LINK_SPEED;
    miniport51.answer_when = BY_HAND;
    world5_open(&w, 0);
    world5_add(&w);
    world_expect_violation_of(&w, "OID_STUCK", "has not completed OID 0x00010107", "");
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_of_ndis_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
