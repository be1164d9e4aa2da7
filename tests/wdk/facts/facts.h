/* Facts of the Windows driver headers on x64: sizes, offsets and values as plain numbers, to hold
 * include/wdk against. The numbers are typed from the documentation and the layout rules of x64
 * (LONG 32 bits, pointers 64), never computed from the headers. */
#ifndef WDK_FACTS_H
#define WDK_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include <ntifs.h>
#include <ndis.h>

struct fact {
    const char *text;
    uint64_t seen;
    uint64_t expected;
};

#define SIZE(type, bytes)                                                                          \
    {                                                                                              \
        "sizeof(" #type ")", sizeof(type), (bytes)                                                 \
    }
#define AT(type, member, offset)                                                                   \
    {                                                                                              \
#type "." #member, offsetof(type, member), (offset)                                        \
    }
#define IS(constant, value)                                                                        \
    {                                                                                              \
#constant, (uint64_t)(constant), (value)                                                   \
    }
/* A 32-bit status or flag word, whatever its sign. */
#define IS32(constant, value)                                                                      \
    {                                                                                              \
#constant, (uint32_t)(constant), (value)                                                   \
    }

struct topic {
    const char *name;
    const struct fact *facts;
    size_t count;
};

#define TOPIC(variable, rows)                                                                      \
    const struct topic variable = {#variable, rows, sizeof(rows) / sizeof((rows)[0])}

extern const struct topic topic_nbl;
extern const struct topic topic_miniport;
extern const struct topic topic_edges;
extern const struct topic topic_objects;
extern const struct topic topic_oids;
extern const struct topic topic_requests;
extern const struct topic topic_statuses;
extern const struct topic topic_media;
extern const struct topic topic_offload;
extern const struct topic topic_rss;
extern const struct topic topic_power;
extern const struct topic topic_nt_base;
extern const struct topic topic_nt_io;
extern const struct topic topic_nt_values;
extern const struct topic topic_ndis5;

#endif
