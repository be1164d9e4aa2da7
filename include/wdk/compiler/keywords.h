/* Words that the Windows compiler knows and gcc or clang does not: calling conventions, declaration
 * attributes, integer keywords. Everything else in include/wdk may use them. Included first by
 * every header that declares something. */
#ifndef __WDK_COMPILER_KEYWORDS_H
#define __WDK_COMPILER_KEYWORDS_H

#include "long.h"

/* Predefined by the Windows compiler and its build; drivers test them. */
#ifndef _WIN64
#define _WIN64 1
#endif
#if defined(__x86_64__)
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#ifndef _M_AMD64
#define _M_AMD64 100
#endif
#ifndef _M_X64
#define _M_X64 100
#endif
#elif defined(__aarch64__)
#ifndef _ARM64_
#define _ARM64_ 1
#endif
#ifndef _M_ARM64
#define _M_ARM64 1
#endif
#endif

/* One calling convention, so the words that choose another mean nothing. */
#define __cdecl
#define __CRTDECL
#define __stdcall
#define __fastcall
#define __thiscall
#define __vectorcall
#define __clrcall
#define _cdecl
#define _stdcall
#define _fastcall

/* Pointer qualifiers. x86 reads unaligned addresses as they are; see UNALIGNED in ntdef.h. */
#define __ptr32
#define __ptr64
#define __sptr
#define __uptr
#define __unaligned
#define __w64

#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 __WDK_LONG(64, )
#define _int8 __int8
#define _int16 __int16
#define _int32 __int32
#define _int64 __int64

/* The type of a 64-bit integer without keywords: the pair that Windows makes one with size_t. */
typedef __typeof__(sizeof(0)) __wdk_uint64;
typedef __typeof__((char *)1 - (char *)1) __wdk_int64;

#define __forceinline __inline__ __attribute__((__always_inline__))
#define __noop(...) ((void)0)
#define __assume(e) ((e) ? (void)0 : __builtin_unreachable())
#ifndef __pragma
#define __pragma(...)
#endif

/* `__declspec(x)` becomes one attribute. What has no meaning here becomes the empty attribute. */
#define __declspec(x) __attribute__((__declspec_##x))
#define __declspec_align(n)   __aligned__(n)
#define __declspec_noinline   __noinline__
#define __declspec_noreturn   __noreturn__
#define __declspec_deprecated __deprecated__
#define __declspec_selectany  __weak__
#define __declspec_nothrow    __nothrow__
#define __declspec_naked      __naked__
#define __declspec_restrict   __malloc__
#define __declspec_dllexport  __visibility__("default")
#define __declspec_dllimport  __visibility__("default")
#define __declspec_code_seg(s)
#define __declspec_allocate(s)
#define __declspec_uuid(s)
#define __declspec_guard(s)
#define __declspec_spectre(s)
#define __declspec_noalias
#define __declspec_novtable
#define __declspec_allocator
#define __declspec_safebuffers
#define __declspec_empty_bases
#define __declspec_no_init_all

/* Functions that the kernel exports stay visible in a driver built with hidden symbols. */
#define __wdk_export __attribute__((__visibility__("default")))

/* For the inline functions of these headers: private to each source file, silent when unused. */
#define __wdk_inline static __inline__ __attribute__((__unused__))

#ifdef __cplusplus
#define EXTERN_C       extern "C"
#define EXTERN_C_START extern "C" {
#define EXTERN_C_END   }
#else
#define EXTERN_C extern
#define EXTERN_C_START
#define EXTERN_C_END
#endif

#endif
