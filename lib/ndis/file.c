/*
 * Files that drivers read at initialization, firmware mostly. On Windows they lie in the drivers'
 * directory; here in the host directory that the machine's options name.
 */
#include "ndis/ndis_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ndis_file {
    struct handle handle;
    uint8_t *data;
    size_t bytes;
    bool mapped;
};

static void
free_memory(struct handle *handle)
{
    struct ndis_file *file = CONTAINING_RECORD(handle, struct ndis_file, handle);

    free(file->data);
    free(file);
}

static struct ndis_file *
file_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct ndis_file *)pndis__handle(context, handle, HANDLE_BIT(FILE), call, caller);
}

/* The host path of a driver's file; false for names that would leave the directory. */
static bool
host_path(const struct pndis_machine *machine, const NDIS_STRING *name, char *path, size_t bytes)
{
    char utf8[256];

    pndis__utf8_of(name, utf8, sizeof(utf8));
    for (char *c = utf8; *c != 0; c++) {
        *c = *c == '\\' ? '/' : *c;
    }
    if (machine->options.file_directory == NULL || strstr(utf8, "..") != NULL) {
        return false;
    }
    return snprintf(path, bytes, "%s/%s", machine->options.file_directory, utf8) < (int)bytes;
}

/*
 * "NdisOpenFile function". IRQL: PASSIVE_LEVEL.
 * NDIS_STATUS_FILE_NOT_FOUND, NDIS_STATUS_RESOURCES. Closed with NdisCloseFile.
 */
VOID
NdisOpenFile(PNDIS_STATUS Status, PNDIS_HANDLE FileHandle, PUINT FileLength, PNDIS_STRING FileName,
             NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct ndis_file *file;
    char path[512];

    (void)HighestAcceptableAddress;
    if (!host_path(context->machine, FileName, path, sizeof(path))) {
        *Status = NDIS_STATUS_FILE_NOT_FOUND;
        return;
    }
    file = pndis__fault(context) ? NULL : calloc(1, sizeof(*file));
    if (file == NULL) {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    if (pndis__os_file_read(path, &file->data, &file->bytes) != 0) {
        free(file);
        *Status = NDIS_STATUS_FILE_NOT_FOUND;
        return;
    }
    pndis__handle_add(pndis__handles_of(context->machine), &file->handle, HANDLE_FILE,
                      pndis__running_owner(context), context->machine, free_memory);
    pndis__acquired(context, RESOURCE_FILE, file, file->bytes, 0, NULL, __func__, NT_CALLER());
    *FileHandle = file;
    *FileLength = (UINT)file->bytes;
    *Status = NDIS_STATUS_SUCCESS;
}

/* "NdisCloseFile function". IRQL: PASSIVE_LEVEL. It is not mapped. */
VOID
NdisCloseFile(NDIS_HANDLE FileHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct ndis_file *file = file_of(context, FileHandle, __func__, NT_CALLER());

    if (file == NULL) {
        return;
    }
    if (file->mapped) {
        pndis__report(context, RULE_FILE_MAPPED, NULL, __func__, NT_CALLER(),
                      "a file is closed while it is mapped");
        pndis__released(context, RESOURCE_FILE_MAPPING, file, __func__);
    }
    pndis__released(context, RESOURCE_FILE, file, __func__);
    pndis__handle_retire(pndis__handles_of(context->machine), &file->handle);
}

/* "NdisMapFile function". IRQL <= DISPATCH_LEVEL. NDIS_STATUS_ALREADY_MAPPED. Until NdisUnmapFile.
 */
VOID
NdisMapFile(PNDIS_STATUS Status, PVOID *MappedBuffer, NDIS_HANDLE FileHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct ndis_file *file = file_of(context, FileHandle, __func__, NT_CALLER());

    if (file == NULL) {
        *Status = NDIS_STATUS_FAILURE;
    } else if (file->mapped) {
        *Status = NDIS_STATUS_ALREADY_MAPPED;
    } else {
        file->mapped = true;
        *MappedBuffer = file->data;
        pndis__acquired(context, RESOURCE_FILE_MAPPING, file, file->bytes, 0, NULL, __func__,
                        NT_CALLER());
        *Status = NDIS_STATUS_SUCCESS;
    }
}

/* "NdisUnmapFile function". IRQL: PASSIVE_LEVEL. */
VOID
NdisUnmapFile(NDIS_HANDLE FileHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct ndis_file *file = file_of(context, FileHandle, __func__, NT_CALLER());

    if (file != NULL && file->mapped) {
        file->mapped = false;
        pndis__released(context, RESOURCE_FILE_MAPPING, file, __func__);
    }
}
