/* The TAP backend against a real kernel, in a network namespace of its own. */
#define _GNU_SOURCE
#include "hw/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, SIZE = 256, PATIENCE_MS = 5000, PORT = 4000 };

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static const uint8_t driver_mac[] = {0x02, 0, 0, 0, 0, 0x07};
static const uint8_t host_mac[] = {0x02, 0, 0, 0, 0, 0x01};

/* --- the host's side --- */

static int
ask(unsigned long request, struct ifreq *interface, const char *name)
{
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    int result;

    snprintf(interface->ifr_name, IFNAMSIZ, "%s", name);
    result = ioctl(socket_, request, interface) == 0 ? 0 : -errno;
    close(socket_);
    return result;
}

static void
set_address(const char *name, const char *address, unsigned long request)
{
    struct ifreq interface = {0};
    struct sockaddr_in *at = (struct sockaddr_in *)&interface.ifr_addr;

    at->sin_family = AF_INET;
    inet_pton(AF_INET, address, &at->sin_addr);
    assert_int_equal(ask(request, &interface, name), 0);
}

static void
set_neighbour(const char *name, const char *address, const uint8_t *mac)
{
    struct arpreq entry = {.arp_flags = ATF_PERM | ATF_COM};
    struct sockaddr_in *at = (struct sockaddr_in *)&entry.arp_pa;
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);

    at->sin_family = AF_INET;
    inet_pton(AF_INET, address, &at->sin_addr);
    entry.arp_ha.sa_family = ARPHRD_ETHER;
    memcpy(entry.arp_ha.sa_data, mac, 6);
    snprintf(entry.arp_dev, sizeof(entry.arp_dev), "%s", name);
    assert_int_equal(ioctl(socket_, SIOCSARP, &entry), 0);
    close(socket_);
}

/* A socket that sees every frame of the interface. */
static int
open_packet_socket(const char *name)
{
    int socket_ = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = (int)if_nametoindex(name)};

    assert_true(socket_ >= 0);
    assert_int_equal(bind(socket_, (struct sockaddr *)&at, sizeof(at)), 0);
    return socket_;
}

/* The next frame of our own type; 0: none came in time. */
static ssize_t
read_frame(int socket_, uint8_t *frame, size_t limit, int patience_ms)
{
    struct pollfd polled = {.fd = socket_, .events = POLLIN};

    while (poll(&polled, 1, patience_ms) > 0) {
        ssize_t bytes = recv(socket_, frame, limit, 0);

        if (bytes >= 14 && frame[12] == 0x88 && frame[13] == 0xb5) {
            return bytes;
        }
    }
    return 0;
}

/* --- the driver's side --- */

static void
open_tap_rig(struct rig *rig, const struct pndis_tap_options *options)
{
    struct pndis_backend *backend;

    if (pndis_backend_tap(options, &backend) != 0) {
        fail_msg("%s", pndis_last_error());
    }
    rig_open(rig, &(struct rig_options){.backend = backend, .live = true});
}

/* With frames from the kernel as they come, without offloads. */
static void
start_simple(struct rig *rig)
{
    rig_start(rig, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_MRG_RXBUF), 1, SIZE);
    rig_give_buffers(rig, SIZE / 2, 2048);
}

/* The next received frame that @is_it likes; 0: none came in time. */
static size_t
receive_such(struct rig *rig, uint8_t *frame, size_t limit, bool (*is_it)(const uint8_t *frame))
{
    for (unsigned waited = 0; waited < PATIENCE_MS; waited++) {
        size_t bytes = rig_receive(rig, frame, limit);

        if (bytes > 0 && is_it(frame + RIG_HEADER)) {
            return bytes;
        }
        if (bytes == 0) {
            usleep(1000);
        }
    }
    return 0;
}

static bool
is_ours(const uint8_t *frame)
{
    return frame[12] == 0x88 && frame[13] == 0xb5;
}

static bool
is_udp(const uint8_t *frame)
{
    return frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == IPPROTO_UDP;
}

/* --- opening --- */

