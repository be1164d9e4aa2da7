/* The types that every NDIS declaration uses. */
#ifndef __NDIS_TYPES_H
#define __NDIS_TYPES_H

#include "../ntdef.h"
#include "version.h"

EXTERN_C_START

#define NDISAPI __wdk_export
#ifndef EXPORT
#define EXPORT __wdk_export
#endif
#define NDIS_EXPORTED_ROUTINE __wdk_export

typedef signed int INT, *PINT;
typedef unsigned int UINT, *PUINT;

typedef PVOID NDIS_HANDLE, *PNDIS_HANDLE;
typedef int NDIS_STATUS, *PNDIS_STATUS;

EXTERN_C_END

#endif
