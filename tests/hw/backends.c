/* Backends that stay inside: the cable between two nics, injected faults, captures in and out. */
#include "hw/rig.h"

#include "os/capture.h"

#include <unistd.h>

enum { FRAMES = 200, FRAME = 100 };

struct ends {
    struct rig one;
    struct rig other;
};

static void
open_ends_with(struct ends *ends, struct pndis_backend *one, struct pndis_backend *other)
{
    rig_open(&ends->one, &(struct rig_options){.backend = one});
    rig_open(&ends->other, &(struct rig_options){.backend = other, .machine = ends->one.machine});
}

static void
open_ends(struct ends *ends, const struct pndis_loopback_options *options)
{
    struct pndis_backend *one;
    struct pndis_backend *other;

    assert_int_equal(pndis_backend_loopback(options, &one, &other), 0);
    open_ends_with(ends, one, other);
    rig_start_plain(&ends->one);
    rig_start_plain(&ends->other);
}

static void
close_ends(struct ends *ends)
{
    rig_detach(&ends->other);
    rig_close(&ends->one);
}

/* Frame number @number says so. */
static void
send_number(struct rig *rig, unsigned number)
{
    uint8_t frame[FRAME];

    rig_frame(frame, sizeof(frame), 0x02, 1, (uint8_t)number);
    memcpy(frame + 20, &number, sizeof(number));
    rig_send(rig, frame, sizeof(frame));
}

static unsigned
number_of(const uint8_t *received)
{
    unsigned number;

    memcpy(&number, received + RIG_HEADER + 20, sizeof(number));
    return number;
}

/* --- the cable --- */

static void
frames_arrive_in_order(void **state)
{
    struct ends ends;
    uint8_t frame[512];

    (void)state;
    open_ends(&ends, NULL);
    for (unsigned i = 0; i < FRAMES; i++) {
        rig_give_buffers(&ends.other, 1, 256);
        send_number(&ends.one, i);
        pndis_machine_settle(ends.one.machine);
        assert_int_equal(rig_receive(&ends.other, frame, sizeof(frame)), RIG_HEADER + FRAME);
        assert_int_equal(number_of(frame), i);
    }
    close_ends(&ends);
}

static void
a_full_cable_loses_what_is_sent(void **state)
{
    struct ends ends;

    (void)state;
    open_ends(&ends, &(struct pndis_loopback_options){.frame_limit = 10});
    for (unsigned i = 0; i < 15; i++) {
        send_number(&ends.one, i);
    }
    assert_int_equal(rig_info(&ends.one).send.frames, 10);
    assert_int_equal(rig_info(&ends.one).send.drops[PNDIS_DROP_BACKEND], 5);
    close_ends(&ends);
}

static void
latency_is_kept_on_the_virtual_clock(void **state)
{
    struct ends ends;
    uint8_t frame[512];

    (void)state;
    open_ends(&ends, &(struct pndis_loopback_options){.latency_ns = 1000000});
    rig_give_buffers(&ends.other, 1, 256);
    send_number(&ends.one, 1);
    pndis_machine_run(ends.one.machine, 900000);
    assert_int_equal(rig_receive(&ends.other, frame, sizeof(frame)), 0);
    pndis_machine_run(ends.one.machine, 200000);
    assert_int_equal(rig_receive(&ends.other, frame, sizeof(frame)), RIG_HEADER + FRAME);
    close_ends(&ends);
}

static void
a_cable_that_is_out_at_one_end_is_out_at_both(void **state)
{
    struct ends ends;
    uint8_t frame[512];

    (void)state;
    open_ends(&ends, NULL);
    pndis_nic_set_link(ends.one.nic, false);
    assert_false(pndis_nic_link(ends.one.nic));
    assert_false(pndis_nic_link(ends.other.nic));
    assert_true(rig_interrupted(&ends.other, ends.other.nic->queue_count));
    rig_give_buffers(&ends.other, 1, 256);
    send_number(&ends.one, 1);
    pndis_machine_settle(ends.one.machine);
    assert_int_equal(rig_receive(&ends.other, frame, sizeof(frame)), 0);
    assert_int_equal(rig_info(&ends.one).send.drops[PNDIS_DROP_LINK], 1);

    pndis_nic_set_link(ends.one.nic, true);
    assert_true(pndis_nic_link(ends.other.nic));
    send_number(&ends.one, 2);
    pndis_machine_settle(ends.one.machine);
    assert_int_equal(rig_receive(&ends.other, frame, sizeof(frame)), RIG_HEADER + FRAME);
    assert_int_equal(number_of(frame), 2);
    close_ends(&ends);
}

