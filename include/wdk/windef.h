/* <windef.h> is more than <minwindef.h> only for window handles, which a driver does not have. */
#ifndef _WINDEF_
#define _WINDEF_

#include "minwindef.h"

#endif
