/* Source annotations for interrupt request levels ("IRQL Annotations for Drivers"). They are the
 * one place in the declarations that says at which IRQL a function may be called. */
#ifndef KERNELSPECS_H
#define KERNELSPECS_H

#include "sal.h"

#define _IRQL_always_function_max_(...)
#define _IRQL_always_function_min_(...)
#define _IRQL_inout_
#define _IRQL_is_cancel_
#define _IRQL_limited_to_(...)
#define _IRQL_raises_(...)
#define _IRQL_requires_(...)
#define _IRQL_requires_max_(...)
#define _IRQL_requires_min_(...)
#define _IRQL_requires_same_
#define _IRQL_restores_
#define _IRQL_restores_global_(...)
#define _IRQL_saves_
#define _IRQL_saves_global_(...)
#define _IRQL_uses_cancel_

/* The older spelling. */
#define __drv_isCancelIRQL
#define __drv_maxFunctionIRQL(...)
#define __drv_maxIRQL(...)
#define __drv_minFunctionIRQL(...)
#define __drv_minIRQL(...)
#define __drv_raisesIRQL(...)
#define __drv_requiresIRQL(...)
#define __drv_restoresIRQL
#define __drv_restoresIRQLGlobal(...)
#define __drv_sameIRQL
#define __drv_savesIRQL
#define __drv_savesIRQLGlobal(...)
#define __drv_setsIRQL(...)
#define __drv_useCancelIRQL

#endif