static void
either_end_can_go_first(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct ends ends;
        struct pndis_machine *machine;

        open_ends(&ends, NULL);
        machine = ends.one.machine;
        rig_detach(first == 0 ? &ends.one : &ends.other);
        send_number(first == 0 ? &ends.other : &ends.one, 1);
        rig_detach(first == 0 ? &ends.other : &ends.one);
        pndis_machine_destroy(machine);
    }
}

/* --- faults --- */

struct faults {
    unsigned received;
    unsigned twice;
    unsigned late;
    unsigned damaged;
    uint64_t digest;
    struct pndis_fault_counts counts;
};

/* Send FRAMES frames through a faulty end and look at what arrives. */
static struct faults
run_faults(const struct pndis_faulty_options *options, bool at_receiver)
{
    struct pndis_backend *inner[2];
    struct pndis_backend *faulty;
    struct faults faults = {.digest = 14695981039346656037u};
    struct ends ends;
    unsigned next = 0;
    unsigned given = 0;

    assert_int_equal(pndis_backend_loopback(NULL, &inner[0], &inner[1]), 0);
    assert_int_equal(pndis_backend_faulty(options, inner[at_receiver], &faulty), 0);
    open_ends_with(&ends, at_receiver ? inner[0] : faulty, at_receiver ? faulty : inner[1]);
    rig_start_plain(&ends.one);
    rig_start_plain(&ends.other);
    for (unsigned i = 0; i < FRAMES; i++) {
        uint8_t frame[512];
        uint8_t expected[FRAME];

        while (given - faults.received < 16) {
            rig_give_buffers(&ends.other, 1, 256);
            given++;
        }
        send_number(&ends.one, i);
        pndis_machine_settle(ends.one.machine);
        while (rig_receive(&ends.other, frame, sizeof(frame)) != 0) {
            unsigned number = number_of(frame);

            rig_frame(expected, FRAME, 0x02, 1, (uint8_t)i);
            memcpy(expected + 20, &i, sizeof(i));
            faults.damaged += memcmp(frame + RIG_HEADER, expected, FRAME) != 0;
            faults.received++;
            faults.twice += next != 0 && number == next - 1;
            faults.late += number + 1 < next;
            next = number >= next ? number + 1 : next;
            for (unsigned b = 0; b < FRAME; b++) {
                faults.digest = (faults.digest ^ frame[RIG_HEADER + b]) * 1099511628211u;
            }
        }
    }
    assert_int_equal(pndis_backend_fault_counts(faulty, &faults.counts), 0);
    close_ends(&ends);
    return faults;
}

static void
frames_are_lost(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        const struct pndis_fault_rates rates = {.lose = 250000};
        struct faults faults = run_faults(
            &(struct pndis_faulty_options){.seed = 1, .receive = rates, .send = rates}, side == 1);

        assert_in_range(faults.counts.lost, FRAMES / 8, FRAMES / 2);
        assert_int_equal(faults.received, FRAMES - faults.counts.lost);
    }
}

static void
frames_come_twice(void **state)
{
    const struct pndis_fault_rates rates = {.duplicate = 250000};
    struct faults faults =
        run_faults(&(struct pndis_faulty_options){.seed = 2, .receive = rates}, true);

    (void)state;
    assert_in_range(faults.counts.duplicated, FRAMES / 8, FRAMES / 2);
    assert_int_equal(faults.received, FRAMES + faults.counts.duplicated);
    assert_int_equal(faults.twice, faults.counts.duplicated);
}

static void
frames_overtake(void **state)
{
    const struct pndis_fault_rates rates = {.reorder = 200000};
    struct faults faults = run_faults(
        &(struct pndis_faulty_options){.seed = 3, .send = rates, .reorder_depth = 3}, false);

    (void)state;
    assert_in_range(faults.counts.reordered, FRAMES / 10, FRAMES / 2);
    assert_true(faults.late > 0);
    assert_in_range(faults.received, FRAMES - 3, FRAMES);
}

static void
frames_are_damaged(void **state)
{
    const struct pndis_fault_rates rates = {.corrupt = 1000000};
    struct faults faults =
        run_faults(&(struct pndis_faulty_options){.seed = 4, .send = rates}, false);

    (void)state;
    assert_int_equal(faults.counts.corrupted, FRAMES);
    assert_int_equal(faults.damaged, FRAMES);
}

