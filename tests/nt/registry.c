/* The registry: keys by handle (ZwOpenKey ...), by path and by table (RtlQueryRegistryValues ...).
 */
#include "nt/nt_support.h"

#include <pndis/registry.h>

#define ROOT      "\\Registry\\Machine\\Software\\Test"
#define ROOT_WIDE L"\\Registry\\Machine\\Software\\Test"

static HANDLE
open_or_create(const WCHAR *path, bool create, NTSTATUS expected)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE handle = NULL;
    NTSTATUS status;

    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    status = create ? ZwCreateKey(&handle, KEY_ALL_ACCESS, &attributes, 0, NULL, 0, NULL)
                    : ZwOpenKey(&handle, KEY_ALL_ACCESS, &attributes);
    assert_int_equal(status, expected);
    return handle;
}

static HANDLE
create_root(void)
{
    return open_or_create(ROOT_WIDE, true, STATUS_SUCCESS);
}

static void
set(HANDLE key, const WCHAR *name, ULONG type, const void *data, ULONG bytes)
{
    UNICODE_STRING value;

    RtlInitUnicodeString(&value, name);
    assert_int_equal(ZwSetValueKey(key, &value, 0, type, (PVOID)(uintptr_t)data, bytes),
                     STATUS_SUCCESS);
}

/* --- keys --- */

static void
keys_are_made_found_without_regard_to_case_and_deleted(void **state)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"Below");
    ULONG disposition;
    struct world w;
    HANDLE below;
    HANDLE root;

    (void)state;
    world_start(&w, 0);
    open_or_create(ROOT_WIDE, false, STATUS_OBJECT_NAME_NOT_FOUND);
    root = create_root();
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, root, NULL);
    assert_int_equal(ZwCreateKey(&below, KEY_ALL_ACCESS, &attributes, 0, NULL, 0, &disposition),
                     STATUS_SUCCESS);
    assert_int_equal(disposition, REG_CREATED_NEW_KEY);
    ZwClose(below);
    assert_int_equal(ZwCreateKey(&below, KEY_ALL_ACCESS, &attributes, 0, NULL, 0, &disposition),
                     STATUS_SUCCESS);
    assert_int_equal(disposition, REG_OPENED_EXISTING_KEY);
    ZwClose(below);
    below = open_or_create(L"\\registry\\machine\\software\\TEST\\below", false, STATUS_SUCCESS);
    /* "ZwDeleteKey": not while something is below it. */
    assert_int_equal(ZwDeleteKey(root), STATUS_CANNOT_DELETE);
    assert_int_equal(ZwDeleteKey(below), STATUS_SUCCESS);
    ZwClose(below);
    open_or_create(ROOT_WIDE L"\\Below", false, STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(root);
    close_clean(&w);
}

static void
a_closed_handle_is_reported(void **state)
{
    struct world w;
    HANDLE root;
    ULONG length;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"a");
    UCHAR buffer[64];

    (void)state;
    world_start(&w, 0);
    root = create_root();
    ZwClose(root);
    assert_int_equal(
        ZwQueryValueKey(root, &name, KeyValuePartialInformation, buffer, sizeof(buffer), &length),
        STATUS_INVALID_HANDLE);
    expect_broken(&w, "OBJECT_HANDLE");
    assert_int_equal(ZwClose(root), STATUS_INVALID_HANDLE);
    expect_broken(&w, "OBJECT_HANDLE");
    close_clean(&w);
}

/* --- values --- */

