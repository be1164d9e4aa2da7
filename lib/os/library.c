/* Loading driver modules. A driver is a shared object that exports DriverEntry. */
#define _GNU_SOURCE
#include "os/os.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_NAME_LIMIT = 249 };

/*
 * An anonymous file that the list of mappings names as @path, so that whoever looks for debug
 * information (symbol.c) finds the file that it is a copy of. Longer ones are cut to their end.
 */
static int
anonymous_file(const char *path)
{
    char *whole = realpath(path, NULL);
    const char *name = whole == NULL ? path : whole;
    size_t length = strlen(name);
    int result = memfd_create(length <= COPY_NAME_LIMIT ? name : name + length - COPY_NAME_LIMIT,
                              MFD_CLOEXEC);

    free(whole);
    return result;
}

/* Copy @path into an anonymous file and return its descriptor, or a negative errno. */
static int
copy_of(const char *path)
{
    struct stat about;
    off_t offset = 0;
    int result = -1;
    int source = open(path, O_RDONLY | O_CLOEXEC);

    if (source < 0) {
        return -errno;
    }
    if (fstat(source, &about) == 0) {
        result = anonymous_file(path);
    }
    while (result >= 0 && offset < about.st_size) {
        if (sendfile(result, source, &offset, (size_t)(about.st_size - offset)) <= 0) {
            close(result);
            result = -1;
        }
    }
    if (result < 0) {
        result = -errno;
    }
    close(source);
    return result;
}

enum { NUMBER_BITS = 32, COPY_PATH_BYTES = 128 };

/* The dynamic loader also knows a file by the name it was opened with, and descriptors are used
 * again: each copy gets another spelling of its path, "/proc" with a slash or "/." for each bit. */
static void
name_copy(char path[COPY_PATH_BYTES], int copy)
{
    static uint32_t count;
    uint32_t number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    size_t used = (size_t)snprintf(path, COPY_PATH_BYTES, "/proc");

    for (unsigned bit = 0; bit < NUMBER_BITS && number >> bit != 0; bit++) {
        used += (size_t)snprintf(path + used, COPY_PATH_BYTES - used,
                                 (number >> bit & 1) != 0 ? "/." : "/");
    }
    snprintf(path + used, COPY_PATH_BYTES - used, "/self/fd/%d", copy);
}

/*
 * The dynamic loader knows a file by its inode and hands out the copy it has. The first load uses
 * the file itself, so that debuggers and profilers find it; further ones load an anonymous copy.
 */
void *
pndis__os_library_open(const char *path, char *error, size_t error_bytes)
{
    char copy_path[COPY_PATH_BYTES];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    int copy;

    if (library == NULL) {
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            snprintf(error, error_bytes, "%s", dlerror());
        }
        return library;
    }
    dlclose(library);
    copy = copy_of(path);
    if (copy < 0) {
        snprintf(error, error_bytes, "%s: no second copy: %s", path, strerror(-copy));
        return NULL;
    }
    name_copy(copy_path, copy);
    library = dlopen(copy_path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(error, error_bytes, "%s", dlerror());
    }
    close(copy);
    return library;
}

void *
pndis__os_library_symbol(void *library, const char *name)
{
    return dlsym(library, name);
}

void
pndis__os_library_close(void *library)
{
    dlclose(library);
}
