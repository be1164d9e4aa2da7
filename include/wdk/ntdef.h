/* The types and macros that every kernel header builds on: integers, strings, large integers, list
 * entries, object attributes, status tests ("Windows Kernel Macros", "NTSTATUS", "UNICODE_STRING").
 */
#ifndef _NTDEF_
#define _NTDEF_

#include "compiler/keywords.h"
#include "compiler/crt.h"

#include <stdarg.h>
#include <stddef.h>

#include "sdkddkver.h"
#include "specstrings.h"
#include "kernelspecs.h"
#include "basetsd.h"
#include "guiddef.h"

/* Words that document a declaration. */
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#define NOTHING
#define CRITICAL
#define CONST const

/* Calling conventions and the attributes of exported names. */
#define NTAPI
#define FASTCALL
#define STDAPICALLTYPE
#define STDMETHODCALLTYPE
#define NTSYSAPI            __wdk_export
#define NTSYSCALLAPI        __wdk_export
#define NTKERNELAPI         __wdk_export
#define NTHALAPI            __wdk_export
#define DECLSPEC_IMPORT     __wdk_export
#define DECLSPEC_EXPORT     __wdk_export
#define DECLSPEC_NORETURN   __attribute__((__noreturn__))
#define DECLSPEC_NOTHROW    __attribute__((__nothrow__))
#define DECLSPEC_NOINLINE   __attribute__((__noinline__))
#define DECLSPEC_ALIGN(x)   __attribute__((__aligned__(x)))
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(SYSTEM_CACHE_ALIGNMENT_SIZE)
#define DECLSPEC_SELECTANY  __attribute__((__weak__))
#define DECLSPEC_RESTRICT   __attribute__((__malloc__))
#define DECLSPEC_DEPRECATED __attribute__((__deprecated__))
#define DECLSPEC_DEPRECATED_DDK
#define DECLSPEC_NOVTABLE
#define DECLSPEC_ADDRSAFE
#define DECLSPEC_SAFEBUFFERS
#define DECLSPEC_NOINITALL
#define DECLSPEC_GUARDNOCF
#define DECLSPEC_GUARDIGNORE
#define DECLSPEC_GUARD_SUPPRESS
#define DECLSPEC_UUID(x)
#define FORCEINLINE  __forceinline
#define CFORCEINLINE __forceinline
#define PFORCEINLINE __forceinline
#define NTAPI_INLINE
#define RESTRICTED_POINTER __restrict

/* "UNALIGNED" promises the compiler nothing here: an access through such a pointer is a plain one.
 */
#define UNALIGNED
#define UNALIGNED64

#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#define X86_CACHE_ALIGNMENT_SIZE    64
#define ARM_CACHE_ALIGNMENT_SIZE    128
#define MAX_NATURAL_ALIGNMENT       8
#define MEMORY_ALLOCATION_ALIGNMENT 16
#define TYPE_ALIGNMENT(t)           __alignof__(t)
#define PROBE_ALIGNMENT(s)          TYPE_ALIGNMENT(ULONG)

#define ANYSIZE_ARRAY 1
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME2
#define DUMMYUNIONNAME3
#define DUMMYUNIONNAME4
#define DUMMYUNIONNAME5
#define DUMMYUNIONNAME6
#define DUMMYUNIONNAME7
#define DUMMYUNIONNAME8
#define DUMMYUNIONNAME9
#define DUMMYSTRUCTNAME
#define DUMMYSTRUCTNAME2
#define DUMMYSTRUCTNAME3
#define DUMMYSTRUCTNAME4
#define DUMMYSTRUCTNAME5
#define DUMMYSTRUCTNAME6
#define _ANONYMOUS_STRUCT
#define _ANONYMOUS_UNION

#define DECLARE_HANDLE(name)                                                                       \
    struct name##__ {                                                                              \
        int unused;                                                                                \
    };                                                                                             \
    typedef struct name##__ *name

