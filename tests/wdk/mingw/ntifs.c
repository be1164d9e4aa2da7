/* The kernel, widest face. */
#include <ntifs.h>
#include <ntstatus.h>