static void
an_interface_is_made_as_asked_and_goes_away(void **state)
{
    struct ifreq interface = {0};
    struct rig rig;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "made0", .mtu = 4000, .mac = host_mac});
    assert_string_equal(pndis_backend_tap_name(pndis_nic_backend(rig.nic)), "made0");
    assert_int_equal(ask(SIOCGIFMTU, &interface, "made0"), 0);
    assert_int_equal(interface.ifr_mtu, 4000);
    assert_int_equal(rig_config(&rig, mtu), 4000);
    assert_int_equal(ask(SIOCGIFHWADDR, &interface, "made0"), 0);
    assert_memory_equal(interface.ifr_hwaddr.sa_data, host_mac, 6);
    assert_int_equal(ask(SIOCGIFFLAGS, &interface, "made0"), 0);
    assert_true((interface.ifr_flags & IFF_UP) != 0);
    rig_close(&rig);
    assert_int_equal(if_nametoindex("made0"), 0);
}

static void
a_persistent_interface_stays_and_is_opened_again(void **state)
{
    struct pndis_backend *backend;

    (void)state;
    assert_int_equal(
        pndis_backend_tap(&(struct pndis_tap_options){.name = "stays0", .persistent = true},
                          &backend),
        0);
    pndis_backend_destroy(backend);
    assert_true(if_nametoindex("stays0") != 0);
    assert_int_equal(
        pndis_backend_tap(&(struct pndis_tap_options){.name = "stays0", .must_exist = true},
                          &backend),
        0);
    /* One user at a time. */
    assert_int_equal(pndis_backend_tap(&(struct pndis_tap_options){.name = "stays0"},
                                       &(struct pndis_backend *){NULL}),
                     PNDIS_EIO);
    pndis_backend_destroy(backend);
}

static void
what_cannot_be_opened_is_explained(void **state)
{
    struct pndis_backend *backend;
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(
        pndis_backend_tap(&(struct pndis_tap_options){.name = "none0", .must_exist = true},
                          &backend),
        PNDIS_ENOTFOUND);
    assert_int_equal(
        pndis_backend_tap(&(struct pndis_tap_options){.name = "a-name-that-is-too-long"}, &backend),
        PNDIS_EINVAL);
    assert_int_equal(pndis_backend_tap(&(struct pndis_tap_options){.name = "lo"}, &backend),
                     PNDIS_EIO);
    child = fork();
    if (child == 0) {
        bool explained = setuid(65534) == 0 && pndis_backend_tap(NULL, &backend) == PNDIS_EIO &&
                         strstr(pndis_last_error(), "CAP_NET_ADMIN") != NULL;

        _exit(explained ? 0 : 1);
    }
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
}

/* Time on sim is not the world's. */
static void
a_sim_machine_takes_no_tap_unless_it_is_polled(void **state)
{
    struct pndis_machine *machine = pndis_machine_create(NULL);
    struct pndis_backend *backend;
    struct pndis_nic *nic;

    (void)state;
    assert_int_equal(pndis_backend_tap(NULL, &backend), 0);
    assert_int_equal(pndis_virtio_net_create(machine, NULL, backend, &nic), PNDIS_EINVAL);
    assert_int_equal(pndis_backend_tap(NULL, &backend), 0);
    assert_int_equal(
        pndis_virtio_net_create(
            machine, &(struct pndis_virtio_net_options){.flags = PNDIS_NIC_POLLED}, backend, &nic),
        0);
    pndis_machine_destroy(machine);
}

/* --- frames --- */

static void
frames_go_both_ways_with(const struct pndis_tap_options *options)
{
    enum { FRAMES = 100 };
    struct rig rig;
    uint8_t frame[2048];
    uint8_t seen[4096];
    int host;

    open_tap_rig(&rig, options);
    start_simple(&rig);
    host = open_packet_socket(options->name);
    for (unsigned i = 0; i < FRAMES; i++) {
        size_t bytes = 60 + i * 14;

        rig_frame(frame, bytes, 0x03, 1, (uint8_t)i);
        assert_int_equal(send(host, frame, bytes, 0), bytes);
        assert_int_equal(receive_such(&rig, seen, sizeof(seen), is_ours), RIG_HEADER + bytes);
        assert_memory_equal(seen + RIG_HEADER, frame, bytes);
        rig_give_buffers(&rig, 1, 2048);
    }
    /* Frames that the host sends itself are seen by its own socket as well: take a new one. */
    close(host);
    host = open_packet_socket(options->name);
    for (unsigned i = 0; i < FRAMES; i++) {
        size_t bytes = 60 + i * 14;

        rig_frame(frame, bytes, 0x03, 2, (uint8_t)i);
        rig_send(&rig, frame, bytes);
        assert_int_equal(read_frame(host, seen, sizeof(seen), PATIENCE_MS), bytes);
        assert_memory_equal(seen, frame, bytes);
    }
    assert_int_equal(rig_info(&rig).send.frames, FRAMES);
    close(host);
    rig_close(&rig);
}

