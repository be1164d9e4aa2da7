/*
 * Security descriptors: made by drivers, and kept with devices and registry keys
 * ("ZwSetSecurityObject", "ZwQuerySecurityObject", "SECURITY_DESCRIPTOR", "ACL", "SID").
 */
#include "nt/nt_support.h"

enum { ROOM = 256, EVERYTHING = 0xf };

static SID_IDENTIFIER_AUTHORITY nt_authority = {{0, 0, 0, 0, 0, 5}};

/* Memory for a SID, an ACL or a descriptor. */
union room {
    ULONG words[ROOM / sizeof(ULONG)];
    SID sid;
    ACL acl;
    SECURITY_DESCRIPTOR absolute;
    SECURITY_DESCRIPTOR_RELATIVE relative;
};

/* S-1-5-32-<@last> */
static PSID
make_sid(union room *room, ULONG last)
{
    assert_int_equal(RtlInitializeSid(room, &nt_authority, 2), STATUS_SUCCESS);
    *RtlSubAuthoritySid(room, 0) = 32;
    *RtlSubAuthoritySid(room, 1) = last;
    return room;
}

static PACL
make_acl(union room *room, PSID sid)
{
    ULONG bytes = sizeof(ACL) + FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(sid);

    assert_int_equal(RtlCreateAcl(&room->acl, bytes, ACL_REVISION), STATUS_SUCCESS);
    assert_int_equal(RtlAddAccessAllowedAce(&room->acl, ACL_REVISION, GENERIC_READ, sid),
                     STATUS_SUCCESS);
    return &room->acl;
}

static void
make_descriptor(union room *room, PACL dacl)
{
    assert_int_equal(RtlCreateSecurityDescriptor(room, SECURITY_DESCRIPTOR_REVISION),
                     STATUS_SUCCESS);
    assert_int_equal(RtlSetDaclSecurityDescriptor(room, TRUE, dacl, FALSE), STATUS_SUCCESS);
}

/* --- SIDs and ACLs --- */

