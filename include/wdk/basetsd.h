/* Integer types of one exact size, and of the size of a pointer ("Windows Data Types").
 *
 * On x64 Windows ULONG_PTR, SIZE_T, ULONG64, UINT64 and DWORD64 are one type, and so are their
 * signed partners; here they are the types of size_t and ptrdiff_t, so that C++ overloads agree
 * too. */
#ifndef _BASETSD_H_
#define _BASETSD_H_

#include "compiler/keywords.h"

typedef signed char INT8, *PINT8;
typedef signed short INT16, *PINT16;
typedef signed int INT32, *PINT32;
typedef __wdk_int64 INT64, *PINT64;
typedef unsigned char UINT8, *PUINT8;
typedef unsigned short UINT16, *PUINT16;
typedef unsigned int UINT32, *PUINT32;
typedef __wdk_uint64 UINT64, *PUINT64;

typedef signed int LONG32, *PLONG32;
typedef unsigned int ULONG32, *PULONG32;
typedef unsigned int DWORD32, *PDWORD32;
typedef __wdk_int64 LONG64, *PLONG64;
typedef __wdk_uint64 ULONG64, *PULONG64;
typedef __wdk_uint64 DWORD64, *PDWORD64;

typedef __wdk_int64 INT_PTR, *PINT_PTR;
typedef __wdk_uint64 UINT_PTR, *PUINT_PTR;
typedef __wdk_int64 LONG_PTR, *PLONG_PTR;
typedef __wdk_uint64 ULONG_PTR, *PULONG_PTR;
typedef ULONG_PTR DWORD_PTR, *PDWORD_PTR;
typedef ULONG_PTR SIZE_T, *PSIZE_T;
typedef LONG_PTR SSIZE_T, *PSSIZE_T;
typedef ULONG_PTR KAFFINITY, *PKAFFINITY;

typedef unsigned int UHALF_PTR, *PUHALF_PTR;
typedef int HALF_PTR, *PHALF_PTR;

#define POINTER_32
#define POINTER_64
#define POINTER_SIGNED
#define POINTER_UNSIGNED
#define FIRMWARE_PTR
#define SPOINTER_32

#define __int3264       __int64
#define ADDRESS_TAG_BIT 0x40000000000ULL

#define MAXUINT8     ((UINT8)0xff)
#define MAXINT8      ((INT8)0x7f)
#define MININT8      ((INT8)-0x80)
#define MAXUINT16    ((UINT16)0xffff)
#define MAXINT16     ((INT16)0x7fff)
#define MININT16     ((INT16)-0x8000)
#define MAXUINT32    ((UINT32)0xffffffff)
#define MAXINT32     ((INT32)0x7fffffff)
#define MININT32     ((INT32)(-0x7fffffff - 1))
#define MAXUINT64    ((UINT64)0xffffffffffffffff)
#define MAXINT64     ((INT64)0x7fffffffffffffff)
#define MININT64     ((INT64)(-0x7fffffffffffffff - 1))
#define MAXULONG32   MAXUINT32
#define MAXLONG32    MAXINT32
#define MINLONG32    MININT32
#define MAXULONG64   MAXUINT64
#define MAXLONG64    MAXINT64
#define MINLONG64    MININT64
#define MAXULONGLONG MAXUINT64
#define MINLONGLONG  MININT64
#define MAXSIZE_T    ((SIZE_T)MAXUINT64)
#define MAXSSIZE_T   ((SSIZE_T)MAXINT64)
#define MINSSIZE_T   ((SSIZE_T)MININT64)
#define MAXUINT      MAXUINT32
#define MAXINT       MAXINT32
#define MININT       MININT32
#define MAXDWORD32   MAXUINT32
#define MAXDWORD64   MAXUINT64
#define MAXUINT_PTR  ((UINT_PTR)MAXUINT64)
#define MAXINT_PTR   ((INT_PTR)MAXINT64)
#define MININT_PTR   ((INT_PTR)MININT64)
#define MAXULONG_PTR ((ULONG_PTR)MAXUINT64)
#define MAXLONG_PTR  ((LONG_PTR)MAXINT64)
#define MINLONG_PTR  ((LONG_PTR)MININT64)
#define MAXUHALF_PTR ((UHALF_PTR)MAXUINT32)
#define MAXHALF_PTR  ((HALF_PTR)MAXINT32)
#define MINHALF_PTR  ((HALF_PTR)MININT32)

/* Conversions between handles, pointers and integers, which Windows defines for 64-bit builds. */
#define HandleToULong(h)    ((ULONG)(ULONG_PTR)(h))
#define HandleToLong(h)     ((LONG)(LONG_PTR)(h))
#define HandleToUlong(h)    HandleToULong(h)
#define ULongToHandle(ul)   ((HANDLE)(ULONG_PTR)(ULONG)(ul))
#define LongToHandle(l)     ((HANDLE)(LONG_PTR)(l))
#define UlongToHandle(ul)   ULongToHandle(ul)
#define PtrToULong(p)       ((ULONG)(ULONG_PTR)(p))
#define PtrToUlong(p)       PtrToULong(p)
#define PtrToLong(p)        ((LONG)(LONG_PTR)(p))
#define PtrToUint(p)        ((UINT)(UINT_PTR)(p))
#define PtrToInt(p)         ((INT)(INT_PTR)(p))
#define PtrToUshort(p)      ((unsigned short)(ULONG_PTR)(p))
#define PtrToShort(p)       ((short)(LONG_PTR)(p))
#define IntToPtr(i)         ((VOID *)(INT_PTR)((int)(i)))
#define UIntToPtr(ui)       ((VOID *)(UINT_PTR)((unsigned int)(ui)))
#define UintToPtr(ui)       UIntToPtr(ui)
#define LongToPtr(l)        ((VOID *)(LONG_PTR)((int)(l)))
#define ULongToPtr(ul)      ((VOID *)(ULONG_PTR)((unsigned int)(ul)))
#define UlongToPtr(ul)      ULongToPtr(ul)
#define PtrToPtr64(p)       ((void *)(p))
#define Ptr64ToPtr(p)       ((void *)(p))
#define HandleToHandle64(h) ((void *)(h))
#define Handle64ToHandle(h) ((void *)(h))
#define PtrToPtr32(p)       ((void *)(ULONG_PTR)(unsigned int)(ULONG_PTR)(p))
#define Ptr32ToPtr(p)       ((void *)(p))

#endif