static void
a_value_is_read_back_whole_or_its_length_is_told(void **state)
{
    static const WCHAR text[] = L"some text";
    UCHAR buffer[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(text)];
    KEY_VALUE_PARTIAL_INFORMATION *information = (void *)buffer;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"Name");
    ULONG header = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    struct world w;
    ULONG length;
    HANDLE root;

    (void)state;
    world_start(&w, 0);
    root = create_root();
    assert_int_equal(
        ZwQueryValueKey(root, &name, KeyValuePartialInformation, buffer, sizeof(buffer), &length),
        STATUS_OBJECT_NAME_NOT_FOUND);
    set(root, L"NAME", REG_SZ, text, sizeof(text));
    assert_int_equal(
        ZwQueryValueKey(root, &name, KeyValuePartialInformation, buffer, sizeof(buffer), &length),
        STATUS_SUCCESS);
    assert_int_equal(length, header + sizeof(text));
    assert_int_equal(information->Type, REG_SZ);
    assert_int_equal(information->DataLength, sizeof(text));
    assert_memory_equal(information->Data, text, sizeof(text));
    /* Room for the fixed part only, and for less than that. */
    assert_int_equal(
        ZwQueryValueKey(root, &name, KeyValuePartialInformation, buffer, header + 2, &length),
        STATUS_BUFFER_OVERFLOW);
    assert_int_equal(length, header + sizeof(text));
    assert_int_equal(
        ZwQueryValueKey(root, &name, KeyValuePartialInformation, buffer, header - 1, &length),
        STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(length, header + sizeof(text));
    assert_int_equal(ZwDeleteValueKey(root, &name), STATUS_SUCCESS);
    assert_int_equal(ZwDeleteValueKey(root, &name), STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(root);
    close_clean(&w);
}

static void
keys_and_values_are_enumerated_to_their_end(void **state)
{
    enum { COUNT = 5 };
    UCHAR buffer[256];
    KEY_FULL_INFORMATION *full = (void *)buffer;
    KEY_BASIC_INFORMATION *basic = (void *)buffer;
    unsigned seen = 0;
    struct world w;
    ULONG length;
    HANDLE root;

    (void)state;
    world_start(&w, 0);
    root = create_root();
    for (ULONG i = 0; i < COUNT; i++) {
        WCHAR path[80];
        WCHAR name[8];

        _snwprintf(path, 80, ROOT_WIDE L"\\Key%lu", i);
        ZwClose(open_or_create(path, true, STATUS_SUCCESS));
        _snwprintf(name, 8, L"v%lu", i);
        set(root, name, REG_DWORD, &i, sizeof(i));
    }
    assert_int_equal(ZwQueryKey(root, KeyFullInformation, buffer, sizeof(buffer), &length),
                     STATUS_SUCCESS);
    assert_int_equal(full->SubKeys, COUNT);
    assert_int_equal(full->Values, COUNT);
    for (ULONG i = 0; i < COUNT; i++) {
        assert_int_equal(
            ZwEnumerateKey(root, i, KeyBasicInformation, buffer, sizeof(buffer), &length),
            STATUS_SUCCESS);
        assert_int_equal(basic->NameLength, 4 * sizeof(WCHAR));
        assert_memory_equal(basic->Name, L"Key", 3 * sizeof(WCHAR));
        seen |= 1u << (basic->Name[3] - '0');
    }
    assert_int_equal(seen, (1u << COUNT) - 1);
    assert_int_equal(
        ZwEnumerateKey(root, COUNT, KeyBasicInformation, buffer, sizeof(buffer), &length),
        STATUS_NO_MORE_ENTRIES);
    for (ULONG i = 0; i < COUNT; i++) {
        assert_int_equal(
            ZwEnumerateValueKey(root, i, KeyValueBasicInformation, buffer, sizeof(buffer), &length),
            STATUS_SUCCESS);
    }
    assert_int_equal(
        ZwEnumerateValueKey(root, COUNT, KeyValueBasicInformation, buffer, sizeof(buffer), &length),
        STATUS_NO_MORE_ENTRIES);
    ZwClose(root);
    close_clean(&w);
}

/* --- the host's side --- */

static void
host_and_driver_see_one_registry(void **state)
{
    UCHAR buffer[64];
    KEY_VALUE_PARTIAL_INFORMATION *information = (void *)buffer;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"number");
    uint32_t number = 0;
    struct world w;
    ULONG length;
    char text[16];
    HANDLE root;

    (void)state;
    world_start(&w, 0);
    assert_int_equal(pndis_registry_set_dword(w.machine, ROOT, "number", 17), 0);
    assert_int_equal(pndis_registry_set_string(w.machine, ROOT, "word", "h\xc3\xa9"), 0);
    root = open_or_create(ROOT_WIDE, false, STATUS_SUCCESS);
    assert_int_equal(
        ZwQueryValueKey(root, &name, KeyValuePartialInformation, buffer, sizeof(buffer), &length),
        STATUS_SUCCESS);
    assert_int_equal(information->Type, REG_DWORD);
    assert_int_equal(information->Data[0], 17);
    set(root, L"from driver", REG_DWORD, "\x05\0\0", 4);
    assert_int_equal(pndis_registry_get_dword(w.machine, ROOT, "from driver", &number), 0);
    assert_int_equal(number, 5);
    assert_int_equal(pndis_registry_get_string(w.machine, ROOT, "word", text, sizeof(text)), 0);
    assert_string_equal(text, "h\xc3\xa9");
    assert_int_equal(pndis_registry_get_dword(w.machine, ROOT, "word", &number), PNDIS_EINVAL);
    assert_int_equal(pndis_registry_get_dword(w.machine, ROOT, "nothing", &number),
                     PNDIS_ENOTFOUND);
    assert_int_equal(pndis_registry_delete(w.machine, ROOT, "word"), 0);
    assert_int_equal(pndis_registry_delete(w.machine, ROOT, "word"), PNDIS_ENOTFOUND);
    ZwClose(root);
    assert_int_equal(pndis_registry_delete(w.machine, ROOT, NULL), 0);
    open_or_create(ROOT_WIDE, false, STATUS_OBJECT_NAME_NOT_FOUND);
    close_clean(&w);
}

