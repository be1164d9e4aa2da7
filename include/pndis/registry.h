/*
 * The machine's registry, as far as a host wants to look into it or prepare it for a driver.
 *
 * Paths are UTF-8 and absolute, "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\eth";
 * names compare without regard to case, as on Windows.
 */
#ifndef PNDIS_REGISTRY_H
#define PNDIS_REGISTRY_H

#include <pndis/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Set a REG_SZ value, creating the key. Returns 0, PNDIS_EINVAL or PNDIS_ENOMEM. */
PNDIS_API int pndis_registry_set_string(struct pndis_machine *machine, const char *key,
                                        const char *name, const char *value);

/** Set a REG_DWORD value, creating the key. */
PNDIS_API int pndis_registry_set_dword(struct pndis_machine *machine, const char *key,
                                       const char *name, uint32_t value);

/** Set a REG_BINARY value, creating the key. */
PNDIS_API int pndis_registry_set_binary(struct pndis_machine *machine, const char *key,
                                        const char *name, const void *value, size_t bytes);

/**
 * Read a string value, or the text of a number.
 *
 * @param text   Filled with UTF-8 and a NUL, cut to @bytes.
 * @return       0 or PNDIS_ENOTFOUND.
 */
PNDIS_API int pndis_registry_get_string(struct pndis_machine *machine, const char *key,
                                        const char *name, char *text, size_t bytes);

/** Read a REG_DWORD value. Returns 0, PNDIS_ENOTFOUND, or PNDIS_EINVAL when it is no number. */
PNDIS_API int pndis_registry_get_dword(struct pndis_machine *machine, const char *key,
                                       const char *name, uint32_t *out_value);

/** Remove a value (or, with a NULL name, the key and all below it). Returns 0 or PNDIS_ENOTFOUND.
 */
PNDIS_API int pndis_registry_delete(struct pndis_machine *machine, const char *key,
                                    const char *name);

#ifdef __cplusplus
}
#endif

#endif
