/*
 * Security descriptors from inside: the parts of one, in either of its two forms, and what makes a
 * part valid. sid.c has SIDs and ACLs, security.c whole descriptors, security_object.c those that
 * objects have.
 */
#ifndef PNDIS_LIB_NT_SECURITY_H
#define PNDIS_LIB_NT_SECURITY_H

#include "nt/nt.h"

/* In the order of the fields of a SECURITY_DESCRIPTOR. */
enum security_part { SECURITY_OWNER, SECURITY_GROUP, SECURITY_SACL, SECURITY_DACL, SECURITY_PARTS };

/* A descriptor taken apart; the parts lie in it. NULL: it is not there, or is a NULL ACL. */
struct security {
    SECURITY_DESCRIPTOR_CONTROL control;
    const void *parts[SECURITY_PARTS];
};

size_t pndis__sid_bytes(const SID *sid);
bool pndis__sid_is_valid(const SID *sid);
/* An ACL whose entries lie in it. */
bool pndis__acl_is_valid(const ACL *acl);

/* What says in its control whether and how a descriptor has that part. */
SECURITY_DESCRIPTOR_CONTROL pndis__security_control_of(enum security_part part);

/*
 * Take @descriptor apart. STATUS_UNKNOWN_REVISION, STATUS_INVALID_SID, STATUS_INVALID_ACL;
 * STATUS_INVALID_SECURITY_DESCR for a self-relative one that is not within @bytes.
 */
NTSTATUS pndis__security_read(const void *descriptor, size_t bytes, struct security *out_security);
/* How long it is in the self-relative form, and that form. */
size_t pndis__security_bytes(const struct security *security);
void pndis__security_write(const struct security *security, void *descriptor);

#endif
