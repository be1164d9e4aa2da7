/* Feature negotiation: what is offered, and which choices of a driver make sense. */
#include "hw/nic.h"

/* Offered when the backend has all of @caps. */
static const struct {
    uint8_t bit;
    uint32_t caps;
} features[] = {
    {VIRTIO_F_VERSION_1, 0},
    {VIRTIO_RING_F_INDIRECT_DESC, 0},
    {VIRTIO_RING_F_EVENT_IDX, 0},
    {VIRTIO_NET_F_MAC, 0},
    {VIRTIO_NET_F_MTU, 0},
    {VIRTIO_NET_F_STATUS, 0},
    {VIRTIO_NET_F_SPEED_DUPLEX, 0},
    {VIRTIO_NET_F_MRG_RXBUF, 0},
    {VIRTIO_NET_F_CTRL_VQ, 0},
    {VIRTIO_NET_F_CTRL_RX, 0},
    {VIRTIO_NET_F_CTRL_RX_EXTRA, 0},
    {VIRTIO_NET_F_CTRL_VLAN, 0},
    {VIRTIO_NET_F_CTRL_MAC_ADDR, 0},
    {VIRTIO_NET_F_GUEST_ANNOUNCE, 0},
    {VIRTIO_NET_F_MQ, 0},
    {VIRTIO_NET_F_RSS, 0},
    {VIRTIO_NET_F_HASH_REPORT, 0},
    {VIRTIO_NET_F_CSUM, PNDIS_CAP_CSUM},
    {VIRTIO_NET_F_HOST_TSO4, PNDIS_CAP_CSUM | PNDIS_CAP_TSO4},
    {VIRTIO_NET_F_HOST_TSO6, PNDIS_CAP_CSUM | PNDIS_CAP_TSO6},
    {VIRTIO_NET_F_HOST_ECN, PNDIS_CAP_CSUM | PNDIS_CAP_TSO_ECN},
    {VIRTIO_NET_F_HOST_USO, PNDIS_CAP_CSUM | PNDIS_CAP_USO},
    {VIRTIO_NET_F_GUEST_CSUM, PNDIS_CAP_GUEST_CSUM},
    {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, PNDIS_CAP_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_TSO4, PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_TSO4},
    {VIRTIO_NET_F_GUEST_TSO6, PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_TSO6},
    {VIRTIO_NET_F_GUEST_ECN, PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_ECN},
    {VIRTIO_NET_F_GUEST_USO4, PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_USO},
    {VIRTIO_NET_F_GUEST_USO6, PNDIS_CAP_GUEST_CSUM | PNDIS_CAP_GUEST_USO},
};

/* virtio 1.2, 5.1.3.1 "Feature bit requirements": the first needs one of the others. */
static const struct {
    uint8_t bit;
    uint64_t any_of;
    const char *why;
} requirements[] = {
    {VIRTIO_NET_F_GUEST_TSO4, FEATURE(VIRTIO_NET_F_GUEST_CSUM), "GUEST_TSO4 without GUEST_CSUM"},
    {VIRTIO_NET_F_GUEST_TSO6, FEATURE(VIRTIO_NET_F_GUEST_CSUM), "GUEST_TSO6 without GUEST_CSUM"},
    {VIRTIO_NET_F_GUEST_ECN, FEATURE(VIRTIO_NET_F_GUEST_TSO4) | FEATURE(VIRTIO_NET_F_GUEST_TSO6),
     "GUEST_ECN without GUEST_TSO4 or GUEST_TSO6"},
    {VIRTIO_NET_F_GUEST_USO4, FEATURE(VIRTIO_NET_F_GUEST_CSUM), "GUEST_USO4 without GUEST_CSUM"},
    {VIRTIO_NET_F_GUEST_USO6, FEATURE(VIRTIO_NET_F_GUEST_CSUM), "GUEST_USO6 without GUEST_CSUM"},
    {VIRTIO_NET_F_HOST_TSO4, FEATURE(VIRTIO_NET_F_CSUM), "HOST_TSO4 without CSUM"},
    {VIRTIO_NET_F_HOST_TSO6, FEATURE(VIRTIO_NET_F_CSUM), "HOST_TSO6 without CSUM"},
    {VIRTIO_NET_F_HOST_ECN, FEATURE(VIRTIO_NET_F_HOST_TSO4) | FEATURE(VIRTIO_NET_F_HOST_TSO6),
     "HOST_ECN without HOST_TSO4 or HOST_TSO6"},
    {VIRTIO_NET_F_HOST_USO, FEATURE(VIRTIO_NET_F_CSUM), "HOST_USO without CSUM"},
    {VIRTIO_NET_F_CTRL_RX, FEATURE(VIRTIO_NET_F_CTRL_VQ), "CTRL_RX without CTRL_VQ"},
    {VIRTIO_NET_F_CTRL_RX_EXTRA, FEATURE(VIRTIO_NET_F_CTRL_VQ), "CTRL_RX_EXTRA without CTRL_VQ"},
    {VIRTIO_NET_F_CTRL_VLAN, FEATURE(VIRTIO_NET_F_CTRL_VQ), "CTRL_VLAN without CTRL_VQ"},
    {VIRTIO_NET_F_GUEST_ANNOUNCE, FEATURE(VIRTIO_NET_F_CTRL_VQ), "GUEST_ANNOUNCE without CTRL_VQ"},
    {VIRTIO_NET_F_MQ, FEATURE(VIRTIO_NET_F_CTRL_VQ), "MQ without CTRL_VQ"},
    {VIRTIO_NET_F_RSS, FEATURE(VIRTIO_NET_F_CTRL_VQ), "RSS without CTRL_VQ"},
    {VIRTIO_NET_F_HASH_REPORT, FEATURE(VIRTIO_NET_F_CTRL_VQ), "HASH_REPORT without CTRL_VQ"},
    {VIRTIO_NET_F_CTRL_MAC_ADDR, FEATURE(VIRTIO_NET_F_CTRL_VQ), "CTRL_MAC_ADDR without CTRL_VQ"},
    {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, FEATURE(VIRTIO_NET_F_CTRL_VQ),
     "CTRL_GUEST_OFFLOADS without CTRL_VQ"},
};

