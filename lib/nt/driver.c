/*
 * Drivers: loading a module, its DRIVER_OBJECT, DriverEntry and unload.
 * That a driver is a miniport or a protocol is lib/ndis' business, which hooks in when it
 * registers.
 */
#include "nt/nt.h"

#include "nt/bug_check.h"
#include "nt/callback.h"
#include "nt/device.h"
#include "nt/driver_extension.h"
#include "nt/inf.h"
#include "nt/parts.h"
#include "nt/status_name.h"
#include "nt/timer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char services_key[] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";

struct pndis_driver *
pndis__driver_of(struct pndis_machine *machine, const DRIVER_OBJECT *object)
{
    for (struct pndis_driver *driver = machine->drivers; driver != NULL; driver = driver->next) {
        if (&driver->object == object) {
            return driver;
        }
    }
    return NULL;
}

void
pndis__driver_key(const struct pndis_driver *driver, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s%s", services_key, driver->owner.name);
}

/* "path/to/eth.so" gives "eth"; "libeth.so" too, since that is what build systems make of it. */
static void
name_from_module(const char *module, char *name, size_t bytes)
{
    const char *slash = strrchr(module, '/');
    const char *base = slash == NULL ? module : slash + 1;
    const char *dot;

    base = strncmp(base, "lib", 3) == 0 && base[3] != 0 ? base + 3 : base;
    dot = strchr(base, '.');
    snprintf(name, bytes, "%.*s", dot == NULL ? (int)strlen(base) : (int)(dot - base), base);
}

static struct pndis_driver *
find_by_name(struct pndis_machine *machine, const char *name)
{
    struct pndis_driver *driver = machine->drivers;

    while (driver != NULL && strcmp(driver->owner.name, name) != 0) {
        driver = driver->next;
    }
    return driver;
}

/* A driver that is loaded twice is two drivers: eth, eth#2, eth#3. */
static int
choose_name(struct pndis_machine *machine, struct pndis_driver *driver, const char *module,
            const struct pndis_driver_options *options)
{
    char base[sizeof(driver->owner.name) - 8];

    if (options->name != NULL) {
        snprintf(driver->owner.name, sizeof(driver->owner.name), "%s", options->name);
        if (find_by_name(machine, driver->owner.name) != NULL) {
            return pndis__fail(PNDIS_EEXIST, "a driver named %s is loaded", driver->owner.name);
        }
        return 0;
    }
    name_from_module(module == NULL ? "driver" : module, base, sizeof(base));
    snprintf(driver->owner.name, sizeof(driver->owner.name), "%s", base);
    for (unsigned copy = 2; find_by_name(machine, driver->owner.name) != NULL; copy++) {
        snprintf(driver->owner.name, sizeof(driver->owner.name), "%s#%u", base, copy);
    }
    return 0;
}

static void
driver_free(struct pndis_driver *driver)
{
    pndis__driver_extensions_free(driver);
    free(driver->object.DriverName.Buffer);
    free(driver->registry_path.Buffer);
    free(driver->inf);
    free(driver);
}

