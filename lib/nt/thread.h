/* Threads, as far as nt.h does not say. */
#ifndef PNDIS_LIB_NT_THREAD_H
#define PNDIS_LIB_NT_THREAD_H

#include "nt/nt.h"

/* What system threads run at. */
enum { NORMAL_THREAD_PRIORITY = 8 };

/* The process that all threads belong to: a PEPROCESS. */
void *pndis__system_process(struct pndis_machine *machine);

/* Whether a thread runs on that nobody could end; then the machine cannot be freed. */
bool pndis__threads_are_left(const struct pndis_machine *machine);

#endif
