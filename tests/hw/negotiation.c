/* Discovery, feature negotiation and device status: virtio 1.2, chapters 2 to 4. */
#include "hw/rig.h"

#include "ndis/device.h"

#include <linux/pci_regs.h>

/* --- configuration space --- */

static uint32_t
config_read(struct rig *rig, uint32_t offset, unsigned bytes)
{
    uint32_t value = 0;

    assert_int_equal(rig->device->ops->config_read(rig->device->user, offset, &value, bytes),
                     bytes);
    return le32toh(value);
}

static void
config_write(struct rig *rig, uint32_t offset, unsigned bytes, uint32_t value)
{
    value = htole32(value);
    assert_int_equal(rig->device->ops->config_write(rig->device->user, offset, &value, bytes),
                     bytes);
}

/* The capability of @type, or 0. */
static unsigned
find_capability(struct rig *rig, uint8_t type)
{
    unsigned at = config_read(rig, PCI_CAPABILITY_LIST, 1);

    while (at != 0) {
        if (config_read(rig, at, 1) == PCI_CAP_ID_VNDR &&
            config_read(rig, at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type) {
            return at;
        }
        at = config_read(rig, at + 1, 1);
    }
    return 0;
}

static void
a_driver_finds_every_structure_by_its_capability(void **state)
{
    struct rig rig;
    static const uint8_t types[] = {VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_CAP_NOTIFY_CFG,
                                    VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_CAP_DEVICE_CFG,
                                    VIRTIO_PCI_CAP_PCI_CFG};
    uint64_t window;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    assert_int_equal(config_read(&rig, PCI_VENDOR_ID, 4), 0x10411af4);
    assert_int_equal(config_read(&rig, PCI_CLASS_REVISION, 4) >> 8, 0x020000);
    assert_true((config_read(&rig, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) != 0);
    window = (config_read(&rig, PCI_BASE_ADDRESS_0, 4) & ~0xfu) |
             (uint64_t)config_read(&rig, PCI_BASE_ADDRESS_1, 4) << 32;
    assert_true(window == pndis_device_range_address(rig.device, 0));
    for (size_t i = 0; i < sizeof(types); i++) {
        unsigned at = find_capability(&rig, types[i]);

        assert_true(at != 0);
        assert_true(config_read(&rig, at + VIRTIO_PCI_CAP_LEN, 1) >= sizeof(struct virtio_pci_cap));
        assert_int_equal(config_read(&rig, at + VIRTIO_PCI_CAP_BAR, 1), 0);
        assert_true(config_read(&rig, at + VIRTIO_PCI_CAP_OFFSET, 4) +
                        config_read(&rig, at + VIRTIO_PCI_CAP_LENGTH, 4) <=
                    BAR_BYTES);
    }
    rig_close(&rig);
}

/* virtio 1.2, 4.1.4.9: the window through configuration space is the same as the BAR. */
static void
configuration_space_reaches_the_registers(void **state)
{
    struct rig rig;
    unsigned cap;
    const uint32_t status = BAR_COMMON + VIRTIO_PCI_COMMON_STATUS;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    cap = find_capability(&rig, VIRTIO_PCI_CAP_PCI_CFG);
    config_write(&rig, cap + VIRTIO_PCI_CAP_OFFSET, 4, status);
    config_write(&rig, cap + VIRTIO_PCI_CAP_LENGTH, 4, 1);
    config_write(&rig, cap + sizeof(struct virtio_pci_cap), 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    assert_int_equal(rig_status(&rig), VIRTIO_CONFIG_S_ACKNOWLEDGE);
    assert_int_equal(config_read(&rig, cap + sizeof(struct virtio_pci_cap), 4),
                     VIRTIO_CONFIG_S_ACKNOWLEDGE);

    /* An access that is none: three bytes, beyond the BAR. */
    config_write(&rig, cap + VIRTIO_PCI_CAP_LENGTH, 4, 3);
    config_write(&rig, cap + sizeof(struct virtio_pci_cap), 4, 0);
    config_write(&rig, cap + VIRTIO_PCI_CAP_OFFSET, 4, 0xfffffffc);
    config_write(&rig, cap + VIRTIO_PCI_CAP_LENGTH, 4, 4);
    config_write(&rig, cap + sizeof(struct virtio_pci_cap), 4, 0);
    assert_int_equal(rig_status(&rig), VIRTIO_CONFIG_S_ACKNOWLEDGE);
    rig_close(&rig);
}

static void
identity_in_configuration_space_is_read_only(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    config_write(&rig, PCI_VENDOR_ID, 4, 0);
    config_write(&rig, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
    assert_int_equal(config_read(&rig, PCI_VENDOR_ID, 4), 0x10411af4);
    assert_int_equal(config_read(&rig, PCI_BASE_ADDRESS_0, 4) & ~0xfu,
                     (uint32_t)pndis_device_range_address(rig.device, 0));
    config_write(&rig, PCI_INTERRUPT_LINE, 1, 11);
    assert_int_equal(config_read(&rig, PCI_INTERRUPT_LINE, 1), 11);
    rig_close(&rig);
}

/* --- features --- */

#define BITS(...) bits_of((const int[]){__VA_ARGS__, -1})

static uint64_t
bits_of(const int *bits)
{
    uint64_t all = 0;

    for (; *bits >= 0; bits++) {
        all |= FEATURE(*bits);
    }
    return all;
}

/* virtio 1.2, 5.1.3.1, typed from the specification: the first does not go without the others. */
static void
features_that_do_not_go_together_are_refused(void **state)
{
    const struct {
        int bit;
        uint64_t with;
    } rules[] = {
        {VIRTIO_NET_F_GUEST_TSO4, BITS(VIRTIO_NET_F_GUEST_CSUM)},
        {VIRTIO_NET_F_GUEST_TSO6, BITS(VIRTIO_NET_F_GUEST_CSUM)},
        {VIRTIO_NET_F_GUEST_ECN, BITS(VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_GUEST_TSO4)},
        {VIRTIO_NET_F_GUEST_USO4, BITS(VIRTIO_NET_F_GUEST_CSUM)},
        {VIRTIO_NET_F_GUEST_USO6, BITS(VIRTIO_NET_F_GUEST_CSUM)},
        {VIRTIO_NET_F_HOST_TSO4, BITS(VIRTIO_NET_F_CSUM)},
        {VIRTIO_NET_F_HOST_TSO6, BITS(VIRTIO_NET_F_CSUM)},
        {VIRTIO_NET_F_HOST_ECN, BITS(VIRTIO_NET_F_CSUM, VIRTIO_NET_F_HOST_TSO6)},
        {VIRTIO_NET_F_HOST_USO, BITS(VIRTIO_NET_F_CSUM)},
        {VIRTIO_NET_F_CTRL_RX, BITS(VIRTIO_NET_F_CTRL_VQ)},
        {VIRTIO_NET_F_CTRL_VLAN, BITS(VIRTIO_NET_F_CTRL_VQ)},
        {VIRTIO_NET_F_GUEST_ANNOUNCE, BITS(VIRTIO_NET_F_CTRL_VQ)},
        {VIRTIO_NET_F_MQ, BITS(VIRTIO_NET_F_CTRL_VQ)},
        {VIRTIO_NET_F_CTRL_MAC_ADDR, BITS(VIRTIO_NET_F_CTRL_VQ)},
    };
    const uint64_t version = FEATURE(VIRTIO_F_VERSION_1);
    struct pndis_backend *backend;
    struct rig rig;

    (void)state;
    assert_int_equal(pndis_backend_null(&(struct pndis_null_options){.queues = 2}, &backend), 0);
    rig_open(&rig, &(struct rig_options){.backend = backend});
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        uint64_t alone = version | FEATURE(rules[i].bit);

        assert_true((rig_offered(&rig) & alone) == alone);
        assert_false(rig_negotiate(&rig, alone));
        assert_true(rig_negotiate(&rig, alone | rules[i].with));
    }
    rig_close(&rig);
}

static void
what_is_offered_can_be_accepted_as_a_whole(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    assert_true(rig_negotiate(&rig, rig_offered(&rig)));
    assert_true(rig_info(&rig).features == rig_offered(&rig));
    rig_close(&rig);
}

static void
version_1_is_not_optional(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){.nic.features_off = UINT64_MAX});
    assert_true(rig_offered(&rig) == FEATURE(VIRTIO_F_VERSION_1));
    assert_false(rig_negotiate(&rig, 0));
    assert_true(rig_negotiate(&rig, FEATURE(VIRTIO_F_VERSION_1)));
    rig_close(&rig);
}

static void
a_feature_that_is_not_offered_is_refused(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t chosen = FEATURE(VIRTIO_F_VERSION_1) | FEATURE(bit);

        if ((rig_offered(&rig) & FEATURE(bit)) == 0) {
            assert_false(rig_negotiate(&rig, chosen));
        }
    }
    rig_close(&rig);
}

