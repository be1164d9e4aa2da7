/* The system's error log, and the logs that miniports keep for applications of their own. */
#include "ndis/adapter.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the error log --- */

enum { VALUE_LIMIT = 16 };

/*
 * "NdisWriteErrorLogEntry function". IRQL <= DISPATCH_LEVEL.
 * The entry becomes a note of the machine's event log.
 */
VOID
NdisWriteErrorLogEntry(NDIS_HANDLE NdisHandle, NDIS_ERROR_CODE ErrorCode, ULONG NumberOfErrorValues,
                       ...)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct owner *owner;
    char text[320];
    int used;
    va_list values;

    if (!pndis__owner_of_handle(context, NdisHandle, __func__, NT_CALLER(), &owner)) {
        return;
    }
    used = snprintf(text, sizeof(text), "error log: 0x%08x", ErrorCode);
    va_start(values, NumberOfErrorValues);
    for (ULONG i = 0; i < NumberOfErrorValues && i < VALUE_LIMIT; i++) {
        used += snprintf(text + used, sizeof(text) - (size_t)used, " 0x%x", va_arg(values, ULONG));
    }
    va_end(values);
    PROBE(context, NOTE, .owner = owner, .detail = text);
}

/* "NdisWriteEventLogEntry function". IRQL <= DISPATCH_LEVEL. @LogHandle is the driver object. As
 * above. */
NDIS_STATUS
NdisWriteEventLogEntry(PVOID LogHandle, NDIS_STATUS EventCode, ULONG UniqueEventValue,
                       USHORT NumStrings, PVOID StringsList, ULONG DataSize, PVOID Data)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct pndis_driver *driver = pndis__driver_of(context->machine, LogHandle);
    PCWSTR *strings = StringsList;
    char text[320];
    int used;

    (void)DataSize;
    (void)Data;
    used =
        snprintf(text, sizeof(text), "event log: 0x%08x %u", (unsigned)EventCode, UniqueEventValue);
    for (USHORT i = 0; i < NumStrings && i < VALUE_LIMIT; i++) {
        UNICODE_STRING string;
        char utf8[80];

        RtlInitUnicodeString(&string, strings[i]);
        pndis__utf8_of(&string, utf8, sizeof(utf8));
        used += snprintf(text + used, sizeof(text) - (size_t)used, " %s", utf8);
        if (used >= (int)sizeof(text)) {
            break;
        }
    }
    PROBE(context, NOTE, .owner = driver == NULL ? NULL : &driver->owner, .detail = text);
    return NDIS_STATUS_SUCCESS;
}

/* --- logs of miniports --- */

/* A circular buffer: once it is full, new data pushes the oldest out. */
struct event_log {
    struct handle handle;
    struct possession possession;
    struct pndis_adapter *adapter;
    struct brief_lock lock;
    UINT size;
    UINT used;
    UINT next;
    UCHAR data[];
};

static void
free_memory(struct handle *handle)
{
    free(CONTAINING_RECORD(handle, struct event_log, handle));
}

static void
end_log(struct context *context, struct event_log *log)
{
    log->adapter->log = NULL;
    pndis__possession_remove(&log->possession);
    pndis__handle_retire(pndis__handles_of(context->machine), &log->handle);
}

static void
reclaim(struct context *context, struct possession *possession)
{
    struct event_log *log = CONTAINING_RECORD(possession, struct event_log, possession);

    log->adapter->log = NULL;
    pndis__handle_retire(pndis__handles_of(context->machine), &log->handle);
}

static struct event_log *
log_of(struct context *context, NDIS_HANDLE handle, const char *call, const void *caller)
{
    return (struct event_log *)pndis__handle(context, handle, HANDLE_BIT(EVENT_LOG), call, caller);
}

/* "NdisMCreateLog function". IRQL: PASSIVE_LEVEL. One log an adapter; NDIS_STATUS_FAILURE for a
 * second. */
NDIS_STATUS
NdisMCreateLog(NDIS_HANDLE MiniportAdapterHandle, UINT Size, PNDIS_HANDLE LogHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    const void *caller = NT_CALLER();
    struct pndis_adapter *adapter =
        pndis__adapter_of(context, MiniportAdapterHandle, __func__, caller);
    struct event_log *log;

    if (adapter == NULL || adapter->log != NULL || Size == 0) {
        return NDIS_STATUS_FAILURE;
    }
    log = pndis__fault(context) ? NULL : calloc(1, sizeof(*log) + Size);
    if (log == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    log->adapter = adapter;
    log->size = Size;
    adapter->log = log;
    pndis__handle_add(pndis__handles_of(context->machine), &log->handle, HANDLE_EVENT_LOG,
                      &adapter->owner, context->machine, free_memory);
    pndis__possession_add(adapter, &log->possession, reclaim);
    pndis__acquired(context, RESOURCE_EVENT_LOG, log, Size, 0, &adapter->owner, __func__, caller);
    *LogHandle = log;
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMCloseLog function". IRQL: PASSIVE_LEVEL. */
VOID
NdisMCloseLog(NDIS_HANDLE LogHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    struct event_log *log = log_of(context, LogHandle, __func__, NT_CALLER());

    if (log != NULL) {
        pndis__released(context, RESOURCE_EVENT_LOG, log, __func__);
        end_log(context, log);
    }
}

/* "NdisMWriteLogData function". IRQL <= DISPATCH_LEVEL. NDIS_STATUS_BUFFER_OVERFLOW: more than the
 * log. */
NDIS_STATUS
NdisMWriteLogData(NDIS_HANDLE LogHandle, PVOID LogBuffer, UINT LogBufferSize)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct event_log *log = log_of(context, LogHandle, __func__, NT_CALLER());
    const UCHAR *data = LogBuffer;

    if (log == NULL) {
        return NDIS_STATUS_FAILURE;
    }
    if (LogBufferSize > log->size) {
        return NDIS_STATUS_BUFFER_OVERFLOW;
    }
    brief_lock(&log->lock);
    for (UINT i = 0; i < LogBufferSize; i++) {
        log->data[log->next] = data[i];
        log->next = (log->next + 1) % log->size;
    }
    log->used = min(log->size, log->used + LogBufferSize);
    brief_unlock(&log->lock);
    return NDIS_STATUS_SUCCESS;
}

/* "NdisMFlushLog function". IRQL <= DISPATCH_LEVEL. Empties the log. */
VOID
NdisMFlushLog(NDIS_HANDLE LogHandle)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, DISPATCH_LEVEL);
    struct event_log *log = log_of(context, LogHandle, __func__, NT_CALLER());

    if (log != NULL) {
        brief_lock(&log->lock);
        log->used = log->next = 0;
        brief_unlock(&log->lock);
    }
}

/* The bytes of an adapter's log, oldest first: what IOCTL_NDIS_GET_LOG_DATA would give. */
size_t
pndis_adapter_log_data(struct pndis_adapter *adapter, void *buffer, size_t bytes)
{
    struct event_log *log = adapter->log;
    size_t count = 0;

    if (log == NULL) {
        return 0;
    }
    brief_lock(&log->lock);
    for (UINT i = 0; i < log->used && count < bytes; i++) {
        UINT at = (log->next + log->size - log->used + i) % log->size;

        ((UCHAR *)buffer)[count++] = log->data[at];
    }
    brief_unlock(&log->lock);
    return count;
}
