#include "ping.h"

#include "network.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PING_LIMIT = 1000, TEXT_BYTES = 16 };

const char *
ping_path(void)
{
    static const char *const places[] = {"/usr/bin/ping", "/bin/ping", "/usr/sbin/ping",
                                         "/sbin/ping", "/usr/local/bin/ping"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], X_OK) == 0) {
            return places[i];
        }
    }
    return NULL;
}

/* Between fork and exec: only what is safe while other threads may have held any lock. */
static void
become_ping(const char *path, int network, const char *address, const char *count, int output)
{
    static const char language[] = "LC_ALL=C";
    const char *environment[] = {language, NULL};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (network_enter(network) == 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0) {
        execle(path, "ping", "-n", "-c", count, "-i", "0.01", "-W", "2", address, (char *)NULL,
               environment);
    }
    _exit(127);
}

/* "64 bytes from 10.77.0.2: icmp_seq=1 ttl=64 time=0.131 ms", and in the end
 * "20 packets transmitted, 20 received, 0% packet loss, time 191ms". */
static bool
read_output(FILE *output, double times[PING_LIMIT], struct echo_result *result)
{
    char line[256];
    unsigned received = 0;
    bool whole = false;

    while (fgets(line, sizeof(line), output) != NULL) {
        const char *time = strstr(line, " time=");

        if (time != NULL && result->answered < PING_LIMIT) {
            times[result->answered++] = strtod(time + strlen(" time="), NULL) * 1e3;
        } else if (sscanf(line, "%u packets transmitted, %u received", &result->sent, &received) ==
                   2) {
            whole = true;
        }
    }
    return whole && received == result->answered;
}

static int
collect(int descriptor, pid_t child, struct echo_result *result)
{
    static double times[PING_LIMIT];
    FILE *output = fdopen(descriptor, "r");
    bool whole = output != NULL && read_output(output, times, result);

    if (output != NULL) {
        fclose(output);
    } else {
        close(descriptor);
    }
    waitpid(child, NULL, 0);
    echo_summarize(result, times);
    return whole ? 0 : -1;
}

int
ping_run(const char *path, int network, const char *address, unsigned count,
         struct echo_result *out_result)
{
    char text[TEXT_BYTES];
    int ends[2];
    pid_t child;

    memset(out_result, 0, sizeof(*out_result));
    snprintf(text, sizeof(text), "%u", count);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    child = fork();
    if (child == 0) {
        become_ping(path, network, address, text, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -1;
    }
    return collect(ends[0], child, out_result);
}