/* --- by path and table --- */

static NTSTATUS
note_value(PWSTR name, ULONG type, PVOID data, ULONG length, PVOID context, PVOID entry_context)
{
    (void)name;
    (void)type;
    (void)context;
    *(LONG *)entry_context += length == sizeof(ULONG) ? *(LONG *)data : 100;
    return STATUS_SUCCESS;
}

static void
a_table_reads_what_it_asks_for(void **state)
{
    UNICODE_STRING text = {0};
    ULONG direct = 0;
    LONG sum = 0;
    ULONG number = 4;
    struct world w;
    ULONG fallback = 9;
    ULONG missing = 0;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.Flags =
             RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED | RTL_QUERY_REGISTRY_TYPECHECK,
         .Name = (PWSTR)(uintptr_t)L"number",
         .EntryContext = &direct,
         .DefaultType = (REG_DWORD << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT)},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK,
         .Name = (PWSTR)(uintptr_t)L"text",
         .EntryContext = &text,
         .DefaultType = (REG_SZ << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT)},
        {.QueryRoutine = note_value, .Name = (PWSTR)(uintptr_t)L"number", .EntryContext = &sum},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT,
         .Name = (PWSTR)(uintptr_t)L"missing",
         .EntryContext = &missing,
         .DefaultType = REG_DWORD,
         .DefaultData = &fallback,
         .DefaultLength = sizeof(fallback)},
        {0},
    };

    (void)state;
    world_start(&w, 0);
    assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)(uintptr_t)ROOT_WIDE),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)(uintptr_t)ROOT_WIDE),
                     STATUS_SUCCESS);
    assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)(uintptr_t)ROOT_WIDE),
                     STATUS_SUCCESS);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT_WIDE, table, NULL, NULL),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT_WIDE, L"number", REG_DWORD,
                                           &number, sizeof(number)),
                     STATUS_SUCCESS);
    assert_int_equal(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT_WIDE, L"text", REG_SZ,
                                           (PVOID)(uintptr_t)L"abc", 4 * sizeof(WCHAR)),
                     STATUS_SUCCESS);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT_WIDE, table, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(direct, 4);
    assert_int_equal(sum, 4);
    assert_int_equal(missing, 9);
    assert_int_equal(text.Length, 3 * sizeof(WCHAR));
    assert_memory_equal(text.Buffer, L"abc", text.Length);
    RtlFreeUnicodeString(&text);
    assert_int_equal(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, ROOT_WIDE, L"number"),
                     STATUS_SUCCESS);
    close_clean(&w);
}

static void
a_value_of_another_type_fails_the_type_check(void **state)
{
    ULONG direct = 0;
    struct world w;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK,
         .Name = (PWSTR)(uintptr_t)L"number",
         .EntryContext = &direct,
         .DefaultType = (REG_DWORD << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT)},
        {0},
    };

    (void)state;
    world_start(&w, 0);
    assert_int_equal(pndis_registry_set_string(w.machine, ROOT, "number", "four"), 0);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT_WIDE, table, NULL, NULL),
                     STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(direct, 0);
    close_clean(&w);
}

static void
a_change_is_told_to_who_asked(void **state)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK done;
    struct world w;
    HANDLE event;
    HANDLE root;
    ULONG value = 1;
    LARGE_INTEGER at_once = {.QuadPart = 0};

    (void)state;
    world_start(&w, 0);
    root = create_root();
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
    assert_int_equal(ZwNotifyChangeKey(root, event, NULL, NULL, &done, REG_NOTIFY_CHANGE_LAST_SET,
                                       FALSE, NULL, 0, TRUE),
                     STATUS_PENDING);
    assert_int_equal(ZwWaitForSingleObject(event, FALSE, &at_once), STATUS_TIMEOUT);
    set(root, L"value", REG_DWORD, &value, sizeof(value));
    assert_int_equal(ZwWaitForSingleObject(event, FALSE, &at_once), STATUS_SUCCESS);
    ZwClose(event);
    ZwClose(root);
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_made_found_without_regard_to_case_and_deleted),
        cmocka_unit_test(a_closed_handle_is_reported),
        cmocka_unit_test(a_value_is_read_back_whole_or_its_length_is_told),
        cmocka_unit_test(keys_and_values_are_enumerated_to_their_end),
        cmocka_unit_test(host_and_driver_see_one_registry),
        cmocka_unit_test(a_table_reads_what_it_asks_for),
        cmocka_unit_test(a_value_of_another_type_fails_the_type_check),
        cmocka_unit_test(a_change_is_told_to_who_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