static void
a_seed_decides_every_fault(void **state)
{
    const struct pndis_fault_rates rates = {
        .lose = 100000, .duplicate = 100000, .reorder = 100000, .corrupt = 100000};
    struct pndis_faulty_options options = {.seed = 5, .receive = rates, .send = rates};
    struct faults first = run_faults(&options, true);
    struct faults again = run_faults(&options, true);

    (void)state;
    assert_true(first.digest == again.digest);
    assert_memory_equal(&first.counts, &again.counts, sizeof(first.counts));
    options.seed = 6;
    assert_true(run_faults(&options, true).digest != first.digest);
}

/* --- captures --- */

static const char *
temporary(char *path, size_t bytes, const char *name)
{
    const char *directory = getenv("TMPDIR");

    snprintf(path, bytes, "%s/pndis-%ld-%s.pcapng", directory == NULL ? "/tmp" : directory,
             (long)getpid(), name);
    return path;
}

static void
needs_libpcap(void)
{
    if (!pndis__os_capture_is_there()) {
        print_message("skipped: this build has no libpcap\n");
        skip();
    }
}

/* Frames of different lengths, 1.5 ms apart, recorded by a nic that sends them. */
static void
record_frames(const char *path, unsigned count)
{
    struct ends ends;

    open_ends(&ends, NULL);
    assert_int_equal(pndis_nic_record(ends.one.nic, path), 0);
    for (unsigned i = 0; i < count; i++) {
        uint8_t frame[1500];

        rig_frame(frame, sizeof(frame), 0x02, (uint8_t)i, (uint8_t)i);
        rig_send(&ends.one, frame, 60 + i * 7);
        pndis_machine_run(ends.one.machine, 1500000);
    }
    assert_int_equal(pndis_nic_record(ends.one.nic, NULL), 0);
    close_ends(&ends);
}

static void
libpcap_reads_what_was_recorded(void **state)
{
    char path[256];
    struct os_capture *capture;
    struct os_captured frame;
    char error[256];
    uint64_t before = 0;
    unsigned count = 0;

    (void)state;
    needs_libpcap();
    record_frames(temporary(path, sizeof(path), "read"), 20);
    assert_int_equal(pndis__os_capture_open(path, NULL, &capture, error, sizeof(error)), 0);
    while (pndis__os_capture_next(capture, &frame)) {
        assert_int_equal(frame.captured, 60 + count * 7);
        assert_int_equal(frame.original, frame.captured);
        assert_int_equal(frame.bytes[5], count);
        assert_int_equal(frame.bytes[frame.captured - 1], count);
        if (count > 0) {
            assert_in_range(frame.time_ns - before, 1500000, 1510000);
        }
        before = frame.time_ns;
        count++;
    }
    assert_int_equal(count, 20);
    /* sim begins on 2026-01-01. */
    assert_true(before / 1000000000 >= 1767225600 && before / 1000000000 < 1767225700);
    pndis__os_capture_close(capture);
    unlink(path);
}

static struct pndis_backend *
open_replay(const struct pndis_pcap_options *options)
{
    struct pndis_backend *backend;

    if (pndis_backend_pcap(options, &backend) != 0) {
        fail_msg("%s", pndis_last_error());
    }
    return backend;
}

static void
a_recording_is_replayed_frame_by_frame(void **state)
{
    char path[256];
    struct pndis_backend *backend;
    struct rig rig;

    (void)state;
    needs_libpcap();
    record_frames(temporary(path, sizeof(path), "original"), 20);
    backend = open_replay(&(struct pndis_pcap_options){.replay = path});
    rig_open(&rig, &(struct rig_options){.backend = backend});
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 30, 2048);
    pndis_machine_settle(rig.machine);
    for (unsigned i = 0; i < 20; i++) {
        uint8_t frame[2048];

        assert_int_equal(rig_receive(&rig, frame, sizeof(frame)), RIG_HEADER + 60 + i * 7);
        assert_int_equal(frame[RIG_HEADER + 5], i);
    }
    assert_true(pndis_backend_is_played(backend));
    rig_close(&rig);
    unlink(path);
}

static unsigned
replayed_within(const struct pndis_pcap_options *options, uint64_t ns)
{
    struct rig rig;
    unsigned frames;

    rig_open(&rig, &(struct rig_options){.backend = open_replay(options)});
    rig_start_plain(&rig);
    rig_give_buffers(&rig, 60, 2048);
    pndis_machine_run(rig.machine, ns);
    frames = (unsigned)rig_info(&rig).receive.frames;
    rig_close(&rig);
    return frames;
}

