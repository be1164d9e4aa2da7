/* The INF parser. See inf.h. */
#include "nt/inf.h"

#include "nt/unicode.h"

#include <pndis/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_BYTES = 4096, SUBSTITUTION_DEPTH = 4 };

bool
pndis__inf_same_name(const char *a, const char *b)
{
    for (; *a != 0 && *b != 0; a++, b++) {
        WCHAR left = pndis__upcase((UCHAR)*a);
        WCHAR right = pndis__upcase((UCHAR)*b);

        if (left != right) {
            return false;
        }
    }
    return *a == *b;
}

/* --- the file as UTF-8 with a NUL --- */

static char *
from_utf16(const uint8_t *text, size_t bytes, bool big_endian)
{
    size_t count = bytes / sizeof(WCHAR);
    WCHAR *wide = malloc((count + 1) * sizeof(WCHAR));
    char *utf8 = malloc(count * 3 + 1);
    size_t written = 0;
    size_t used;

    if (wide == NULL || utf8 == NULL) {
        free(wide);
        free(utf8);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        wide[i] = big_endian ? (WCHAR)(text[2 * i] << 8 | text[2 * i + 1])
                             : (WCHAR)(text[2 * i + 1] << 8 | text[2 * i]);
    }
    for (size_t at = 0; at < count; at += used) {
        written += pndis__utf8_encode(pndis__utf16_decode(wide + at, count - at, &used, NULL),
                                      utf8 + written);
    }
    utf8[written] = 0;
    free(wide);
    return utf8;
}

static char *
to_utf8(const uint8_t *text, size_t bytes)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    char *copy;

    if (bytes >= 2 && text[0] == 0xff && text[1] == 0xfe) {
        return from_utf16(text + 2, bytes - 2, false);
    }
    if (bytes >= 2 && text[0] == 0xfe && text[1] == 0xff) {
        return from_utf16(text + 2, bytes - 2, true);
    }
    if (bytes >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0) {
        text += sizeof(mark);
        bytes -= sizeof(mark);
    }
    copy = malloc(bytes + 1);
    if (copy != NULL) {
        memcpy(copy, text, bytes);
        copy[bytes] = 0;
    }
    return copy;
}

/* --- building --- */

struct parser {
    struct inf *inf;
    struct inf_section *section;
    char *at;
    unsigned line;
    char *error;
    size_t error_bytes;
    int result;
};

static void
fail(struct parser *parser, int result, const char *what)
{
    if (parser->result == 0) {
        parser->result = result;
        snprintf(parser->error, parser->error_bytes, "line %u: %s", parser->line, what);
    }
}

static char *
copy_of(struct parser *parser, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        fail(parser, PNDIS_ENOMEM, "no memory");
    }
    return copy;
}

static void
begin_section(struct parser *parser, const char *name)
{
    struct inf_section **link = &parser->inf->sections;

    while (*link != NULL && !pndis__inf_same_name((*link)->name, name)) {
        link = &(*link)->next;
    }
    /* A section that comes up again goes on. */
    if (*link == NULL) {
        *link = calloc(1, sizeof(**link));
        if (*link == NULL) {
            fail(parser, PNDIS_ENOMEM, "no memory");
            return;
        }
        (*link)->name = copy_of(parser, name);
    }
    parser->section = *link;
}

static struct inf_line *
add_line(struct parser *parser)
{
    struct inf_line *line = calloc(1, sizeof(*line));

    if (line == NULL) {
        fail(parser, PNDIS_ENOMEM, "no memory");
        return NULL;
    }
    line->number = parser->line;
    if (parser->section->last_line == NULL) {
        parser->section->lines = line;
    } else {
        parser->section->last_line->next = line;
    }
    parser->section->last_line = line;
    return line;
}

static void
add_field(struct parser *parser, struct inf_line *line, const char *text)
{
    char **grown = realloc(line->fields, (line->field_count + 1) * sizeof(char *));

    if (grown == NULL) {
        fail(parser, PNDIS_ENOMEM, "no memory");
        return;
    }
    line->fields = grown;
    line->fields[line->field_count] = copy_of(parser, text);
    if (line->fields[line->field_count] != NULL) {
        line->field_count++;
    }
}

