/* The host's services as the rest of pndis sees them: clocks, waiting, memory, places in source. */
#include "os/os.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- clocks and chance --- */

static void
clocks_go_forward(void **state)
{
    uint64_t before = pndis__os_now_ns();

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = pndis__os_now_ns();

        assert_true(now >= before);
        before = now;
    }
    /* After 2024 and before 2100. */
    assert_true(pndis__os_wall_ns() / 1000000000 > 1704067200u);
    assert_true(pndis__os_wall_ns() / 1000000000 < 4102444800u);
    assert_true(pndis__os_random_u64() != pndis__os_random_u64());
}

/* --- waiting --- */

static void
waiting_ends_at_its_time_or_at_once_for_another_value(void **state)
{
    uint32_t word = 1;
    uint64_t start = pndis__os_now_ns();

    (void)state;
    assert_true(pndis__os_wait(&word, 2, OS_FOREVER));
    while (pndis__os_wait(&word, 1, start + 5000000)) {
    }
    assert_true(pndis__os_now_ns() - start >= 5000000);
    assert_false(pndis__os_wait(&word, 1, 0));
}

struct meeting {
    uint32_t word;
    struct os_mutex lock;
    unsigned long count;
};

static void
wake_the_other(void *user)
{
    struct meeting *meeting = user;

    __atomic_store_n(&meeting->word, 1, __ATOMIC_SEQ_CST);
    pndis__os_wake(&meeting->word, 1);
}

static void
a_sleeper_is_woken(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        struct meeting meeting = {.word = 0};
        struct os_thread thread;

        assert_int_equal(pndis__os_thread_start(&thread, "waker", wake_the_other, &meeting), 0);
        while (__atomic_load_n(&meeting.word, __ATOMIC_SEQ_CST) == 0) {
            pndis__os_wait(&meeting.word, 0, OS_FOREVER);
        }
        pndis__os_thread_join(&thread);
    }
}

static void
count_under_the_lock(void *user)
{
    struct meeting *meeting = user;

    for (unsigned i = 0; i < 10000; i++) {
        pndis__os_mutex_lock(&meeting->lock);
        meeting->count++;
        pndis__os_mutex_unlock(&meeting->lock);
    }
}

static void
a_mutex_lets_one_in(void **state)
{
    struct meeting meeting = {.count = 0};
    struct os_thread threads[3];

    (void)state;
    pndis__os_mutex_init(&meeting.lock);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(
            pndis__os_thread_start(&threads[i], "counter", count_under_the_lock, &meeting), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        pndis__os_thread_join(&threads[i]);
    }
    assert_int_equal(meeting.count, 30000);
    pndis__os_mutex_fini(&meeting.lock);
    assert_true(pndis__os_processor_count() >= 1);
}

/* --- memory, and faults in it --- */

static sigjmp_buf after_fault;
static const void *volatile faulted_at;

static void
on_fault(int signal_number, const void *address, void *user)
{
    (void)signal_number;
    faulted_at = address;
    siglongjmp(*(sigjmp_buf *)user, 1);
}

static void
other_handler(int signal_number, const void *address, void *user)
{
    (void)signal_number;
    (void)address;
    (void)user;
}

static bool
faults(volatile char *address)
{
    if (sigsetjmp(after_fault, 0) != 0) {
        return true;
    }
    *address = 1;
    return false;
}

static void
a_fault_reaches_its_handler_as_often_as_it_happens(void **state)
{
    char *hole = pndis__os_reserve_inaccessible(4096);
    char here;

    (void)state;
    assert_non_null(hole);
    assert_int_equal(pndis__os_fault_install(on_fault, &after_fault), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(faults(hole + i));
        assert_ptr_equal(faulted_at, hole + i);
        assert_false(faults(&here));
    }
    /* Installed twice it stays until it has been taken off twice; a second one has no place. */
    assert_int_equal(pndis__os_fault_install(on_fault, &after_fault), 0);
    assert_int_equal(pndis__os_fault_install(other_handler, NULL), -EBUSY);
    pndis__os_fault_uninstall();
    assert_true(faults(hole));
    pndis__os_fault_uninstall();
    assert_int_equal(pndis__os_fault_install(other_handler, NULL), 0);
    pndis__os_fault_uninstall();
    pndis__os_release(hole, 4096);
}

static void
a_stack_has_a_guard_below_it(void **state)
{
    size_t bytes = 64 * 1024;
    char *stack = pndis__os_stack_map(bytes);

    (void)state;
    assert_non_null(stack);
    assert_int_equal(pndis__os_fault_install(on_fault, &after_fault), 0);
    assert_false(faults(stack));
    assert_false(faults(stack + bytes - 1));
    assert_true(faults(stack - 1));
    pndis__os_fault_uninstall();
    pndis__os_stack_unmap(stack, bytes);
}

static void
reserved_memory_is_zero_and_costs_nothing_until_touched(void **state)
{
    size_t bytes = (size_t)1 << 36;
    char *memory = pndis__os_reserve(bytes);

    (void)state;
    assert_non_null(memory);
    assert_int_equal(memory[0], 0);
    assert_int_equal(memory[bytes - 1], 0);
    memory[bytes / 2] = 1;
    pndis__os_release(memory, bytes);
}

/* --- places, files --- */

static void
an_address_has_a_place_in_the_source(void **state)
{
    void *here[4];
    unsigned count = pndis__os_backtrace(here, 4);
    char text[160];
    char tiny[4];

    (void)state;
    assert_true(count > 0);
    pndis__os_symbol_of(here[0], text, sizeof(text));
    assert_true(text[0] != 0);
    pndis__os_symbol_of((const void *)(uintptr_t)an_address_has_a_place_in_the_source, text,
                        sizeof(text));
    assert_non_null(strstr(text, "os"));
    pndis__os_symbol_of((const void *)16, text, sizeof(text));
    assert_string_equal(text, "0x10");
    pndis__os_symbol_of((const void *)0x123456, tiny, sizeof(tiny));
    assert_string_equal(tiny, "0x1");
}

static void
a_file_is_read_whole_or_its_error_is_told(void **state)
{
    char path[] = "/tmp/pndis-os-XXXXXX";
    int file = mkstemp(path);
    uint8_t *bytes = NULL;
    size_t size = 0;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "some\0bytes", 10), 10);
    close(file);
    assert_int_equal(pndis__os_file_read(path, &bytes, &size), 0);
    assert_int_equal(size, 10);
    assert_memory_equal(bytes, "some\0bytes", 10);
    free(bytes);
    unlink(path);
    assert_int_equal(pndis__os_file_read(path, &bytes, &size), -ENOENT);
}

static void
a_module_that_is_none_is_refused_with_a_sentence(void **state)
{
    char error[200] = "";

    (void)state;
    assert_null(pndis__os_library_open("/nowhere/at/all.so", error, sizeof(error)));
    assert_non_null(strstr(error, "/nowhere/at/all.so"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(waiting_ends_at_its_time_or_at_once_for_another_value),
        cmocka_unit_test(a_sleeper_is_woken),
        cmocka_unit_test(a_mutex_lets_one_in),
        cmocka_unit_test(a_fault_reaches_its_handler_as_often_as_it_happens),
        cmocka_unit_test(a_stack_has_a_guard_below_it),
        cmocka_unit_test(reserved_memory_is_zero_and_costs_nothing_until_touched),
        cmocka_unit_test(an_address_has_a_place_in_the_source),
        cmocka_unit_test(a_file_is_read_whole_or_its_error_is_told),
        cmocka_unit_test(a_module_that_is_none_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
