/* Forced into every driver source (`-include prelude/llp64.h`): the 32-bit `long` of Windows.
 *
 * The headers of the C library spell 64-bit types with `long`, so all that a driver may ask for is
 * read before the word changes; their include guards keep it that way. In C++ the same holds for
 * the library's own headers, and for a further reason: drivers include system headers inside
 * `extern "C"`, which the wrapped ones (stdlib.h, math.h) do not survive a first time.
 *
 * `long long` is not legal text after this; no Windows driver needs it (__int64 is the word). */
#ifndef __WDK_PRELUDE_LLP64_H
#define __WDK_PRELUDE_LLP64_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <initializer_list>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>
#endif

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "../compiler/long.h"
#include "../warning.h"

#define long __WDK_LONG(32, long)

/* <limits.h> has described the host's 64-bit long; these are the driver's. */
#undef LONG_MIN
#undef LONG_MAX
#undef ULONG_MAX
#define LONG_MIN  (-2147483647 - 1)
#define LONG_MAX  2147483647
#define ULONG_MAX 4294967295U

#endif