static void
a_sid_is_made_compared_and_copied(void **state)
{
    union room copy;
    union room other;
    union room sid;

    (void)state;
    make_sid(&sid, 544);
    make_sid(&other, 545);
    assert_int_equal(RtlLengthSid(&sid), 16);
    assert_int_equal(RtlLengthRequiredSid(2), 16);
    assert_int_equal(*RtlSubAuthorityCountSid(&sid), 2);
    assert_true(RtlValidSid(&sid));
    assert_false(RtlEqualSid(&sid, &other));
    assert_int_equal(RtlCopySid(15, &copy, &sid), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(RtlCopySid(16, &copy, &sid), STATUS_SUCCESS);
    assert_true(RtlEqualSid(&sid, &copy));
    assert_int_equal(RtlInitializeSid(&sid, &nt_authority, SID_MAX_SUB_AUTHORITIES + 1),
                     STATUS_INVALID_PARAMETER);
    sid.sid.Revision = 2;
    assert_false(RtlValidSid(&sid));
}

static void
an_acl_takes_entries_while_there_is_room(void **state)
{
    const ACCESS_ALLOWED_ACE *ace;
    union room sid;
    union room acl;

    (void)state;
    make_sid(&sid, 544);
    assert_int_equal(RtlCreateAcl(&acl.acl, sizeof(ACL) - 1, ACL_REVISION),
                     STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(RtlCreateAcl(&acl.acl, ROOM, 1), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlCreateAcl(&acl.acl, 0x10000, ACL_REVISION), STATUS_INVALID_PARAMETER);
    make_acl(&acl, &sid);
    assert_int_equal(acl.acl.AceCount, 1);
    ace = (const void *)(&acl.acl + 1);
    assert_int_equal(ace->Header.AceType, ACCESS_ALLOWED_ACE_TYPE);
    assert_int_equal(ace->Header.AceSize, 24);
    assert_int_equal(ace->Mask, GENERIC_READ);
    assert_memory_equal(&ace->SidStart, &sid, 16);
    assert_int_equal(RtlAddAccessAllowedAce(&acl.acl, ACL_REVISION, GENERIC_READ, &sid),
                     STATUS_ALLOTTED_SPACE_EXCEEDED);
    assert_int_equal(RtlAddAccessAllowedAce(&acl.acl, 9, GENERIC_READ, &sid),
                     STATUS_REVISION_MISMATCH);
    acl.acl.AclSize = 20;
    assert_int_equal(RtlAddAccessAllowedAce(&acl.acl, ACL_REVISION, GENERIC_READ, &sid),
                     STATUS_INVALID_ACL);
    sid.sid.SubAuthorityCount = 16;
    assert_int_equal(RtlAddAccessAllowedAce(&acl.acl, ACL_REVISION, GENERIC_READ, &sid),
                     STATUS_INVALID_SID);
}

/* --- descriptors --- */

static void
a_dacl_is_set_and_taken_away(void **state)
{
    union room descriptor;
    union room sid;
    union room acl;

    (void)state;
    assert_int_equal(RtlCreateSecurityDescriptor(&descriptor, 2), STATUS_UNKNOWN_REVISION);
    make_descriptor(&descriptor, make_acl(&acl, make_sid(&sid, 544)));
    assert_int_equal(descriptor.absolute.Control, SE_DACL_PRESENT);
    assert_ptr_equal(descriptor.absolute.Dacl, &acl);
    assert_true(RtlValidSecurityDescriptor(&descriptor));
    assert_int_equal(RtlLengthSecurityDescriptor(&descriptor), sizeof(SECURITY_DESCRIPTOR) + 32);
    assert_int_equal(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, NULL, TRUE), STATUS_SUCCESS);
    assert_int_equal(descriptor.absolute.Control, SE_DACL_PRESENT | SE_DACL_DEFAULTED);
    assert_null(descriptor.absolute.Dacl);
    assert_int_equal(RtlSetDaclSecurityDescriptor(&descriptor, FALSE, NULL, FALSE), STATUS_SUCCESS);
    assert_int_equal(descriptor.absolute.Control & SE_DACL_PRESENT, 0);
    assert_int_equal(RtlLengthSecurityDescriptor(&descriptor), sizeof(SECURITY_DESCRIPTOR));
    descriptor.absolute.Control = SE_SELF_RELATIVE;
    assert_int_equal(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, NULL, FALSE),
                     STATUS_INVALID_SECURITY_DESCR);
    descriptor.absolute.Revision = 2;
    assert_int_equal(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, NULL, FALSE),
                     STATUS_UNKNOWN_REVISION);
    assert_false(RtlValidSecurityDescriptor(&descriptor));
}

/* --- objects --- */

static NTSTATUS
echo_file(PDEVICE_OBJECT device, PIRP irp)
{
    ULONG *calls = device->DeviceExtension;

    calls[IoGetCurrentIrpStackLocation(irp)->MajorFunction]++;
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static UNICODE_STRING device_name = RTL_CONSTANT_STRING(L"\\Device\\Guarded");

static PDEVICE_OBJECT
create_device(struct world *w)
{
    PDEVICE_OBJECT device;

    w->object->MajorFunction[IRP_MJ_CREATE] = echo_file;
    w->object->MajorFunction[IRP_MJ_CLEANUP] = echo_file;
    w->object->MajorFunction[IRP_MJ_CLOSE] = echo_file;
    assert_int_equal(IoCreateDevice(w->object, (IRP_MJ_MAXIMUM_FUNCTION + 1) * sizeof(ULONG),
                                    &device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device),
                     STATUS_SUCCESS);
    device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return device;
}

static HANDLE
open_device(void)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result = {0};
    HANDLE handle = NULL;

    InitializeObjectAttributes(&attributes, &device_name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwOpenFile(&handle, WRITE_DAC, &attributes, &result, 0, 0), STATUS_SUCCESS);
    assert_int_equal(result.Information, FILE_OPENED);
    return handle;
}

