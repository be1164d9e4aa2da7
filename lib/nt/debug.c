/*
 * Debug output and assertions ("Reading and Filtering Debugging Messages"). Every message becomes a
 * note in the logs, whatever its component and level; on standard error it appears where the
 * environment variable PNDIS_DEBUG_PRINT is set.
 */
#include "nt/nt.h"

#include "nt/exception.h"
#include "nt/format.h"
#include "nt/unicode.h"

#include <stdio.h>

/* "DbgPrint function": a message has at most 512 bytes. */
enum { MESSAGE_BYTES = 512, UTF8_BYTES = 3 };

static const CHAR *const environment_variable = "PNDIS_DEBUG_PRINT";

/* @text, which is of the code page, in UTF-8. */
static void
to_utf8(const CHAR *text, size_t count, char *utf8)
{
    char *at = utf8;

    for (size_t i = 0; i < count; i++) {
        at += pndis__utf8_encode(pndis__wide_of(text[i]), at);
    }
    *at = 0;
}

static void
emit(struct context *context, const CHAR *prefix, const CHAR *format, va_list arguments)
{
    CHAR text[MESSAGE_BYTES];
    char utf8[MESSAGE_BYTES * UTF8_BYTES + 1];
    size_t used = strnlen(prefix, sizeof(text));
    size_t length;

    memcpy(text, prefix, used);
    length = used + pndis__format(text + used, sizeof(text) - used, format, arguments);
    to_utf8(text, length < sizeof(text) ? length : sizeof(text), utf8);
    if (pndis__os_environment(environment_variable) != NULL) {
        pndis__os_report(utf8);
    }
    length = strlen(utf8);
    if (length > 0 && utf8[length - 1] == '\n') {
        utf8[length - 1] = 0;
    }
    PROBE(context, NOTE, .owner = pndis__running_owner(context), .detail = utf8);
}

static ULONG
print(struct context *context, const CHAR *format, va_list arguments)
{
    emit(context, "", format, arguments);
    return STATUS_SUCCESS;
}

ULONG
vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist)
{
    (void)ComponentId;
    (void)Level;
    return print(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), Format, arglist);
}

ULONG
vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist)
{
    (void)ComponentId;
    (void)Level;
    emit(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), Prefix, Format, arglist);
    return STATUS_SUCCESS;
}

ULONG
DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    va_list arguments;
    ULONG status;

    (void)ComponentId;
    (void)Level;
    va_start(arguments, Format);
    status = print(context, Format, arguments);
    va_end(arguments);
    return status;
}

ULONG
DbgPrint(PCSTR Format, ...)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    va_list arguments;
    ULONG status;

    va_start(arguments, Format);
    status = print(context, Format, arguments);
    va_end(arguments);
    return status;
}

/* Nobody sits at a debugger who could press Control-C. */
ULONG
DbgPrintReturnControlC(PCCH Format, ...)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    va_list arguments;

    va_start(arguments, Format);
    print(context, Format, arguments);
    va_end(arguments);
    return FALSE;
}

/* Whether a message of that component and level would be shown: all are. */
NTSTATUS
DbgQueryDebugFilterState(ULONG ComponentId, ULONG Level)
{
    (void)ComponentId;
    (void)Level;
    NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);
    return TRUE;
}

/* --- no debugger --- */

static const BOOLEAN yes = TRUE;
static const BOOLEAN no = FALSE;

/* Variables of the kernel that drivers read; they never change, so they live where they cannot. */
__attribute__((section(".data.rel.ro"))) PBOOLEAN KdDebuggerEnabled = (PBOOLEAN)&no;
__attribute__((section(".data.rel.ro"))) PBOOLEAN KdDebuggerNotPresent = (PBOOLEAN)&yes;

/* Without a debugger a breakpoint is an exception like any. */
VOID
DbgBreakPoint(VOID)
{
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), STATUS_BREAKPOINT, NT_CALLER());
}

VOID
DbgBreakPointWithStatus(ULONG Status)
{
    (void)Status;
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), STATUS_BREAKPOINT, NT_CALLER());
}

VOID
DbgRaiseAssertionFailure(VOID)
{
    pndis__raise(NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL), STATUS_ASSERTION_FAILURE, NT_CALLER());
}

VOID
RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, HIGH_LEVEL);

    pndis__report(context, RULE_ASSERTION, NULL, __func__, NT_CALLER(),
                  "%s:%u: assertion failed: %s%s%s", (const char *)VoidFileName, LineNumber,
                  (const char *)VoidFailedAssertion, MutableMessage == NULL ? "" : ": ",
                  MutableMessage == NULL ? "" : MutableMessage);
}
