/*
 * Doing what an INF file says to a driver's registry key ("INF AddReg Directive", "Specifying
 * Configuration Parameters for the Advanced Properties Page"). Files are not copied and services
 * not installed.
 */
#include "nt/inf.h"
#include "nt/registry.h"
#include "nt/unicode.h"

#include <pndis/error.h>
#include <stdio.h>
#include <stdlib.h>

/* Flags of an AddReg line. */
enum add_flags {
    ADD_BINARY = 0x1,
    ADD_NO_CLOBBER = 0x2,
    ADD_DELETE_VALUE = 0x4,
    ADD_APPEND = 0x8,
    ADD_KEY_ONLY = 0x10,
    ADD_OVERWRITE_ONLY = 0x20,
    ADD_TYPE_SHIFT = 16,
    ADD_MULTI_SZ = 0x10000,
    ADD_EXPAND_SZ = 0x20000,
    ADD_DWORD = 0x10001,
    ADD_NONE = 0x20001,
    ADD_TYPE_MASK = 0xffff0001,
};

struct apply {
    struct pndis_machine *machine;
    const struct inf *inf;
    struct key *key;
    const char *path;
    int result;
};

static void
fail(struct apply *apply, int error, unsigned line, const char *what)
{
    if (apply->result == 0) {
        apply->result = line == 0 ? pndis__fail(error, "%s: %s", apply->path, what)
                                  : pndis__fail(error, "%s, line %u: %s", apply->path, line, what);
    }
}

static void
check(struct apply *apply, NTSTATUS status, unsigned line)
{
    if (!NT_SUCCESS(status)) {
        fail(apply, status == STATUS_INSUFFICIENT_RESOURCES ? PNDIS_ENOMEM : PNDIS_EINVAL, line,
             "the registry refuses this");
    }
}

/* --- finding the install section --- */

/* Platforms in the order of preference; "" is a section without one. */
static const char *const decorations[] = {"NTamd64", "NT", "", "NTarm64", "NTx86"};

enum { DECORATION_COUNT = sizeof(decorations) / sizeof(decorations[0]), NAME_BYTES = 256 };

/* Whether @decoration, which may go on with a version, is one for @platform. */
static bool
is_for(const char *decoration, const char *platform)
{
    size_t length = strlen(platform);

    return _strnicmp(decoration, platform, length) == 0 &&
           (decoration[length] == 0 || decoration[length] == '.');
}

/* The section called @base with the decoration for @platform. */
static const struct inf_section *
decorated_section(const struct inf *inf, const char *base, const char *platform)
{
    size_t length = strlen(base);

    if (platform[0] == 0) {
        return pndis__inf_section(inf, base);
    }
    for (const struct inf_section *at = inf->sections; at != NULL; at = at->next) {
        if (_strnicmp(at->name, base, length) == 0 && at->name[length] == '.' &&
            is_for(at->name + length + 1, platform)) {
            return at;
        }
    }
    return NULL;
}

static const struct inf_section *
best_section(const struct inf *inf, const char *base)
{
    const struct inf_section *section = NULL;

    for (unsigned i = 0; i < DECORATION_COUNT && section == NULL; i++) {
        section = decorated_section(inf, base, decorations[i]);
    }
    return section;
}

/* "INF Manufacturer Section": a line names a models section, and a line of that an install section.
 */
static const struct inf_section *
install_section(struct apply *apply)
{
    const struct inf_section *manufacturers = pndis__inf_section(apply->inf, "Manufacturer");
    const struct inf_section *models = NULL;
    const struct inf_section *install;

    if (manufacturers != NULL && manufacturers->lines != NULL) {
        models = best_section(apply->inf, pndis__inf_field(manufacturers->lines, 0));
    }
    if (models == NULL || models->lines == NULL) {
        fail(apply, PNDIS_EINVAL, 0, "no [Manufacturer] section that leads to a model");
        return NULL;
    }
    install = best_section(apply->inf, pndis__inf_field(models->lines, 0));
    if (install == NULL) {
        fail(apply, PNDIS_EINVAL, models->lines->number, "the install section is missing");
    }
    return install;
}

/* --- values --- */

/* Hexadecimal with 0x in front, else decimal; zeros in front mean nothing. */
static uint32_t
number_of(const char *text)
{
    return (uint32_t)strtoul(text, NULL, _strnicmp(text, "0x", 2) == 0 ? 16 : 10);
}

/* The fields of @line from @first on, as bytes in hexadecimal. */
static ULONG
bytes_of(const struct inf_line *line, size_t first, UCHAR *bytes)
{
    ULONG count = 0;

    for (size_t i = first; i < line->field_count; i++) {
        if (line->fields[i][0] != 0) {
            bytes[count++] = (UCHAR)strtoul(line->fields[i], NULL, 16);
        }
    }
    return count;
}