static HANDLE
open_key(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software\\Guarded");
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle = NULL;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwCreateKey(&handle, KEY_ALL_ACCESS, &attributes, 0, NULL, 0, NULL),
                     STATUS_SUCCESS);
    return handle;
}

static void
a_device_is_opened_and_closed_by_handle(void **state)
{
    UNICODE_STRING nothing = RTL_CONSTANT_STRING(L"\\Device\\Nothing");
    OBJECT_ATTRIBUTES attributes;
    PFILE_OBJECT file = NULL;
    PDEVICE_OBJECT device;
    IO_STATUS_BLOCK result;
    struct world w;
    HANDLE handle;
    ULONG *calls;

    (void)state;
    world_start(&w, 0);
    device = create_device(&w);
    calls = device->DeviceExtension;
    handle = open_device();
    assert_int_equal(calls[IRP_MJ_CREATE], 1);
    assert_int_equal(
        ObReferenceObjectByHandle(handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&file, NULL),
        STATUS_SUCCESS);
    assert_ptr_equal(file->DeviceObject, device);
    assert_int_equal(ZwClose(handle), STATUS_SUCCESS);
    assert_int_equal(calls[IRP_MJ_CLEANUP], 1);
    assert_int_equal(calls[IRP_MJ_CLOSE], 0); /* The reference. */
    ObDereferenceObject(file);
    assert_int_equal(calls[IRP_MJ_CLOSE], 1);
    InitializeObjectAttributes(&attributes, &nothing, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(ZwOpenFile(&handle, 0, &attributes, &result, 0, 0),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    IoDeleteDevice(device);
    close_clean(&w);
}

static void
a_handle_that_is_left_open_is_reported(void **state)
{
    struct world w;

    (void)state;
    world_start(&w, 0);
    create_device(&w);
    open_device();
    world_end(&w);
    assert_non_null(pndis_violation_of(w.machine, "LEAK_UNLOAD"));
    pndis_machine_destroy(w.machine);
}

/* Everything of it, self-relative. */
static void
query(HANDLE handle, SECURITY_INFORMATION which, union room *room)
{
    ULONG needed = 0;

    assert_int_equal(ZwQuerySecurityObject(handle, which, room, sizeof(*room), &needed),
                     STATUS_SUCCESS);
    assert_true(SeValidSecurityDescriptor(needed, room) ||
                (which & OWNER_SECURITY_INFORMATION) == 0);
    assert_int_equal(needed, RtlLengthSecurityDescriptor(room));
    assert_int_equal(room->relative.Control & SE_SELF_RELATIVE, SE_SELF_RELATIVE);
}

static const void *
at(const union room *room, ULONG offset)
{
    assert_int_not_equal(offset, 0);
    return (const char *)room + offset;
}

static void
expect_kept(HANDLE handle)
{
    union room descriptor;
    union room owner;
    union room sid;
    union room acl;
    union room got;

    /* What nobody has set: administrators own it, and there is a DACL. */
    query(handle, EVERYTHING, &got);
    assert_true(RtlEqualSid((PSID)(uintptr_t)at(&got, got.relative.Owner), make_sid(&owner, 544)));
    assert_int_not_equal(got.relative.Dacl, 0);

    make_descriptor(&descriptor, make_acl(&acl, make_sid(&sid, 545)));
    assert_int_equal(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor),
                     STATUS_SUCCESS);
    query(handle, EVERYTHING, &got);
    assert_memory_equal(at(&got, got.relative.Dacl), &acl, acl.acl.AclSize);
    assert_true(RtlEqualSid((PSID)(uintptr_t)at(&got, got.relative.Owner), &owner));
    query(handle, OWNER_SECURITY_INFORMATION, &got);
    assert_int_equal(got.relative.Dacl, 0);
    assert_int_equal(got.relative.Control, SE_SELF_RELATIVE);

    /* What was given back can be set again. */
    query(handle, EVERYTHING, &got);
    *RtlSubAuthoritySid((PSID)(uintptr_t)at(&got, got.relative.Owner), 1) = 546;
    assert_int_equal(ZwSetSecurityObject(handle, EVERYTHING, &got), STATUS_SUCCESS);
    query(handle, OWNER_SECURITY_INFORMATION, &got);
    assert_true(RtlEqualSid((PSID)(uintptr_t)at(&got, got.relative.Owner), make_sid(&owner, 546)));

    /* A NULL DACL, which everyone may pass: present, and nothing behind it. */
    make_descriptor(&descriptor, NULL);
    assert_int_equal(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor),
                     STATUS_SUCCESS);
    query(handle, DACL_SECURITY_INFORMATION, &got);
    assert_int_equal(got.relative.Control, SE_SELF_RELATIVE | SE_DACL_PRESENT);
    assert_int_equal(got.relative.Dacl, 0);
}