static const struct {
    uint8_t bit;
    uint32_t cap;
} guest_offloads[] = {
    {VIRTIO_NET_F_GUEST_CSUM, PNDIS_CAP_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_TSO4, PNDIS_CAP_GUEST_TSO4},
    {VIRTIO_NET_F_GUEST_TSO6, PNDIS_CAP_GUEST_TSO6},
    {VIRTIO_NET_F_GUEST_ECN, PNDIS_CAP_GUEST_ECN},
    {VIRTIO_NET_F_GUEST_USO4, PNDIS_CAP_GUEST_USO},
    {VIRTIO_NET_F_GUEST_USO6, PNDIS_CAP_GUEST_USO},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

uint64_t
pndis__features_offered(const struct pndis_virtio_net_options *options, uint32_t caps)
{
    uint64_t offered = 0;

    for (size_t i = 0; i < COUNT_OF(features); i++) {
        if ((features[i].caps & ~caps) == 0) {
            offered |= FEATURE(features[i].bit);
        }
    }
    offered = (offered & ~options->features_off) | FEATURE(VIRTIO_F_VERSION_1);
    if (options->queue_pairs == 1) {
        offered &= ~(FEATURE(VIRTIO_NET_F_MQ) | FEATURE(VIRTIO_NET_F_RSS));
    }
    /* What is left has to be a choice that a driver could make. */
    for (size_t i = 0; i < COUNT_OF(requirements); i++) {
        if ((offered & requirements[i].any_of) == 0) {
            offered &= ~FEATURE(requirements[i].bit);
        }
    }
    return offered;
}

bool
pndis__features_fit(uint64_t chosen, uint64_t offered, const char **why)
{
    *why = NULL;
    if ((chosen & ~offered) != 0) {
        *why = "a feature that is not offered";
    } else if ((chosen & FEATURE(VIRTIO_F_VERSION_1)) == 0) {
        *why = "no VERSION_1";
    }
    for (size_t i = 0; *why == NULL && i < COUNT_OF(requirements); i++) {
        if ((chosen & FEATURE(requirements[i].bit)) != 0 &&
            (chosen & requirements[i].any_of) == 0) {
            *why = requirements[i].why;
        }
    }
    return *why == NULL;
}

/* One USO capability stands for both IP versions: it is used only when the driver takes both. */
uint32_t
pndis__features_guest_caps(uint64_t chosen)
{
    const uint64_t uso = FEATURE(VIRTIO_NET_F_GUEST_USO4) | FEATURE(VIRTIO_NET_F_GUEST_USO6);
    uint32_t caps = 0;

    for (size_t i = 0; i < COUNT_OF(guest_offloads); i++) {
        if ((chosen & FEATURE(guest_offloads[i].bit)) != 0) {
            caps |= guest_offloads[i].cap;
        }
    }
    return (chosen & uso) == uso ? caps : caps & ~(uint32_t)PNDIS_CAP_GUEST_USO;
}

uint64_t
pndis__features_guest_offloads(void)
{
    uint64_t all = 0;

    for (size_t i = 0; i < COUNT_OF(guest_offloads); i++) {
        all |= FEATURE(guest_offloads[i].bit);
    }
    return all;
}
