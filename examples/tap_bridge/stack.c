#include "stack.h"

#include <limits.h>
#include <pndis/control.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
fail(const char *what)
{
    fprintf(stderr, "tap_bridge: %s: %s\n", what, pndis_last_error());
    return -1;
}

/* --- drivers --- */

/* Where modules are: beside the program, in the build tree, where they are installed. */
static const char *const places[] = {
    "%1$s/%2$s.so",
    "%1$s/../../drivers/%2$s/%2$s.so",
    "%1$s/../" TAP_BRIDGE_LIBRARY_DIRECTORY "/pndis/%2$s.so",
};

static bool
find_module(const char *name, char path[PATH_MAX])
{
    char program[PATH_MAX] = "";
    char *slash;

    if (strchr(name, '/') != NULL) {
        snprintf(path, PATH_MAX, "%s", name);
        return access(path, R_OK) == 0;
    }
    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0) {
        return false;
    }
    slash = strrchr(program, '/');
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(path, PATH_MAX, places[i], program, name);
        if (access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* By the INF file beside the module, which pndis_driver_load() finds as well. */
static enum hardware
hardware_of_module(const char *module)
{
    char inf[PATH_MAX];
    const char *end = strrchr(module, '.');

    if (end == NULL || strcmp(end, ".so") != 0) {
        return HARDWARE_MODERN;
    }
    snprintf(inf, sizeof(inf), "%.*s.inf", (int)(end - module), module);
    return hardware_of_inf(inf);
}

/* The driver of that name, loaded once. */
static const struct stack_driver *
driver_of(struct stack *stack, const char *name)
{
    struct stack_driver *driver = &stack->drivers[stack->driver_count];
    char path[PATH_MAX];

    for (unsigned i = 0; i < stack->driver_count; i++) {
        if (strcmp(stack->drivers[i].name, name) == 0) {
            return &stack->drivers[i];
        }
    }
    if (!find_module(name, path)) {
        fprintf(
            stderr,
            "tap_bridge: there is no driver %s.so beside the program or where it was installed\n",
            name);
        return NULL;
    }
    driver->driver = pndis_driver_load(stack->machine, path, NULL);
    if (driver->driver == NULL) {
        fail(name);
        return NULL;
    }
    driver->name = name;
    driver->nic = hardware_of_module(path);
    stack->driver_count++;
    return driver;
}

/* --- the machine --- */

int
stack_open(struct stack *stack, const struct settings *settings)
{
    const struct pndis_machine_options options = {
        .scheduler = PNDIS_LIVE,
        .processors = settings->queues > 1 ? settings->queues : 2,
        .policy = PNDIS_POLICY_REPORT,
        .without_ledger = !settings->checked,
    };

    memset(stack, 0, sizeof(*stack));
    stack->settings = settings;
    stack->machine = pndis_machine_create(&options);
    if (stack->machine == NULL) {
        return fail("a machine");
    }
    if (driver_of(stack, "bridge") == NULL) {
        stack_close(stack);
        return -1;
    }
    return 0;
}

static int
record(struct stack *stack, struct stack_port *port)
{
    char path[PATH_MAX];

    if (stack->settings->record == NULL) {
        return 0;
    }
    snprintf(path, sizeof(path), "%s/%s.pcapng", stack->settings->record, port->tap);
    return pndis_nic_record(port->nic, path) == 0 ? 0 : fail(path);
}

static int
make_nic(struct stack *stack, const struct port_settings *settings, enum hardware hardware,
         struct stack_port *port)
{
    const struct pndis_tap_options tap = {
        .name = settings->tap,
        .queues = stack->settings->queues,
        .mtu = stack->settings->mtu,
        .without_offloads = stack->settings->without_offloads,
        .persistent = stack->settings->persistent,
    };
    struct pndis_virtio_net_options options = {
        .queue_pairs = stack->settings->queues,
        .mtu = stack->settings->mtu,
        .name = port->tap,
        .flags = hardware_flags(hardware) |
                 (stack->settings->without_coalescing ? PNDIS_NIC_NO_COALESCING : 0),
    };
    struct pndis_backend *backend;

    if (pndis_backend_tap(&tap, &backend) != 0) {
        return fail(settings->tap == NULL ? "a TAP" : settings->tap);
    }
    snprintf(port->tap, sizeof(port->tap), "%s", pndis_backend_tap_name(backend));
    if (stack->settings->share_threads && port != &stack->ports[0]) {
        options.share_threads = stack->ports[0].nic;
    }
    memcpy(options.mac, stack->settings->mac, sizeof(options.mac));
    if (options.mac[0] != 0 || options.mac[5] != 0) {
        options.mac[5] = (uint8_t)(options.mac[5] + stack->port_count);
    }
    port->mtu = stack->settings->mtu != 0 ? stack->settings->mtu : backend->mtu;
    if (pndis_virtio_net_create(stack->machine, &options, backend, &port->nic) != 0) {
        return fail(port->tap);
    }
    return record(stack, port);
}

/* Hardware, miniport and bridge for a port. */
static int
start_port(struct stack *stack, struct stack_port *port, const struct port_settings *settings)
{
    const struct stack_driver *driver = driver_of(stack, settings->driver);
    enum hardware hardware = settings->nic;
    char jumbo[16];
    const struct pndis_parameter parameter = {"*JumboPacket", jumbo};
    struct pndis_adapter_options options = {
        .name = port->tap,
        .parameters = &parameter,
        .parameter_count = 1,
    };

    if (driver == NULL) {
        return -1;
    }
    if (hardware == HARDWARE_BY_INF) {
        hardware = driver->nic;
    }
    if (make_nic(stack, settings, hardware, port) != 0) {
        return -1;
    }
    /* What an administrator would set on the adapter's page: the MTU with the Ethernet header. */
    snprintf(jumbo, sizeof(jumbo), "%u", port->mtu + 14);
    options.device = pndis_nic_device(port->nic);
    port->adapter = pndis_adapter_add(stack->machine, driver->driver, &options);
    if (port->adapter == NULL) {
        return fail(port->tap);
    }
    if (pndis_adapter_state(port->adapter) != PNDIS_RUNNING) {
        fprintf(stderr, "tap_bridge: the adapter of %s (--nic %s) is %s (status 0x%08x): %s\n",
                port->tap, hardware_word(hardware), pndis_adapter_state_name(port->adapter),
                (unsigned)pndis_adapter_status(port->adapter), pndis_last_error());
        return -1;
    }
    return 0;
}

int
stack_add_port(struct stack *stack, const struct port_settings *settings)
{
    if (start_port(stack, &stack->ports[stack->port_count], settings) != 0) {
        return -1;
    }
    stack->port_count++;
    return 0;
}

int
stack_replace_port(struct stack *stack, unsigned index)
{
    struct stack_port *port = &stack->ports[index];
    const struct port_settings *settings = &stack->settings->ports[index];

    if (pndis_adapter_surprise_remove(port->adapter) != 0 ||
        pndis_adapter_remove(port->adapter) != 0 || pndis_nic_destroy(port->nic) != 0) {
        return fail(port->tap);
    }
    return start_port(stack, port, settings);
}

/* --- operations on all ports --- */

static int
for_all(struct stack *stack, int (*operation)(struct pndis_adapter *adapter), const char *what)
{
    int result = 0;

    for (unsigned i = 0; i < stack->port_count; i++) {
        if (operation(stack->ports[i].adapter) != 0) {
            result = fail(what);
        }
    }
    return result;
}

int
stack_pause(struct stack *stack)
{
    return for_all(stack, pndis_adapter_pause, "pause");
}

int
stack_restart(struct stack *stack)
{
    return for_all(stack, pndis_adapter_restart, "restart");
}

static int
reinitialize(struct pndis_adapter *adapter)
{
    int result = pndis_adapter_stop(adapter, PNDIS_HALT_DISABLED);

    return result == 0 ? pndis_adapter_start(adapter) : result;
}

int
stack_reinitialize(struct stack *stack)
{
    return for_all(stack, reinitialize, "halt and initialize");
}

int
stack_stop(struct stack *stack)
{
    return pndis_machine_stop(stack->machine) == 0 ? 0 : fail("stop");
}

void
stack_close(struct stack *stack)
{
    pndis_machine_destroy(stack->machine);
    stack->machine = NULL;
}

/* --- questions --- */

bool
stack_bridge_info(struct stack *stack, unsigned port, struct bridge_port_info *out_info)
{
    struct bridge_port_info infos[BRIDGE_PORT_LIMIT];
    struct pndis_adapter_info adapter;
    struct pndis_control control = {
        .device = BRIDGE_DEVICE_NAME,
        .code = BRIDGE_IOCTL_QUERY_PORTS,
        .output = infos,
        .output_bytes = sizeof(infos),
    };

    if (pndis_adapter_get_info(stack->ports[port].adapter, &adapter) != 0 ||
        pndis_control_send(stack->machine, &control) != 0) {
        return false;
    }
    for (size_t i = 0; i < control.returned_bytes / sizeof(infos[0]); i++) {
        if (infos[i].interface_index == adapter.interface_index) {
            *out_info = infos[i];
            return true;
        }
    }
    return false;
}

uint64_t
stack_outstanding(struct stack *stack)
{
    uint64_t lists = 0;

    for (unsigned i = 0; i < stack->port_count; i++) {
        struct pndis_adapter_info info;

        if (pndis_adapter_get_info(stack->ports[i].adapter, &info) == 0) {
            lists += info.sends_outstanding + info.receives_outstanding;
        }
    }
    return lists;
}
