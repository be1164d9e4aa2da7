/* The formatter. See format.h; differences between narrow and wide are settled at the edges. */
#include "nt/format.h"

#include "nt/unicode.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum length {
    LENGTH_DEFAULT,
    LENGTH_CHAR,
    LENGTH_SHORT,
    LENGTH_32, /* l too: a Windows long has 32 bits. */
    LENGTH_64,
};

/* One conversion specification, taken apart. */
struct conversion {
    bool left;
    bool plus;
    bool space;
    bool alternate;
    bool zero;
    size_t width;
    bool has_precision;
    size_t precision;
    enum length length;
    bool is_long;  /* l or w: strings and characters are wide. */
    bool is_short; /* h: they are narrow. */
    WCHAR type;
};

/* Where text comes from and goes to; exactly one of each pair is set. */
struct formatter {
    const CHAR *narrow_format;
    const WCHAR *wide_format;
    CHAR *narrow;
    WCHAR *wide;
    bool is_wide;
    size_t size;
    size_t length;
    va_list arguments;
};

static WCHAR
peek(const struct formatter *f)
{
    return f->is_wide ? *f->wide_format : (UCHAR)*f->narrow_format;
}

static WCHAR
next(struct formatter *f)
{
    return f->is_wide ? *f->wide_format++ : (UCHAR)*f->narrow_format++;
}

static bool
accept(struct formatter *f, char expected)
{
    if (peek(f) != (WCHAR)expected) {
        return false;
    }
    next(f);
    return true;
}

/* @unit is in the output's own encoding already. */
static void
put_unit(struct formatter *f, WCHAR unit)
{
    if (f->length < f->size) {
        if (f->is_wide) {
            f->wide[f->length] = unit;
        } else {
            f->narrow[f->length] = (CHAR)unit;
        }
    }
    f->length++;
}

static void
put_narrow(struct formatter *f, CHAR character)
{
    put_unit(f, f->is_wide ? pndis__wide_of(character) : (UCHAR)character);
}

static void
put_wide(struct formatter *f, WCHAR character)
{
    put_unit(f, f->is_wide ? character : (UCHAR)pndis__ansi_of(character));
}

static void
put_padding(struct formatter *f, char with, size_t length, size_t width)
{
    for (; length < width; length++) {
        put_unit(f, (WCHAR)with);
    }
}

/* --- reading a specification --- */

static void
read_flags(struct formatter *f, struct conversion *c)
{
    for (;; next(f)) {
        switch (peek(f)) {
        case '-':
            c->left = true;
            break;
        case '+':
            c->plus = true;
            break;
        case ' ':
            c->space = true;
            break;
        case '#':
            c->alternate = true;
            break;
        case '0':
            c->zero = true;
            break;
        default:
            return;
        }
    }
}

/* A number, or an asterisk for the next argument. */
static int
read_number(struct formatter *f)
{
    int number = 0;

    if (accept(f, '*')) {
        return va_arg(f->arguments, int);
    }
    while (peek(f) >= '0' && peek(f) <= '9') {
        int digit = next(f) - '0';

        number = number > (INT32_MAX - 9) / 10 ? INT32_MAX : number * 10 + digit;
    }
    return number;
}

static void
read_width_and_precision(struct formatter *f, struct conversion *c)
{
    int number = read_number(f);

    /* A negative width from an argument is a minus flag and a width. */
    c->left = c->left || number < 0;
    c->width = number < 0 ? (size_t) - (long long)number : (size_t)number;
    if (accept(f, '.')) {
        number = read_number(f);
        c->has_precision = number >= 0;
        c->precision = number < 0 ? 0 : (size_t)number;
    }
}

/* I64, I32, or I for the size of a pointer. */
static enum length
read_sized(struct formatter *f)
{
    if (peek(f) == '6') {
        next(f);
        accept(f, '4');
        return LENGTH_64;
    }
    if (peek(f) == '3') {
        next(f);
        accept(f, '2');
        return LENGTH_32;
    }
    return LENGTH_64;
}

