/* Security identifiers and access control lists ("RtlCreateAcl", "SID"). */
#ifndef __WDK_NTIFS_SECURITY_H
#define __WDK_NTIFS_SECURITY_H

#include "../wdm/types.h"
#include "../wdm/security.h"

EXTERN_C_START

#define SID_REVISION            1
#define SID_MAX_SUB_AUTHORITIES 15

typedef struct _SID_IDENTIFIER_AUTHORITY {
    UCHAR Value[6];
} SID_IDENTIFIER_AUTHORITY, *PSID_IDENTIFIER_AUTHORITY;
typedef struct _SID {
    UCHAR Revision;
    UCHAR SubAuthorityCount;
    SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
    ULONG SubAuthority[ANYSIZE_ARRAY];
} SID, *PISID;

typedef USHORT SECURITY_DESCRIPTOR_CONTROL, *PSECURITY_DESCRIPTOR_CONTROL;
typedef struct _SECURITY_DESCRIPTOR {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    PSID Owner;
    PSID Group;
    PACL Sacl;
    PACL Dacl;
} SECURITY_DESCRIPTOR, *PISECURITY_DESCRIPTOR;

/* The self-relative form: offsets from its beginning, 0 for what is not there. */
typedef struct _SECURITY_DESCRIPTOR_RELATIVE {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    ULONG Owner;
    ULONG Group;
    ULONG Sacl;
    ULONG Dacl;
} SECURITY_DESCRIPTOR_RELATIVE, *PISECURITY_DESCRIPTOR_RELATIVE;

#define SECURITY_DESCRIPTOR_MIN_LENGTH (sizeof(SECURITY_DESCRIPTOR))

#define SE_OWNER_DEFAULTED     0x0001
#define SE_GROUP_DEFAULTED     0x0002
#define SE_DACL_PRESENT        0x0004
#define SE_DACL_DEFAULTED      0x0008
#define SE_SACL_PRESENT        0x0010
#define SE_SACL_DEFAULTED      0x0020
#define SE_DACL_AUTO_INHERITED 0x0400
#define SE_SACL_AUTO_INHERITED 0x0800
#define SE_DACL_PROTECTED      0x1000
#define SE_SACL_PROTECTED      0x2000
#define SE_SELF_RELATIVE       0x8000

#define MIN_ACL_REVISION ACL_REVISION2
#define ACL_REVISION2    (2)
#define ACL_REVISION_DS  (4)
#define MAX_ACL_REVISION ACL_REVISION_DS

#define ACCESS_ALLOWED_ACE_TYPE (0x0)

typedef struct _ACE_HEADER {
    UCHAR AceType;
    UCHAR AceFlags;
    USHORT AceSize;
} ACE_HEADER, *PACE_HEADER;
typedef struct _ACCESS_ALLOWED_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} ACCESS_ALLOWED_ACE, *PACCESS_ALLOWED_ACE;

_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlCreateAcl(_Out_ PACL Acl, _In_ ULONG AclLength, _In_ ULONG AclRevision);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlAddAccessAllowedAce(_Inout_ PACL Acl, _In_ ULONG AceRevision, _In_ ACCESS_MASK AccessMask,
                           _In_ PSID Sid);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlInitializeSid(_Out_ PSID Sid, _In_ PSID_IDENTIFIER_AUTHORITY IdentifierAuthority,
                     _In_ UCHAR SubAuthorityCount);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG RtlLengthSid(_In_ PSID Sid);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI ULONG RtlLengthRequiredSid(_In_ ULONG SubAuthorityCount);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI BOOLEAN RtlValidSid(_In_ PSID Sid);
NTSYSAPI BOOLEAN RtlEqualSid(_In_ PSID Sid1, _In_ PSID Sid2);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI NTSTATUS
    RtlCopySid(_In_ ULONG DestinationSidLength, _In_ PSID DestinationSid, _In_ PSID SourceSid);
_IRQL_requires_max_(APC_LEVEL) NTSYSAPI PULONG
    RtlSubAuthoritySid(_In_ PSID Sid, _In_ ULONG SubAuthority);
NTSYSAPI PUCHAR RtlSubAuthorityCountSid(_In_ PSID Sid);

#define SeQuerySubjectContextToken(SubjectContext)                                                 \
    (ARGUMENT_PRESENT(((PSECURITY_SUBJECT_CONTEXT)SubjectContext)->ClientToken)                    \
         ? ((PSECURITY_SUBJECT_CONTEXT)SubjectContext)->ClientToken                                \
         : ((PSECURITY_SUBJECT_CONTEXT)SubjectContext)->PrimaryToken)

EXTERN_C_END

#endif
