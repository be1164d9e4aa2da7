/* What the tests of registrations share: a driver whose DriverEntry succeeds, or does not. */
#ifndef PNDIS_TESTS_REGISTERING_H
#define PNDIS_TESTS_REGISTERING_H

#include "support/world.h"

enum { SEEDS = 10 };

/* Load a driver: its DriverEntry answers @status, and breaks @rule; NULL: none. */
static inline void
driver_registers(struct world *w, pndis_driver_entry *entry, NDIS_STATUS status, const char *rule)
{
    struct pndis_driver *driver = pndis_driver_load(
        w->machine, NULL, &(struct pndis_driver_options){.name = "malformed", .entry = entry});

    expect(w, (driver != NULL) == (status == NDIS_STATUS_SUCCESS));
    if (pndis_machine_driver_status(w->machine) != status) {
        fail_msg("DriverEntry: %#x instead of %#x", pndis_machine_driver_status(w->machine),
                 status);
    }
    if (rule == NULL) {
        world_expect_clean(w);
    } else {
        world_expect_violation(w, rule);
    }
    if (driver != NULL) {
        expect(w, pndis_driver_unload(driver) == 0);
    }
}

/* Each of @headers is @refused in characteristics that are sound otherwise. */
static inline void
headers_are_refused(const NDIS_OBJECT_HEADER *headers, size_t count,
                    void (*refused)(const char *what, const NDIS_OBJECT_HEADER *header))
{
    for (size_t i = 0; i < count; i++) {
        char what[64];

        snprintf(what, sizeof(what), "type %#x, revision %u, %u bytes", headers[i].Type,
                 headers[i].Revision, headers[i].Size);
        refused(what, &headers[i]);
    }
}

#endif
