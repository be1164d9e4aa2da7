/* Clones of OID requests, for drivers that pass a request on. */
#include "ndis/ndis_machine.h"

#include "ndis/header.h"

#include <stdlib.h>

struct oid_clone {
    NDIS_OID_REQUEST public; /* What the driver holds. */
    struct handle handle;
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct oid_clone, handle));
}

static NDIS_STATUS
make(struct context *context, const NDIS_OID_REQUEST *request, struct owner *owner,
     struct oid_clone **out_clone)
{
    struct oid_clone *clone = pndis__fault(context) ? NULL : calloc(1, sizeof(*clone));

    if (clone == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    pndis__object_header_copy(&clone->public, sizeof(clone->public), request, HEADER_OID_REQUEST);
    memset(clone->public.NdisReserved, 0, sizeof(clone->public.NdisReserved));
    pndis__handle_add_as(pndis__handles_of(context->machine), &clone->handle, &clone->public,
                         HANDLE_OID_CLONE, owner, context->machine, free_memory);
    *out_clone = clone;
    return NDIS_STATUS_SUCCESS;
}

/*
 * "NdisAllocateCloneOidRequest function". IRQL <= DISPATCH_LEVEL.
 * @SourceHandle is a binding. The clone shares the information buffer of @OidRequest and is the
 * caller's until NdisFreeCloneOidRequest. NDIS_STATUS_INVALID_PARAMETER, NDIS_STATUS_RESOURCES,
 * NDIS_STATUS_FAILURE for a malformed request; then *@ClonedOidRequest is NULL.
 */
NDIS_STATUS
NdisAllocateCloneOidRequest(NDIS_HANDLE SourceHandle, PNDIS_OID_REQUEST OidRequest, UINT PoolTag,
                            PNDIS_OID_REQUEST *ClonedOidRequest)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *source;
    struct oid_clone *clone;
    NDIS_STATUS status;

    *ClonedOidRequest = NULL;
    source = pndis__handle(context, SourceHandle, HANDLE_BIT(BINDING), __func__, caller);
    if (source == NULL) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (!pndis__object_header_check(context, OidRequest, HEADER_OID_REQUEST, __func__, caller)) {
        return NDIS_STATUS_FAILURE;
    }
    status = make(context, OidRequest, source->owner, &clone);
    if (status == NDIS_STATUS_SUCCESS) {
        pndis__acquired(context, RESOURCE_CLONE_OID, clone, sizeof(clone->public), PoolTag,
                        source->owner, __func__, caller);
        *ClonedOidRequest = &clone->public;
    }
    return status;
}

/* "NdisFreeCloneOidRequest function". IRQL <= DISPATCH_LEVEL. Takes @Request. */
VOID
NdisFreeCloneOidRequest(NDIS_HANDLE SourceHandle, PNDIS_OID_REQUEST Request)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    const void *caller = NT_CALLER();
    struct handle *handle;

    if (pndis__handle(context, SourceHandle, HANDLE_BIT(BINDING), __func__, caller) == NULL) {
        return;
    }
    handle = pndis__handle(context, Request, HANDLE_BIT(OID_CLONE), __func__, caller);
    if (handle == NULL) {
        return;
    }
    pndis__released(context, RESOURCE_CLONE_OID,
                    CONTAINING_RECORD(handle, struct oid_clone, handle), __func__);
    pndis__handle_retire(pndis__handles_of(context->machine), handle);
}
