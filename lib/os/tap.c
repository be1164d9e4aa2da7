/* TAP interfaces: Linux' Documentation/networking/tuntap.rst. See tap.h. */
#define _GNU_SOURCE
#include "os/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Linux 6.2 has these; older headers do not. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

_Static_assert(sizeof(struct os_slice) == sizeof(struct iovec) &&
                   offsetof(struct os_slice, bytes) == offsetof(struct iovec, iov_len),
               "slices are passed to the kernel as they are");
_Static_assert(OS_TAP_NAME_BYTES == IFNAMSIZ, "names are as long as the kernel's");

/* --- the interface, by name --- */

static int
ask(const char *name, unsigned long request, struct ifreq *interface)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = descriptor < 0 ? -errno : 0;

    if (result != 0) {
        return result;
    }
    snprintf(interface->ifr_name, IFNAMSIZ, "%s", name);
    if (ioctl(descriptor, request, interface) != 0) {
        result = -errno;
    }
    close(descriptor);
    return result;
}

static bool
exists(const char *name)
{
    struct ifreq interface = {0};

    return ask(name, SIOCGIFINDEX, &interface) == 0;
}

static int
set_mac(const char *name, const uint8_t *mac)
{
    struct ifreq interface = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

    memcpy(interface.ifr_hwaddr.sa_data, mac, 6);
    return ask(name, SIOCSIFHWADDR, &interface);
}

static int
set_mtu(const char *name, unsigned mtu)
{
    struct ifreq interface = {.ifr_mtu = (int)mtu};

    return ask(name, SIOCSIFMTU, &interface);
}

static int
set_up(const char *name)
{
    struct ifreq interface = {0};
    int result = ask(name, SIOCGIFFLAGS, &interface);

    if (result != 0 || (interface.ifr_flags & IFF_UP) != 0) {
        return result;
    }
    interface.ifr_flags |= IFF_UP;
    return ask(name, SIOCSIFFLAGS, &interface);
}

/* --- opening --- */

static int
fail(int failure, char *error, size_t error_bytes, const char *name, const char *hint)
{
    snprintf(error, error_bytes, "TAP interface %s: %s%s%s", name == NULL ? "(new)" : name,
             strerror(-failure), hint[0] == 0 ? "" : "; ", hint);
    return failure;
}

static const char *
hint_for(int failure)
{
    switch (failure) {
    case -ENOENT:
    case -ENODEV:
        return "/dev/net/tun is missing: load the module tun, or hand the device to the container";
    case -EPERM:
    case -EACCES:
        return "run with CAP_NET_ADMIN, or have an administrator make it for this user: "
               "ip tuntap add dev NAME mode tap user USER";
    case -EBUSY:
        return "another process has it open, or it is no TAP interface";
    case -EINVAL:
        return "it exists with other flags: single queue and multi_queue do not go together";
    default:
        return "";
    }
}

static int
open_queue(const char *name, short flags, bool with_header, struct ifreq *interface)
{
    int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int header_bytes = OS_TAP_HEADER_BYTES;
    int little_endian = 1;
    int failure;

    if (descriptor < 0) {
        return -errno;
    }
    *interface = (struct ifreq){.ifr_flags = flags};
    if (name != NULL) {
        snprintf(interface->ifr_name, IFNAMSIZ, "%s", name);
    }
    if (ioctl(descriptor, TUNSETIFF, interface) != 0 ||
        (with_header && (ioctl(descriptor, TUNSETVNETHDRSZ, &header_bytes) != 0 ||
                         ioctl(descriptor, TUNSETVNETLE, &little_endian) != 0))) {
        failure = -errno;
        close(descriptor);
        return failure;
    }
    return descriptor;
}

static int
open_queues(const struct os_tap_options *options, struct os_tap *tap)
{
    short flags = IFF_TAP | IFF_NO_PI;
    const char *name = options->name;
    struct ifreq interface;

    flags |= options->with_header ? IFF_VNET_HDR : 0;
    flags |= options->queues > 1 ? IFF_MULTI_QUEUE : 0;
    while (tap->queues < options->queues) {
        int descriptor = open_queue(name, flags, options->with_header, &interface);

        /* One that was made for several queues can be used with one. */
        if (descriptor == -EINVAL && (flags & IFF_MULTI_QUEUE) == 0) {
            flags |= IFF_MULTI_QUEUE;
            continue;
        }
        if (descriptor < 0) {
            return descriptor;
        }
        tap->descriptors[tap->queues++] = descriptor;
        memcpy(tap->name, interface.ifr_name, sizeof(tap->name));
        name = tap->name;
    }
    return 0;
}

