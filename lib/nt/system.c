/* What system this is, random numbers, and statuses as error codes ("RtlGetVersion function"). */
#include "nt/system.h"

#include "nt/thread.h"

#include <winerror.h>

enum { MAJOR = 10, MINOR = 0, BUILD = 26100, PLATFORM_NT = 2, CONDITION_BITS = 3 };

/* --- random numbers --- */

void
pndis__random_init(struct pndis_machine *machine)
{
    /* Another sequence than the scheduler's, so that neither disturbs the other. */
    machine->random = machine->options.scheduler == PNDIS_SIM
                          ? machine->options.seed ^ 0x6a09e667f3bcc908u
                          : pndis__os_random_u64();
}

/* splitmix64, as the scheduler has it. */
uint64_t
pndis__random(struct pndis_machine *machine)
{
    uint64_t z = __atomic_add_fetch(&machine->random, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Between 0 and MAXLONG - 1; the seed is the caller's to keep, and changes with every number. */
static ULONG
next_random(struct context *context, PULONG seed)
{
    ULONG number = (ULONG)(pndis__random(context->machine) % MAXLONG);

    *seed = number;
    return number;
}

ULONG
RtlRandomEx(PULONG Seed)
{
    return next_random(NT_CALL(PASSIVE_LEVEL, APC_LEVEL), Seed);
}

ULONG
RtlRandom(PULONG Seed)
{
    return next_random(NT_CALL(PASSIVE_LEVEL, APC_LEVEL), Seed);
}

/* A random one, version 4. */
NTSTATUS
ExUuidCreate(UUID *Uuid)
{
    struct context *context = NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    uint64_t halves[2] = {pndis__random(context->machine), pndis__random(context->machine)};

    memcpy(Uuid, halves, sizeof(*Uuid));
    Uuid->Data3 = (USHORT)((Uuid->Data3 & 0x0fff) | 0x4000);
    Uuid->Data4[0] = (UCHAR)((Uuid->Data4[0] & 0x3f) | 0x80);
    return STATUS_SUCCESS;
}

/* --- version --- */

static void
fill_version(PRTL_OSVERSIONINFOEXW version)
{
    ULONG bytes = version->dwOSVersionInfoSize;

    memset(version, 0, bytes);
    version->dwOSVersionInfoSize = bytes;
    version->dwMajorVersion = MAJOR;
    version->dwMinorVersion = MINOR;
    version->dwBuildNumber = BUILD;
    version->dwPlatformId = PLATFORM_NT;
    if (bytes >= sizeof(*version)) {
        version->wSuiteMask = VER_SUITE_SINGLEUSERTS;
        version->wProductType = VER_NT_WORKSTATION;
    }
}

NTSTATUS
RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (lpVersionInformation->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOW) &&
        lpVersionInformation->dwOSVersionInfoSize != sizeof(RTL_OSVERSIONINFOEXW)) {
        return STATUS_INVALID_PARAMETER;
    }
    fill_version((PRTL_OSVERSIONINFOEXW)lpVersionInformation);
    return STATUS_SUCCESS;
}

/* Where the condition of a one-bit @type is in a mask. */
static unsigned
condition_shift(ULONG type)
{
    return (unsigned)__builtin_ctz(type) * CONDITION_BITS;
}

ULONGLONG
VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition)
{
    for (ULONG type = VER_MINORVERSION; type <= VER_PRODUCT_TYPE; type <<= 1) {
        if ((TypeMask & type) != 0) {
            ConditionMask |= (ULONGLONG)(Condition & VER_CONDITION_MASK) << condition_shift(type);
        }
    }
    return ConditionMask;
}

static bool
holds(ULONG actual, ULONG condition, ULONG wanted)
{
    switch (condition) {
    case VER_EQUAL:
        return actual == wanted;
    case VER_GREATER:
        return actual > wanted;
    case VER_GREATER_EQUAL:
        return actual >= wanted;
    case VER_LESS:
        return actual < wanted;
    case VER_LESS_EQUAL:
        return actual <= wanted;
    case VER_AND:
        return (actual & wanted) == wanted;
    case VER_OR:
        return (actual & wanted) != 0 || wanted == 0;
    default:
        return false;
    }
}

/*
 * "RtlVerifyVersionInfo function": major, minor and service pack are one number in parts; the first
 * part that differs decides, by the condition that is given for it.
 */