static void
read_length(struct formatter *f, struct conversion *c)
{
    for (;;) {
        if (accept(f, 'h')) {
            c->length = c->is_short ? LENGTH_CHAR : LENGTH_SHORT;
            c->is_short = true;
        } else if (accept(f, 'l')) {
            c->length = c->is_long ? LENGTH_64 : LENGTH_32;
            c->is_long = true;
        } else if (accept(f, 'w')) {
            c->is_long = true;
        } else if (accept(f, 'I')) {
            c->length = read_sized(f);
        } else if (accept(f, 'z') || accept(f, 't') || accept(f, 'j')) {
            c->length = LENGTH_64;
        } else if (!accept(f, 'L')) {
            return;
        }
    }
}

/* --- integers --- */

static ULONGLONG
unsigned_argument(struct formatter *f, enum length length)
{
    switch (length) {
    case LENGTH_64:
        return va_arg(f->arguments, ULONGLONG);
    case LENGTH_SHORT:
        return (USHORT)va_arg(f->arguments, int);
    case LENGTH_CHAR:
        return (UCHAR)va_arg(f->arguments, int);
    default:
        return (ULONG)va_arg(f->arguments, int);
    }
}

static LONGLONG
signed_argument(struct formatter *f, enum length length)
{
    switch (length) {
    case LENGTH_64:
        return va_arg(f->arguments, LONGLONG);
    case LENGTH_SHORT:
        return (SHORT)va_arg(f->arguments, int);
    case LENGTH_CHAR:
        return (SCHAR)va_arg(f->arguments, int);
    default:
        return va_arg(f->arguments, int);
    }
}

static void
put_integer(struct formatter *f, struct conversion *c, const char *prefix, ULONGLONG value,
            unsigned base)
{
    const char *alphabet = c->type == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    char digits[24];
    size_t count = 0;
    size_t zeros;
    size_t length;

    for (; value != 0; value /= base) {
        digits[count++] = alphabet[value % base];
    }
    if (!c->has_precision) {
        c->precision = 1;
    }
    if (base == 8 && c->alternate && c->precision <= count) {
        c->precision = count + 1;
    }
    zeros = c->precision > count ? c->precision - count : 0;
    length = strlen(prefix) + zeros + count;
    if (c->zero && !c->left && !c->has_precision && length < c->width) {
        zeros += c->width - length;
        length = c->width;
    }
    if (!c->left) {
        put_padding(f, ' ', length, c->width);
    }
    while (*prefix != 0) {
        put_unit(f, (WCHAR)*prefix++);
    }
    put_padding(f, '0', 0, zeros);
    while (count > 0) {
        put_unit(f, (WCHAR)digits[--count]);
    }
    if (c->left) {
        put_padding(f, ' ', length, c->width);
    }
}

static void
format_signed(struct formatter *f, struct conversion *c)
{
    LONGLONG value = signed_argument(f, c->length);
    const char *sign = value < 0 ? "-" : c->plus ? "+" : c->space ? " " : "";

    put_integer(f, c, sign, value < 0 ? 0 - (ULONGLONG)value : (ULONGLONG)value, 10);
}

static void
format_unsigned(struct formatter *f, struct conversion *c)
{
    ULONGLONG value = unsigned_argument(f, c->length);
    const char *prefix = "";

    if (c->alternate && value != 0 && c->type != 'o' && c->type != 'u') {
        prefix = c->type == 'x' ? "0x" : "0X";
    }
    put_integer(f, c, prefix, value, c->type == 'o' ? 8 : c->type == 'u' ? 10 : 16);
}

static void
format_pointer(struct formatter *f, struct conversion *c)
{
    c->has_precision = true;
    c->precision = 2 * sizeof(void *);
    put_integer(f, c, "", (ULONGLONG)va_arg(f->arguments, void *), 16);
}

/* --- characters and strings --- */

/* Lower-case letters mean the formatter's own width, capitals the other one; h and l override. */
static bool
wants_wide(const struct formatter *f, const struct conversion *c)
{
    bool capital = c->type == 'S' || c->type == 'C';

    if (c->is_short || c->is_long) {
        return c->is_long;
    }
    return f->is_wide != capital;
}

static void
put_text(struct formatter *f, const struct conversion *c, const void *text, size_t count,
         bool is_wide)
{
    char padding = c->zero && !c->left ? '0' : ' ';

    if (c->has_precision && count > c->precision) {
        count = c->precision;
    }
    if (!c->left) {
        put_padding(f, padding, count, c->width);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_wide) {
            put_wide(f, ((const WCHAR *)text)[i]);
        } else {
            put_narrow(f, ((const CHAR *)text)[i]);
        }
    }
    if (c->left) {
        put_padding(f, padding, count, c->width);
    }
}

