/* Callback objects ("Callback Objects"). */
#ifndef __WDK_WDM_CALLBACK_H
#define __WDK_WDM_CALLBACK_H

#include "types.h"

EXTERN_C_START

typedef _Function_class_(CALLBACK_FUNCTION) VOID
    CALLBACK_FUNCTION(_In_ PVOID, _In_ PVOID, _In_ PVOID);
typedef CALLBACK_FUNCTION *PCALLBACK_FUNCTION;

#define CALLBACK_MODIFY_STATE 0x0001
#define CALLBACK_ALL_ACCESS   (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | CALLBACK_MODIFY_STATE)

_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI NTSTATUS
    ExCreateCallback(_Out_ PCALLBACK_OBJECT *CallbackObject,
                     _In_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ BOOLEAN Create,
                     _In_ BOOLEAN AllowMultipleCallbacks);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI PVOID
    ExRegisterCallback(_Inout_ PCALLBACK_OBJECT CallbackObject,
                       _In_ PCALLBACK_FUNCTION CallbackFunction, _In_opt_ PVOID CallbackContext);
_IRQL_requires_max_(APC_LEVEL) NTKERNELAPI VOID
    ExUnregisterCallback(_Inout_ PVOID CallbackRegistration);
_IRQL_requires_max_(DISPATCH_LEVEL) NTKERNELAPI VOID
    ExNotifyCallback(_In_ PVOID CallbackObject, _In_opt_ PVOID Argument1, _In_opt_ PVOID Argument2);

EXTERN_C_END

#endif
