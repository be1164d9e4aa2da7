#include "support/worker.h"

static VOID
run(PVOID context)
{
    struct worker *worker = context;

    worker->routine(worker->argument);
}

void
worker_start(struct worker *worker, void (*routine)(void *argument), void *argument)
{
    HANDLE handle;

    worker->routine = routine;
    worker->argument = argument;
    worker->started =
        NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, run, worker));
    if (!worker->started) {
        return;
    }
    ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &worker->thread,
                              NULL);
    ZwClose(handle);
}

void
worker_join(struct worker *worker)
{
    if (worker->started) {
        KeWaitForSingleObject(worker->thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(worker->thread);
        worker->started = false;
    }
}