/* --- reading --- */

static bool
is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

static bool
at_end_of_line(const struct parser *parser)
{
    return *parser->at == 0 || *parser->at == '\n';
}

/* Over blanks, and over a backslash that ends a line, which goes on in the next. */
static void
skip_blanks(struct parser *parser)
{
    for (;;) {
        char *ahead = parser->at;

        if (is_blank(*parser->at)) {
            parser->at++;
            continue;
        }
        if (*ahead++ != '\\') {
            return;
        }
        while (is_blank(*ahead)) {
            ahead++;
        }
        if (*ahead == ';') {
            ahead += strcspn(ahead, "\n");
        }
        if (*ahead != '\n') {
            return;
        }
        parser->at = ahead + 1;
        parser->line++;
    }
}

static void
next_line(struct parser *parser)
{
    parser->at += strcspn(parser->at, "\n");
    if (*parser->at == '\n') {
        parser->at++;
    }
    parser->line++;
}

/*
 * One field: text up to a comma, an equals sign (where @is_key allows for one) or the end of the
 * line, less the blanks around it. Parts in quotes are taken as they are, with two quotes for one.
 */
static void
read_field(struct parser *parser, char text[FIELD_BYTES], bool *out_is_key)
{
    size_t used = 0;
    size_t kept = 0; /* Up to here blanks at the end do not go. */
    bool quoted = false;

    skip_blanks(parser);
    for (; !at_end_of_line(parser); parser->at++) {
        char character = *parser->at;

        if (character == '"' && quoted && parser->at[1] == '"') {
            parser->at++;
        } else if (character == '"') {
            quoted = !quoted;
            kept = used;
            continue;
        } else if (!quoted && (character == ',' || character == ';' || character == '=')) {
            break;
        } else if (!quoted && character == '\\') {
            char *before = parser->at;

            skip_blanks(parser);
            if (parser->at != before) {
                parser->at--;
                continue;
            }
        }
        if (used == FIELD_BYTES - 1) {
            fail(parser, PNDIS_ELIMIT, "a field is too long");
            break;
        }
        text[used++] = character;
        kept = quoted || !is_blank(character) ? used : kept;
    }
    if (quoted) {
        fail(parser, PNDIS_EINVAL, "a quotation mark is not closed");
    }
    text[kept] = 0;
    *out_is_key = *parser->at == '=';
}

static void
read_entry(struct parser *parser)
{
    char text[FIELD_BYTES];
    struct inf_line *line;
    bool is_key;

    if (parser->section == NULL) {
        fail(parser, PNDIS_EINVAL, "text before the first section");
        return;
    }
    line = add_line(parser);
    while (line != NULL && parser->result == 0) {
        read_field(parser, text, &is_key);
        if (is_key && line->key == NULL && line->field_count == 0) {
            line->key = copy_of(parser, text);
        } else if (is_key) {
            fail(parser, PNDIS_EINVAL, "an equals sign in a field that is not in quotes");
        } else {
            add_field(parser, line, text);
        }
        if (*parser->at != ',' && *parser->at != '=') {
            return;
        }
        parser->at++;
    }
}

static void
read_section_name(struct parser *parser)
{
    char *start = parser->at + 1;
    size_t length = strcspn(start, "]\n");
    char name[FIELD_BYTES];

    if (start[length] != ']' || length >= sizeof(name)) {
        fail(parser, PNDIS_EINVAL, "a section name without its closing bracket");
        return;
    }
    memcpy(name, start, length);
    name[length] = 0;
    begin_section(parser, name);
}

static void
read_lines(struct parser *parser)
{
    while (*parser->at != 0 && parser->result == 0) {
        skip_blanks(parser);
        if (*parser->at == '[') {
            read_section_name(parser);
        } else if (!at_end_of_line(parser) && *parser->at != ';') {
            read_entry(parser);
        }
        next_line(parser);
    }
}

/* --- %strings% --- */

static const char *
string_of(const struct inf *inf, const char *token)
{
    const struct inf_section *strings = pndis__inf_section(inf, "Strings");
    const struct inf_line *line = strings == NULL ? NULL : pndis__inf_line(strings, token);

    return line == NULL ? NULL : pndis__inf_field(line, 0);
}

