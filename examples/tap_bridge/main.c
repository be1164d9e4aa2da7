/*
 * tap_bridge: bridge TAP interfaces through a Windows driver stack in this process. Each TAP is the
 * cable of a virtio-net device; a Windows miniport drives the device, and a Windows protocol driver
 * bridges.
 */
#include "demo.h"
#include "settings.h"
#include "stack.h"
#include "table.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3, TABLE_MS = 1000 };

/* Signals are read, not caught; threads of the machine inherit that they are blocked. */
static int
open_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void
pause_and_restart(struct stack *stack)
{
    if (stack_pause(stack) == 0) {
        printf("Paused; %llu NET_BUFFER_LISTs are out.\n",
               (unsigned long long)stack_outstanding(stack));
    }
    if (stack_restart(stack) == 0) {
        printf("Running again.\n");
    }
    fflush(stdout);
}

/* False: the signal asks for the end. */
static bool
handle_signal(struct stack *stack, int signals)
{
    struct signalfd_siginfo info;

    if (read(signals, &info, sizeof(info)) != sizeof(info)) {
        return true;
    }
    if (info.ssi_signo != SIGUSR1) {
        return false;
    }
    pause_and_restart(stack);
    return true;
}

static void
serve(struct stack *stack, int signals)
{
    struct table table = {0};
    uint64_t began = pndis_machine_now_ns(stack->machine);
    uint64_t limit = (uint64_t)stack->settings->seconds * 1000000000u;

    for (;;) {
        struct pollfd wanted = {.fd = signals, .events = POLLIN};
        uint64_t ran = pndis_machine_now_ns(stack->machine) - began;
        int wait_ms = stack->settings->stats ? TABLE_MS : -1;

        if (limit != 0 && ran >= limit) {
            return;
        }
        if (limit != 0 && (wait_ms < 0 || limit - ran < TABLE_MS * 1000000ull)) {
            wait_ms = (int)((limit - ran) / 1000000) + 1;
        }
        if (stack->settings->stats) {
            table_draw(&table, stack);
        }
        if (poll(&wanted, 1, wait_ms) > 0 && !handle_signal(stack, signals)) {
            return;
        }
    }
}

static int
run(const struct settings *settings)
{
    int signals = open_signals();
    struct stack stack;
    int result = 0;

    if (signals < 0) {
        perror("tap_bridge: signals");
        return EXIT_ENVIRONMENT;
    }
    if (stack_open(&stack, settings) != 0) {
        return EXIT_ENVIRONMENT;
    }
    for (unsigned i = 0; i < settings->port_count && result == 0; i++) {
        result = stack_add_port(&stack, &settings->ports[i]);
    }
    if (result == 0) {
        printf("Bridging %u ports. Ctrl-C stops, SIGUSR1 (kill -USR1 %d) pauses and restarts.\n",
               stack.port_count, (int)getpid());
        fflush(stdout);
        serve(&stack, signals);
    } else {
        result = EXIT_ENVIRONMENT;
    }
    if (stack_stop(&stack) != 0 || pndis_violation_count(stack.machine) != 0) {
        result = result == 0 ? EXIT_FAILED : result;
    } else if (result == 0) {
        printf("Stopped in order.\n");
    }
    stack_close(&stack);
    close(signals);
    return result;
}

int
main(int argc, char **argv)
{
    struct settings settings;

    switch (settings_read(&settings, argc, argv)) {
    case OUTCOME_DONE:
        return 0;
    case OUTCOME_USAGE:
        return EXIT_USAGE;
    default:
        return settings.demo ? demo_run(&settings) : run(&settings);
    }
}
