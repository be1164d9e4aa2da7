/*
 * Files of a driver: "NdisOpenFile", "NdisMapFile", "NdisUnmapFile", "NdisCloseFile". They lie in
 * the directory that the machine's options name.
 */
#include "support/guest.h"

#include <unistd.h>

static char directory[] = "/tmp/pndis-files-XXXXXX";
static const char content[] = "firmware";
enum { CONTENT_BYTES = sizeof(content) - 1 };

static int
make_directory(void **state)
{
    char path[sizeof(directory) + 20];
    FILE *file;

    (void)state;
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/card.bin", directory);
    file = fopen(path, "w");
    return file == NULL || fputs(content, file) < 0 || fclose(file) != 0 ? -1 : 0;
}

static int
remove_directory(void **state)
{
    char path[sizeof(directory) + 20];

    (void)state;
    snprintf(path, sizeof(path), "%s/card.bin", directory);
    return unlink(path) != 0 || rmdir(directory) != 0 ? -1 : 0;
}

static void
with_files(struct world *w, guest_routine *routine)
{
    world_open_with(w, &(struct pndis_machine_options){.file_directory = directory});
    guest_run(w, routine, NULL);
}

static NDIS_STATUS
open_file(const WCHAR *path, NDIS_HANDLE *handle, UINT *bytes)
{
    NDIS_PHYSICAL_ADDRESS highest = {.QuadPart = -1};
    NDIS_STATUS status = NDIS_STATUS_FAILURE;
    NDIS_STRING name;

    RtlInitUnicodeString(&name, path);
    NdisOpenFile(&status, handle, bytes, &name, highest);
    return status;
}

static void
read_file(void *argument)
{
    NDIS_STATUS status;
    NDIS_HANDLE file;
    UINT bytes = 0;
    PVOID data = NULL;
    PVOID again = NULL;

    (void)argument;
    if (!guest_check(open_file(L"card.bin", &file, &bytes) == NDIS_STATUS_SUCCESS)) {
        return;
    }
    guest_check(bytes == CONTENT_BYTES);
    NdisMapFile(&status, &data, file);
    guest_check(status == NDIS_STATUS_SUCCESS && memcmp(data, content, CONTENT_BYTES) == 0);
    NdisMapFile(&status, &again, file);
    guest_check(status == NDIS_STATUS_ALREADY_MAPPED && again == NULL);
    NdisUnmapFile(file);
    NdisMapFile(&status, &data, file);
    guest_check(status == NDIS_STATUS_SUCCESS && memcmp(data, content, CONTENT_BYTES) == 0);
    NdisUnmapFile(file);
    NdisCloseFile(file);
}

static void
a_file_is_opened_mapped_unmapped_and_closed(void **state)
{
    struct world w;

    (void)state;
    with_files(&w, read_file);
    world_close(&w);
}

static void
open_what_is_not_there(void *argument)
{
    NDIS_HANDLE file;
    UINT bytes;

    (void)argument;
    guest_check(open_file(L"other.bin", &file, &bytes) == NDIS_STATUS_FILE_NOT_FOUND);
    guest_check(open_file(L"..\\card.bin", &file, &bytes) == NDIS_STATUS_FILE_NOT_FOUND);
}

static void
a_file_is_found_in_the_directory_only(void **state)
{
    struct world w;

    (void)state;
    with_files(&w, open_what_is_not_there);
    world_close(&w);

    world_open(&w, 0); /* No directory at all. */
    guest_run(&w, open_what_is_not_there, NULL);
    world_close(&w);
}

/* --- rules --- */

static void
close_while_mapped(void *argument)
{
    NDIS_STATUS status;
    NDIS_HANDLE file;
    UINT bytes;
    PVOID data;

    (void)argument;
    guest_check(open_file(L"card.bin", &file, &bytes) == NDIS_STATUS_SUCCESS);
    NdisMapFile(&status, &data, file);
    NdisCloseFile(file);
}

/* FILE_MAPPED, "NdisCloseFile function". */
static void
a_mapped_file_is_not_closed(void **state)
{
    struct world w;

    (void)state;
    with_files(&w, close_while_mapped);
    world_expect_violation(&w, "FILE_MAPPED");
    world_close(&w);
}

static void
leave_open(void *argument)
{
    NDIS_HANDLE file;
    UINT bytes;

    (void)argument;
    guest_check(open_file(L"card.bin", &file, &bytes) == NDIS_STATUS_SUCCESS);
}

static void
a_file_that_is_left_open_is_a_leak(void **state)
{
    struct world w;

    (void)state;
    with_files(&w, leave_open);
    world_expect_violation_of(&w, "LEAK_UNLOAD", "a file", "file.c");
    world_close(&w);
}

static void
map_after_close(void *argument)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    NDIS_HANDLE file;
    UINT bytes;
    PVOID data;

    (void)argument;
    guest_check(open_file(L"card.bin", &file, &bytes) == NDIS_STATUS_SUCCESS);
    NdisCloseFile(file);
    NdisMapFile(&status, &data, file);
    guest_check(status == NDIS_STATUS_FAILURE);
}

static void
a_closed_file_is_not_mapped(void **state)
{
    struct world w;

    (void)state;
    with_files(&w, map_after_close);
    world_expect_violation(&w, "OBJECT_HANDLE");
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_opened_mapped_unmapped_and_closed),
        cmocka_unit_test(a_file_is_found_in_the_directory_only),
        cmocka_unit_test(a_mapped_file_is_not_closed),
        cmocka_unit_test(a_file_that_is_left_open_is_a_leak),
        cmocka_unit_test(a_closed_file_is_not_mapped),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
