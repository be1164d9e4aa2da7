/* System services that ntifs.h adds ("Nt and Zw Versions of the Native System Services Routines").
 */
#ifndef __WDK_NTIFS_ZW_H
#define __WDK_NTIFS_ZW_H

#include "../wdm/types.h"
#include "../wdm/file.h"
#include "../wdm/security.h"

EXTERN_C_START

_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwCreateEvent(_Out_ PHANDLE EventHandle, _In_ ACCESS_MASK DesiredAccess,
                  _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes, _In_ EVENT_TYPE EventType,
                  _In_ BOOLEAN InitialState);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwDeviceIoControlFile(_In_ HANDLE FileHandle, _In_opt_ HANDLE Event,
                          _In_opt_ PIO_APC_ROUTINE ApcRoutine, _In_opt_ PVOID ApcContext,
                          _Out_ PIO_STATUS_BLOCK IoStatusBlock, _In_ ULONG IoControlCode,
                          _In_opt_ PVOID InputBuffer, _In_ ULONG InputBufferLength,
                          _Out_opt_ PVOID OutputBuffer, _In_ ULONG OutputBufferLength);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwFsControlFile(_In_ HANDLE FileHandle, _In_opt_ HANDLE Event,
                    _In_opt_ PIO_APC_ROUTINE ApcRoutine, _In_opt_ PVOID ApcContext,
                    _Out_ PIO_STATUS_BLOCK IoStatusBlock, _In_ ULONG FsControlCode,
                    _In_opt_ PVOID InputBuffer, _In_ ULONG InputBufferLength,
                    _Out_opt_ PVOID OutputBuffer, _In_ ULONG OutputBufferLength);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwWaitForSingleObject(_In_ HANDLE Handle, _In_ BOOLEAN Alertable,
                          _In_opt_ PLARGE_INTEGER Timeout);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwSetEvent(_In_ HANDLE EventHandle, _Out_opt_ PLONG PreviousState);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwNotifyChangeKey(_In_ HANDLE KeyHandle, _In_opt_ HANDLE Event,
                      _In_opt_ PIO_APC_ROUTINE ApcRoutine, _In_opt_ PVOID ApcContext,
                      _Out_ PIO_STATUS_BLOCK IoStatusBlock, _In_ ULONG CompletionFilter,
                      _In_ BOOLEAN WatchTree, _Out_opt_ PVOID Buffer, _In_ ULONG BufferSize,
                      _In_ BOOLEAN Asynchronous);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwDuplicateObject(_In_ HANDLE SourceProcessHandle, _In_ HANDLE SourceHandle,
                      _In_opt_ HANDLE TargetProcessHandle, _Out_opt_ PHANDLE TargetHandle,
                      _In_ ACCESS_MASK DesiredAccess, _In_ ULONG HandleAttributes,
                      _In_ ULONG Options);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwFlushBuffersFile(_In_ HANDLE FileHandle, _Out_ PIO_STATUS_BLOCK IoStatusBlock);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwQueryDirectoryFile(_In_ HANDLE FileHandle, _In_opt_ HANDLE Event,
                         _In_opt_ PIO_APC_ROUTINE ApcRoutine, _In_opt_ PVOID ApcContext,
                         _Out_ PIO_STATUS_BLOCK IoStatusBlock, _Out_ PVOID FileInformation,
                         _In_ ULONG Length, _In_ FILE_INFORMATION_CLASS FileInformationClass,
                         _In_ BOOLEAN ReturnSingleEntry, _In_opt_ PUNICODE_STRING FileName,
                         _In_ BOOLEAN RestartScan);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwQueryVolumeInformationFile(_In_ HANDLE FileHandle, _Out_ PIO_STATUS_BLOCK IoStatusBlock,
                                 _Out_ PVOID FsInformation, _In_ ULONG Length,
                                 _In_ FS_INFORMATION_CLASS FsInformationClass);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwOpenProcessTokenEx(_In_ HANDLE ProcessHandle, _In_ ACCESS_MASK DesiredAccess,
                         _In_ ULONG HandleAttributes, _Out_ PHANDLE TokenHandle);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwSetSecurityObject(_In_ HANDLE Handle, _In_ SECURITY_INFORMATION SecurityInformation,
                        _In_ PSECURITY_DESCRIPTOR SecurityDescriptor);
_IRQL_requires_max_(PASSIVE_LEVEL) NTSYSAPI NTSTATUS
    ZwQuerySecurityObject(_In_ HANDLE Handle, _In_ SECURITY_INFORMATION SecurityInformation,
                          _Out_opt_ PSECURITY_DESCRIPTOR SecurityDescriptor, _In_ ULONG Length,
                          _Out_ PULONG LengthNeeded);
NTSYSAPI NTSTATUS ZwYieldExecution(VOID);
NTSYSAPI NTSTATUS ZwOpenEvent(_Out_ PHANDLE EventHandle, _In_ ACCESS_MASK DesiredAccess,
                              _In_ POBJECT_ATTRIBUTES ObjectAttributes);

EXTERN_C_END

#endif