/* Put in what stands between two percent signs; two together are one. */
static size_t
substitute(const struct inf *inf, const char *from, char *to, size_t bytes, unsigned depth)
{
    size_t used = 0;

    while (*from != 0 && used + 1 < bytes) {
        const char *end = *from == '%' ? strchr(from + 1, '%') : NULL;
        char token[128];
        const char *text = NULL;

        if (end == from + 1) {
            to[used++] = '%';
            from = end + 1;
            continue;
        }
        if (end != NULL && (size_t)(end - from) < sizeof(token)) {
            memcpy(token, from + 1, (size_t)(end - from - 1));
            token[end - from - 1] = 0;
            text = depth == 0 ? NULL : string_of(inf, token);
        }
        if (text != NULL) {
            used += substitute(inf, text, to + used, bytes - used, depth - 1);
            from = end + 1;
        } else {
            to[used++] = *from++;
        }
    }
    to[used] = 0;
    return used;
}

static int
substitute_in_place(const struct inf *inf, char **text)
{
    char changed[FIELD_BYTES];
    char *copy;

    if (*text == NULL || strchr(*text, '%') == NULL) {
        return 0;
    }
    substitute(inf, *text, changed, sizeof(changed), SUBSTITUTION_DEPTH);
    copy = strdup(changed);
    if (copy == NULL) {
        return PNDIS_ENOMEM;
    }
    free(*text);
    *text = copy;
    return 0;
}

static int
substitute_all(struct inf *inf)
{
    int result = 0;

    for (struct inf_section *section = inf->sections; section != NULL; section = section->next) {
        if (pndis__inf_same_name(section->name, "Strings")) {
            continue;
        }
        for (struct inf_line *line = section->lines; line != NULL && result == 0;
             line = line->next) {
            result = substitute_in_place(inf, &line->key);
            for (size_t i = 0; i < line->field_count && result == 0; i++) {
                result = substitute_in_place(inf, &line->fields[i]);
            }
        }
    }
    return result;
}

/* --- the whole --- */

int
pndis__inf_parse(struct inf *inf, const uint8_t *text, size_t bytes, char *error,
                 size_t error_bytes)
{
    char *utf8 = to_utf8(text, bytes);
    struct parser parser = {
        .inf = inf,
        .at = utf8,
        .line = 1,
        .error = error,
        .error_bytes = error_bytes,
    };

    inf->sections = NULL;
    snprintf(error, error_bytes, "no memory");
    if (utf8 == NULL) {
        return PNDIS_ENOMEM;
    }
    read_lines(&parser);
    free(utf8);
    if (parser.result == 0) {
        parser.result = substitute_all(inf);
    }
    if (parser.result != 0) {
        pndis__inf_fini(inf);
    }
    return parser.result;
}

static void
line_free(struct inf_line *line)
{
    for (size_t i = 0; i < line->field_count; i++) {
        free(line->fields[i]);
    }
    free(line->fields);
    free(line->key);
    free(line);
}

void
pndis__inf_fini(struct inf *inf)
{
    while (inf->sections != NULL) {
        struct inf_section *section = inf->sections;

        inf->sections = section->next;
        while (section->lines != NULL) {
            struct inf_line *line = section->lines;

            section->lines = line->next;
            line_free(line);
        }
        free(section->name);
        free(section);
    }
}

const struct inf_section *
pndis__inf_section(const struct inf *inf, const char *name)
{
    const struct inf_section *section = inf->sections;

    while (section != NULL && !pndis__inf_same_name(section->name, name)) {
        section = section->next;
    }
    return section;
}

const struct inf_line *
pndis__inf_line(const struct inf_section *section, const char *key)
{
    const struct inf_line *line = section->lines;

    while (line != NULL && (line->key == NULL || !pndis__inf_same_name(line->key, key))) {
        line = line->next;
    }
    return line;
}

const char *
pndis__inf_field(const struct inf_line *line, size_t index)
{
    return index < line->field_count ? line->fields[index] : "";
}