static void
set_bytes(struct apply *apply, struct key *key, const UNICODE_STRING *name, ULONG type,
          const struct inf_line *line)
{
    UCHAR *bytes = malloc(line->field_count + 1);
    ULONG count;

    if (bytes == NULL) {
        fail(apply, PNDIS_ENOMEM, line->number, "no memory");
        return;
    }
    count = bytes_of(line, 4, bytes);
    check(apply, pndis__value_set(apply->machine, key, name, type, bytes, count), line->number);
    free(bytes);
}

static void
set_dword(struct apply *apply, struct key *key, const UNICODE_STRING *name,
          const struct inf_line *line)
{
    uint32_t number = number_of(pndis__inf_field(line, 4));
    /* Four fields are the bytes of the number. */
    UCHAR bytes[sizeof(number) * 2] = {0};

    if (line->field_count == 4 + sizeof(number)) {
        bytes_of(line, 4, bytes);
        memcpy(&number, bytes, sizeof(number));
    }
    check(apply, pndis__value_set(apply->machine, key, name, REG_DWORD, &number, sizeof(number)),
          line->number);
}

static void
set_text(struct apply *apply, struct key *key, const UNICODE_STRING *name, ULONG type,
         const struct inf_line *line)
{
    UNICODE_STRING text;

    if (!pndis__unicode_of(pndis__inf_field(line, 4), &text)) {
        fail(apply, PNDIS_ENOMEM, line->number, "no memory");
        return;
    }
    check(apply, pndis__value_set(apply->machine, key, name, type, text.Buffer, text.MaximumLength),
          line->number);
    free(text.Buffer);
}

/* Append @text and its NUL; returns how many characters that were. */
static size_t
put_text(WCHAR *to, const char *text)
{
    size_t left = strlen(text);
    size_t count = 0;
    size_t used;

    for (; left > 0; text += used, left -= used) {
        count += pndis__utf16_encode(pndis__utf8_decode(text, left, &used, NULL), to + count);
    }
    to[count] = 0;
    return count + 1;
}

/* All fields, each with its NUL, and one NUL more; behind what is there already, with ADD_APPEND.
 */
static void
set_texts(struct apply *apply, struct key *key, const UNICODE_STRING *name, uint32_t flags,
          const struct inf_line *line)
{
    struct value before = {0};
    size_t count = 0;
    size_t room = 1;
    WCHAR *texts;

    if ((flags & ADD_APPEND) != 0) {
        pndis__value_get(apply->machine, key, name, &before);
    }
    count = before.bytes / sizeof(WCHAR);
    count -= count > 0; /* The NUL behind the last string. */
    room += count;
    for (size_t i = 4; i < line->field_count; i++) {
        room += strlen(line->fields[i]) + 1;
    }
    texts = calloc(room, sizeof(WCHAR));
    if (texts == NULL) {
        fail(apply, PNDIS_ENOMEM, line->number, "no memory");
        pndis__value_fini(&before);
        return;
    }
    if (count > 0) {
        memcpy(texts, before.data, count * sizeof(WCHAR));
    }
    for (size_t i = 4; i < line->field_count; i++) {
        count += put_text(texts + count, line->fields[i]);
    }
    check(apply,
          pndis__value_set(apply->machine, key, name, REG_MULTI_SZ, texts,
                           (ULONG)((count + 1) * sizeof(WCHAR))),
          line->number);
    free(texts);
    pndis__value_fini(&before);
}

static void
set_value(struct apply *apply, struct key *key, const UNICODE_STRING *name, uint32_t flags,
          const struct inf_line *line)
{
    uint32_t type = flags & ADD_TYPE_MASK;

    if (type == ADD_DWORD) {
        set_dword(apply, key, name, line);
    } else if (type == ADD_MULTI_SZ) {
        set_texts(apply, key, name, flags, line);
    } else if (type == 0 || type == ADD_EXPAND_SZ) {
        set_text(apply, key, name, type == 0 ? REG_SZ : REG_EXPAND_SZ, line);
    } else if (type == ADD_NONE) {
        set_bytes(apply, key, name, REG_NONE, line);
    } else {
        /* Binary, or any other type by its number in the upper half. */
        set_bytes(apply, key, name, type == ADD_BINARY ? REG_BINARY : type >> ADD_TYPE_SHIFT, line);
    }
}

/* --- AddReg --- */

/* The key that root and subkey of @line name, referenced; NULL where there is none to go to. */
static struct key *
key_of(struct apply *apply, const struct inf_line *line)
{
    const char *root = pndis__inf_field(line, 0);
    char path[NAME_BYTES * 2];
    struct key *key = NULL;
    NTSTATUS status;

    if (pndis__inf_same_name(root, "HKR")) {
        status =
            pndis__key_create_utf8(apply->machine, apply->key, pndis__inf_field(line, 1), &key);
    } else if (pndis__inf_same_name(root, "HKLM")) {
        snprintf(path, sizeof(path), "\\Registry\\Machine\\%s", pndis__inf_field(line, 1));
        status = pndis__key_create_utf8(apply->machine, NULL, path, &key);
    } else {
        return NULL; /* HKCR, HKCU and HKU are for applications. */
    }
    check(apply, status, line->number);
    return NT_SUCCESS(status) ? key : NULL;
}

