/* Security descriptors, absolute and self-relative ("SECURITY_DESCRIPTOR structure"). */
#include "nt/security.h"

enum { PART_ALIGNMENT = sizeof(ULONG) };

SECURITY_DESCRIPTOR_CONTROL
pndis__security_control_of(enum security_part part)
{
    static const SECURITY_DESCRIPTOR_CONTROL control[SECURITY_PARTS] = {
        [SECURITY_OWNER] = SE_OWNER_DEFAULTED,
        [SECURITY_GROUP] = SE_GROUP_DEFAULTED,
        [SECURITY_SACL] =
            SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED,
        [SECURITY_DACL] =
            SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED,
    };

    return control[part];
}

static bool
is_acl(enum security_part part)
{
    return part == SECURITY_SACL || part == SECURITY_DACL;
}

static size_t
part_bytes(enum security_part part, const void *at)
{
    return is_acl(part) ? ((const ACL *)at)->AclSize : pndis__sid_bytes(at);
}

/* --- taking apart --- */

static bool
lies_within(enum security_part part, const void *descriptor, size_t offset, size_t bytes)
{
    /* The least of both kinds; it says how long the part is. */
    return offset % PART_ALIGNMENT == 0 && offset + sizeof(ACL) <= bytes &&
           offset + part_bytes(part, (const char *)descriptor + offset) <= bytes;
}

static NTSTATUS
find_relative(const SECURITY_DESCRIPTOR_RELATIVE *descriptor, size_t bytes,
              struct security *security)
{
    const ULONG offsets[SECURITY_PARTS] = {
        [SECURITY_OWNER] = descriptor->Owner,
        [SECURITY_GROUP] = descriptor->Group,
        [SECURITY_SACL] = descriptor->Sacl,
        [SECURITY_DACL] = descriptor->Dacl,
    };

    for (enum security_part part = 0; part < SECURITY_PARTS; part++) {
        if (offsets[part] == 0) {
            continue;
        }
        if (!lies_within(part, descriptor, offsets[part], bytes)) {
            return STATUS_INVALID_SECURITY_DESCR;
        }
        security->parts[part] = (const char *)descriptor + offsets[part];
    }
    return STATUS_SUCCESS;
}

static void
find_absolute(const SECURITY_DESCRIPTOR *descriptor, struct security *security)
{
    security->parts[SECURITY_OWNER] = descriptor->Owner;
    security->parts[SECURITY_GROUP] = descriptor->Group;
    security->parts[SECURITY_SACL] = descriptor->Sacl;
    security->parts[SECURITY_DACL] = descriptor->Dacl;
}

/* An ACL counts only where the control says that there is one. */
static NTSTATUS
check_part(struct security *security, enum security_part part)
{
    SECURITY_DESCRIPTOR_CONTROL present =
        pndis__security_control_of(part) & (SE_SACL_PRESENT | SE_DACL_PRESENT);

    if (is_acl(part) && (security->control & present) == 0) {
        security->parts[part] = NULL;
    }
    if (security->parts[part] == NULL) {
        return STATUS_SUCCESS;
    }
    if (is_acl(part)) {
        return pndis__acl_is_valid(security->parts[part]) ? STATUS_SUCCESS : STATUS_INVALID_ACL;
    }
    return pndis__sid_is_valid(security->parts[part]) ? STATUS_SUCCESS : STATUS_INVALID_SID;
}

