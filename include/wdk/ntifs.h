/* ntddk.h, and what file system drivers see in addition: processes, tokens, more system services.
 */
#ifndef _NTIFS_
#define _NTIFS_

#include "ntddk.h"
#include "ntifs/process.h"
#include "ntifs/security.h"
#include "ntifs/string.h"
#include "ntifs/zw.h"

#endif
