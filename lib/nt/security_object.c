/*
 * The security descriptors of objects: kept and given back, but nobody is refused for one, since
 * all code is kernel code ("ZwSetSecurityObject function", "ZwQuerySecurityObject function"). A
 * file stands for its device, a handle of a key for the key.
 */
#include "nt/security.h"

#include "nt/device.h"
#include "nt/key_handle.h"
#include "nt/object.h"

#include <stdlib.h>

/* What is asked for and answered under the lock of the object's descriptor. */
struct exchange {
    SECURITY_INFORMATION which;
    struct security parts; /* To be set. */
    void *buffer;          /* To be filled. */
    size_t room;
    size_t needed;
};

static bool
is_wanted(SECURITY_INFORMATION which, enum security_part part)
{
    static const SECURITY_INFORMATION bits[SECURITY_PARTS] = {
        [SECURITY_OWNER] = OWNER_SECURITY_INFORMATION,
        [SECURITY_GROUP] = GROUP_SECURITY_INFORMATION,
        [SECURITY_SACL] = SACL_SECURITY_INFORMATION,
        [SECURITY_DACL] = DACL_SECURITY_INFORMATION,
    };

    return (which & bits[part]) != 0;
}

/* Have @to the wanted parts of @from, and keep its others. */
static void
take_parts(struct security *to, const struct security *from, SECURITY_INFORMATION which)
{
    for (enum security_part part = 0; part < SECURITY_PARTS; part++) {
        SECURITY_DESCRIPTOR_CONTROL control = pndis__security_control_of(part);

        if (is_wanted(which, part)) {
            to->parts[part] = from->parts[part];
            to->control = (to->control & ~control) | (from->control & control);
        }
    }
}

/* --- what an object has that nobody has set one for --- */

struct sid_1 {
    UCHAR revision;
    UCHAR count;
    SID_IDENTIFIER_AUTHORITY authority;
    ULONG sub[1];
};

struct sid_2 {
    UCHAR revision;
    UCHAR count;
    SID_IDENTIFIER_AUTHORITY authority;
    ULONG sub[2];
};

#define NT_AUTHORITY                                                                               \
    {                                                                                              \
        {                                                                                          \
            0, 0, 0, 0, 0, 5                                                                       \
        }                                                                                          \
    }
#define SYSTEM                                                                                     \
    {                                                                                              \
        SID_REVISION, 1, NT_AUTHORITY,                                                             \
        {                                                                                          \
            18                                                                                     \
        }                                                                                          \
    }
#define ADMINISTRATORS                                                                             \
    {                                                                                              \
        SID_REVISION, 2, NT_AUTHORITY,                                                             \
        {                                                                                          \
            32, 544                                                                                \
        }                                                                                          \
    }

struct default_dacl {
    ACL acl;
    ACE_HEADER system_header;
    ACCESS_MASK system_mask;
    struct sid_1 system;
    ACE_HEADER administrators_header;
    ACCESS_MASK administrators_mask;
    struct sid_2 administrators;
};

enum {
    ACE_FIXED_BYTES = FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart),
    SYSTEM_ACE_BYTES = ACE_FIXED_BYTES + sizeof(struct sid_1),
    ADMINISTRATORS_ACE_BYTES = ACE_FIXED_BYTES + sizeof(struct sid_2),
};

static const struct sid_2 default_owner = ADMINISTRATORS;
static const struct sid_1 default_group = SYSTEM;
static const struct default_dacl default_dacl = {
    .acl = {.AclRevision = ACL_REVISION, .AclSize = sizeof(struct default_dacl), .AceCount = 2},
    .system_header = {ACCESS_ALLOWED_ACE_TYPE, 0, SYSTEM_ACE_BYTES},
    .system_mask = GENERIC_ALL,
    .system = SYSTEM,
    .administrators_header = {ACCESS_ALLOWED_ACE_TYPE, 0, ADMINISTRATORS_ACE_BYTES},
    .administrators_mask = GENERIC_ALL,
    .administrators = ADMINISTRATORS,
};