/* Turning off a feature turns off those that need it. */
static void
an_offer_is_always_a_possible_choice(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        struct rig rig;

        rig_open(&rig, &(struct rig_options){.nic.features_off = FEATURE(bit)});
        assert_true(rig_negotiate(&rig, rig_offered(&rig)));
        rig_close(&rig);
    }
}

static void
features_are_fixed_by_features_ok(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    assert_true(rig_negotiate(&rig, FEATURE(VIRTIO_F_VERSION_1)));
    rig_set_common(&rig, guest_feature_select, 0);
    rig_set_common(&rig, guest_feature, FEATURE(VIRTIO_NET_F_MAC));
    assert_int_equal(rig_common(&rig, guest_feature), 0);
    /* There are 64 bits; a third word is empty. */
    rig_set_common(&rig, device_feature_select, 2);
    assert_int_equal(rig_common(&rig, device_feature), 0);
    rig_close(&rig);
}

/* --- status --- */

static void
a_reset_puts_everything_back(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    assert_int_equal(rig_common(&rig, queue_enable), 1);
    rig_set_common(&rig, device_status, 0);
    assert_int_equal(rig_status(&rig), 0);
    for (unsigned i = 0; i < 3; i++) {
        rig_set_common(&rig, queue_select, i);
        assert_int_equal(rig_common(&rig, queue_enable), 0);
        assert_int_equal(rig_common(&rig, queue_size), 1024);
        assert_int_equal(rig_common(&rig, queue_msix_vector), 0xffff);
        assert_int_equal(rig_common(&rig, queue_desc_lo), 0);
    }
    assert_int_equal(rig_common(&rig, msix_config), 0xffff);
    assert_true(rig_info(&rig).features == 0);
    rig_close(&rig);
}

