/* What a protocol is told about an adapter when it is asked to bind. */
#ifndef PNDIS_LIB_NDIS_BIND_PARAMETERS_H
#define PNDIS_LIB_NDIS_BIND_PARAMETERS_H

#include "ndis/ndis_core.h"

struct bind_parameters {
    NDIS_BIND_PARAMETERS public;
    NDIS_PNP_CAPABILITIES pnp;
    NDIS_PORT *ports;
    UNICODE_STRING section;
    WCHAR section_buffer[2 * NAME_CHARACTERS];
};

/* Of the revision that @binding's protocol knows. Everything is borrowed from @binding and
 * @parameters. */
void pndis__bind_parameters_fill(struct binding *binding, struct bind_parameters *parameters);

void pndis__bind_parameters_end(struct bind_parameters *parameters);

#endif
