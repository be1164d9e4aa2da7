/* The type names of the application world, for drivers that share headers with it. */
#ifndef _MINWINDEF_
#define _MINWINDEF_

#include "ntdef.h"

typedef unsigned int DWORD;
typedef int BOOL;
typedef unsigned char BYTE;
typedef unsigned short WORD;
typedef float FLOAT;
typedef FLOAT *PFLOAT;
typedef BOOL *PBOOL, *LPBOOL;
typedef BYTE *PBYTE, *LPBYTE;
typedef int *PINT, *LPINT;
typedef WORD *PWORD, *LPWORD;
typedef int *LPLONG;
typedef DWORD *PDWORD, *LPDWORD;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef unsigned int *PUINT;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#define CALLBACK
#define WINAPI
#define WINAPIV
#define APIENTRY
#define CONST const

#define MAKEWORD(a, b) ((WORD)(((BYTE)(ULONG_PTR)(a)) | ((WORD)((BYTE)(ULONG_PTR)(b))) << 8))
#define MAKELONG(a, b) ((LONG)(((WORD)(ULONG_PTR)(a)) | ((DWORD)((WORD)(ULONG_PTR)(b))) << 16))
#define LOWORD(l)      ((WORD)((ULONG_PTR)(l)&0xffff))
#define HIWORD(l)      ((WORD)((((ULONG_PTR)(l)) >> 16) & 0xffff))
#define LOBYTE(w)      ((BYTE)((ULONG_PTR)(w)&0xff))
#define HIBYTE(w)      ((BYTE)((((ULONG_PTR)(w)) >> 8) & 0xff))

#endif
