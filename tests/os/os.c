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
jump_out(const struct os_fault *fault)
{
    faulted_at = fault->address;
    siglongjmp(after_fault, 1);
}

static void
pass(const struct os_fault *fault)
{
    (void)fault;
}

static const struct os_fault_handlers catcher = {.catches = jump_out, .reports = pass};
static const struct os_fault_handlers other_handlers = {.catches = pass, .reports = pass};

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
    assert_int_equal(pndis__os_fault_install(&catcher), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(faults(hole + i));
        assert_ptr_equal(faulted_at, hole + i);
        assert_false(faults(&here));
    }
    /* Installed twice it stays until it has been taken off twice; a second one has no place. */
    assert_int_equal(pndis__os_fault_install(&catcher), 0);
    assert_int_equal(pndis__os_fault_install(&other_handlers), -EBUSY);
    pndis__os_fault_uninstall();
    assert_true(faults(hole));
    pndis__os_fault_uninstall();
    assert_int_equal(pndis__os_fault_install(&other_handlers), 0);
    pndis__os_fault_uninstall();
    pndis__os_release(hole, 4096);
}

/* --- the handlers of others --- */

static sig_atomic_t volatile hosts_count;

static void
hosts_handler(int signal_number, siginfo_t *info, void *state)
{
    (void)signal_number;
    (void)state;
    faulted_at = info->si_addr;
    hosts_count++;
    siglongjmp(after_fault, 1);
}

static struct sigaction
install_hosts(void (*handler)(int signal_number, siginfo_t *info, void *state))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct sigaction before;

    assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
    return before;
}

static bool
hosts_is_installed(void)
{
    struct sigaction now;

    sigaction(SIGSEGV, NULL, &now);
    return now.sa_sigaction == hosts_handler;
}

static void
what_nobody_catches_goes_to_who_was_there_before(void **state)
{
    char *hole = pndis__os_reserve_inaccessible(4096);
    struct sigaction before = install_hosts(hosts_handler);

    (void)state;
    hosts_count = 0;
    assert_int_equal(pndis__os_fault_install(&other_handlers), 0);
    assert_false(hosts_is_installed());
    assert_true(faults(hole + 7));
    assert_int_equal(hosts_count, 1);
    assert_ptr_equal(faulted_at, hole + 7);
    /* It has its place back, until somebody sees to it. */
    assert_true(hosts_is_installed());
    pndis__os_fault_keep();
    assert_false(hosts_is_installed());
    assert_true(faults(hole));
    assert_int_equal(hosts_count, 2);
    /* One that is sent is no fault of an instruction, and goes there as well. */
    pndis__os_fault_keep();
    if (sigsetjmp(after_fault, 1) == 0) {
        raise(SIGSEGV);
    }
    assert_int_equal(hosts_count, 3);
    pndis__os_fault_keep();
    pndis__os_fault_uninstall();
    assert_true(hosts_is_installed());
    pndis__os_fault_keep();
    assert_true(hosts_is_installed());
    sigaction(SIGSEGV, &before, NULL);
    pndis__os_release(hole, 4096);
}

static struct sigaction under_the_chain;

static void
chain(int signal_number, siginfo_t *info, void *state)
{
    hosts_count++;
    under_the_chain.sa_sigaction(signal_number, info, state);
}