static void
format_character(struct formatter *f, struct conversion *c)
{
    int argument = va_arg(f->arguments, int);
    WCHAR wide = (WCHAR)argument;
    CHAR narrow = (CHAR)argument;

    c->has_precision = false;
    if (wants_wide(f, c)) {
        put_text(f, c, &wide, 1, true);
    } else {
        put_text(f, c, &narrow, 1, false);
    }
}

static void
format_string(struct formatter *f, const struct conversion *c)
{
    const void *text = va_arg(f->arguments, const void *);
    bool is_wide = wants_wide(f, c);
    size_t limit = c->has_precision ? c->precision : SIZE_MAX;
    size_t count = 0;

    if (text == NULL) {
        put_text(f, c, "(null)", 6, false);
        return;
    }
    /* The text needs no terminator where the precision ends it. */
    while (count < limit &&
           (is_wide ? ((const WCHAR *)text)[count] != 0 : ((const CHAR *)text)[count] != 0)) {
        count++;
    }
    put_text(f, c, text, count, is_wide);
}

/* %wZ a UNICODE_STRING, %Z and %hZ an ANSI_STRING. */
static void
format_counted(struct formatter *f, const struct conversion *c)
{
    const void *string = va_arg(f->arguments, const void *);
    const UNICODE_STRING *wide = string;
    const ANSI_STRING *narrow = string;

    if (string == NULL || narrow->Buffer == NULL) {
        put_text(f, c, "(null)", 6, false);
    } else if (c->is_long) {
        put_text(f, c, wide->Buffer, wide->Length / sizeof(WCHAR), true);
    } else {
        put_text(f, c, narrow->Buffer, narrow->Length, false);
    }
}

/* Floating point is the host's: only its format string has to be built. */
static void
format_floating(struct formatter *f, const struct conversion *c)
{
    double value = va_arg(f->arguments, double);
    char specification[16];
    char text[512];
    int precision = c->has_precision ? (int)(c->precision < 64 ? c->precision : 64) : -1;
    struct conversion plain = *c;

    snprintf(specification, sizeof(specification), "%%%s%s%s.*%c", c->alternate ? "#" : "",
             c->plus ? "+" : "", c->space ? " " : "", (char)c->type);
    snprintf(text, sizeof(text), specification, precision, value);
    plain.has_precision = false;
    put_text(f, &plain, text, strlen(text), false);
}

/* --- putting it together --- */

static void
convert(struct formatter *f, struct conversion *c)
{
    switch (c->type) {
    case 'd':
    case 'i':
        format_signed(f, c);
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        format_unsigned(f, c);
        break;
    case 'p':
        format_pointer(f, c);
        break;
    case 'c':
    case 'C':
        format_character(f, c);
        break;
    case 's':
    case 'S':
        format_string(f, c);
        break;
    case 'Z':
        format_counted(f, c);
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        format_floating(f, c);
        break;
    case 'n':
        /* Writing through an argument is switched off, as it is by default on Windows. */
        (void)va_arg(f->arguments, void *);
        break;
    default:
        put_unit(f, c->type);
        break;
    }
}

static void
run(struct formatter *f)
{
    while (peek(f) != 0) {
        struct conversion c = {0};
        WCHAR character = next(f);

        if (character != '%') {
            put_unit(f, character);
            continue;
        }
        read_flags(f, &c);
        read_width_and_precision(f, &c);
        read_length(f, &c);
        if (peek(f) == 0) {
            break;
        }
        c.type = next(f);
        convert(f, &c);
    }
}

size_t
pndis__format(CHAR *buffer, size_t size, const CHAR *format, va_list arguments)
{
    struct formatter f = {.narrow_format = format, .narrow = buffer, .size = size};

    va_copy(f.arguments, arguments);
    run(&f);
    va_end(f.arguments);
    return f.length;
}

size_t
pndis__format_wide(WCHAR *buffer, size_t size, const WCHAR *format, va_list arguments)
{
    struct formatter f = {.wide_format = format, .wide = buffer, .is_wide = true, .size = size};

    va_copy(f.arguments, arguments);
    run(&f);
    va_end(f.arguments);
    return f.length;
}
