/* What the machine is made of; called by machine.c only. Creating returns 0 or PNDIS_ENOMEM. */
#ifndef PNDIS_LIB_NT_PARTS_H
#define PNDIS_LIB_NT_PARTS_H

#include "nt/nt.h"

/* Catching and reporting of faults in driver code. */
int pndis__crashes_create(struct pndis_machine *machine);
void pndis__crashes_destroy(struct pndis_machine *machine);

int pndis__pool_create(struct pndis_machine *machine);
/* Frees every block that is still allocated. */
void pndis__pool_destroy(struct pndis_machine *machine);

int pndis__registry_create(struct pndis_machine *machine);
void pndis__registry_destroy(struct pndis_machine *machine);

/* Named objects, handles, device objects, callback objects. */
int pndis__objects_create(struct pndis_machine *machine);
void pndis__objects_destroy(struct pndis_machine *machine);

/* The system worker threads behind work items; they start when first needed. */
int pndis__work_queue_create(struct pndis_machine *machine);
void pndis__work_queue_destroy(struct pndis_machine *machine);

/* Threads of the machine, and the process they belong to. */
int pndis__threads_create(struct pndis_machine *machine);
void pndis__threads_destroy(struct pndis_machine *machine);

/*
 * @driver has unloaded, and its code is about to go: its threads ought to have ended (THREAD_END).
 * Those that have not are waited for; false when one does not end within the machine's timeout.
 */
bool pndis__threads_end_of(struct context *context, struct pndis_driver *driver);

/* The machine is stopping: end the worker threads and release what the system threads have left. */
void pndis__threads_stop(struct context *context);
void pndis__work_stop(struct context *context);

/* Free the drivers that could not be freed when they were unloaded, since threads of theirs ran on.
 */
void pndis__drivers_free_abandoned(struct pndis_machine *machine);

/* Unload @driver whether it likes it or not, report what it leaves, and free it. */
void pndis__driver_remove(struct context *context, struct pndis_driver *driver);

#endif