static unsigned
kernel_offloads(const struct os_tap *tap)
{
    const unsigned basic = OS_TAP_CSUM | OS_TAP_TSO4 | OS_TAP_TSO6 | OS_TAP_ECN;
    unsigned offloads = basic | OS_TAP_USO;

    if (pndis__os_tap_set_offloads(tap, offloads) != 0) {
        offloads = pndis__os_tap_set_offloads(tap, basic) == 0 ? basic : 0;
    }
    pndis__os_tap_set_offloads(tap, 0);
    return offloads;
}

static int
set_up_interface(const struct os_tap_options *options, struct os_tap *tap, bool created)
{
    struct ifreq interface = {0};
    int result = 0;

    if (options->mac != NULL) {
        result = set_mac(tap->name, options->mac);
    }
    if (result == 0 && options->mtu != 0) {
        result = set_mtu(tap->name, options->mtu);
    }
    if (result == 0 && !options->leave_down) {
        result = set_up(tap->name);
    }
    if (result == 0 && created && options->persistent &&
        ioctl(tap->descriptors[0], TUNSETPERSIST, 1) != 0) {
        result = -errno;
    }
    if (result == 0) {
        result = ask(tap->name, SIOCGIFMTU, &interface);
        tap->mtu = (unsigned)interface.ifr_mtu;
    }
    return result;
}

int
pndis__os_tap_open(const struct os_tap_options *options, struct os_tap *out_tap, char *error,
                   size_t error_bytes)
{
    struct os_tap tap = {.queues = 0};
    bool created = options->name == NULL || !exists(options->name);
    int result;

    if (created && options->must_exist) {
        return fail(-ENOENT, error, error_bytes, options->name, "");
    }
    result = open_queues(options, &tap);
    if (result == 0) {
        tap.offloads = options->with_header ? kernel_offloads(&tap) : 0;
        result = set_up_interface(options, &tap, created);
    }
    if (result != 0) {
        pndis__os_tap_close(&tap);
        return fail(result, error, error_bytes, options->name, hint_for(result));
    }
    *out_tap = tap;
    return 0;
}

void
pndis__os_tap_close(struct os_tap *tap)
{
    while (tap->queues > 0) {
        close(tap->descriptors[--tap->queues]);
    }
}

/* --- while it is open --- */

int
pndis__os_tap_set_offloads(const struct os_tap *tap, unsigned offloads)
{
    unsigned long flags = 0;

    flags |= (offloads & OS_TAP_CSUM) != 0 ? TUN_F_CSUM : 0;
    flags |= (offloads & OS_TAP_TSO4) != 0 ? TUN_F_TSO4 : 0;
    flags |= (offloads & OS_TAP_TSO6) != 0 ? TUN_F_TSO6 : 0;
    flags |= (offloads & OS_TAP_ECN) != 0 ? TUN_F_TSO_ECN : 0;
    flags |= (offloads & OS_TAP_USO) != 0 ? TUN_F_USO4 | TUN_F_USO6 : 0;
    return ioctl(tap->descriptors[0], TUNSETOFFLOAD, flags) != 0 ? -errno : 0;
}

int
pndis__os_tap_set_carrier(const struct os_tap *tap, bool up)
{
    int carrier = up;

    return ioctl(tap->descriptors[0], TUNSETCARRIER, &carrier) != 0 ? -errno : 0;
}

int
pndis__os_tap_attach(const struct os_tap *tap, unsigned queue, bool attach)
{
    struct ifreq interface = {.ifr_flags = attach ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE};

    return ioctl(tap->descriptors[queue], TUNSETQUEUE, &interface) != 0 ? -errno : 0;
}

long
pndis__os_read_slices(int descriptor, const struct os_slice *slices, unsigned count)
{
    ssize_t bytes = readv(descriptor, (const struct iovec *)slices, (int)count);

    return bytes < 0 ? -errno : bytes;
}

long
pndis__os_write_slices(int descriptor, const struct os_slice *slices, unsigned count)
{
    ssize_t bytes = writev(descriptor, (const struct iovec *)slices, (int)count);

    return bytes < 0 ? -errno : bytes;
}