static void
frames_go_both_ways(void **state)
{
    (void)state;
    frames_go_both_ways_with(&(struct pndis_tap_options){.name = "both0"});
}

static void
frames_go_both_ways_without_offloads(void **state)
{
    (void)state;
    frames_go_both_ways_with(
        &(struct pndis_tap_options){.name = "plain0", .without_offloads = true});
}

static void
without_a_vnet_header_no_offload_is_offered(void **state)
{
    struct rig rig;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "bare0", .without_offloads = true});
    assert_int_equal(rig_offered(&rig) &
                         (FEATURE(VIRTIO_NET_F_CSUM) | FEATURE(VIRTIO_NET_F_HOST_TSO4) |
                          FEATURE(VIRTIO_NET_F_GUEST_CSUM) | FEATURE(VIRTIO_NET_F_GUEST_TSO4)),
                     0);
    rig_close(&rig);
}

/* The driver's buffers are shorter than the frame: nothing of it is cut off, it waits for more. */
static void
a_frame_longer_than_the_room_waits(void **state)
{
    struct rig rig;
    uint8_t frame[1400];
    uint8_t seen[4096];
    int host;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "wait0"});
    rig_start(&rig, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_MRG_RXBUF), 1, SIZE);
    host = open_packet_socket("wait0");
    rig_give_buffers(&rig, 6, 256);
    rig_frame(frame, sizeof(frame), 0x03, 1, 0x11);
    assert_int_equal(send(host, frame, sizeof(frame), 0), sizeof(frame));
    assert_int_equal(receive_such(&rig, seen, sizeof(seen), is_ours), RIG_HEADER + sizeof(frame));
    /* Of six buffers the first frame took six; the next one finds three, and three more later. */
    rig_give_buffers(&rig, 3, 256);
    rig_frame(frame, sizeof(frame), 0x03, 1, 0x22);
    assert_int_equal(send(host, frame, sizeof(frame), 0), sizeof(frame));
    usleep(20000);
    assert_int_equal(rig_receive(&rig, seen, sizeof(seen)), 0);
    rig_give_buffers(&rig, 3, 256);
    assert_int_equal(receive_such(&rig, seen, sizeof(seen), is_ours), RIG_HEADER + sizeof(frame));
    assert_memory_equal(seen + RIG_HEADER, frame, sizeof(frame));
    close(host);
    rig_close(&rig);
}

/* --- offloads --- */

static uint16_t
sum(const uint8_t *bytes, size_t count, uint32_t start)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        start += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    }
    start += count % 2 != 0 ? (uint32_t)bytes[count - 1] << 8 : 0;
    while (start >> 16 != 0) {
        start = (start & 0xffff) + (start >> 16);
    }
    return (uint16_t)start;
}

/* UDP from 10.9.0.2 to 10.9.0.1, its checksum field holding the pseudo header's sum only. */
static size_t
make_udp(uint8_t *frame, const char *text)
{
    static const uint8_t headers[] = {
        0x02,      0,           0,         0,           0, 0x01, 0x02, 0, 0,  0,
        0,         0x07,        0x08,      0x00, /* Ethernet */
        0x45,      0,           0,         0,           0, 0,    0,    0, 64, IPPROTO_UDP,
        0,         0,           10,        9,           0, 2,    10,   9, 0,  1, /* IPv4 */
        PORT >> 8, PORT & 0xff, PORT >> 8, PORT & 0xff, 0, 0,    0,    0,        /* UDP */
    };
    size_t length = strlen(text);
    uint16_t header_sum;
    uint16_t pseudo;

    memcpy(frame, headers, sizeof(headers));
    memcpy(frame + sizeof(headers), text, length);
    frame[17] = (uint8_t)(28 + length);
    header_sum = (uint16_t)~sum(frame + 14, 20, 0);
    frame[24] = (uint8_t)(header_sum >> 8);
    frame[25] = (uint8_t)header_sum;
    frame[39] = (uint8_t)(8 + length);
    pseudo = sum(frame + 26, 8, (uint32_t)(IPPROTO_UDP + 8 + length));
    frame[40] = (uint8_t)(pseudo >> 8);
    frame[41] = (uint8_t)pseudo;
    return sizeof(headers) + length;
}