static void
who_hands_on_to_what_he_was_put_over_makes_no_loop(void **state)
{
    char *hole = pndis__os_reserve_inaccessible(4096);
    struct sigaction before = install_hosts(hosts_handler);

    (void)state;
    hosts_count = 0;
    assert_int_equal(pndis__os_fault_install(&other_handlers), 0);
    under_the_chain = install_hosts(chain);
    pndis__os_fault_keep();
    assert_true(faults(hole));
    /* Ours, the chain, ours again, the first. */
    assert_int_equal(hosts_count, 2);
    /* What was put over ours when it ends stays. */
    under_the_chain = install_hosts(hosts_handler);
    pndis__os_fault_uninstall();
    assert_true(hosts_is_installed());
    sigaction(SIGSEGV, &before, NULL);
    pndis__os_release(hole, 4096);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

/* Its own functions run on the stack that overflows, and cannot be left in the middle. */
static void
not_under_thread_sanitizer(void)
{
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
    skip();
#endif
}

/* By steps that are smaller than the guard; not too many, for ThreadSanitizer counts calls. */
static unsigned
run_off_the_stack(unsigned volatile depth)
{
    char volatile step[2048];

    step[0] = (char)depth;
    return depth == 0 ? 0 : run_off_the_stack(depth - 1) + (unsigned)step[0];
}

static void
overflow(void *user)
{
    if (sigsetjmp(after_fault, 0) != 0) {
        *(bool *)user = true;
        return;
    }
    run_off_the_stack(UINT32_MAX);
}

/* In a thread of its own: its stack is the smaller one. */
static void
handlers_have_a_stack_of_their_own(void **state)
{
    struct os_thread thread;
    bool caught = false;

    (void)state;
    not_under_thread_sanitizer();
    assert_int_equal(pndis__os_fault_install(&catcher), 0);
    assert_int_equal(pndis__os_thread_start(&thread, "deep", overflow, &caught), 0);
    pndis__os_thread_join(&thread);
    pndis__os_fault_uninstall();
    assert_true(caught);
}

static void
a_stack_has_a_guard_below_it(void **state)
{
    size_t bytes = 64 * 1024;
    char *stack = pndis__os_stack_map(bytes);

    (void)state;
    assert_non_null(stack);
    assert_int_equal(pndis__os_fault_install(&catcher), 0);
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
text_is_cut_where_its_memory_ends(void **state)
{
    char bytes[12];
    struct os_text text = pndis__os_text(bytes, sizeof(bytes));

    (void)state;
    assert_string_equal(bytes, "");
    pndis__os_text_decimal(&text, 0);
    pndis__os_text_add(&text, " ");
    pndis__os_text_hex(&text, 0x1f0);
    assert_string_equal(bytes, "0 0x1f0");
    pndis__os_text_decimal(&text, UINT64_MAX);
    assert_string_equal(bytes, "0 0x1f01844");
}

static void
an_address_has_a_module(void **state)
{
    char bytes[200];
    struct os_text text = pndis__os_text(bytes, sizeof(bytes));
    char own[16];

    (void)state;
    pndis__os_module_of((const void *)(uintptr_t)an_address_has_a_module, &text);
    assert_memory_equal(bytes, "os_os+0x", 8);
    text = pndis__os_text(own, sizeof(own));
    pndis__os_module_of(NULL, &text);
    assert_string_equal(own, "0x0");
}

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

/* Each has variables of its own, and is named as the file that it is a copy of. */
static void
a_module_that_is_loaded_twice_has_its_places_twice(void **state)
{
    void *libraries[3];
    char error[200] = "";

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const void *(*address)(void);
        struct os_text module;
        const void *here;
        char text[160];

        libraries[i] = pndis__os_library_open(TEST_MODULE, error, sizeof(error));
        assert_string_equal(error, "");
        *(void **)&address = pndis__os_library_symbol(libraries[i], "placed_address");
        here = address();
        assert_int_equal(*(int *)pndis__os_library_symbol(libraries[i], "placed_count"), 2);
        pndis__os_symbol_of(here, text, sizeof(text));
#ifdef TEST_SOURCE_LINES
        assert_string_equal(text, "placed.c:15 (placed_inside)");
#else
        assert_memory_equal(text, "libos_placed.so", 15);
#endif
        module = pndis__os_text(text, sizeof(text));
        pndis__os_module_of(here, &module);
        assert_memory_equal(text, "libos_placed.so+0x", 18);
    }
    for (unsigned i = 0; i < 3; i++) {
        pndis__os_library_close(libraries[i]);
    }
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
        cmocka_unit_test(what_nobody_catches_goes_to_who_was_there_before),
        cmocka_unit_test(who_hands_on_to_what_he_was_put_over_makes_no_loop),
        cmocka_unit_test(handlers_have_a_stack_of_their_own),
        cmocka_unit_test(a_stack_has_a_guard_below_it),
        cmocka_unit_test(reserved_memory_is_zero_and_costs_nothing_until_touched),
        cmocka_unit_test(text_is_cut_where_its_memory_ends),
        cmocka_unit_test(an_address_has_a_module),
        cmocka_unit_test(an_address_has_a_place_in_the_source),
        cmocka_unit_test(a_file_is_read_whole_or_its_error_is_told),
        cmocka_unit_test(a_module_that_is_none_is_refused_with_a_sentence),
        cmocka_unit_test(a_module_that_is_loaded_twice_has_its_places_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
