/*
 * INF files, read ("General Syntax Rules for INF Files"): sections of lines of fields, with the
 * %strings% put in. What the lines mean is inf_apply.c's business.
 */
#ifndef PNDIS_LIB_NT_INF_H
#define PNDIS_LIB_NT_INF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "key = field, field ..." or, without a key, "field, field ...". All text is UTF-8. */
struct inf_line {
    char *key; /* NULL: none. */
    char **fields;
    size_t field_count;
    unsigned number; /* In the file, from 1. */
    struct inf_line *next;
};

struct inf_section {
    char *name;
    struct inf_line *lines;
    struct inf_line *last_line;
    struct inf_section *next;
};

struct inf {
    struct inf_section *sections; /* In the order of the file; of one name there is one. */
};

/*
 * Parse the @bytes of a file at @text: UTF-8, or UTF-16 with a byte order mark. Returns 0 or
 * PNDIS_E*, with a sentence in @error.
 */
int pndis__inf_parse(struct inf *inf, const uint8_t *text, size_t bytes, char *error,
                     size_t error_bytes);
void pndis__inf_fini(struct inf *inf);

/* Names compare without regard to case. NULL: there is none. */
const struct inf_section *pndis__inf_section(const struct inf *inf, const char *name);
const struct inf_line *pndis__inf_line(const struct inf_section *section, const char *key);
/* Field @index, or "" where the line has fewer. */
const char *pndis__inf_field(const struct inf_line *line, size_t index);

bool pndis__inf_same_name(const char *a, const char *b);

#endif
