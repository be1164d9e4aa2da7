/* Configuration: what drivers and adapters find in the registry. */
#ifndef PNDIS_LIB_NDIS_CONFIG_H
#define PNDIS_LIB_NDIS_CONFIG_H

#include "ndis/ndis_core.h"
#include "nt/registry.h"

/* --- installing (config_install.c) --- */

/*
 * Write the key of a new adapter: what its driver's INF file says, then what the host's options
 * say. Returns 0 or PNDIS_E*, with the error set.
 */
int pndis__configuration_install(struct pndis_adapter *adapter,
                                 const struct pndis_adapter_options *options);
void pndis__configuration_uninstall(struct pndis_adapter *adapter);

/* --- values, as drivers read and write them (config_value.c) --- */

/* A parameter that a driver has read, with what it points to. */
struct stored_parameter {
    struct stored_parameter *next;
    NDIS_CONFIGURATION_PARAMETER parameter;
    uint8_t data[];
};

/*
 * NDIS_STATUS_SUCCESS with a fresh parameter, NDIS_STATUS_RESOURCES, or NDIS_STATUS_FAILURE for a
 * type that has no parameter type. @wanted decides what becomes of text.
 */
NDIS_STATUS pndis__parameter_of_value(const struct value *value, NDIS_PARAMETER_TYPE wanted,
                                      struct stored_parameter **out_stored);
NDIS_STATUS pndis__parameter_write(struct pndis_machine *machine, struct key *key,
                                   PCUNICODE_STRING keyword,
                                   const NDIS_CONFIGURATION_PARAMETER *parameter);
/* Bytes written to @bytes for the hexadecimal digits in @value, hyphens left out; 0 when there are
 * none or it is no text. @bytes holds one for every two characters. */
UINT pndis__network_address_of_value(const struct value *value, uint8_t *bytes);

#endif