static NTSTATUS
invalid_request(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

/* Whether @path is an INF file. */
static int
check_inf(const char *path)
{
    struct inf inf;
    char error[256];
    uint8_t *text;
    size_t bytes;
    int result = pndis__os_file_read(path, &text, &bytes);

    if (result != 0) {
        return pndis__fail(PNDIS_EIO, "%s cannot be read: %s", path, strerror(-result));
    }
    result = pndis__inf_parse(&inf, text, bytes, error, sizeof(error));
    free(text);
    if (result != 0) {
        return pndis__fail(result, "%s, %s", path, error);
    }
    pndis__inf_fini(&inf);
    return 0;
}

/* "path/to/eth.inf" for "path/to/eth.so", if there is one; else NULL. */
static char *
inf_beside(const char *module)
{
    size_t length = module == NULL ? 0 : strlen(module);
    uint8_t *text;
    size_t bytes;
    char *path;
    int result;

    if (length < 3 || strcmp(module + length - 3, ".so") != 0) {
        return NULL;
    }
    path = malloc(length + 2);
    if (path == NULL) {
        return NULL;
    }
    snprintf(path, length + 2, "%.*s.inf", (int)length - 3, module);
    result = pndis__os_file_read(path, &text, &bytes);
    if (result == 0) {
        free(text);
    } else if (result == -ENOENT) {
        free(path);
        path = NULL;
    }
    return path;
}

static int
choose_inf(struct pndis_driver *driver, const char *module,
           const struct pndis_driver_options *options)
{
    if (options->inf == NULL) {
        driver->inf = inf_beside(module);
    } else if (options->inf[0] != 0) {
        driver->inf = strdup(options->inf);
        if (driver->inf == NULL) {
            return pndis__fail(PNDIS_ENOMEM, "no memory for a driver");
        }
    }
    return driver->inf == NULL ? 0 : check_inf(driver->inf);
}

static struct pndis_driver *
driver_new(struct pndis_machine *machine, const char *module,
           const struct pndis_driver_options *options)
{
    struct pndis_driver *driver = calloc(1, sizeof(*driver));
    char path[160];

    if (driver == NULL) {
        pndis__fail(PNDIS_ENOMEM, "no memory for a driver");
        return NULL;
    }
    driver->machine = machine;
    driver->owner.kind = "driver";
    if (choose_name(machine, driver, module, options) != 0) {
        free(driver);
        return NULL;
    }
    snprintf(path, sizeof(path), "\\Driver\\%s", driver->owner.name);
    driver->object.Type = IO_TYPE_DRIVER;
    driver->object.Size = sizeof(DRIVER_OBJECT);
    driver->object.DriverExtension = &driver->extension;
    driver->extension.DriverObject = &driver->object;
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        driver->object.MajorFunction[i] = invalid_request;
    }
    if (!pndis__unicode_of(path, &driver->object.DriverName)) {
        goto no_memory;
    }
    pndis__driver_key(driver, path, sizeof(path));
    if (!pndis__unicode_of(path, &driver->registry_path)) {
        goto no_memory;
    }
    driver->extension.ServiceKeyName = driver->registry_path;
    if (choose_inf(driver, module, options) != 0) {
        driver_free(driver);
        return NULL;
    }
    return driver;

no_memory:
    driver_free(driver);
    pndis__fail(PNDIS_ENOMEM, "no memory for a driver");
    return NULL;
}

static void
link_last(struct pndis_machine *machine, struct pndis_driver *driver)
{
    struct pndis_driver **link = &machine->drivers;

    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = driver;
}

static void
free_with_library(struct pndis_driver *driver)
{
    if (driver->library != NULL) {
        pndis__os_library_close(driver->library);
    }
    driver_free(driver);
}

static void
unlink_driver(struct pndis_driver *driver)
{
    struct pndis_driver **link = &driver->machine->drivers;

    while (*link != driver) {
        link = &(*link)->next;
    }
    *link = driver->next;
}

/*
 * The end of a driver's life: what it still holds is a leak, and what of it would call its code, or
 * be called, goes before the code does. False when a thread of it runs on.
 */
static bool
driver_ends(struct context *context, struct pndis_driver *driver, const char *where)
{
    bool all_ended;

    if (driver->after_unload != NULL) {
        driver->after_unload(driver);
    }
    /* Work that the driver queued runs its code, which is about to go. */
    pndis__dpc_flush(context);
    pndis__work_flush(context);
    all_ended = pndis__threads_end_of(context, driver);
    PROBE(context, ENDS, .name = where, .owner = &driver->owner, .a = RULE_LEAK_UNLOAD);
    pndis__timers_cancel_of(context, &driver->owner);
    pndis__callbacks_forget(context, &driver->owner);
    pndis__bug_checks_forget(driver->machine, &driver->owner);
    pndis__devices_remove_of(context, driver);
    /* A timer may have fired just before it was cancelled. */
    pndis__dpc_flush(context);
    return all_ended;
}

static void
unlink_and_free(struct pndis_driver *driver, bool all_ended)
{
    unlink_driver(driver);
    if (all_ended) {
        free_with_library(driver);
    } else {
        driver->next = driver->machine->abandoned;
        driver->machine->abandoned = driver;
    }
}

void
pndis__drivers_free_abandoned(struct pndis_machine *machine)
{
    while (machine->abandoned != NULL) {
        struct pndis_driver *driver = machine->abandoned;

        machine->abandoned = driver->next;
        free_with_library(driver);
    }
}

static NTSTATUS
call_entry(struct context *context, struct pndis_driver *driver, pndis_driver_entry *entry)
{
    struct frame frame;
    NTSTATUS status;

    pndis__guest_enter(context, &frame, &driver->owner, "DriverEntry");
    driver->in_entry = true;
    status = entry(&driver->object, &driver->registry_path);
    driver->in_entry = false;
    pndis__guest_leave_status(context, &frame, status);
    return status;
}

/* A module that brings a second copy of pndis along would talk to that one. */
static bool
uses_this_library(void *library)
{
    union {
        void *symbol;
        const char *(*function)(void);
    } found = {.symbol = pndis__os_library_symbol(library, "pndis_last_error")};

    return found.symbol == NULL || found.function == pndis_last_error;
}