/* Elementary types. */
#ifndef VOID
#define VOID void
#endif
typedef void *PVOID;
typedef void *PVOID64;
typedef char CHAR;
typedef short SHORT;
typedef int LONG;
typedef int INT;
typedef unsigned char UCHAR;
typedef unsigned short USHORT;
typedef unsigned int ULONG;
typedef unsigned int UINT;
typedef signed char SCHAR;
typedef char CCHAR;
typedef short CSHORT;
typedef ULONG CLONG;
typedef double DOUBLE;
typedef UCHAR FCHAR;
typedef USHORT FSHORT;
typedef ULONG FLONG;
typedef ULONG LOGICAL;
typedef UCHAR BOOLEAN;
typedef __wdk_int64 LONGLONG;
typedef __wdk_uint64 ULONGLONG;
typedef ULONGLONG DWORDLONG;
typedef LONGLONG USN;
typedef wchar_t WCHAR;
typedef ULONG UCSCHAR;
typedef LONG NTSTATUS;
typedef LONG SECURITY_STATUS;
typedef void *HANDLE;
typedef UCHAR KIRQL;
typedef ULONG LCID;
typedef USHORT LANGID;
typedef ULONG COMPARTMENT_ID, *PCOMPARTMENT_ID;

#ifndef _HRESULT_DEFINED
#define _HRESULT_DEFINED
typedef LONG HRESULT;
#endif

typedef CHAR *PCHAR, *LPCH, *PCH, *PSZ, *PNZCH, *NPSTR, *LPSTR, *PSTR, *PZZSTR;
typedef const CHAR *LPCCH, *PCCH, *PCSZ, *PCNZCH, *LPCSTR, *PCSTR, *PCZZSTR;
typedef WCHAR *PWCHAR, *LPWCH, *PWCH, *PNZWCH, *NWPSTR, *LPWSTR, *PWSTR, *PZZWSTR;
typedef WCHAR UNALIGNED *LPUWSTR, *PUWSTR;
typedef const WCHAR *LPCWCH, *PCWCH, *PCWCHAR, *PCNZWCH, *LPCWSTR, *PCWSTR, *PCZZWSTR;
typedef const WCHAR UNALIGNED *LPCUWSTR, *PCUWSTR;
typedef PSTR *PZPSTR;
typedef PWSTR *PZPWSTR;
typedef PCSTR *PZPCSTR;
typedef PCWSTR *PZPCWSTR;
typedef SHORT *PSHORT;
typedef LONG *PLONG;
typedef UCHAR *PUCHAR;
typedef USHORT *PUSHORT;
typedef ULONG *PULONG;
typedef SCHAR *PSCHAR;
typedef CCHAR *PCCHAR;
typedef CSHORT *PCSHORT;
typedef CLONG *PCLONG;
typedef const UCHAR *PCUCHAR;
typedef const USHORT *PCUSHORT;
typedef const ULONG *PCULONG;
typedef LOGICAL *PLOGICAL;
typedef BOOLEAN *PBOOLEAN;
typedef LONGLONG *PLONGLONG;
typedef ULONGLONG *PULONGLONG;
typedef DWORDLONG *PDWORDLONG;
typedef HANDLE *PHANDLE;
typedef KIRQL *PKIRQL;
typedef LCID *PLCID;
typedef NTSTATUS *PNTSTATUS;
typedef const NTSTATUS *PCNTSTATUS;
typedef CHAR TCHAR, *PTCHAR, *PTCH, *LPTSTR, *PTSTR;
typedef const CHAR *LPCTSTR, *PCTSTR;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#define MINCHAR                   0x80
#define MAXCHAR                   0x7f
#define MINSHORT                  0x8000
#define MAXSHORT                  0x7fff
#define MINLONG                   0x80000000
#define MAXULONG                  0xffffffff
#define MAXLONG                   0x7fffffff
#define MAXUCHAR                  0xff
#define MAXUSHORT                 0xffff
#define MAXLONGLONG               ((LONGLONG)0x7fffffffffffffff)
#define ANSI_NULL                 ((CHAR)0)
#define UNICODE_NULL              ((WCHAR)0)
#define MIN_UCSCHAR               0
#define MAX_UCSCHAR               0x0010FFFF
#define UCSCHAR_INVALID_CHARACTER 0xffffffff
#define __TEXT(quote)             quote
#define TEXT(quote)               __TEXT(quote)