NTSTATUS
pndis__security_read(const void *descriptor, size_t bytes, struct security *out_security)
{
    const SECURITY_DESCRIPTOR *absolute = descriptor; /* Both forms begin alike. */
    NTSTATUS status = STATUS_SUCCESS;

    memset(out_security, 0, sizeof(*out_security));
    if (bytes < sizeof(SECURITY_DESCRIPTOR_RELATIVE)) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    if (absolute->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    out_security->control = absolute->Control;
    if ((absolute->Control & SE_SELF_RELATIVE) != 0) {
        status = find_relative(descriptor, bytes, out_security);
    } else {
        find_absolute(descriptor, out_security);
    }
    for (enum security_part part = 0; part < SECURITY_PARTS && NT_SUCCESS(status); part++) {
        status = check_part(out_security, part);
    }
    return status;
}

/* --- putting together --- */

size_t
pndis__security_bytes(const struct security *security)
{
    size_t bytes = sizeof(SECURITY_DESCRIPTOR_RELATIVE);

    for (enum security_part part = 0; part < SECURITY_PARTS; part++) {
        if (security->parts[part] != NULL) {
            bytes += ALIGN_UP_BY(part_bytes(part, security->parts[part]), PART_ALIGNMENT);
        }
    }
    return bytes;
}

void
pndis__security_write(const struct security *security, void *descriptor)
{
    SECURITY_DESCRIPTOR_RELATIVE *relative = descriptor;
    ULONG *const offsets[SECURITY_PARTS] = {
        [SECURITY_OWNER] = &relative->Owner,
        [SECURITY_GROUP] = &relative->Group,
        [SECURITY_SACL] = &relative->Sacl,
        [SECURITY_DACL] = &relative->Dacl,
    };
    size_t at = sizeof(*relative);

    memset(relative, 0, sizeof(*relative));
    relative->Revision = SECURITY_DESCRIPTOR_REVISION;
    relative->Control = security->control | SE_SELF_RELATIVE;
    for (enum security_part part = 0; part < SECURITY_PARTS; part++) {
        const void *from = security->parts[part];

        if (from != NULL) {
            *offsets[part] = (ULONG)at;
            memcpy((char *)descriptor + at, from, part_bytes(part, from));
            at += ALIGN_UP_BY(part_bytes(part, from), PART_ALIGNMENT);
        }
    }
}

/* --- for drivers --- */

NTSTATUS
RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision)
{
    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    memset(SecurityDescriptor, 0, sizeof(SECURITY_DESCRIPTOR));
    ((SECURITY_DESCRIPTOR *)SecurityDescriptor)->Revision = SECURITY_DESCRIPTOR_REVISION;
    return STATUS_SUCCESS;
}

NTSTATUS
RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent,
                             PACL Dacl, BOOLEAN DaclDefaulted)
{
    SECURITY_DESCRIPTOR *descriptor = SecurityDescriptor;

    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (descriptor->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    if ((descriptor->Control & SE_SELF_RELATIVE) != 0) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    descriptor->Control &= (SECURITY_DESCRIPTOR_CONTROL)~SE_DACL_PRESENT;
    if (!DaclPresent) {
        return STATUS_SUCCESS;
    }
    descriptor->Control &= (SECURITY_DESCRIPTOR_CONTROL)~SE_DACL_DEFAULTED;
    descriptor->Control |= DaclDefaulted ? SE_DACL_PRESENT | SE_DACL_DEFAULTED : SE_DACL_PRESENT;
    descriptor->Dacl = Dacl;
    return STATUS_SUCCESS;
}

/* Of an absolute descriptor: with what it points to. */
ULONG
RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    const SECURITY_DESCRIPTOR *descriptor = SecurityDescriptor;
    size_t bytes;
    struct security security;

    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    pndis__security_read(descriptor, SIZE_MAX, &security);
    bytes = pndis__security_bytes(&security);
    if ((descriptor->Control & SE_SELF_RELATIVE) == 0) {
        bytes += sizeof(*descriptor) - sizeof(SECURITY_DESCRIPTOR_RELATIVE);
    }
    return (ULONG)bytes;
}

BOOLEAN
RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    struct security security;

    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return SecurityDescriptor != NULL &&
           NT_SUCCESS(pndis__security_read(SecurityDescriptor, SIZE_MAX, &security));
}

BOOLEAN
SeValidSecurityDescriptor(ULONG Length, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    struct security security;

    NT_PURE_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return NT_SUCCESS(pndis__security_read(SecurityDescriptor, Length, &security)) &&
           (security.control & SE_SELF_RELATIVE) != 0 && security.parts[SECURITY_OWNER] != NULL;
}