static void
the_status_only_grows(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    rig_set_common(&rig, device_status, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    rig_expect_broken(&rig, "takes back bits");
    rig_close(&rig);
}

static void
driver_ok_needs_features_ok(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_set_common(&rig, device_status, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER_OK);
    rig_expect_broken(&rig, "without FEATURES_OK");
    rig_close(&rig);
}

static void
a_queue_that_is_not_there_has_size_0(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    assert_int_equal(rig_common(&rig, num_queues), 3);
    rig_set_common(&rig, queue_select, 3);
    assert_int_equal(rig_common(&rig, queue_size), 0);
    rig_set_common(&rig, queue_enable, 1);
    assert_false(rig_is_broken(&rig));
    rig_close(&rig);
}

static void
a_vector_that_is_not_there_reads_back_as_none(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_set_common(&rig, msix_config, 4);
    assert_int_equal(rig_common(&rig, msix_config), 4);
    rig_set_common(&rig, msix_config, 5);
    assert_int_equal(rig_common(&rig, msix_config), 0xffff);
    rig_set_common(&rig, queue_msix_vector, 700);
    assert_int_equal(rig_common(&rig, queue_msix_vector), 0xffff);
    rig_close(&rig);
}

/* --- device configuration --- */

static void
the_configuration_says_what_the_options_said(void **state)
{
    const struct pndis_virtio_net_options options = {
        .mac = {0x02, 1, 2, 3, 4, 5}, .mtu = 9000, .speed_mbps = 2500};
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){.nic = options});
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(rig_read(&rig, BAR_DEVICE + i, 1), options.mac[i]);
    }
    assert_int_equal(rig_config(&rig, status), VIRTIO_NET_S_LINK_UP);
    assert_int_equal(rig_config(&rig, max_virtqueue_pairs), 1);
    assert_int_equal(rig_config(&rig, mtu), 9000);
    assert_int_equal(rig_config(&rig, speed), 2500);
    assert_int_equal(rig_config(&rig, duplex), 1);
    rig_write(&rig, BAR_DEVICE, 1, 0xff);
    assert_int_equal(rig_read(&rig, BAR_DEVICE, 1), 0x02);
    rig_close(&rig);
}

