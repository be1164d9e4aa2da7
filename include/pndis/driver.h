/*
 * A driver: Windows driver source, compiled with pndis_add_driver(), loaded into a machine.
 */
#ifndef PNDIS_DRIVER_H
#define PNDIS_DRIVER_H

#include <pndis/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pndis_driver;

/**
 * What an object library offers instead of a module: its DriverEntry under a name of its own, with
 * types that need no Windows header (PDRIVER_OBJECT, PUNICODE_STRING, NTSTATUS).
 */
typedef int pndis_driver_entry(void *driver_object, void *registry_path);

/** How a driver is installed. All zero is a good default. */
struct pndis_driver_options {
    /* Its service name; NULL: the module's file name without its ending, "driver" for an entry;
     * with #2, #3 ... behind it when that is taken. */
    const char *name;
    /* Path of its INF file, for the defaults of its parameters; NULL: <module>.inf beside
     * <module>.so, if there is one; "": none. */
    const char *inf;
    /* For a driver that is linked into the program; then no module. Its variables are the
     * program's: loaded twice, into one machine or two, it shares them, and what they hold from one
     * machine is still there in the next. */
    pndis_driver_entry *entry;
};

/**
 * Install a driver, load it and call its DriverEntry.
 *
 * @param machine  Borrowed; owns the driver.
 * @param module   Path of the module that pndis_add_driver() built; NULL when @options names an
 * entry. A module that is loaded already is loaded again, with variables of its own.
 * @param options  Copied; may be NULL when @module is given.
 * @return         Borrowed from the machine. NULL when the module or the INF file cannot be read,
 * or DriverEntry failed (then pndis_machine_driver_status() has its answer); see
 * pndis_last_error().
 *
 * Context: a host thread outside of driver code. Guest IRQL: PASSIVE_LEVEL.
 * Models:  "DRIVER_INITIALIZE callback function".
 */
PNDIS_API struct pndis_driver *pndis_driver_load(struct pndis_machine *machine, const char *module,
                                                 const struct pndis_driver_options *options);

/**
 * Stop all its adapters, close all its bindings, call its unload routine and drop the module.
 *
 * @param driver  Taken, unless an error is returned.
 * @return 0, or PNDIS_EDRIVER when it has no unload routine and so stays loaded.
 *
 * Models: "Unloading a driver", MINIPORT_UNLOAD, DRIVER_UNLOAD.
 */
PNDIS_API int pndis_driver_unload(struct pndis_driver *driver);

/** The service name. Borrowed. */
PNDIS_API const char *pndis_driver_name(const struct pndis_driver *driver);

/** The NTSTATUS that the machine's most recently called DriverEntry returned. */
PNDIS_API int pndis_machine_driver_status(struct pndis_machine *machine);

#ifdef __cplusplus
}
#endif

#endif
