/*
 * From a code address to its module, by async-signal-safe means: the process's mappings are read,
 * for the dynamic loader's own list is behind a lock that the interrupted code may hold.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* A file that is read line by line. */
struct lines {
    int descriptor;
    size_t used;
    size_t filled;
    char chunk[1024];
    char line[PATH_MAX + 128]; /* What does not fit of it is dropped. */
};

/* One line of /proc/self/maps: "from-to rights offset device inode   path". */
struct mapping {
    uint64_t from;
    uint64_t to;
    uint64_t offset;
    const char *path;
};

static bool
next_char(struct lines *lines, char *out)
{
    if (lines->used == lines->filled) {
        ssize_t count = read(lines->descriptor, lines->chunk, sizeof(lines->chunk));

        if (count <= 0) {
            return false;
        }
        lines->filled = (size_t)count;
        lines->used = 0;
    }
    *out = lines->chunk[lines->used++];
    return true;
}

static bool
next_line(struct lines *lines)
{
    size_t length = 0;
    char one;

    while (next_char(lines, &one) && one != '\n') {
        if (length + 1 < sizeof(lines->line)) {
            lines->line[length++] = one;
        }
    }
    lines->line[length] = 0;
    return length > 0;
}

static uint64_t
take_hex(const char **at)
{
    uint64_t number = 0;

    for (;; (*at)++) {
        unsigned digit = (unsigned char)**at - (**at >= 'a' ? 'a' - 10u : '0');

        if (digit > 15) {
            return number;
        }
        number = number * 16 + digit;
    }
}

static const char *
skip_fields(const char *at, unsigned count)
{
    for (; count > 0; count--) {
        at += strspn(at, " ");
        at += strcspn(at, " ");
    }
    return at + strspn(at, " ");
}

static struct mapping
parse(const char *line)
{
    struct mapping mapping = {.from = take_hex(&line)};

    line += *line == '-';
    mapping.to = take_hex(&line);
    line = skip_fields(line, 1);
    mapping.offset = take_hex(&line);
    mapping.path = skip_fields(line, 2);
    return mapping;
}

/* The name in the path of a mapping, without what the system says of files that have no name. */
static void
add_name(struct os_text *text, const char *path)
{
    static const char memory[] = "memfd:";
    static const char gone[] = " (deleted)";
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t length;
    char kept[NAME_MAX + 1];
    struct os_text cut;

    name += strncmp(name, memory, sizeof(memory) - 1) == 0 ? sizeof(memory) - 1 : 0;
    length = strlen(name);
    if (length >= sizeof(gone) && strcmp(name + length - (sizeof(gone) - 1), gone) == 0) {
        length -= sizeof(gone) - 1;
    }
    cut = pndis__os_text(kept, length < NAME_MAX ? length + 1 : NAME_MAX + 1);
    pndis__os_text_add(&cut, name);
    pndis__os_text_add(text, kept);
}

void
pndis__os_module_of(const void *address, struct os_text *text)
{
    uint64_t wanted = (uintptr_t)address;
    uint64_t base = 0;
    struct lines lines = {.descriptor = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};

    if (lines.descriptor >= 0) {
        while (next_line(&lines)) {
            struct mapping mapping = parse(lines.line);

            /* The parts of a module follow each other; its addresses count from the first. */
            base = mapping.offset == 0 ? mapping.from : base;
            if (wanted >= mapping.from && wanted < mapping.to) {
                if (mapping.path[0] == '/') {
                    add_name(text, mapping.path);
                    pndis__os_text_add(text, "+");
                    wanted -= base;
                }
                break;
            }
        }
        close(lines.descriptor);
    }
    pndis__os_text_hex(text, wanted);
}
