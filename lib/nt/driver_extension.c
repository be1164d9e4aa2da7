/* Memory that belongs to a driver object ("IoAllocateDriverObjectExtension function"). The system
 * frees it when the driver is unloaded. */
#include "nt/driver_extension.h"

#include <stdlib.h>

struct driver_extension {
    struct driver_extension *next;
    const void *id;
    char data[] __attribute__((aligned(16)));
};

static struct driver_extension *
find(const struct pndis_driver *driver, const void *id)
{
    struct driver_extension *extension = driver->extensions;

    while (extension != NULL && extension->id != id) {
        extension = extension->next;
    }
    return extension;
}

void
pndis__driver_extensions_free(struct pndis_driver *driver)
{
    while (driver->extensions != NULL) {
        struct driver_extension *extension = driver->extensions;

        driver->extensions = extension->next;
        free(extension);
    }
}

/* The driver behind @object; NULL, and reported, for what is none. */
static struct pndis_driver *
driver_of(struct context *context, PDRIVER_OBJECT object, const char *call, const void *caller)
{
    struct pndis_driver *driver = pndis__driver_of(context->machine, object);

    if (driver == NULL) {
        pndis__report(context, RULE_OBJECT_HANDLE, NULL, call, caller,
                      "passes what is no driver object");
    }
    return driver;
}

NTSTATUS
IoAllocateDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress,
                                ULONG DriverObjectExtensionSize, PVOID *DriverObjectExtension)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_driver *driver = driver_of(context, DriverObject, __func__, NT_CALLER());
    struct driver_extension *extension;

    *DriverObjectExtension = NULL;
    if (driver == NULL) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (find(driver, ClientIdentificationAddress) != NULL) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    extension =
        pndis__fault(context) ? NULL : calloc(1, sizeof(*extension) + DriverObjectExtensionSize);
    if (extension == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    extension->id = ClientIdentificationAddress;
    extension->next = driver->extensions;
    driver->extensions = extension;
    *DriverObjectExtension = extension->data;
    return STATUS_SUCCESS;
}

PVOID
IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_driver *driver = driver_of(context, DriverObject, __func__, NT_CALLER());
    struct driver_extension *extension =
        driver == NULL ? NULL : find(driver, ClientIdentificationAddress);

    return extension == NULL ? NULL : extension->data;
}
