/* Integer arithmetic and conversions with an answer instead of an overflow ("Safe Integer
 * Functions"). On failure a function returns STATUS_INTEGER_OVERFLOW and stores the error value of
 * the type. */
#ifndef _NTINTSAFE_H_INCLUDED_
#define _NTINTSAFE_H_INCLUDED_

#include "ntdef.h"
#include "ntintsafe/errors.h"
#include "ntintsafe/arithmetic.h"
#include "ntintsafe/convert.h"
#include "ntintsafe/convert_names.h"

#endif