static void
read_slot(const void *slot, struct security *security)
{
    if (slot != NULL) {
        pndis__security_read(slot, SIZE_MAX, security);
        return;
    }
    *security = (struct security){
        .control = SE_DACL_PRESENT,
        .parts = {[SECURITY_OWNER] = &default_owner,
                  [SECURITY_GROUP] = &default_group,
                  [SECURITY_DACL] = &default_dacl},
    };
}

/* --- under the lock --- */

static NTSTATUS
set_slot(void **slot, void *user)
{
    struct exchange *exchange = user;
    struct security merged;
    void *descriptor;

    read_slot(*slot, &merged);
    take_parts(&merged, &exchange->parts, exchange->which);
    descriptor = malloc(pndis__security_bytes(&merged));
    if (descriptor == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    pndis__security_write(&merged, descriptor);
    free(*slot);
    *slot = descriptor;
    return STATUS_SUCCESS;
}

static NTSTATUS
query_slot(void **slot, void *user)
{
    struct exchange *exchange = user;
    struct security asked = {0};
    struct security whole;

    read_slot(*slot, &whole);
    take_parts(&asked, &whole, exchange->which);
    exchange->needed = pndis__security_bytes(&asked);
    if (exchange->needed > exchange->room || exchange->buffer == NULL) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    pndis__security_write(&asked, exchange->buffer);
    return STATUS_SUCCESS;
}

/* --- whose descriptor it is --- */

static NTSTATUS
use_of(struct pndis_machine *machine, void *body, security_use *use, struct exchange *exchange)
{
    switch (pndis__object_type_of(machine, body)) {
    case OBJECT_KEY:
        return pndis__key_security(machine, ((struct key_object *)body)->key, use, exchange);
    case OBJECT_FILE:
        return pndis__object_security(machine, ((PFILE_OBJECT)body)->DeviceObject, use, exchange);
    default:
        return pndis__object_security(machine, body, use, exchange);
    }
}

static NTSTATUS
use_handle(struct context *context, HANDLE handle, security_use *use, struct exchange *exchange,
           const char *call, const void *caller)
{
    struct pndis_machine *machine = context->machine;
    void *body;
    NTSTATUS status = pndis__handle_body(machine, handle, OBJECT_ANY, &body);

    if (!NT_SUCCESS(status)) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "uses handle %p, which is not open", handle);
        return status;
    }
    status = use_of(machine, body, use, exchange);
    if (NT_SUCCESS(status) && use == set_slot &&
        pndis__object_type_of(machine, body) == OBJECT_KEY) {
        pndis__key_changed(machine, ((struct key_object *)body)->key, REG_NOTIFY_CHANGE_SECURITY);
    }
    pndis__object_dereference(machine, body);
    return status;
}

/* An object has an owner and a group at any time. */
static bool
takes_owner_away(const struct security *security, SECURITY_INFORMATION which)
{
    return (is_wanted(which, SECURITY_OWNER) && security->parts[SECURITY_OWNER] == NULL) ||
           (is_wanted(which, SECURITY_GROUP) && security->parts[SECURITY_GROUP] == NULL);
}

NTSTATUS
ZwSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                    PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct exchange exchange = {.which = SecurityInformation};
    NTSTATUS status;

    if (SecurityDescriptor == NULL) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (pndis__fault(context)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = pndis__security_read(SecurityDescriptor, SIZE_MAX, &exchange.parts);
    if (NT_SUCCESS(status) && takes_owner_away(&exchange.parts, SecurityInformation)) {
        status = STATUS_INVALID_SECURITY_DESCR;
    }
    return NT_SUCCESS(status)
               ? use_handle(context, Handle, set_slot, &exchange, __func__, NT_CALLER())
               : status;
}

NTSTATUS
ZwQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                      PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct exchange exchange = {
        .which = SecurityInformation, .buffer = SecurityDescriptor, .room = Length};
    NTSTATUS status = use_handle(context, Handle, query_slot, &exchange, __func__, NT_CALLER());

    *LengthNeeded = (ULONG)exchange.needed;
    return status;
}