static void
a_device_keeps_its_descriptor(void **state)
{
    PDEVICE_OBJECT device;
    union room got;
    struct world w;
    HANDLE handle;

    (void)state;
    world_start(&w, 0);
    device = create_device(&w);
    handle = open_device();
    expect_kept(handle);
    ZwClose(handle);
    handle = open_device(); /* It is the device's, not the handle's. */
    query(handle, DACL_SECURITY_INFORMATION, &got);
    assert_int_equal(got.relative.Dacl, 0);
    ZwClose(handle);
    IoDeleteDevice(device);
    close_clean(&w);
}

static void
a_key_keeps_its_descriptor(void **state)
{
    union room got;
    struct world w;
    HANDLE handle;

    (void)state;
    world_start(&w, 0);
    handle = open_key();
    expect_kept(handle);
    ZwClose(handle);
    handle = open_key();
    query(handle, DACL_SECURITY_INFORMATION, &got);
    assert_int_equal(got.relative.Dacl, 0);
    assert_int_equal(ZwDeleteKey(handle), STATUS_SUCCESS);
    assert_int_equal(ZwQuerySecurityObject(handle, EVERYTHING, &got, sizeof(got), got.words),
                     STATUS_KEY_DELETED);
    ZwClose(handle);
    close_clean(&w);
}

static void
a_change_of_a_keys_descriptor_is_told(void **state)
{
    LARGE_INTEGER at_once = {.QuadPart = 0};
    OBJECT_ATTRIBUTES attributes;
    union room descriptor;
    IO_STATUS_BLOCK done;
    struct world w;
    HANDLE event;
    HANDLE key;

    (void)state;
    world_start(&w, 0);
    key = open_key();
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
    assert_int_equal(ZwNotifyChangeKey(key, event, NULL, NULL, &done, REG_NOTIFY_CHANGE_SECURITY,
                                       FALSE, NULL, 0, TRUE),
                     STATUS_PENDING);
    make_descriptor(&descriptor, NULL);
    assert_int_equal(ZwSetSecurityObject(key, DACL_SECURITY_INFORMATION, &descriptor),
                     STATUS_SUCCESS);
    assert_int_equal(ZwWaitForSingleObject(event, FALSE, &at_once), STATUS_SUCCESS);
    ZwClose(event);
    ZwClose(key);
    close_clean(&w);
}

static void
a_buffer_that_is_too_small_is_not_written(void **state)
{
    union room got = {{0}};
    ULONG needed = 0;
    struct world w;
    HANDLE handle;

    (void)state;
    world_start(&w, 0);
    handle = open_key();
    assert_int_equal(ZwQuerySecurityObject(handle, EVERYTHING, NULL, 0, &needed),
                     STATUS_BUFFER_TOO_SMALL);
    assert_in_range(needed, sizeof(SECURITY_DESCRIPTOR_RELATIVE), ROOM);
    assert_int_equal(ZwQuerySecurityObject(handle, EVERYTHING, &got, needed - 1, &needed),
                     STATUS_BUFFER_TOO_SMALL);
    for (size_t i = 0; i < ROOM / sizeof(ULONG); i++) {
        assert_int_equal(got.words[i], 0);
    }
    assert_int_equal(ZwQuerySecurityObject(handle, EVERYTHING, &got, needed, &needed),
                     STATUS_SUCCESS);
    ZwClose(handle);
    close_clean(&w);
}