typedef union _LARGE_INTEGER {
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    struct {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

typedef struct _QUAD {
    union {
        LONGLONG UseThisFieldToCopy;
        double DoNotUseThisField;
    };
} QUAD, *PQUAD, UQUAD, *PUQUAD;

typedef struct _FLOAT128 {
    LONGLONG LowPart;
    LONGLONG HighPart;
} FLOAT128, *PFLOAT128;

typedef struct _LUID {
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _OBJECTID {
    GUID Lineage;
    ULONG Uniquifier;
} OBJECTID;

typedef struct _GROUP_AFFINITY {
    KAFFINITY Mask;
    USHORT Group;
    USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

typedef struct _PROCESSOR_NUMBER {
    USHORT Group;
    UCHAR Number;
    UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

#define MAXIMUM_PROC_PER_GROUP  64
#define MAXIMUM_PROCESSORS      MAXIMUM_PROC_PER_GROUP
#define ALL_PROCESSOR_GROUPS    0xffff
#define INVALID_PROCESSOR_INDEX 0xffffffff

/* Counted strings. Length and MaximumLength are in bytes. */
typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING, UTF8_STRING,
    *PUTF8_STRING;

typedef const STRING *PCOEM_STRING, *PCANSI_STRING, *PCUTF8_STRING;

typedef struct _CSTRING {
    USHORT Length;
    USHORT MaximumLength;
    const char *Buffer;
} CSTRING, *PCSTRING;

typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWCH Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

typedef const UNICODE_STRING *PCUNICODE_STRING;

#define UNICODE_STRING_MAX_BYTES ((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS 32767

/* The buffer of a constant string may be const, the member that points to it is not. */
#ifdef __cplusplus
extern "C++" {
inline constexpr char *
__wdk_string_buffer(const char *s)
{
    return const_cast<char *>(s);
}

inline constexpr wchar_t *
__wdk_string_buffer(const wchar_t *s)
{
    return const_cast<wchar_t *>(s);
}
}
#else
#define __wdk_string_buffer(s) ((void *)(s))
#endif

#define RTL_CONSTANT_STRING(s)                                                                     \
    {                                                                                              \
        sizeof(s) - sizeof((s)[0]), sizeof(s), __wdk_string_buffer(s)                              \
    }

/* Lists: the entry types. The operations are in wdm.h. */
typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY, *RESTRICTED_POINTER PRLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

typedef struct LIST_ENTRY32 {
    ULONG Flink;
    ULONG Blink;
} LIST_ENTRY32, *PLIST_ENTRY32;

typedef struct LIST_ENTRY64 {
    ULONGLONG Flink;
    ULONGLONG Blink;
} LIST_ENTRY64, *PLIST_ENTRY64;

typedef struct _SINGLE_LIST_ENTRY32 {
    ULONG Next;
} SINGLE_LIST_ENTRY32, *PSINGLE_LIST_ENTRY32;

typedef struct _RTL_BALANCED_NODE {
    union {
        struct _RTL_BALANCED_NODE *Children[2];
        struct {
            struct _RTL_BALANCED_NODE *Left;
            struct _RTL_BALANCED_NODE *Right;
        };
    };
    union {
        UCHAR Red : 1;
        UCHAR Balance : 2;
        ULONG_PTR ParentValue;
    };
} RTL_BALANCED_NODE, *PRTL_BALANCED_NODE;

#define RTL_BALANCED_NODE_RESERVED_PARENT_MASK 3
#define RTL_BALANCED_NODE_GET_PARENT_POINTER(Node)                                                 \
    ((PRTL_BALANCED_NODE)((Node)->ParentValue & ~(ULONG_PTR)RTL_BALANCED_NODE_RESERVED_PARENT_MASK))

typedef LONG_PTR RTL_REFERENCE_COUNT, *PRTL_REFERENCE_COUNT;
typedef LONG RTL_REFERENCE_COUNT32, *PRTL_REFERENCE_COUNT32;

/* How objects are named when they are opened ("InitializeObjectAttributes macro"). */
typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

typedef const OBJECT_ATTRIBUTES *PCOBJECT_ATTRIBUTES;

#define OBJ_HANDLE_TAGBITS                0x00000003
#define OBJ_INHERIT                       0x00000002
#define OBJ_PERMANENT                     0x00000010
#define OBJ_EXCLUSIVE                     0x00000020
#define OBJ_CASE_INSENSITIVE              0x00000040
#define OBJ_OPENIF                        0x00000080
#define OBJ_OPENLINK                      0x00000100
#define OBJ_KERNEL_HANDLE                 0x00000200
#define OBJ_FORCE_ACCESS_CHECK            0x00000400
#define OBJ_IGNORE_IMPERSONATED_DEVICEMAP 0x00000800
#define OBJ_DONT_REPARSE                  0x00001000
#define OBJ_VALID_ATTRIBUTES              0x00001FF2

#define InitializeObjectAttributes(p, n, a, r, s)                                                  \
    do {                                                                                           \
        (p)->Length = sizeof(OBJECT_ATTRIBUTES);                                                   \
        (p)->RootDirectory = (r);                                                                  \
        (p)->Attributes = (a);                                                                     \
        (p)->ObjectName = (n);                                                                     \
        (p)->SecurityDescriptor = (s);                                                             \
        (p)->SecurityQualityOfService = NULL;                                                      \
    } while (0)

#define RTL_CONST_CAST(type) (type)
#define RTL_CONSTANT_OBJECT_ATTRIBUTES(n, a)                                                       \
    {                                                                                              \
        sizeof(OBJECT_ATTRIBUTES), NULL, RTL_CONST_CAST(PUNICODE_STRING)(n), a, NULL, NULL         \
    }
#define RTL_INIT_OBJECT_ATTRIBUTES(n, a) RTL_CONSTANT_OBJECT_ATTRIBUTES(n, a)

typedef enum _EVENT_TYPE { NotificationEvent, SynchronizationEvent } EVENT_TYPE;

typedef enum _TIMER_TYPE { NotificationTimer, SynchronizationTimer } TIMER_TYPE;

typedef enum _WAIT_TYPE { WaitAll, WaitAny, WaitNotification, WaitDequeue, WaitDpc } WAIT_TYPE;

typedef enum _NT_PRODUCT_TYPE {
    NtProductWinNt = 1,
    NtProductLanManNt,
    NtProductServer
} NT_PRODUCT_TYPE,
    *PNT_PRODUCT_TYPE;

#define VER_SERVER_NT            0x80000000
#define VER_WORKSTATION_NT       0x40000000
#define VER_SUITE_SMALLBUSINESS  0x00000001
#define VER_SUITE_ENTERPRISE     0x00000002
#define VER_SUITE_BACKOFFICE     0x00000004
#define VER_SUITE_COMMUNICATIONS 0x00000008
#define VER_SUITE_TERMINAL       0x00000010
#define VER_SUITE_EMBEDDEDNT     0x00000040
#define VER_SUITE_DATACENTER     0x00000080
#define VER_SUITE_SINGLEUSERTS   0x00000100
#define VER_SUITE_PERSONAL       0x00000200
#define VER_SUITE_BLADE          0x00000400

/* Status values: two bits of severity above facility and code ("Using NTSTATUS Values"). */
#define NT_SUCCESS(Status)     (((NTSTATUS)(Status)) >= 0)
#define NT_INFORMATION(Status) ((((ULONG)(Status)) >> 30) == 1)
#define NT_WARNING(Status)     ((((ULONG)(Status)) >> 30) == 2)
#define NT_ERROR(Status)       ((((ULONG)(Status)) >> 30) == 3)

#define APPLICATION_ERROR_MASK       0x20000000
#define ERROR_SEVERITY_SUCCESS       0x00000000
#define ERROR_SEVERITY_INFORMATIONAL 0x40000000
#define ERROR_SEVERITY_WARNING       0x80000000
#define ERROR_SEVERITY_ERROR         0xC0000000

/* Where members are, and how large. */
#define FIELD_OFFSET(type, field)  ((LONG) __builtin_offsetof(type, field))
#define UFIELD_OFFSET(type, field) ((ULONG) __builtin_offsetof(type, field))
#define CONTAINING_RECORD(address, type, field)                                                    \
    ((type *)((char *)(address) - __builtin_offsetof(type, field)))
#define RTL_FIELD_TYPE(type, field) (((type *)0)->field)
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field)                                                      \
    (__builtin_offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_CONTAINS_FIELD(Struct, Size, Field)                                                    \
    ((((PCHAR)(&(Struct)->Field)) + sizeof((Struct)->Field)) <= (((PCHAR)(Struct)) + (Size)))
#define RTL_NUMBER_OF(A)                 (sizeof(A) / sizeof((A)[0]))
#define RTL_NUMBER_OF_V1(A)              RTL_NUMBER_OF(A)
#define RTL_NUMBER_OF_V2(A)              RTL_NUMBER_OF(A)
#define ARRAYSIZE(A)                     RTL_NUMBER_OF(A)
#define _ARRAYSIZE(A)                    RTL_NUMBER_OF(A)
#define RTL_NUMBER_OF_FIELD(type, field) (RTL_NUMBER_OF(RTL_FIELD_TYPE(type, field)))
#define RTL_PADDING_BETWEEN_FIELDS(T, F1, F2)                                                      \
    ((__builtin_offsetof(T, F2) > __builtin_offsetof(T, F1))                                       \
         ? (__builtin_offsetof(T, F2) - RTL_SIZEOF_THROUGH_FIELD(T, F1))                           \
         : (__builtin_offsetof(T, F1) - RTL_SIZEOF_THROUGH_FIELD(T, F2)))
#define RTL_BITS_OF(sizeOfArg)         (sizeof(sizeOfArg) * 8)
#define RTL_BITS_OF_FIELD(type, field) (RTL_BITS_OF(RTL_FIELD_TYPE(type, field)))

#define ARGUMENT_PRESENT(ArgumentPointer)  ((PVOID)(ArgumentPointer) != NULL)
#define UNREFERENCED_PARAMETER(P)          ((void)(P))
#define DBG_UNREFERENCED_PARAMETER(P)      ((void)(P))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(V) ((void)(V))
#define DEFAULT_UNREACHABLE                                                                        \
    default:                                                                                       \
        __builtin_unreachable()

#ifdef __cplusplus
#define C_ASSERT(e) static_assert(e, #e)
#else
#define C_ASSERT(e) _Static_assert(e, #e)
#endif

#ifndef NOMINMAX
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

/* A string object and the storage behind it, for use as a declaration inside a function. */
#define DECLARE_CONST_UNICODE_STRING(_var, _string)                                                \
    const WCHAR _var##_buffer[] = _string;                                                         \
    const UNICODE_STRING _var = {sizeof(_string) - sizeof(WCHAR), sizeof(_string),                 \
                                 (PWCH)_var##_buffer}
#define DECLARE_GLOBAL_CONST_UNICODE_STRING(_var, _str)                                            \
    extern const UNICODE_STRING _var;                                                              \
    DECLSPEC_SELECTANY const UNICODE_STRING _var = RTL_CONSTANT_STRING(_str)
#define DECLARE_UNICODE_STRING_SIZE(_var, _size)                                                   \
    WCHAR _var##_buffer[_size];                                                                    \
    UNICODE_STRING _var = {0, (_size) * sizeof(WCHAR), _var##_buffer}

#define Int32x32To64(a, b)   ((LONGLONG)(LONG)(a) * (LONGLONG)(LONG)(b))
#define UInt32x32To64(a, b)  ((ULONGLONG)(ULONG)(a) * (ULONGLONG)(ULONG)(b))
#define Int64ShllMod32(a, b) ((ULONGLONG)(a) << (b))
#define Int64ShraMod32(a, b) (((LONGLONG)(a)) >> (b))
#define Int64ShrlMod32(a, b) (((ULONGLONG)(a)) >> (b))

#ifdef __cplusplus
#define DEFINE_ENUM_FLAG_OPERATORS(T)                                                              \
    extern "C++" {                                                                                 \
    inline constexpr T                                                                             \
    operator|(T a, T b)                                                                            \
    {                                                                                              \
        return T(int(a) | int(b));                                                                 \
    }                                                                                              \
    inline constexpr T                                                                             \
    operator&(T a, T b)                                                                            \
    {                                                                                              \
        return T(int(a) & int(b));                                                                 \
    }                                                                                              \
    inline constexpr T                                                                             \
    operator^(T a, T b)                                                                            \
    {                                                                                              \
        return T(int(a) ^ int(b));                                                                 \
    }                                                                                              \
    inline constexpr T                                                                             \
    operator~(T a)                                                                                 \
    {                                                                                              \
        return T(~int(a));                                                                         \
    }                                                                                              \
    inline T &                                                                                     \
    operator|=(T &a, T b)                                                                          \
    {                                                                                              \
        return a = a | b;                                                                          \
    }                                                                                              \
    inline T &                                                                                     \
    operator&=(T &a, T b)                                                                          \
    {                                                                                              \
        return a = a & b;                                                                          \
    }                                                                                              \
    inline T &                                                                                     \
    operator^=(T &a, T b)                                                                          \
    {                                                                                              \
        return a = a ^ b;                                                                          \
    }                                                                                              \
    }
#else
#define DEFINE_ENUM_FLAG_OPERATORS(T)
#endif

/* Language identifiers: the neutral and the English ones. */
#define MAKELANGID(p, s)    ((((USHORT)(s)) << 10) | (USHORT)(p))
#define PRIMARYLANGID(lgid) ((USHORT)(lgid)&0x3ff)
#define SUBLANGID(lgid)     ((USHORT)(lgid) >> 10)
#define LANG_NEUTRAL        0x00
#define LANG_ENGLISH        0x09
#define SUBLANG_NEUTRAL     0x00
#define SUBLANG_DEFAULT     0x01
#define SUBLANG_SYS_DEFAULT 0x02
#define SUBLANG_ENGLISH_US  0x01

#endif
