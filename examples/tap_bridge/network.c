#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- rights --- */

static int
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd < 0 ? -1 : write(fd, text, strlen(text));

    if (fd >= 0) {
        close(fd);
    }
    return written < 0 ? -1 : 0;
}

/*
 * Be root in a user namespace that holds nobody else, with a network to come back to: there is no
 * way back into one that belongs to others.
 */
static int
become_own_root(void)
{
    char map[64];
    unsigned uid = geteuid();
    unsigned gid = getegid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return -1;
    }
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    if (write_file("/proc/self/uid_map", map) != 0) {
        return -1;
    }
    snprintf(map, sizeof(map), "0 %u 1", gid);
    return write_file("/proc/self/gid_map", map);
}

static bool
can_make_networks(void)
{
    int here = network_here();
    bool can = here >= 0 && unshare(CLONE_NEWNET) == 0;

    if (can) {
        can = network_enter(here) == 0;
    }
    if (here >= 0) {
        close(here);
    }
    return can;
}

static int
explain_networks(void)
{
    fprintf(
        stderr,
        "tap_bridge: making network namespaces is not permitted here (%s).\n"
        "The demo needs one of these:\n"
        "  - to run as root:                     sudo tap_bridge --demo\n"
        "  - in a container:                     --cap-add NET_ADMIN --cap-add SYS_ADMIN\n"
        "                                        --device /dev/net/tun\n"
        "  - user namespaces for everybody:      sudo sysctl -w "
        "kernel.unprivileged_userns_clone=1\n"
        "                                        sudo sysctl -w user.max_user_namespaces=10000\n"
        "    and on Ubuntu also:                 sudo sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0\n",
        strerror(errno));
    return -1;
}

static int
explain_tun(void)
{
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
        fprintf(stderr, "tap_bridge: there is no /dev/net/tun.\n"
                        "  - load the driver:                    sudo modprobe tun\n"
                        "  - in a container:                     --device /dev/net/tun\n");
    } else {
        fprintf(stderr,
                "tap_bridge: /dev/net/tun cannot be opened (%s).\n"
                "  - let everybody open it (its usual mode): sudo chmod 0666 /dev/net/tun\n"
                "  - or run as root:                         sudo tap_bridge --demo\n",
                strerror(errno));
    }
    return -1;
}

int
network_rights(void)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        return explain_tun();
    }
    close(fd);
    if (can_make_networks()) {
        return 0;
    }
    if (become_own_root() != 0 || !can_make_networks()) {
        return explain_networks();
    }
    return 0;
}

/* --- namespaces --- */

int
network_here(void)
{
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

int
network_enter(int network)
{
    return setns(network, CLONE_NEWNET);
}

int
network_create(void)
{
    int here = network_here();
    int made = -1;

    if (here < 0) {
        return -1;
    }
    if (unshare(CLONE_NEWNET) == 0) {
        made = network_here();
        if (network_enter(here) != 0 && made >= 0) {
            close(made);
            made = -1;
        }
    }
    close(here);
    return made;
}

/* --- interfaces --- */

static void
name_request(struct ifreq *request, const char *interface)
{
    memset(request, 0, sizeof(*request));
    snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", interface);
}

static int
set_address(int fd, const char *interface, const char *address, unsigned prefix)
{
    struct ifreq request;
    struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;

    name_request(&request, interface);
    in->sin_family = AF_INET;
    if (inet_pton(AF_INET, address, &in->sin_addr) != 1 || ioctl(fd, SIOCSIFADDR, &request) != 0) {
        return -1;
    }
    in->sin_addr.s_addr = htonl(~0u << (32 - prefix));
    return ioctl(fd, SIOCSIFNETMASK, &request);
}

static int
set_up(int fd, const char *interface)
{
    struct ifreq request;

    name_request(&request, interface);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return -1;
    }
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request);
}

int
network_configure(const char *interface, const char *address, unsigned prefix)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result;

    if (fd < 0) {
        return -1;
    }
    result = set_address(fd, interface, address, prefix);
    if (result == 0) {
        result = set_up(fd, interface);
    }
    close(fd);
    return result;
}
