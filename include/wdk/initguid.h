/* After this header DEFINE_GUID defines the GUID in this source file. Include it before the header
 * that lists the GUIDs. */
#ifndef INITGUID
#define INITGUID
#endif

#include "guiddef.h"
