/* Security identifiers, and access control lists of them ("RtlCreateAcl function", "SID"). */
#include "nt/security.h"

enum { SID_HEADER_BYTES = FIELD_OFFSET(SID, SubAuthority), ACL_ALIGNMENT = sizeof(ULONG) };

/* --- SIDs --- */

static size_t
sid_bytes(size_t sub_authorities)
{
    return SID_HEADER_BYTES + sub_authorities * sizeof(ULONG);
}

size_t
pndis__sid_bytes(const SID *sid)
{
    return sid_bytes(sid->SubAuthorityCount);
}

bool
pndis__sid_is_valid(const SID *sid)
{
    return sid != NULL && sid->Revision == SID_REVISION &&
           sid->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

ULONG
RtlLengthRequiredSid(ULONG SubAuthorityCount)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return (ULONG)sid_bytes(SubAuthorityCount);
}

ULONG
RtlLengthSid(PSID Sid)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return (ULONG)pndis__sid_bytes(Sid);
}

BOOLEAN
RtlValidSid(PSID Sid)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return pndis__sid_is_valid(Sid);
}

NTSTATUS
RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount)
{
    SID *sid = Sid;

    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES) {
        return STATUS_INVALID_PARAMETER;
    }
    sid->Revision = SID_REVISION;
    sid->SubAuthorityCount = SubAuthorityCount;
    sid->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}

/* "This value is not validated against the number of subauthorities in the SID." */
PULONG
RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return ((SID *)Sid)->SubAuthority + SubAuthority;
}

PUCHAR
RtlSubAuthorityCountSid(PSID Sid)
{
    return &((SID *)Sid)->SubAuthorityCount;
}

BOOLEAN
RtlEqualSid(PSID Sid1, PSID Sid2)
{
    size_t bytes = pndis__sid_bytes(Sid1);

    return bytes == pndis__sid_bytes(Sid2) && memcmp(Sid1, Sid2, bytes) == 0;
}

NTSTATUS
RtlCopySid(ULONG DestinationSidLength, PSID DestinationSid, PSID SourceSid)
{
    size_t bytes = pndis__sid_bytes(SourceSid);

    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (bytes > DestinationSidLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove(DestinationSid, SourceSid, bytes);
    return STATUS_SUCCESS;
}

/* --- ACLs --- */

/* How many bytes of @acl its header and entries take; 0 when they do not lie in it. */
static size_t
used_bytes(const ACL *acl)
{
    size_t at = sizeof(*acl);

    for (unsigned i = 0; i < acl->AceCount; i++) {
        const ACE_HEADER *ace = (const void *)((const char *)acl + at);

        if (at + sizeof(*ace) > acl->AclSize || ace->AceSize < sizeof(*ace) ||
            ace->AceSize % ACL_ALIGNMENT != 0 || at + ace->AceSize > acl->AclSize) {
            return 0;
        }
        at += ace->AceSize;
    }
    return at;
}

static bool
revision_is_known(ULONG revision)
{
    return revision >= MIN_ACL_REVISION && revision <= MAX_ACL_REVISION;
}

bool
pndis__acl_is_valid(const ACL *acl)
{
    return revision_is_known(acl->AclRevision) && acl->AclSize >= sizeof(*acl) &&
           acl->AclSize % ACL_ALIGNMENT == 0 && used_bytes(acl) != 0;
}

NTSTATUS
RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (AclLength < sizeof(*Acl)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (!revision_is_known(AclRevision) || AclLength > MAXUSHORT) {
        return STATUS_INVALID_PARAMETER;
    }
    memset(Acl, 0, sizeof(*Acl));
    Acl->AclRevision = (UCHAR)AclRevision;
    Acl->AclSize = (USHORT)(AclLength / ACL_ALIGNMENT * ACL_ALIGNMENT);
    return STATUS_SUCCESS;
}

NTSTATUS
RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    ACCESS_ALLOWED_ACE *ace;
    size_t bytes;
    size_t at;

    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    if (!pndis__sid_is_valid(Sid)) {
        return STATUS_INVALID_SID;
    }
    if (!revision_is_known(AceRevision) || !revision_is_known(Acl->AclRevision)) {
        return STATUS_REVISION_MISMATCH;
    }
    at = used_bytes(Acl);
    if (at == 0) {
        return STATUS_INVALID_ACL;
    }
    bytes = FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + pndis__sid_bytes(Sid);
    if (at + bytes > Acl->AclSize) {
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    }
    ace = (void *)((char *)Acl + at);
    ace->Header = (ACE_HEADER){ACCESS_ALLOWED_ACE_TYPE, 0, (USHORT)bytes};
    ace->Mask = AccessMask;
    memcpy(&ace->SidStart, Sid, pndis__sid_bytes(Sid));
    Acl->AceCount++;
    Acl->AclRevision = max(Acl->AclRevision, (UCHAR)AceRevision);
    return STATUS_SUCCESS;
}