static void *
open_module(const char *module)
{
    char error[400];
    void *library = pndis__os_library_open(module, error, sizeof(error));

    if (library == NULL) {
        pndis__fail(PNDIS_ELOAD, "%s", error);
    } else if (!uses_this_library(library)) {
        pndis__fail(PNDIS_ELOAD,
                    "%s uses another copy of pndis than this program: link the program with the "
                    "shared library, or the driver into the program",
                    module);
        pndis__os_library_close(library);
        library = NULL;
    }
    return library;
}

static pndis_driver_entry *
entry_of(struct pndis_driver *driver, const char *module,
         const struct pndis_driver_options *options)
{
    union {
        void *symbol;
        pndis_driver_entry *entry;
    } found;

    if (options->entry != NULL) {
        return options->entry;
    }
    driver->library = open_module(module);
    if (driver->library == NULL) {
        return NULL;
    }
    found.symbol = pndis__os_library_symbol(driver->library, "DriverEntry");
    if (found.symbol == NULL) {
        pndis__fail(PNDIS_ELOAD, "%s exports no DriverEntry", module);
        pndis__os_library_close(driver->library);
        driver->library = NULL;
    }
    return found.entry;
}

static struct pndis_driver *
load(struct context *context, const char *module, const struct pndis_driver_options *options)
{
    struct pndis_machine *machine = context->machine;
    struct pndis_driver *driver = driver_new(machine, module, options);
    pndis_driver_entry *entry;

    if (driver == NULL) {
        return NULL;
    }
    entry = entry_of(driver, module, options);
    if (entry == NULL) {
        driver_free(driver);
        return NULL;
    }
    link_last(machine, driver);
    machine->driver_status = call_entry(context, driver, entry);
    if (!NT_SUCCESS(machine->driver_status)) {
        char name[sizeof(driver->owner.name)];
        bool all_ended;

        snprintf(name, sizeof(name), "%s", driver->owner.name);
        all_ended = driver_ends(context, driver, "DriverEntry");
        if (driver->before_unload != NULL) {
            driver->before_unload(driver);
        }
        unlink_and_free(driver, all_ended);
        pndis__fail(PNDIS_EDRIVER, "DriverEntry of %s returned 0x%08x%s", name,
                    (unsigned)machine->driver_status, pndis__status_name(machine->driver_status));
        return NULL;
    }
    pndis__devices_initialized(driver);
    return driver;
}

struct pndis_driver *
pndis_driver_load(struct pndis_machine *machine, const char *module,
                  const struct pndis_driver_options *options)
{
    const struct pndis_driver_options defaults = {0};
    struct host_call call;
    struct pndis_driver *driver = NULL;

    options = options == NULL ? &defaults : options;
    if ((module == NULL) == (options->entry == NULL)) {
        pndis__fail(PNDIS_EINVAL, "a driver has either a module or an entry");
        return NULL;
    }
    if (machine->stopped) {
        pndis__fail(PNDIS_EBADSTATE, "the machine has been stopped");
        return NULL;
    }
    if (pndis__host_begin(machine, &call) == 0) {
        driver = load(context_current(), module, options);
        pndis__host_leave(&call);
    }
    return driver;
}

static void
call_unload(struct context *context, struct pndis_driver *driver)
{
    struct frame frame;

    if (driver->object.DriverUnload == NULL || driver->owner.past_end) {
        return;
    }
    pndis__guest_enter(context, &frame, &driver->owner, "DriverUnload");
    driver->object.DriverUnload(&driver->object);
    pndis__guest_leave(context, &frame);
}

void
pndis__driver_remove(struct context *context, struct pndis_driver *driver)
{
    if (driver->before_unload != NULL) {
        driver->before_unload(driver);
    }
    call_unload(context, driver);
    unlink_and_free(driver, driver_ends(context, driver, "DriverUnload"));
}

int
pndis_driver_unload(struct pndis_driver *driver)
{
    struct host_call call;
    int result;

    if (driver->object.DriverUnload == NULL) {
        return pndis__fail(PNDIS_EDRIVER, "%s has no unload routine", driver->owner.name);
    }
    result = pndis__host_enter(driver->machine, &call);
    if (result == 0) {
        pndis__driver_remove(context_current(), driver);
        pndis__host_leave(&call);
    }
    return result;
}

const char *
pndis_driver_name(const struct pndis_driver *driver)
{
    return driver->owner.name;
}

int
pndis_machine_driver_status(struct pndis_machine *machine)
{
    return machine->driver_status;
}
