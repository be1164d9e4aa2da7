/*
 * printf as Windows speaks it: "Format specification syntax: printf and wprintf functions", with
 * the kernel's own %Z. One formatter serves DbgPrint, the C runtime's functions and the safe string
 * functions; who calls it decides about terminators and what an overflow means.
 */
#ifndef PNDIS_LIB_NT_FORMAT_H
#define PNDIS_LIB_NT_FORMAT_H

#include <ntdef.h>

/*
 * Write at most @size characters, no terminating NUL, and return how many the whole text has.
 * @buffer may be NULL when @size is 0.
 */
size_t pndis__format(CHAR *buffer, size_t size, const CHAR *format, va_list arguments);
size_t pndis__format_wide(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments);

#endif
