/*
 * Networks for the demo: Linux network namespaces that have no name. Each lives as long as its
 * descriptor, or an interface or socket in it; when the program ends, however it ends, they are
 * gone.
 */
#ifndef TAP_BRIDGE_NETWORK_H
#define TAP_BRIDGE_NETWORK_H

#include <stdint.h>

/*
 * Get the right to make networks: as root, or as root of a user namespace of our own. Before any
 * thread is started. 0, or -1 after saying on stderr what is missing and how it is granted.
 */
int network_rights(void);

/* A new network; its descriptor, or -1. */
int network_create(void);
/* The calling thread's own network. */
int network_here(void);
/* Move the calling thread into it. */
int network_enter(int network);
/* Give an interface of the calling thread's network an address ("10.77.0.1") and set it up. */
int network_configure(const char *interface, const char *address, unsigned prefix);

#endif
