/* The table of NDIS_OBJECT_HEADERs. See header.h; sizes come from the NDIS_SIZEOF_ macros. */
#include "ndis/header.h"

enum { REVISION_LIMIT = 4 };

static const struct {
    const char *name;
    UCHAR type;
    USHORT sizes[REVISION_LIMIT]; /* Of revision 1, 2 ... */
    UCHAR since[REVISION_LIMIT];  /* The minor version of NDIS 6 that each came with. */
} structures[HEADER_COUNT] = {
    [HEADER_MINIPORT_CHARACTERISTICS] =
        {.name = "NDIS_MINIPORT_DRIVER_CHARACTERISTICS",
         .type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
         .sizes = {NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3},
         .since = {0, 1, 80}},
    [HEADER_PROTOCOL_CHARACTERISTICS] =
        {.name = "NDIS_PROTOCOL_DRIVER_CHARACTERISTICS",
         .type = NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
         .sizes = {NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1,
                   NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2},
         .since = {0, 1}},
    [HEADER_MINIPORT_PNP_CHARACTERISTICS] =
        {.name = "NDIS_MINIPORT_PNP_CHARACTERISTICS",
         .type = NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS,
         .sizes = {NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1}},
    [HEADER_REGISTRATION_ATTRIBUTES] =
        {.name = "NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES",
         .type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
         .sizes = {NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2},
         .since = {0, 30}},
    [HEADER_GENERAL_ATTRIBUTES] =
        {.name = "NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES",
         .type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
         .sizes = {NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2},
         .since = {0, 20}},
    [HEADER_OFFLOAD_ATTRIBUTES] =
        {.name = "NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES",
         .type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
         .sizes = {NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1}},
    [HEADER_HARDWARE_ASSIST_ATTRIBUTES] =
        {.name = "NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES",
         .type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
         .sizes = {NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
                   NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_4},
         .since = {1, 20, 30, 50}},
    [HEADER_ADD_DEVICE_ATTRIBUTES] =
        {.name = "NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES",
         .type = NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES,
         .sizes = {NDIS_SIZEOF_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES_REVISION_1}},
    [HEADER_NBL_POOL_PARAMETERS] =
        {.name = "NET_BUFFER_LIST_POOL_PARAMETERS",
         .type = NDIS_OBJECT_TYPE_DEFAULT,
         .sizes = {NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1}},
    [HEADER_NB_POOL_PARAMETERS] = {.name = "NET_BUFFER_POOL_PARAMETERS",
                                   .type = NDIS_OBJECT_TYPE_DEFAULT,
                                   .sizes = {NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1}},
    [HEADER_OPEN_PARAMETERS] = {.name = "NDIS_OPEN_PARAMETERS",
                                .type = NDIS_OBJECT_TYPE_OPEN_PARAMETERS,
                                .sizes = {NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1}},
    [HEADER_CONFIGURATION_OBJECT] = {.name = "NDIS_CONFIGURATION_OBJECT",
                                     .type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
                                     .sizes = {NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1}},
    [HEADER_OID_REQUEST] = {.name = "NDIS_OID_REQUEST",
                            .type = NDIS_OBJECT_TYPE_OID_REQUEST,
                            .sizes = {NDIS_SIZEOF_OID_REQUEST_REVISION_1,
                                      NDIS_SIZEOF_OID_REQUEST_REVISION_2}},
    [HEADER_STATUS_INDICATION] = {.name = "NDIS_STATUS_INDICATION",
                                  .type = NDIS_OBJECT_TYPE_STATUS_INDICATION,
                                  .sizes = {NDIS_SIZEOF_STATUS_INDICATION_REVISION_1}},
    [HEADER_NET_PNP_EVENT_NOTIFICATION] =
        {.name = "NET_PNP_EVENT_NOTIFICATION",
         .type = NDIS_OBJECT_TYPE_DEFAULT,
         .sizes = {NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1,
                   NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_2}},
    [HEADER_INTERRUPT_CHARACTERISTICS] =
        {.name = "NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS",
         .type = NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
         .sizes = {NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1}},
    [HEADER_SG_DMA_DESCRIPTION] = {.name = "NDIS_SG_DMA_DESCRIPTION",
                                   .type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION,
                                   .sizes = {NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1}},
    [HEADER_TIMER_CHARACTERISTICS] = {.name = "NDIS_TIMER_CHARACTERISTICS",
                                      .type = NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
                                      .sizes = {NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1}},
    [HEADER_LINK_STATE] = {.name = "NDIS_LINK_STATE",
                           .type = NDIS_OBJECT_TYPE_DEFAULT,
                           .sizes = {NDIS_SIZEOF_LINK_STATE_REVISION_1}},
    [HEADER_DEVICE_OBJECT_ATTRIBUTES] =
        {.name = "NDIS_DEVICE_OBJECT_ATTRIBUTES",
         .type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
         .sizes = {NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1}},
    [HEADER_PORT_CHARACTERISTICS] = {.name = "NDIS_PORT_CHARACTERISTICS",
                                     .type = NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS,
                                     .sizes = {NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1}},
    [HEADER_SHARED_MEMORY_PARAMETERS] =
        {.name = "NDIS_SHARED_MEMORY_PARAMETERS",
         .type = NDIS_OBJECT_TYPE_DEFAULT,
         .sizes = {NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2}},
    [HEADER_PM_CAPABILITIES] = {.name = "NDIS_PM_CAPABILITIES",
                                .type = NDIS_OBJECT_TYPE_DEFAULT,
                                .sizes = {NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1,
                                          NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2}},
    [HEADER_RSS_CAPABILITIES] = {.name = "NDIS_RECEIVE_SCALE_CAPABILITIES",
                                 .type = NDIS_OBJECT_TYPE_RSS_CAPABILITIES,
                                 .sizes = {NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1,
                                           NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2,
                                           NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_3}},
};

