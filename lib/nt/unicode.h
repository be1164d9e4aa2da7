/*
 * What single characters mean to the kernel: case, the ANSI code page, UTF-8.
 *
 * Case is the simple one-to-one mapping of the Basic Multilingual Plane, as the kernel's upcase
 * table has it; the ANSI (and OEM) code page is 1252, the one of an English installation.
 */
#ifndef PNDIS_LIB_NT_UNICODE_H
#define PNDIS_LIB_NT_UNICODE_H

#include <ntdef.h>
#include <stdbool.h>
#include <stdint.h>

WCHAR pndis__upcase(WCHAR character);
WCHAR pndis__downcase(WCHAR character);

/* '?' stands for what the code page does not have. */
CHAR pndis__ansi_of(WCHAR character);
WCHAR pndis__wide_of(CHAR character);

/* <0, 0 or >0 as @a sorts before, with or after @b; lengths in characters. */
LONG pndis__wide_compare(const WCHAR *a, size_t a_count, const WCHAR *b, size_t b_count,
                         bool ignore_case);

/*
 * Decode one code point of @text, which is not empty, and say in @out_used how many units it took.
 * What is malformed gives U+FFFD and takes one unit (*@out_valid says so; it may be NULL).
 */
uint32_t pndis__utf8_decode(const char *text, size_t bytes, size_t *out_used, bool *out_valid);
uint32_t pndis__utf16_decode(const WCHAR *text, size_t count, size_t *out_used, bool *out_valid);
/* Encode @code and return how many units that takes (at most 4 and 2). */
size_t pndis__utf8_encode(uint32_t code, char units[4]);
size_t pndis__utf16_encode(uint32_t code, WCHAR units[2]);

#endif