NTSTATUS
RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask, ULONGLONG ConditionMask)
{
    RTL_OSVERSIONINFOEXW actual = {.dwOSVersionInfoSize = sizeof(actual)};
    const struct {
        ULONG type;
        ULONG actual;
        ULONG wanted;
        bool in_sequence;
    } parts[] = {
        {VER_MAJORVERSION, MAJOR, VersionInfo->dwMajorVersion, true},
        {VER_MINORVERSION, MINOR, VersionInfo->dwMinorVersion, true},
        {VER_SERVICEPACKMAJOR, 0, VersionInfo->wServicePackMajor, true},
        {VER_SERVICEPACKMINOR, 0, VersionInfo->wServicePackMinor, true},
        {VER_BUILDNUMBER, BUILD, VersionInfo->dwBuildNumber, false},
        {VER_PLATFORMID, PLATFORM_NT, VersionInfo->dwPlatformId, false},
        {VER_SUITENAME, VER_SUITE_SINGLEUSERTS, VersionInfo->wSuiteMask, false},
        {VER_PRODUCT_TYPE, VER_NT_WORKSTATION, VersionInfo->wProductType, false},
    };
    bool decided = false;

    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (TypeMask == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    fill_version(&actual);
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        ULONG condition;

        if ((TypeMask & parts[i].type) == 0 || (parts[i].in_sequence && decided)) {
            continue;
        }
        condition = (ULONG)(ConditionMask >> condition_shift(parts[i].type)) & VER_CONDITION_MASK;
        if (condition == 0) {
            return STATUS_INVALID_PARAMETER;
        }
        if (!holds(parts[i].actual, condition, parts[i].wanted)) {
            return STATUS_REVISION_MISMATCH;
        }
        decided = decided || (parts[i].in_sequence && parts[i].actual != parts[i].wanted);
    }
    return STATUS_SUCCESS;
}

BOOLEAN
RtlIsNtDdiVersionAvailable(ULONG Version)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    /* Only whole versions are asked for here; service packs have a function of their own. */
    return (Version & 0xff) == 0 ? Version <= (WDK_NTDDI_VERSION & 0xffffff00)
                                 : Version <= WDK_NTDDI_VERSION;
}

BOOLEAN
RtlIsServicePackVersionInstalled(ULONG Version)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    return Version <= WDK_NTDDI_VERSION;
}

BOOLEAN
PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber,
             PUNICODE_STRING CSDVersion)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    if (MajorVersion != NULL) {
        *MajorVersion = MAJOR;
    }
    if (MinorVersion != NULL) {
        *MinorVersion = MINOR;
    }
    if (BuildNumber != NULL) {
        *BuildNumber = BUILD;
    }
    if (CSDVersion != NULL) {
        CSDVersion->Length = 0;
    }
    return FALSE; /* Not a checked build. */
}

/* Driver Verifier is another thing than pndis' own rules; a driver that asks is told there is none.
 */
NTSTATUS
MmIsVerifierEnabled(PULONG VerifierFlags)
{
    NT_CALL(PASSIVE_LEVEL, PASSIVE_LEVEL);
    *VerifierFlags = 0;
    return STATUS_NOT_SUPPORTED;
}

LOGICAL
MmIsDriverVerifying(struct _DRIVER_OBJECT *DriverObject)
{
    (void)DriverObject;
    NT_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return FALSE;
}

/* --- statuses as error codes ("RtlNtStatusToDosError function") --- */