static unsigned
latest_revision(enum header_structure kind)
{
    unsigned revision = 1;

    while (revision < REVISION_LIMIT && structures[kind].sizes[revision] != 0) {
        revision++;
    }
    return revision;
}

/* The size of @revision; of a revision pndis does not know, what the latest known one has. */
static USHORT
size_of_revision(enum header_structure kind, UCHAR revision)
{
    unsigned latest = latest_revision(kind);

    return structures[kind].sizes[(revision < latest ? revision : latest) - 1];
}

bool
pndis__object_header_check(struct context *context, const void *structure,
                           enum header_structure kind, const char *call, const void *caller)
{
    const NDIS_OBJECT_HEADER *header = structure;
    const char *name = structures[kind].name;

    if (header == NULL) {
        pndis__report(context, RULE_OBJECT_HEADER, NULL, call, caller, "%s is NULL", name);
    } else if (header->Type != structures[kind].type) {
        pndis__report(context, RULE_OBJECT_HEADER, NULL, call, caller,
                      "Type of %s is 0x%02x instead of 0x%02x", name, header->Type,
                      structures[kind].type);
    } else if (header->Revision == 0) {
        pndis__report(context, RULE_OBJECT_HEADER, NULL, call, caller, "Revision of %s is 0", name);
    } else if (header->Size < size_of_revision(kind, header->Revision)) {
        pndis__report(context, RULE_OBJECT_HEADER, NULL, call, caller,
                      "Size of %s revision %u is %u, less than %u", name, header->Revision,
                      header->Size, size_of_revision(kind, header->Revision));
    } else {
        return true;
    }
    return false;
}

/* The latest revision that NDIS @version has, 0 when it has none. */
static unsigned
revision_of_version(enum header_structure kind, ULONG version)
{
    unsigned revision = latest_revision(kind);

    while (revision > 0 && ndis_version(6, structures[kind].since[revision - 1]) > version) {
        revision--;
    }
    return revision;
}

bool
pndis__revision_check(struct context *context, const void *structure, enum header_structure kind,
                      ULONG version, const char *call, const void *caller)
{
    const NDIS_OBJECT_HEADER *header = structure;
    unsigned latest = revision_of_version(kind, version);

    if (header->Revision <= latest) {
        return true;
    }
    pndis__report(context, RULE_REG_REVISION, NULL, call, caller,
                  "%s has revision %u; the latest of NDIS %u.%u is %u", structures[kind].name,
                  header->Revision, version >> 16, version & 0xffff, latest);
    return false;
}

size_t
pndis__object_header_bytes(const void *structure, enum header_structure kind)
{
    const NDIS_OBJECT_HEADER *header = structure;

    return size_of_revision(kind, header->Revision);
}

void
pndis__object_header_copy(void *to, size_t to_bytes, const void *from, enum header_structure kind)
{
    pndis__headed_copy(to, to_bytes, from, pndis__object_header_bytes(from, kind));
}

void
pndis__headed_copy(void *to, size_t to_bytes, const void *from, size_t from_bytes)
{
    NDIS_OBJECT_HEADER *header = to;
    size_t bytes = min(from_bytes, to_bytes);

    memset(to, 0, to_bytes);
    memcpy(to, from, min(bytes, (size_t)((const NDIS_OBJECT_HEADER *)from)->Size));
    header->Size = (USHORT)min(bytes, (size_t)header->Size);
}
