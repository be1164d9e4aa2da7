/* What the headers show at one NDIS version. Sizes are 0, and revisions 0, of what is not there. */
#ifndef WDK_LEVEL_H
#define WDK_LEVEL_H

struct level {
    const char *name;
    int major;
    int minor;
    int minimum_major;
    int minimum_minor;
    /* The highest revision that is declared. */
    int miniport_characteristics;
    int filter_characteristics;
    int protocol_characteristics;
    int registration_attributes;
    int general_attributes;
    int hardware_assist;
    int bind_parameters;
    int restart_attributes;
    int oid_request;
    int offload;
    int offload_parameters;
    int rss_capabilities;
    int rss_parameters;
    int pm_capabilities;
    int receive_filter;
    /* Sizes of structures that grow. */
    int net_buffer_list_bytes;
    int miniport_characteristics_bytes;
    int general_attributes_bytes;
    int oid_request_bytes;
};

#endif