static void
a_replay_keeps_its_pace(void **state)
{
    char path[256];
    const uint64_t ms = 1000000;

    (void)state;
    needs_libpcap();
    record_frames(temporary(path, sizeof(path), "pace"), 20);
    assert_int_equal(
        replayed_within(&(struct pndis_pcap_options){.replay = path, .pace = PNDIS_REPLAY_OWN},
                        10 * ms),
        7);
    assert_int_equal(
        replayed_within(
            &(struct pndis_pcap_options){.replay = path, .pace = PNDIS_REPLAY_OWN, .speed = 2},
            10 * ms),
        14);
    assert_int_equal(replayed_within(&(struct pndis_pcap_options){.replay = path,
                                                                  .pace = PNDIS_REPLAY_RATE,
                                                                  .frames_per_second = 1000},
                                     10 * ms + ms / 2),
                     11);
    assert_int_equal(replayed_within(&(struct pndis_pcap_options){.replay = path, .repeat = 2}, ms),
                     40);
    unlink(path);
}

static void
a_filter_chooses(void **state)
{
    char path[256];
    struct pndis_backend *backend;

    (void)state;
    needs_libpcap();
    record_frames(temporary(path, sizeof(path), "filter"), 20);
    assert_int_equal(replayed_within(&(struct pndis_pcap_options){.replay = path,
                                                                  .filter = "ether dst "
                                                                            "02:00:00:00:00:04"},
                                     1000000),
                     1);
    assert_int_equal(
        pndis_backend_pcap(
            &(struct pndis_pcap_options){.replay = path, .filter = "nonsense nonsense"}, &backend),
        PNDIS_EINVAL);
    unlink(path);
}

static void
captures_that_cannot_be_had_are_refused(void **state)
{
    struct pndis_backend *backend;

    (void)state;
    needs_libpcap();
    assert_int_equal(
        pndis_backend_pcap(&(struct pndis_pcap_options){.replay = "/nowhere/at/all"}, &backend),
        PNDIS_EIO);
    assert_int_equal(
        pndis_backend_pcap(&(struct pndis_pcap_options){.record = "/nowhere/at/all"}, &backend),
        PNDIS_EIO);
    assert_int_equal(
        pndis_backend_pcap(&(struct pndis_pcap_options){.replay = "/etc/passwd"}, &backend),
        PNDIS_EIO);
}

static void
a_pcap_backend_records_what_is_sent(void **state)
{
    char path[256];
    struct os_capture *capture;
    struct os_captured frame;
    char error[256];
    struct rig rig;

    (void)state;
    needs_libpcap();
    temporary(path, sizeof(path), "sent");
    rig_open(&rig, &(struct rig_options){
                       .backend = open_replay(&(struct pndis_pcap_options){.record = path})});
    rig_start_plain(&rig);
    send_number(&rig, 77);
    rig_close(&rig);
    assert_int_equal(pndis__os_capture_open(path, NULL, &capture, error, sizeof(error)), 0);
    assert_true(pndis__os_capture_next(capture, &frame));
    assert_int_equal(frame.captured, FRAME);
    assert_int_equal(number_of(frame.bytes - RIG_HEADER), 77);
    assert_false(pndis__os_capture_next(capture, &frame));
    pndis__os_capture_close(capture);
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_arrive_in_order),
        cmocka_unit_test(a_full_cable_loses_what_is_sent),
        cmocka_unit_test(latency_is_kept_on_the_virtual_clock),
        cmocka_unit_test(a_cable_that_is_out_at_one_end_is_out_at_both),
        cmocka_unit_test(either_end_can_go_first),
        cmocka_unit_test(frames_are_lost),
        cmocka_unit_test(frames_come_twice),
        cmocka_unit_test(frames_overtake),
        cmocka_unit_test(frames_are_damaged),
        cmocka_unit_test(a_seed_decides_every_fault),
        cmocka_unit_test(libpcap_reads_what_was_recorded),
        cmocka_unit_test(a_recording_is_replayed_frame_by_frame),
        cmocka_unit_test(a_replay_keeps_its_pace),
        cmocka_unit_test(a_filter_chooses),
        cmocka_unit_test(captures_that_cannot_be_had_are_refused),
        cmocka_unit_test(a_pcap_backend_records_what_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