static int
open_udp(const char *address)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, address, &at.sin_addr);
    assert_int_equal(bind(socket_, (struct sockaddr *)&at, sizeof(at)), 0);
    return socket_;
}

static void
the_kernel_completes_a_checksum(void **state)
{
    const struct virtio_net_hdr_v1 header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = htole16(34), .csum_offset = htole16(6)};
    struct pollfd polled = {.events = POLLIN};
    struct rig rig;
    uint8_t frame[256];
    char text[64] = "";
    int host;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "csum0", .mac = host_mac});
    set_address("csum0", "10.9.0.1", SIOCSIFADDR);
    set_address("csum0", "255.255.255.0", SIOCSIFNETMASK);
    start_simple(&rig);
    host = polled.fd = open_udp("10.9.0.1");
    rig_send_with(&rig, &header, frame, make_udp(frame, "checksummed"));
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
    assert_int_equal(recv(host, text, sizeof(text) - 1, 0), strlen("checksummed"));
    assert_string_equal(text, "checksummed");
    close(host);
    rig_close(&rig);
}

/* One send of many datagrams stays one frame when the driver takes it (USO, Linux 6.2). */
static void
segments_stay_together_when_the_driver_takes_them(void **state)
{
    enum { SEGMENT = 1000, SEGMENTS = 20 };
    const uint64_t uso = FEATURE(VIRTIO_NET_F_GUEST_USO4) | FEATURE(VIRTIO_NET_F_GUEST_USO6);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct virtio_net_hdr_v1 *header;
    static uint8_t data[SEGMENT * SEGMENTS];
    static uint8_t seen[PNDIS_FRAME_BYTES_LIMIT];
    int segment = SEGMENT;
    struct rig rig;
    int host;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "uso0", .mac = host_mac});
    if ((rig_offered(&rig) & uso) != uso) {
        rig_close(&rig);
        print_message("skipped: this kernel's TAP has no UDP segmentation offload\n");
        skip();
    }
    set_address("uso0", "10.9.1.1", SIOCSIFADDR);
    set_address("uso0", "255.255.255.0", SIOCSIFNETMASK);
    set_neighbour("uso0", "10.9.1.2", driver_mac);
    rig_start(&rig,
              rig_offered(&rig) & ~FEATURE(VIRTIO_RING_F_EVENT_IDX) &
                  ~FEATURE(VIRTIO_NET_F_CTRL_VLAN),
              1, SIZE);
    rig_give_buffers(&rig, SIZE / 2, 2048);
    host = open_udp("10.9.1.1");
    inet_pton(AF_INET, "10.9.1.2", &to.sin_addr);
    assert_int_equal(setsockopt(host, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
    assert_int_equal(sendto(host, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
                     sizeof(data));
    assert_int_equal(receive_such(&rig, seen, sizeof(seen), is_udp),
                     RIG_HEADER + 42 + sizeof(data));
    header = (const struct virtio_net_hdr_v1 *)seen;
    assert_int_equal(header->gso_type, VIRTIO_NET_HDR_GSO_UDP_L4);
    assert_int_equal(le16toh(header->gso_size), SEGMENT);
    assert_int_equal(le16toh(header->num_buffers), (RIG_HEADER + 42 + sizeof(data) + 2047) / 2048);
    close(host);
    rig_close(&rig);
}

/* --- link and queues --- */

/* The kernel tells a little later. */
static bool
comes_to_run(const char *name, bool running)
{
    struct ifreq interface = {0};

    for (unsigned waited = 0; waited < PATIENCE_MS; waited++) {
        assert_int_equal(ask(SIOCGIFFLAGS, &interface, name), 0);
        if (((interface.ifr_flags & IFF_RUNNING) != 0) == running) {
            return true;
        }
        usleep(1000);
    }
    return false;
}

static void
unplugging_shows_on_the_host(void **state)
{
    struct rig rig;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "link0"});
    start_simple(&rig);
    assert_true(comes_to_run("link0", true));
    pndis_nic_set_link(rig.nic, false);
    assert_true(comes_to_run("link0", false));
    pndis_nic_set_link(rig.nic, true);
    assert_true(comes_to_run("link0", true));
    rig_close(&rig);
}