static const struct {
    NTSTATUS status;
    ULONG error;
} errors[] = {
    {STATUS_SUCCESS, ERROR_SUCCESS},
    {STATUS_PENDING, ERROR_IO_PENDING},
    {STATUS_TIMEOUT, ERROR_TIMEOUT},
    {STATUS_IO_TIMEOUT, ERROR_SEM_TIMEOUT},
    {STATUS_BUFFER_OVERFLOW, ERROR_MORE_DATA},
    {STATUS_MORE_ENTRIES, ERROR_MORE_DATA},
    {STATUS_NO_MORE_ENTRIES, ERROR_NO_MORE_ITEMS},
    {STATUS_NO_MORE_FILES, ERROR_NO_MORE_FILES},
    {STATUS_UNSUCCESSFUL, ERROR_GEN_FAILURE},
    {STATUS_NOT_IMPLEMENTED, ERROR_INVALID_FUNCTION},
    {STATUS_INVALID_DEVICE_REQUEST, ERROR_INVALID_FUNCTION},
    {STATUS_INFO_LENGTH_MISMATCH, ERROR_BAD_LENGTH},
    {STATUS_INVALID_HANDLE, ERROR_INVALID_HANDLE},
    {STATUS_OBJECT_TYPE_MISMATCH, ERROR_INVALID_HANDLE},
    {STATUS_INVALID_PARAMETER, ERROR_INVALID_PARAMETER},
    {STATUS_INVALID_PARAMETER_1, ERROR_INVALID_PARAMETER},
    {STATUS_INVALID_PARAMETER_2, ERROR_INVALID_PARAMETER},
    {STATUS_INVALID_PARAMETER_3, ERROR_INVALID_PARAMETER},
    {STATUS_INVALID_PARAMETER_4, ERROR_INVALID_PARAMETER},
    {STATUS_INVALID_PARAMETER_5, ERROR_INVALID_PARAMETER},
    {STATUS_INVALID_PARAMETER_6, ERROR_INVALID_PARAMETER},
    {STATUS_NO_SUCH_DEVICE, ERROR_FILE_NOT_FOUND},
    {STATUS_NO_SUCH_FILE, ERROR_FILE_NOT_FOUND},
    {STATUS_OBJECT_NAME_NOT_FOUND, ERROR_FILE_NOT_FOUND},
    {STATUS_OBJECT_PATH_NOT_FOUND, ERROR_PATH_NOT_FOUND},
    {STATUS_OBJECT_NAME_INVALID, ERROR_INVALID_NAME},
    {STATUS_OBJECT_NAME_COLLISION, ERROR_ALREADY_EXISTS},
    {STATUS_END_OF_FILE, ERROR_HANDLE_EOF},
    {STATUS_NO_MEMORY, ERROR_NOT_ENOUGH_MEMORY},
    {STATUS_INSUFFICIENT_RESOURCES, ERROR_NO_SYSTEM_RESOURCES},
    {STATUS_ACCESS_DENIED, ERROR_ACCESS_DENIED},
    {STATUS_DELETE_PENDING, ERROR_ACCESS_DENIED},
    {STATUS_PRIVILEGE_NOT_HELD, ERROR_ACCESS_DENIED},
    {STATUS_BUFFER_TOO_SMALL, ERROR_INSUFFICIENT_BUFFER},
    {STATUS_SHARING_VIOLATION, ERROR_SHARING_VIOLATION},
    {STATUS_NOT_SUPPORTED, ERROR_NOT_SUPPORTED},
    {STATUS_DEVICE_NOT_READY, ERROR_NOT_READY},
    {STATUS_DEVICE_BUSY, ERROR_BUSY},
    {STATUS_DEVICE_DOES_NOT_EXIST, ERROR_DEV_NOT_EXIST},
    {STATUS_DEVICE_NOT_CONNECTED, ERROR_DEVICE_NOT_CONNECTED},
    {STATUS_IO_DEVICE_ERROR, ERROR_IO_DEVICE},
    {STATUS_CANCELLED, ERROR_OPERATION_ABORTED},
    {STATUS_INTEGER_OVERFLOW, ERROR_ARITHMETIC_OVERFLOW},
    {STATUS_ACCESS_VIOLATION, ERROR_NOACCESS},
    {STATUS_NOT_FOUND, ERROR_NOT_FOUND},
    {STATUS_INVALID_DEVICE_STATE, ERROR_INVALID_STATE},
    {STATUS_INTERNAL_ERROR, ERROR_INTERNAL_ERROR},
    {STATUS_DATA_ERROR, ERROR_CRC},
};

/* What Windows answers for a status that it has no error code for. */
enum { ERROR_WITHOUT_MESSAGE = 317 };

static ULONG
error_of(NTSTATUS status)
{
    for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].status == status) {
            return errors[i].error;
        }
    }
    /* An error code in the clothes of a status, as NTSTATUS_FROM_WIN32 makes it. */
    return ((ULONG)status & 0xffff0000) == 0xc0070000 ? (ULONG)status & 0xffff
                                                      : ERROR_WITHOUT_MESSAGE;
}

ULONG
RtlNtStatusToDosError(NTSTATUS Status)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return error_of(Status);
}

ULONG
RtlNtStatusToDosErrorNoTeb(NTSTATUS Status)
{
    NT_PURE_CALL(PASSIVE_LEVEL, APC_LEVEL);
    return error_of(Status);
}