static void
link_changes_show_in_configuration_generation_and_interrupt(void **state)
{
    struct rig rig;
    uint64_t generation;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    generation = rig_common(&rig, config_generation);
    pndis_nic_set_link(rig.nic, false);
    assert_int_equal(rig_config(&rig, status) & VIRTIO_NET_S_LINK_UP, 0);
    assert_true(rig_common(&rig, config_generation) != generation);
    assert_true(rig_interrupted(&rig, RIG_CONFIG_VECTOR));

    pndis_nic_set_link(rig.nic, false);
    assert_false(rig_interrupted(&rig, RIG_CONFIG_VECTOR));
    pndis_nic_set_link(rig.nic, true);
    assert_true((rig_config(&rig, status) & VIRTIO_NET_S_LINK_UP) != 0);
    assert_true(rig_interrupted(&rig, RIG_CONFIG_VECTOR));
    rig_close(&rig);
}

/* virtio 1.2, 2.1.2: DEVICE_NEEDS_RESET comes with a configuration change notification. */
static void
a_breakdown_is_announced(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, &(struct rig_options){0});
    rig_start_plain(&rig);
    pndis_nic_break(rig.nic, "a cosmic ray");
    assert_true(rig_interrupted(&rig, RIG_CONFIG_VECTOR));
    assert_int_equal(rig_info(&rig).breakdowns, 1);
    rig_expect_broken(&rig, "a cosmic ray");
    rig_close(&rig);
}

static void
without_messages_the_isr_says_why_and_reading_clears_it(void **state)
{
    struct rig rig;
    uint8_t frame[64];

    (void)state;
    rig_open(&rig, &(struct rig_options){.nic.flags = PNDIS_NIC_NO_MESSAGES});
    rig_start_plain(&rig);
    rig_frame(frame, sizeof(frame), 0x02, 1, 0);
    rig_send(&rig, frame, sizeof(frame));
    assert_true(rig.device->line_level);
    assert_int_equal(rig_read(&rig, BAR_ISR, 1), 1);
    assert_false(rig.device->line_level);
    assert_int_equal(rig_read(&rig, BAR_ISR, 1), 0);
    pndis_nic_set_link(rig.nic, false);
    assert_int_equal(rig_read(&rig, BAR_ISR, 1), VIRTIO_PCI_ISR_CONFIG);
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_finds_every_structure_by_its_capability),
        cmocka_unit_test(configuration_space_reaches_the_registers),
        cmocka_unit_test(identity_in_configuration_space_is_read_only),
        cmocka_unit_test(features_that_do_not_go_together_are_refused),
        cmocka_unit_test(what_is_offered_can_be_accepted_as_a_whole),
        cmocka_unit_test(version_1_is_not_optional),
        cmocka_unit_test(a_feature_that_is_not_offered_is_refused),
        cmocka_unit_test(an_offer_is_always_a_possible_choice),
        cmocka_unit_test(features_are_fixed_by_features_ok),
        cmocka_unit_test(a_reset_puts_everything_back),
        cmocka_unit_test(the_status_only_grows),
        cmocka_unit_test(driver_ok_needs_features_ok),
        cmocka_unit_test(a_queue_that_is_not_there_has_size_0),
        cmocka_unit_test(a_vector_that_is_not_there_reads_back_as_none),
        cmocka_unit_test(the_configuration_says_what_the_options_said),
        cmocka_unit_test(link_changes_show_in_configuration_generation_and_interrupt),
        cmocka_unit_test(a_breakdown_is_announced),
        cmocka_unit_test(without_messages_the_isr_says_why_and_reading_clears_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