static void
a_queue_that_is_not_used_gets_no_frames(void **state)
{
    uint16_t pairs = htole16(2);
    struct rig rig;
    uint8_t frame[100];
    uint8_t seen[512];
    int host;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "mq0", .queues = 4});
    assert_int_equal(rig_config(&rig, max_virtqueue_pairs), 4);
    rig_start(&rig,
              FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_MRG_RXBUF) |
                  FEATURE(VIRTIO_NET_F_CTRL_VQ) | FEATURE(VIRTIO_NET_F_MQ),
              4, SIZE);
    rig_give_buffers(&rig, SIZE / 2, 2048);
    host = open_packet_socket("mq0");
    /* With one queue in use every flow comes through it. */
    for (unsigned i = 0; i < 50; i++) {
        rig_frame(frame, sizeof(frame), 0x03, (uint8_t)i, (uint8_t)i);
        assert_int_equal(send(host, frame, sizeof(frame), 0), sizeof(frame));
        assert_int_equal(receive_such(&rig, seen, sizeof(seen), is_ours),
                         RIG_HEADER + sizeof(frame));
    }
    assert_int_equal(rig_command(&rig, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs,
                                 sizeof(pairs)),
                     VIRTIO_NET_OK);
    pairs = htole16(1);
    assert_int_equal(rig_command(&rig, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs,
                                 sizeof(pairs)),
                     VIRTIO_NET_OK);
    assert_int_equal(send(host, frame, sizeof(frame), 0), sizeof(frame));
    assert_int_equal(receive_such(&rig, seen, sizeof(seen), is_ours), RIG_HEADER + sizeof(frame));
    close(host);
    rig_close(&rig);
}

/* Somebody deletes the interface under the device: it falls silent, and does not spin. */
static void
an_interface_that_is_deleted_falls_silent(void **state)
{
    struct rig rig;
    uint8_t frame[100];
    clock_t before;

    (void)state;
    open_tap_rig(&rig, &(struct pndis_tap_options){.name = "gone0"});
    start_simple(&rig);
    assert_int_equal(system("ip link delete gone0"), 0);
    usleep(20000);
    before = clock();
    usleep(200000);
    assert_true(clock() - before < CLOCKS_PER_SEC / 10);
    rig_frame(frame, sizeof(frame), 0x03, 1, 1);
    rig_send(&rig, frame, sizeof(frame));
    assert_int_equal(rig_info(&rig).send.drops[PNDIS_DROP_BACKEND], 1);
    assert_false(rig_is_broken(&rig));
    rig_close(&rig);
}

/* New interfaces say nothing of their own accord. */
static void
silence_ipv6(void)
{
    FILE *file = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w");

    if (file != NULL) {
        fputs("1", file);
        fclose(file);
    }
}

/* A namespace of our own, so that nothing outside is touched. */
static bool
isolate(void)
{
    struct pndis_backend *backend;

    if (unshare(CLONE_NEWNET) != 0) {
        printf("skipped: no right to make a network namespace (CAP_SYS_ADMIN): %s\n",
               strerror(errno));
        return false;
    }
    silence_ipv6();
    if (pndis_backend_tap(NULL, &backend) != 0) {
        printf("skipped: %s\n", pndis_last_error());
        return false;
    }
    pndis_backend_destroy(backend);
    return true;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interface_is_made_as_asked_and_goes_away),
        cmocka_unit_test(a_persistent_interface_stays_and_is_opened_again),
        cmocka_unit_test(what_cannot_be_opened_is_explained),
        cmocka_unit_test(a_sim_machine_takes_no_tap_unless_it_is_polled),
        cmocka_unit_test(frames_go_both_ways),
        cmocka_unit_test(frames_go_both_ways_without_offloads),
        cmocka_unit_test(without_a_vnet_header_no_offload_is_offered),
        cmocka_unit_test(a_frame_longer_than_the_room_waits),
        cmocka_unit_test(the_kernel_completes_a_checksum),
        cmocka_unit_test(segments_stay_together_when_the_driver_takes_them),
        cmocka_unit_test(unplugging_shows_on_the_host),
        cmocka_unit_test(a_queue_that_is_not_used_gets_no_frames),
        cmocka_unit_test(an_interface_that_is_deleted_falls_silent),
    };

    if (!isolate()) {
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
