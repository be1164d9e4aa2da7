/*
 * What NDIS sets again after a reset that lost it: "Miniport Driver Hardware Reset".
 */
#include "support/world.h"

enum { SEEDS = 20, SET_LIMIT = 16, PATTERN_BYTES = sizeof(NDIS_PM_PACKET_PATTERN) + 8 };

static struct {
    NDIS_OID oids[SET_LIMIT];
    UCHAR first[SET_LIMIT]; /* Byte of each. */
    unsigned count;
} sets;

static NDIS_STATUS
note(struct port *port, PNDIS_OID_REQUEST request)
{
    NDIS_OID oid = request->DATA.SET_INFORMATION.Oid;

    (void)port;
    if (request->RequestType != NdisRequestSetInformation) {
        return NDIS_STATUS_NOT_RECOGNIZED;
    }
    if (sets.count < SET_LIMIT) {
        sets.oids[sets.count] = oid;
        sets.first[sets.count] = request->DATA.SET_INFORMATION.InformationBufferLength == 0
                                     ? 0
                                     : *(UCHAR *)request->DATA.SET_INFORMATION.InformationBuffer;
    }
    sets.count++;
    return oid == OID_OFFLOAD_ENCAPSULATION || oid == OID_PNP_ADD_WAKE_UP_PATTERN
               ? NDIS_STATUS_SUCCESS
               : NDIS_STATUS_NOT_RECOGNIZED;
}

static void
set(struct world *w, NDIS_OID oid, UCHAR fill)
{
    UCHAR data[PATTERN_BYTES];
    int status = -1;

    memset(data, fill, sizeof(data));
    pndis_client_set(w->client, oid, data, sizeof(data), &status);
    expect(w, status == NDIS_STATUS_SUCCESS);
}

/* How many sets of @oid began with @first, of those since the reset. */
static unsigned
count_of(NDIS_OID oid, UCHAR first)
{
    unsigned count = 0;

    for (unsigned i = 0; i < sets.count && i < SET_LIMIT; i++) {
        count += sets.oids[i] == oid && sets.first[i] == first;
    }
    return count;
}

static void
settings_of(ULONG version, BOOLEAN lost, unsigned encapsulations, unsigned patterns)
{
    for (uint64_t seed = 0; seed < world_seeds(SEEDS); seed++) {
        struct world w;

        miniport_reset();
        miniport.version = version;
        miniport.on_oid = note;
        miniport.addressing_reset = lost;
        world_running(&w, seed);
        set(&w, OID_OFFLOAD_ENCAPSULATION, 1);
        set(&w, OID_PNP_ADD_WAKE_UP_PATTERN, 2);
        set(&w, OID_PNP_ADD_WAKE_UP_PATTERN, 3);
        memset(&sets, 0, sizeof(sets));
        expect(&w, pndis_adapter_reset(w.adapter) == 0);
        world_settle(&w);
        expect(&w, count_of(OID_OFFLOAD_ENCAPSULATION, 1) == encapsulations);
        expect(&w, count_of(OID_PNP_ADD_WAKE_UP_PATTERN, 2) == patterns);
        expect(&w, count_of(OID_PNP_ADD_WAKE_UP_PATTERN, 3) == patterns);
        world_close(&w);
    }
}

static void
what_a_reset_lost_is_set_again(void **state)
{
    (void)state;
    settings_of(0x00060001, TRUE, 1, 1);
    settings_of(0x0006001e, TRUE, 1, 0);
}

static void
what_a_reset_kept_is_not(void **state)
{
    (void)state;
    settings_of(0x00060001, FALSE, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_reset_lost_is_set_again),
        cmocka_unit_test(what_a_reset_kept_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