static void
what_is_malformed_is_refused(void **state)
{
    union room descriptor;
    union room sid;
    union room acl;
    struct world w;
    HANDLE handle;

    (void)state;
    world_start(&w, 0);
    handle = open_key();
    assert_int_equal(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, NULL),
                     STATUS_ACCESS_VIOLATION);
    make_descriptor(&descriptor, make_acl(&acl, make_sid(&sid, 544)));
    descriptor.absolute.Revision = 7;
    assert_int_equal(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor),
                     STATUS_UNKNOWN_REVISION);
    make_descriptor(&descriptor, &acl.acl);
    assert_int_equal(ZwSetSecurityObject(handle, OWNER_SECURITY_INFORMATION, &descriptor),
                     STATUS_INVALID_SECURITY_DESCR);
    acl.acl.AceCount = 2;
    assert_int_equal(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor),
                     STATUS_INVALID_ACL);
    make_descriptor(&descriptor, NULL);
    sid.sid.Revision = 0;
    descriptor.absolute.Owner = &sid;
    assert_int_equal(ZwSetSecurityObject(handle, OWNER_SECURITY_INFORMATION, &descriptor),
                     STATUS_INVALID_SID);
    ZwClose(handle);
    close_clean(&w);
}

static void
a_handle_that_is_not_open_is_reported(void **state)
{
    union room descriptor;
    struct world w;
    HANDLE handle;

    (void)state;
    world_start(&w, 0);
    handle = open_key();
    ZwClose(handle);
    make_descriptor(&descriptor, NULL);
    assert_int_equal(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor),
                     STATUS_INVALID_HANDLE);
    expect_broken(&w, "OBJECT_HANDLE");
    assert_int_equal(ZwQuerySecurityObject(handle, EVERYTHING, &descriptor, sizeof(descriptor),
                                           descriptor.words),
                     STATUS_INVALID_HANDLE);
    expect_broken(&w, "OBJECT_HANDLE");
    close_clean(&w);
}

/* A descriptor that came from elsewhere: none of its parts may reach behind it. */
static void
a_relative_descriptor_lies_within_its_length(void **state)
{
    union room got;
    struct world w;
    HANDLE handle;
    ULONG bytes;

    (void)state;
    world_start(&w, 0);
    handle = open_key();
    query(handle, EVERYTHING, &got);
    ZwClose(handle);
    bytes = RtlLengthSecurityDescriptor(&got);
    assert_true(SeValidSecurityDescriptor(bytes, &got));
    assert_false(SeValidSecurityDescriptor(bytes - 1, &got));
    assert_false(SeValidSecurityDescriptor(8, &got));
    got.relative.Owner += 2; /* Not aligned. */
    assert_false(SeValidSecurityDescriptor(bytes, &got));
    got.relative.Owner = 0;
    assert_false(SeValidSecurityDescriptor(bytes, &got));
    close_clean(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sid_is_made_compared_and_copied),
        cmocka_unit_test(an_acl_takes_entries_while_there_is_room),
        cmocka_unit_test(a_dacl_is_set_and_taken_away),
        cmocka_unit_test(a_device_is_opened_and_closed_by_handle),
        cmocka_unit_test(a_handle_that_is_left_open_is_reported),
        cmocka_unit_test(a_device_keeps_its_descriptor),
        cmocka_unit_test(a_key_keeps_its_descriptor),
        cmocka_unit_test(a_change_of_a_keys_descriptor_is_told),
        cmocka_unit_test(a_buffer_that_is_too_small_is_not_written),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(a_handle_that_is_not_open_is_reported),
        cmocka_unit_test(a_relative_descriptor_lies_within_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
