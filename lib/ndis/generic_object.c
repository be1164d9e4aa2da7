/* Generic objects: a handle for drivers that want to allocate before they have any other. */
#include "ndis/ndis_machine.h"

#include <stdio.h>
#include <stdlib.h>

struct generic_object {
    NDIS_GENERIC_OBJECT public; /* What the driver holds. */
    struct handle handle;
    struct owner owner;
    ULONG tag;
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct generic_object, handle));
}

/*
 * "NdisAllocateGenericObject function". IRQL <= DISPATCH_LEVEL.
 * NULL: no memory. Everything allocated on it is freed before NdisFreeGenericObject.
 */
PNDIS_GENERIC_OBJECT
NdisAllocateGenericObject(PDRIVER_OBJECT DriverObject, ULONG Tag, USHORT Size)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_driver *driver = pndis__driver_of(context->machine, DriverObject);
    struct generic_object *object;

    object = pndis__fault(context) ? NULL : calloc(1, sizeof(*object) + Size);
    if (object == NULL) {
        return NULL;
    }
    object->owner.kind = "generic object";
    object->owner.parent = driver == NULL ? &context->machine->owner : &driver->owner;
    snprintf(object->owner.name, sizeof(object->owner.name), "%s", object->owner.parent->name);
    object->tag = Tag;
    /* The headers that drivers include have no type of its own for it. */
    object->public.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    object->public.Header.Revision = NDIS_OBJECT_REVISION_1;
    object->public.Header.Size = sizeof(NDIS_GENERIC_OBJECT);
    object->public.DriverObject = DriverObject;
    pndis__handle_add_as(pndis__handles_of(context->machine), &object->handle, &object->public,
                         HANDLE_GENERIC_OBJECT, &object->owner, context->machine, free_memory);
    pndis__acquired(context, RESOURCE_GENERIC_OBJECT, object, 0, Tag,
                    driver == NULL ? NULL : &driver->owner, __func__, NT_CALLER());
    return &object->public;
}

/* "NdisFreeGenericObject function". IRQL <= DISPATCH_LEVEL. What is left on it is a leak
 * (LEAK_UNLOAD). */
VOID
NdisFreeGenericObject(PNDIS_GENERIC_OBJECT NdisObject)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct handle *handle =
        pndis__handle(context, NdisObject, HANDLE_BIT(GENERIC_OBJECT), __func__, NT_CALLER());
    struct generic_object *object;

    if (handle == NULL) {
        return;
    }
    object = CONTAINING_RECORD(handle, struct generic_object, handle);
    PROBE(context, ENDS, .name = __func__, .owner = &object->owner, .a = RULE_LEAK_UNLOAD,
          .b = ENDS_NO_HEIR);
    pndis__released(context, RESOURCE_GENERIC_OBJECT, object, __func__);
    pndis__handle_retire(pndis__handles_of(context->machine), &object->handle);
}