static bool
has_value(struct apply *apply, struct key *key, const UNICODE_STRING *name)
{
    struct value value;

    if (!NT_SUCCESS(pndis__value_get(apply->machine, key, name, &value))) {
        return false;
    }
    pndis__value_fini(&value);
    return true;
}

static void
add_value(struct apply *apply, struct key *key, const struct inf_line *line)
{
    uint32_t flags = number_of(pndis__inf_field(line, 3));
    UNICODE_STRING name;
    bool exists;

    /* A line with a key alone only creates it. */
    if ((flags & ADD_KEY_ONLY) != 0 ||
        (pndis__inf_field(line, 2)[0] == 0 && pndis__inf_field(line, 4)[0] == 0)) {
        return;
    }
    if (!pndis__unicode_of(pndis__inf_field(line, 2), &name)) {
        fail(apply, PNDIS_ENOMEM, line->number, "no memory");
        return;
    }
    exists = has_value(apply, key, &name);
    if ((flags & ADD_DELETE_VALUE) != 0) {
        pndis__value_delete(apply->machine, key, &name);
    } else if (!(exists && (flags & ADD_NO_CLOBBER) != 0) &&
               !(!exists && (flags & ADD_OVERWRITE_ONLY) != 0)) {
        set_value(apply, key, &name, flags, line);
    }
    free(name.Buffer);
}

static void
add_reg(struct apply *apply, const char *section_name, unsigned number)
{
    const struct inf_section *section = pndis__inf_section(apply->inf, section_name);

    if (section == NULL) {
        fail(apply, PNDIS_EINVAL, number, "an AddReg section is missing");
        return;
    }
    for (const struct inf_line *line = section->lines; line != NULL && apply->result == 0;
         line = line->next) {
        struct key *key = key_of(apply, line);

        if (key != NULL) {
            add_value(apply, key, line);
            pndis__key_put(apply->machine, key);
        }
    }
}

/* --- the defaults of parameters --- */

/* The value "default" of Ndi\params\X becomes value X, unless it has one. */
static void
apply_default(struct apply *apply, struct key *parameters, const UNICODE_STRING *name)
{
    struct key *parameter;
    struct value value;

    if (has_value(apply, apply->key, name) ||
        !NT_SUCCESS(pndis__key_open(apply->machine, parameters, name, &parameter))) {
        return;
    }
    if (NT_SUCCESS(pndis__value_get_utf8(apply->machine, parameter, "default", &value))) {
        check(
            apply,
            pndis__value_set(apply->machine, apply->key, name, value.type, value.data, value.bytes),
            0);
        pndis__value_fini(&value);
    }
    pndis__key_put(apply->machine, parameter);
}

static void
apply_defaults(struct apply *apply)
{
    struct key_information information;
    struct key *parameters;
    UNICODE_STRING name;

    if (!NT_SUCCESS(pndis__key_open_utf8(apply->machine, apply->key, "Ndi\\params", &parameters))) {
        return;
    }
    for (ULONG i = 0;
         apply->result == 0 &&
         NT_SUCCESS(pndis__key_subkey_at(apply->machine, parameters, i, &name, &information));
         i++) {
        apply_default(apply, parameters, &name);
        free(name.Buffer);
    }
    pndis__key_put(apply->machine, parameters);
}

/* --- the whole --- */

static void
run(struct apply *apply, const char *section_name)
{
    const struct inf_section *section;

    if (pndis__inf_section(apply->inf, "Version") == NULL) {
        fail(apply, PNDIS_EINVAL, 0, "no [Version] section, so this is no INF file");
        return;
    }
    section =
        section_name == NULL ? install_section(apply) : best_section(apply->inf, section_name);
    if (section == NULL) {
        fail(apply, PNDIS_ENOTFOUND, 0, "the section that was asked for is missing");
        return;
    }
    for (const struct inf_line *line = section->lines; line != NULL && apply->result == 0;
         line = line->next) {
        if (line->key == NULL || !pndis__inf_same_name(line->key, "AddReg")) {
            continue;
        }
        for (size_t i = 0; i < line->field_count && apply->result == 0; i++) {
            add_reg(apply, line->fields[i], line->number);
        }
    }
    apply_defaults(apply);
}

int
pndis__inf_apply(struct pndis_machine *machine, const char *path, const char *section,
                 struct key *key)
{
    struct inf inf;
    struct apply apply = {.machine = machine, .inf = &inf, .key = key, .path = path};
    char error[256];
    uint8_t *text;
    size_t bytes;
    int result = pndis__os_file_read(path, &text, &bytes);

    if (result != 0) {
        return pndis__fail(PNDIS_EIO, "%s cannot be read: %s", path, strerror(-result));
    }
    result = pndis__inf_parse(&inf, text, bytes, error, sizeof(error));
    free(text);
    if (result != 0) {
        return pndis__fail(result, "%s, %s", path, error);
    }
    run(&apply, section);
    pndis__inf_fini(&inf);
    return apply.result;
}
