/* From a code address to words a person can act on. */
#define _GNU_SOURCE
#include "os/os.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <string.h>
#ifdef PNDIS_HAVE_LIBDW
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#endif

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

#ifdef PNDIS_HAVE_LIBDW
/* The file of a module. The second copy of a driver is mapped from an anonymous file, which has the
 * path of what it was copied from in its name (library.c). */
static int
find_elf(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, char **out_path,
         Elf **out_elf)
{
    static const char copy[] = "/memfd:";
    static const char gone[] = " (deleted)";
    const char *path = name + sizeof(copy) - 1;
    size_t length;
    int file;

    if (strncmp(name, copy, sizeof(copy) - 1) != 0) {
        return dwfl_linux_proc_find_elf(module, user, name, base, out_path, out_elf);
    }
    length = strlen(path);
    if (length >= sizeof(gone) && strcmp(path + length - (sizeof(gone) - 1), gone) == 0) {
        length -= sizeof(gone) - 1;
    }
    *out_path = strndup(path, length);
    file = *out_path == NULL ? -1 : open(*out_path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        free(*out_path);
        *out_path = NULL;
    }
    return file;
}

/* Look @address up in the debug information of the modules loaded right now. */
static bool
source_line_of(const void *address, const char *function, char *text, size_t text_bytes)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo};
    Dwfl *dwfl = dwfl_begin(&callbacks);
    const char *file = NULL;
    bool found = false;
    int line = 0;

    if (dwfl == NULL) {
        return false;
    }
    dwfl_report_begin(dwfl);
    if (dwfl_linux_proc_report(dwfl, getpid()) == 0 && dwfl_report_end(dwfl, NULL, NULL) == 0) {
        /* A return address belongs to the line of the call before it. */
        Dwarf_Addr place = (Dwarf_Addr)(uintptr_t)address - 1;
        Dwfl_Module *module = dwfl_addrmodule(dwfl, place);
        Dwfl_Line *source = module == NULL ? NULL : dwfl_module_getsrc(module, place);

        if (source != NULL) {
            file = dwfl_lineinfo(source, NULL, &line, NULL, NULL, NULL);
        }
        if (function == NULL && module != NULL) {
            function = dwfl_module_addrname(module, place);
        }
        if (file != NULL) {
            snprintf(text, text_bytes, "%s:%d (%s)", base_name(file), line,
                     function == NULL ? "?" : function);
            found = true;
        }
    }
    dwfl_end(dwfl);
    return found;
}
#endif

void
pndis__os_symbol_of(const void *address, char *text, size_t text_bytes)
{
    /* Where the loader has the copy of a driver from (library.c), which says nothing to anybody. */
    static const char descriptors[] = "/proc";
    Dl_info about = {0};
    bool known = dladdr(address, &about) != 0;

#ifdef PNDIS_HAVE_LIBDW
    if (source_line_of(address, known ? about.dli_sname : NULL, text, text_bytes)) {
        return;
    }
#endif
    if (!known || about.dli_fname == NULL) {
        snprintf(text, text_bytes, "%p", address);
        return;
    }
    if (strncmp(about.dli_fname, descriptors, sizeof(descriptors) - 1) == 0) {
        struct os_text place = pndis__os_text(text, text_bytes);

        pndis__os_module_of(address, &place);
    } else if (about.dli_sname == NULL) {
        snprintf(text, text_bytes, "%s(+0x%zx)", base_name(about.dli_fname),
                 (size_t)((const char *)address - (const char *)about.dli_fbase));
    } else {
        snprintf(text, text_bytes, "%s(%s+0x%zx)", base_name(about.dli_fname), about.dli_sname,
                 (size_t)((const char *)address - (const char *)about.dli_saddr));
    }
}

unsigned
pndis__os_backtrace(void **addresses, unsigned capacity)
{
    int count = backtrace(addresses, (int)capacity);

    return count < 0 ? 0 : (unsigned)count;
}
