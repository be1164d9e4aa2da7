/* Win32 error codes that a driver translates to or from ("System Error Codes"). */
#ifndef _WINERROR_
#define _WINERROR_

#define NO_ERROR                      0
#define ERROR_SUCCESS                 0
#define ERROR_INVALID_FUNCTION        1
#define ERROR_FILE_NOT_FOUND          2
#define ERROR_PATH_NOT_FOUND          3
#define ERROR_ACCESS_DENIED           5
#define ERROR_INVALID_HANDLE          6
#define ERROR_NOT_ENOUGH_MEMORY       8
#define ERROR_INVALID_DATA            13
#define ERROR_OUTOFMEMORY             14
#define ERROR_NO_MORE_FILES           18
#define ERROR_NOT_READY               21
#define ERROR_CRC                     23
#define ERROR_BAD_LENGTH              24
#define ERROR_GEN_FAILURE             31
#define ERROR_SHARING_VIOLATION       32
#define ERROR_HANDLE_EOF              38
#define ERROR_NOT_SUPPORTED           50
#define ERROR_DEV_NOT_EXIST           55
#define ERROR_INVALID_PARAMETER       87
#define ERROR_BROKEN_PIPE             109
#define ERROR_CALL_NOT_IMPLEMENTED    120
#define ERROR_SEM_TIMEOUT             121
#define ERROR_INSUFFICIENT_BUFFER     122
#define ERROR_INVALID_NAME            123
#define ERROR_BUSY                    170
#define ERROR_ALREADY_EXISTS          183
#define ERROR_MORE_DATA               234
#define WAIT_TIMEOUT                  258
#define ERROR_NO_MORE_ITEMS           259
#define ERROR_ARITHMETIC_OVERFLOW     534
#define ERROR_OPERATION_ABORTED       995
#define ERROR_IO_INCOMPLETE           996
#define ERROR_IO_PENDING              997
#define ERROR_NOACCESS                998
#define ERROR_INVALID_FLAGS           1004
#define ERROR_SERVICE_NOT_ACTIVE      1062
#define ERROR_IO_DEVICE               1117
#define ERROR_DEVICE_NOT_CONNECTED    1167
#define ERROR_NOT_FOUND               1168
#define ERROR_CANCELLED               1223
#define ERROR_INTERNAL_ERROR          1359
#define ERROR_NO_SYSTEM_RESOURCES     1450
#define ERROR_TIMEOUT                 1460
#define ERROR_INVALID_STATE           5023
#define ERROR_OBJECT_NO_LONGER_EXISTS 4312

#define SEVERITY_SUCCESS 0
#define SEVERITY_ERROR   1
#define FACILITY_WIN32   7

#define S_OK           ((HRESULT)0x00000000)
#define S_FALSE        ((HRESULT)0x00000001)
#define E_UNEXPECTED   ((HRESULT)0x8000FFFF)
#define E_NOTIMPL      ((HRESULT)0x80004001)
#define E_NOINTERFACE  ((HRESULT)0x80004002)
#define E_POINTER      ((HRESULT)0x80004003)
#define E_ABORT        ((HRESULT)0x80004004)
#define E_FAIL         ((HRESULT)0x80004005)
#define E_ACCESSDENIED ((HRESULT)0x80070005)
#define E_OUTOFMEMORY  ((HRESULT)0x8007000E)
#define E_INVALIDARG   ((HRESULT)0x80070057)

#define SUCCEEDED(hr)        (((HRESULT)(hr)) >= 0)
#define FAILED(hr)           (((HRESULT)(hr)) < 0)
#define HRESULT_CODE(hr)     ((hr)&0xFFFF)
#define HRESULT_FACILITY(hr) (((hr) >> 16) & 0x1fff)
#define HRESULT_FROM_WIN32(x)                                                                      \
    ((HRESULT)(x) <= 0 ? (HRESULT)(x)                                                              \
                       : (HRESULT)(((x)&0x0000FFFF) | (FACILITY_WIN32 << 16) | 0x80000000))

#endif
