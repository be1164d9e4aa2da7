/* A 64-bit integer keyword that survives a 32-bit `long`.
 *
 * Windows' `long` has 32 bits. prelude/llp64.h gives driver text such a `long` by making the word a
 * macro, and after that no header can spell a 64-bit type with keywords any more. `__int64` has to
 * be spelled with keywords, because drivers write `unsigned __int64`.
 *
 * The way out: a preprocessor never expands the name of a macro inside that macro's own expansion.
 * __WDK_LONG is therefore written so that the word `long` travels inside its argument, and
 * __int64 takes that word back out. Both are the plain keyword when the prelude is not in use. */
#ifndef __WDK_COMPILER_LONG_H
#define __WDK_COMPILER_LONG_H

#define __WDK_LONG(bits, word)            __WDK_LONG_##bits(word)
#define __WDK_LONG_32(word)               int
#define __WDK_LONG_64(word)               __WDK_LONG_TAKE(long)
#define __WDK_LONG_TAKE(tokens)           __WDK_LONG_PASTE(tokens)
#define __WDK_LONG_PASTE(tokens)          __WDK_TAKE_##tokens
#define __WDK_TAKE_long                   long
#define __WDK_TAKE___WDK_LONG(bits, word) word

#endif
