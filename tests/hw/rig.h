/*
 * A driver at register level: a nic on a test bench, with memory that it can reach, and queues that
 * a test fills by hand. No NDIS and no driver is involved, so a test can do what no driver would.
 */
#ifndef PNDIS_TESTS_HW_RIG_H
#define PNDIS_TESTS_HW_RIG_H

#include "hw/nic.h"

#include <pndis/pndis.h>

#include <linux/virtio_pci.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RIG_QUEUES = 9, RIG_BLOCKS = 4096, RIG_HEADER = PNDIS_FRAME_HEADER_BYTES };

/* A queue, as the driver sees it. */
struct rig_queue {
    struct rig *rig;
    unsigned index;
    unsigned size;
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint64_t desc_at;
    uint64_t avail_at;
    uint64_t used_at;
    unsigned next_desc;
    uint16_t used_seen;
    void *buffers[4096]; /* By the head of their chain. */
};

struct rig {
    struct pndis_machine *machine;
    struct pndis_nic *nic;
    struct pndis_device *device;
    uint64_t features;
    unsigned control; /* Index of the control queue. */
    struct rig_queue queues[RIG_QUEUES];
    void *blocks[RIG_BLOCKS];
    unsigned block_count;
};

struct rig_options {
    struct pndis_virtio_net_options nic;
    struct pndis_backend *backend; /* NULL: a null backend that makes nothing. */
    struct pndis_machine *machine; /* NULL: one of its own, on sim. */
    bool live;
};

enum { RIG_ALL_PAIRS_LIMIT = 4 };

void rig_open(struct rig *rig, const struct rig_options *options);
void rig_close(struct rig *rig);
/* The rig goes, the machine stays. */
void rig_detach(struct rig *rig);

/* Memory that the device can reach at *out_address. Lives as long as the rig. */
void *rig_memory(struct rig *rig, size_t bytes, uint64_t *out_address);

/* --- registers --- */

uint64_t rig_read(struct rig *rig, uint64_t offset, unsigned width);
void rig_write(struct rig *rig, uint64_t offset, unsigned width, uint64_t value);
#define rig_common(rig, field)                                                                     \
    rig_read((rig), BAR_COMMON + offsetof(struct virtio_pci_common_cfg, field),                    \
             sizeof(((struct virtio_pci_common_cfg *)NULL)->field))
#define rig_set_common(rig, field, value)                                                          \
    rig_write((rig), BAR_COMMON + offsetof(struct virtio_pci_common_cfg, field),                   \
              sizeof(((struct virtio_pci_common_cfg *)NULL)->field), (value))
#define rig_config(rig, field)                                                                     \
    rig_read((rig), BAR_DEVICE + offsetof(struct virtio_net_config, field),                        \
             sizeof(((struct virtio_net_config *)NULL)->field))

/* But for HASH_REPORT, with which frames have another header. */
uint64_t rig_offered(struct rig *rig);
uint8_t rig_status(struct rig *rig);
bool rig_is_broken(struct rig *rig);
/* The device says that it needs a reset, and why; then it is reset and started again, and works. */
void rig_expect_broken(struct rig *rig, const char *why);

/* --- bringing it up --- */

/* Reset, and negotiate up to FEATURES_OK; returns whether the device accepted @features. */
bool rig_negotiate(struct rig *rig, uint64_t features);
/* Make queue @index, of @size entries, and enable it. */
struct rig_queue *rig_make_queue(struct rig *rig, unsigned index, unsigned size);
/* The driver's whole initialization: @pairs queue pairs and the control queue, if negotiated. */
void rig_start(struct rig *rig, uint64_t features, unsigned pairs, unsigned size);
/* What most tests want: all that is offered but event indexes. */
void rig_start_plain(struct rig *rig);

/* --- queues --- */

enum { RIG_OUT = 0, RIG_IN = VRING_DESC_F_WRITE };

struct rig_part {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags; /* RIG_OUT or RIG_IN. */
};

/* Chain @parts in the descriptor table; returns the head. */
uint16_t rig_chain(struct rig_queue *queue, const struct rig_part *parts, unsigned count);
void rig_make_available(struct rig_queue *queue, uint16_t head);
void rig_ring(struct rig_queue *queue);
/* The next used entry; false when there is none. */
bool rig_take_used(struct rig_queue *queue, uint32_t *out_head, uint32_t *out_bytes);
/* An interrupt was raised on @vector since the last call. Queues have their index as vector. */
bool rig_interrupted(struct rig *rig, unsigned vector);
enum { RIG_CONFIG_VECTOR = RIG_QUEUES };

/* --- frames --- */

/* Make @count receive buffers of @bytes available, and ring. */
void rig_give_buffers(struct rig *rig, unsigned count, uint32_t bytes);
/* Put together the next received frame with its header; returns bytes, 0 when there is none. */
size_t rig_receive(struct rig *rig, uint8_t *frame, size_t limit);
/* Send one frame (header zero) and wait for nothing. */
void rig_send(struct rig *rig, const void *frame, size_t bytes);
/* With a header. */
void rig_send_with(struct rig *rig, const struct virtio_net_hdr_v1 *header, const void *frame,
                   size_t bytes);
/* A control command; returns its answer, or -1 when the device did not answer. */
int rig_command(struct rig *rig, uint8_t class, uint8_t number, const void *data, size_t bytes);

/* An Ethernet frame to @last_octet, filled with @fill. */
void rig_frame(uint8_t *frame, size_t bytes, uint8_t first_octet, uint8_t last_octet, uint8_t fill);

struct pndis_nic_info rig_info(struct rig *rig);

#endif
